//! Limits that several instances share through Redis, and what becomes of them without it.
//!
//! The tests block while they start and stop the server, so the application has threads of its own.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use bartizan_probe::Redis;
use bartizan_redis_link::{Command, Config, Link};
use bartizan_server::domain::Tier;
use serde_json::json;

use super::served::{FREE_API, REFUSED, Served, get, post, statuses, then};
use crate::world::World;

fn list() -> Request<Body> {
    get("/api/workflows").body(Body::empty()).unwrap()
}

fn analyze() -> Request<Body> {
    post("/api/analyze", &json!({"workflowId": "wf_test"}))
}

fn leads() -> Request<Body> {
    get("/api/v1/leads").body(Body::empty()).unwrap()
}

fn login() -> Request<Body> {
    post("/api/login", &json!({"email": "ada@example.com", "password": "wrong horse"}))
}

/// Two instances over one Redis, each over a database of its own.
struct Pair {
    redis: Redis,
    one: Served,
    other: Served,
    _world: World,
}

impl Pair {
    async fn new() -> Self {
        let redis = Redis::start();
        let world = World::sqlite();
        let url = redis.url();
        let variables = [("REDIS_URL", url.as_str()), ("INSTANCES", "2")];
        let one = Served::with(&world, &variables).await;
        let other = Served::with(&world, &variables).await;
        Self { redis, one, other, _world: world }
    }

