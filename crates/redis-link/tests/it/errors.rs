use std::error::Error;
use std::time::Instant;

use bartizan_probe::Redis;
use bartizan_redis_link::{BreakerState, Command, Link, Script};

use crate::support::{PATIENCE, breaker, config, connected, ping, server, until};

async fn set(link: &Link, name: &'static str, value: &'static str) {
    let command = Command::new("CONFIG").arg("SET").arg(name).arg(value);
    link.command(command).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_redis_has_its_code_and_does_not_count_against_redis() {
    let (_redis, link) = server().await;
    link.command(Command::new("SET").key("text").arg("x")).await.unwrap();
    for _ in 0..20 {
        let error = link.command(Command::new("LPUSH").key("text").arg(1)).await.unwrap_err();
        assert!(error.is_server_error() && !error.may_have_executed());
        assert_eq!(error.code(), Some("WRONGTYPE"));
        let source = error.source().unwrap().to_string();
        assert!(source.starts_with("WRONGTYPE Operation against"), "{source}");
        let error = link.command(Command::new("NOSUCH")).await.unwrap_err();
        assert_eq!(error.code(), Some("ERR"));
    }
    assert_eq!(link.breaker(), BreakerState::Closed);
    ping(&link).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn out_of_memory_is_typed() {
    let (_redis, link) = server().await;
    set(&link, "maxmemory", "1").await;
    let error = link.command(Command::new("SET").key("key").arg(1)).await.unwrap_err();
    assert_eq!(error.code(), Some("OOM"));
    let script = Script::new("return redis.call('SET', KEYS[1], 1)");
    let error = link.run(&script, ["key"], [""; 0]).await.unwrap_err();
    assert_eq!(error.code(), Some("OOM"));
    assert_eq!(link.breaker(), BreakerState::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demoted_server_opens_the_breaker_and_is_connected_to_anew() {
    let redis = Redis::start();
    // Longer than the test, which would otherwise pass by the command that tries again.
    let breaker = breaker().with_open_for(PATIENCE * 2);
    let link = connected(&config(&redis.url()).with_breaker(breaker)).await;
    let dead_master = bartizan_probe::free_port();
    let demote = Command::new("REPLICAOF").arg("127.0.0.1").arg(dead_master);
    link.command(demote).await.unwrap();
    until("the connection is given up", || async {
        let result = link.command(Command::new("SET").key("key").arg(1)).await;
        let error = result.unwrap_err();
        assert!(!error.may_have_executed(), "{error:?}");
        let typed = error.code() == Some("READONLY");
        assert!(typed || error.is_breaker_open() || error.is_disconnected(), "{error:?}");
        link.epoch().as_u64() > 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_opens_the_breaker() {
    let (mut redis, link) = server().await;
    set(&link, "busy-reply-threshold", "10").await;
    let other = connected(&config(&redis.url())).await;
    let endless = Script::new("while true do end");
    assert!(other.run(&endless, [""; 0], [""; 0]).await.unwrap_err().is_timeout());
    let mut codes = Vec::new();
    let begin = Instant::now();
    while !matches!(link.breaker(), BreakerState::Open { .. }) {
        assert!(begin.elapsed() < PATIENCE);
        if let Err(error) = ping(&link).await {
            codes.push(error.code().map(str::to_owned));
        }
    }
    assert!(codes.contains(&Some("BUSY".to_owned())), "{codes:?}");
    // It would not hear a friendlier word.
    redis.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_typed() {
    let redis = Redis::start();
    let admin = connected(&config(&redis.url())).await;
    let user = Command::new("ACL").args(["SETUSER", "reader", "on", ">pw", "~*", "+@all", "-set"]);
    admin.command(user).await.unwrap();
    let url = redis.url().replace("redis://", "redis://reader:pw@");
    let link = connected(&config(&url)).await;
    let error = link.command(Command::new("SET").key("key").arg(1)).await.unwrap_err();
    assert_eq!(error.code(), Some("NOPERM"));
    assert!(!error.may_have_executed());
}
