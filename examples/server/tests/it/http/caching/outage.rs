//! Redis gone or silent while two instances run over it.

use std::time::{Duration, Instant};

use serde_json::json;

use super::instances::{Pair, add_lead, is_known, leads, session};
use super::{of, read_all, report, within};
use crate::http::client::Client;

/// After an outage all instances agree again within this time.
const RECOVERED: Duration = Duration::from_secs(20);

/// Waits until an instance has a session in its memory: one that it reads while it hears of its change
/// is read again.
async fn remembers(client: &Client, cookie: &str) {
    within(RECOVERED, async || {
        assert!(is_known(client, cookie).await);
        of(&report(client).await, "session")["memoryHits"] != 0
    })
    .await;
}

/// Everything goes on, each instance for itself.
async fn assert_going_on(client: &Client, name: &str, cookie: &str) {
    let begin = Instant::now();
    read_all(client).await;
    let before = leads(client).await;
    add_lead(client).await;
    // The other may have taken some that this one was not told of.
    assert!(leads(client).await > before);
    assert!(is_known(client, cookie).await);
    let own = session(client, name).await;
    assert!(is_known(client, &own).await);
    let logout = client.ask("POST", "/api/logout").header("cookie", &own).send().await;
    assert_eq!(logout.status, 204);
    assert!(!is_known(client, &own).await);
    // Each of the first calls of a silent Redis costs up to a quarter of a second.
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    assert!(of(&report(client).await, "leads")["queued"].as_u64().unwrap() > 0);
}

async fn assert_agreeing(pair: &Pair) {
    let connected = async |client: &Client| {
        let report = report(client).await;
        report["connected"] == true && of(&report, "leads")["queued"] == 0
    };
    within(RECOVERED, async || connected(&pair.one).await && connected(&pair.other).await).await;
    add_lead(&pair.one).await;
    let all = leads(&pair.one).await;
    within(RECOVERED, async || leads(&pair.other).await == all).await;
    let cookie = session(&pair.one, "after").await;
    within(RECOVERED, async || is_known(&pair.other, &cookie).await).await;
    pair.one.ask("POST", "/api/logout").header("cookie", &cookie).send().await;
    within(RECOVERED, async || !is_known(&pair.other, &cookie).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_redis_stops_nothing_and_is_used_again_when_it_is_back() {
    let mut pair = Pair::new().await;
    let cookie = session(&pair.one, "ada").await;
    remembers(&pair.other, &cookie).await;
    for client in [&pair.one, &pair.other] {
        read_all(client).await;
    }

    pair.redis.kill();

    assert_going_on(&pair.one, "bob", &cookie).await;
    assert_going_on(&pair.other, "eve", &cookie).await;
    let report = report(&pair.one).await;
    assert_eq!((&report["level"], &report["connected"]), (&json!("redis"), &json!(false)));

    pair.redis.restart();

    assert_agreeing(&pair).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_redis_stops_nothing_and_is_used_again_when_it_speaks() {
    let mut pair = Pair::new().await;
    let cookie = session(&pair.one, "ada").await;
    remembers(&pair.other, &cookie).await;

    pair.redis.pause();

    assert_going_on(&pair.one, "bob", &cookie).await;
    assert_going_on(&pair.other, "eve", &cookie).await;

    pair.redis.resume();

    assert_agreeing(&pair).await;
    // It kept what it had, and the session with it.
    for client in [&pair.one, &pair.other] {
        assert!(is_known(client, &cookie).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_an_instance_has_not_seen_outlives_a_silent_redis() {
    let mut pair = Pair::new().await;
    let cookies = [session(&pair.one, "ada").await, session(&pair.one, "bob").await];

    pair.redis.pause();

    // Until its breaker opens, and after that.
    for _ in 0..8 {
        let ask = pair.other.ask("GET", "/api/workflows").header("cookie", &cookies[0]);
        let answer = ask.send().await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (200, ""));
        assert!(!is_known(&pair.other, &cookies[0]).await);
    }
    // It can be ended all the same.
    let logout = pair.other.ask("POST", "/api/logout").header("cookie", &cookies[1]).send().await;
    assert_eq!(logout.status, 204);

    pair.redis.resume();

    within(RECOVERED, async || is_known(&pair.other, &cookies[0]).await).await;
    within(RECOVERED, async || !is_known(&pair.one, &cookies[1]).await).await;
    // Of one that ended nothing is left.
    let ask = pair.one.ask("GET", "/api/workflows").header("cookie", &cookies[1]);
    assert!(ask.send().await.header("set-cookie").contains("Max-Age=0"));
}