    /// Waits until both count in Redis, which tells a new address that one unit of all is gone.
    async fn recovered(&self) {
        let begin = Instant::now();
        for instance in [&self.one, &self.other] {
            for last in 100..=255 {
                let answer = instance.from(last).await.send(list()).await.unwrap();
                if ["19", "18"].contains(&answer.header("x-ratelimit-remaining")) {
                    break;
                }
                assert!(begin.elapsed() < Duration::from_secs(20), "{answer:?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// The acceptance, the requests by turns from both.
async fn accept(pair: &Pair, last: u8) {
    for (request, good, all) in
        [(list as fn() -> Request<Body>, 20, 25), (analyze, 10, 12), (leads, 5, 20)]
    {
        let last = last + u8::try_from(good).unwrap();
        let mut one = pair.one.from(last).await;
        let mut other = pair.other.from(last).await;
        let mut answered = Vec::new();
        for number in 0..all {
            let connection = if number % 2 == 0 { &mut one } else { &mut other };
            answered.push(connection.send(request()).await.unwrap().status.as_u16());
        }
        assert_eq!(answered, then((good, 200), (all - good, 429)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_share_their_counts() {
    let pair = Pair::new().await;
    accept(&pair, 2).await;
    let (mut one, mut other) = (pair.one.from(50).await, pair.other.from(50).await);
    FREE_API.assert(&one.send(list()).await.unwrap(), 19);
    FREE_API.assert(&other.send(list()).await.unwrap(), 18);
    assert_eq!(statuses(&mut one, 18, list).await, [200; 18]);
    FREE_API.assert_refused(&other.send(list()).await.unwrap(), REFUSED);
    // An account of which each knows the key.
    let key = pair.one.key(Tier::Pro);
    let keyed = || get("/api/workflows").header("x-api-key", key).body(Body::empty()).unwrap();
    assert_eq!(statuses(&mut one, 50, keyed).await, [200; 50]);
    assert_eq!(statuses(&mut other, 51, keyed).await, then((50, 200), (1, 429)));
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_logins_block_on_all_instances() {
    let pair = Pair::new().await;
    let (mut one, mut other) = (pair.one.from(2).await, pair.other.from(2).await);
    let user = json!({"email": "ada@example.com", "password": "correct horse", "name": "Ada"});
    assert_eq!(one.send(post("/api/register", &user)).await.unwrap().status, 201);
    // These are given back.
    assert_eq!(statuses(&mut one, 5, || post("/api/login", &user)).await, [200; 5]);
    assert_eq!(statuses(&mut one, 5, login).await, [401; 5]);
    assert_eq!(statuses(&mut other, 5, login).await, [401; 5]);
    for connection in [&mut one, &mut other] {
        let refused = connection.send(login()).await.unwrap();
        assert_eq!(refused.status, 429);
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((880..=900).contains(&wait), "{wait}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_limits_stay_and_the_free_tier_is_divided() {
    let mut pair = Pair::new().await;
    let mut one = pair.one.from(2).await;
    let mut other = pair.other.from(2).await;
    FREE_API.assert(&one.send(list()).await.unwrap(), 19);

    pair.redis.kill();

    let begin = Instant::now();
    // Half of 20 on each of two.
    assert_eq!(statuses(&mut one, 12, list).await, then((10, 200), (2, 429)));
    assert_eq!(statuses(&mut other, 12, list).await, then((10, 200), (2, 429)));
    assert_eq!(statuses(&mut pair.one.from(3).await, 6, analyze).await, then((5, 200), (1, 429)));
    assert_eq!(statuses(&mut pair.one.from(4).await, 6, leads).await, then((3, 200), (3, 429)));
    // What somebody pays for is all there on each.
    let key = pair.one.key(Tier::Pro);
    let keyed = || get("/api/workflows").header("x-api-key", key).body(Body::empty()).unwrap();
    assert_eq!(statuses(&mut one, 101, keyed).await, then((100, 200), (1, 429)));
    assert_eq!(statuses(&mut other, 101, keyed).await, then((100, 200), (1, 429)));
    assert_eq!(statuses(&mut pair.one.from(5).await, 6, login).await, then((5, 401), (1, 429)));
    assert!(begin.elapsed() < Duration::from_secs(40), "{:?}", begin.elapsed());

    pair.redis.restart();

    pair.recovered().await;
    accept(&pair, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_redis_costs_a_moment_and_lets_nobody_through() {
    let mut pair = Pair::new().await;
    let mut client = pair.one.from(2).await;
    FREE_API.assert(&client.send(list()).await.unwrap(), 19);

    pair.redis.pause();

    let begin = Instant::now();
    assert_eq!(statuses(&mut client, 25, list).await, then((10, 200), (15, 429)));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());

    pair.redis.resume();
    pair.recovered().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_may_come_after_the_start() {
    let mut redis = Redis::start();
    redis.kill();
    let world = World::sqlite();
    let url = redis.url();
    let served = Served::with(&world, &[("REDIS_URL", &url), ("INSTANCES", "4")]).await;
    let mut client = served.from(2).await;
    assert_eq!(statuses(&mut client, 6, list).await, then((5, 200), (1, 429)));
    redis.restart();
    let begin = Instant::now();
    for last in 100.. {
        let answer = served.from(last).await.send(list()).await.unwrap();
        if answer.header("x-ratelimit-remaining") == "19" {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_learns_no_names_and_other_keys_are_other_counts() {
    let redis = Redis::start();
    let world = World::sqlite();
    let url = redis.url();
    let variables = |key| [("REDIS_URL", url.as_str()), ("ENCRYPTION_KEY", key)];
    let one = Served::with(&world, &variables("one key")).await;
    let other = Served::with(&world, &variables("another key")).await;
    FREE_API.assert(&one.from(2).await.send(list()).await.unwrap(), 19);
    FREE_API.assert(&other.from(2).await.send(list()).await.unwrap(), 19);
    FREE_API.assert(&one.from(2).await.send(list()).await.unwrap(), 18);
    assert_eq!(one.from(2).await.send(login()).await.unwrap().status, 401);

    let link = Link::connect(&Config::from_url(&url).unwrap());
    link.ready(Duration::from_secs(10)).await.unwrap();
    let keys = link.command(Command::new("KEYS").arg("*")).await.unwrap();
    let keys: Vec<_> = keys.as_array().unwrap().iter().filter_map(|key| key.as_str()).collect();
    let counts: Vec<_> = keys.iter().filter_map(|key| key.strip_prefix("rl:")).collect();
    // The address under each key, and the login.
    assert_eq!(counts.len(), 3, "{keys:?}");
    assert!(counts.iter().all(|hash| hash.len() == 32), "{keys:?}");
    for name in ["127.0.0.2", "ada", "example.com"] {
        assert!(!keys.iter().any(|key| key.contains(name)), "{keys:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_instance_counts_for_itself_where_that_is_asked_for_or_the_url_is_unusable() {
    let redis = Redis::start();
    let url = redis.url();
    let world = World::sqlite();
    for variables in [
        &[("REDIS_URL", url.as_str()), ("RATE_LIMIT_REDIS", "false")][..],
        &[("REDIS_URL", "http://somewhere")],
    ] {
        let one = Served::with(&world, variables).await;
        let other = Served::with(&world, variables).await;
        FREE_API.assert(&one.from(2).await.send(list()).await.unwrap(), 19);
        FREE_API.assert(&other.from(2).await.send(list()).await.unwrap(), 19);
    }
}
