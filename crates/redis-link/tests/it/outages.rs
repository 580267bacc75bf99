use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use bartizan_redis_link::{BreakerConfig, BreakerState, Command, LinkState, Script};

use crate::support::{
    FAILURES, PATIENCE, TIMEOUT, config, connected, ping, server, until, until_refused,
    until_served,
};

/// How late a timer may be on a busy machine.
const SLACK: Duration = Duration::from_millis(300);

/// More than a refusal can cost on a busy machine, less than a timeout.
const AT_ONCE: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread")]
async fn killed_redis_costs_no_wait_and_comes_back_by_itself() {
    let (mut redis, link) = server().await;
    redis.kill();
    let begin = Instant::now();
    let error = ping(&link).await.unwrap_err();
    assert!(begin.elapsed() < TIMEOUT + SLACK, "{error:?}");
    until("the loss is known", || async { link.state() != LinkState::Connected }).await;
    for _ in 0..200 {
        let begin = Instant::now();
        assert!(ping(&link).await.unwrap_err().is_disconnected());
        assert!(begin.elapsed() < AT_ONCE);
    }
    redis.restart();
    until_served(&link).await;
    assert_eq!(link.state(), LinkState::Connected);
    assert_eq!(link.breaker(), BreakerState::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_redis_costs_some_timeouts_then_none_and_comes_back_by_itself() {
    let (mut redis, link) = server().await;
    redis.pause();
    for _ in 0..FAILURES {
        let begin = Instant::now();
        let error = ping(&link).await.unwrap_err();
        assert!(error.is_timeout() && error.may_have_executed(), "{error:?}");
        assert!((TIMEOUT..TIMEOUT + SLACK).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    }
    assert!(matches!(link.breaker(), BreakerState::Open { .. }));
    for _ in 0..200 {
        let begin = Instant::now();
        let error = ping(&link).await.unwrap_err();
        assert!(error.is_breaker_open() && !error.may_have_executed(), "{error:?}");
        assert!(begin.elapsed() < AT_ONCE);
    }
    redis.resume();
    assert!(until_served(&link).await < Duration::from_secs(3));
    assert_eq!(link.breaker(), BreakerState::Closed);
    assert_eq!(link.epoch().as_u64(), 1, "one try succeeded, so the connection was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_stays_silent_is_given_up_and_made_anew() {
    let (mut redis, link) = server().await;
    redis.pause();
    // The second opening, after the one command that tried, gives the connection up.
    until("it is given up", || async {
        ping(&link).await.ok();
        link.state() != LinkState::Connected
    })
    .await;
    redis.resume();
    link.ready(PATIENCE).await.unwrap();
    assert!(link.epoch().as_u64() > 1);
    until_served(&link).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_stays_bounded_for_many_tasks_while_redis_is_paused() {
    let (mut redis, link) = server().await;
    redis.pause();
    let tasks = (0..64).map(|_| {
        let link = link.clone();
        tokio::spawn(async move {
            let mut waits = 0;
            let end = Instant::now() + Duration::from_secs(2);
            while Instant::now() < end {
                let begin = Instant::now();
                ping(&link).await.unwrap_err();
                assert!(begin.elapsed() < TIMEOUT + SLACK, "{:?}", begin.elapsed());
                waits += u32::from(begin.elapsed() > TIMEOUT);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            waits
        })
    });
    let mut waits = 0;
    for task in tasks.collect::<Vec<_>>() {
        waits += task.await.unwrap();
    }
    // Each task was in flight once when the breaker opened; then one at a time may try.
    assert!(waits <= 64 + 8, "{waits}");
    redis.resume();
    until_served(&link).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_connections_are_made_anew() {
    let (redis, link) = server().await;
    let admin = connected(&config(&redis.url())).await;
    for epoch in 2..6 {
        let kill = Command::new("CLIENT").args(["KILL", "TYPE", "normal", "SKIPME", "yes"]);
        assert_eq!(admin.command(kill).await.unwrap().as_integer(), Some(1));
        until("it is back", || async { link.epoch().as_u64() == epoch }).await;
        until_served(&link).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_redis_is_found_again_and_again() {
    let (mut redis, link) = server().await;
    for _ in 0..3 {
        redis.restart();
        until_served(&link).await;
    }
    redis.pause();
    until_refused(&link).await;
    redis.kill();
    redis.restart();
    until_served(&link).await;
}

/// The client below ignores timeouts given to single scripts, so each kind of call is tried.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_call_ends_in_time() {
    let (mut redis, _) = server().await;
    let forgiving = BreakerConfig::new().with_failures(NonZeroU32::MAX);
    let link = connected(&config(&redis.url()).with_breaker(forgiving)).await;
    let script = Script::new("return 1");
    link.run(&script, ["key"], [""; 0]).await.unwrap();
    redis.pause();
    for _ in 0..2 {
        let begin = Instant::now();
        let eval = Command::new("EVAL").arg("return 1").arg(0);
        let calls = async {
            tokio::join!(
                link.run(&script, ["key"], [""; 0]),
                link.command(eval),
                link.publish("channel", "payload"),
            )
        };
        let ended = tokio::time::timeout(PATIENCE, Box::pin(calls)).await;
        let (run, eval, publish) = ended.expect("calls that never end");
        assert!(run.unwrap_err().is_timeout());
        assert!(eval.unwrap_err().is_timeout());
        assert!(publish.unwrap_err().is_timeout());
        assert!(begin.elapsed() < TIMEOUT + SLACK, "{:?}", begin.elapsed());
    }
    redis.resume();
    until_served(&link).await;
}
