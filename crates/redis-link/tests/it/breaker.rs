use std::time::Duration;

use bartizan_probe::Redis;
use bartizan_redis_link::BreakerState;

use crate::support::{
    OPEN_FOR, PATIENCE, TIMEOUT, breaker, config, connected, ping, server, until, until_refused,
    until_served,
};

#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_command_tries_when_half_open() {
    let (mut redis, link) = server().await;
    redis.pause();
    until_refused(&link).await;
    until("it is half open", || async { link.breaker() == BreakerState::HalfOpen }).await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let link = link.clone();
            tokio::spawn(async move { ping(&link).await.unwrap_err() })
        })
        .collect();
    let mut tried = 0;
    for call in calls {
        let error = call.await.unwrap();
        tried += u32::from(error.is_timeout());
        assert!(error.is_timeout() || error.is_breaker_open() || error.is_disconnected());
    }
    assert_eq!(tried, 1);
    redis.resume();
    until("it is closed", || async {
        ping(&link).await.ok();
        link.breaker() == BreakerState::Closed
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stays_open_for_its_time_and_closes_on_success() {
    let (mut redis, link) = server().await;
    redis.pause();
    until_refused(&link).await;
    let BreakerState::Open { until: end } = link.breaker() else { panic!("{:?}", link.breaker()) };
    redis.resume();
    while std::time::Instant::now() + Duration::from_millis(20) < end {
        assert!(ping(&link).await.unwrap_err().is_breaker_open());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep_until(end.into()).await;
    assert_eq!(link.breaker(), BreakerState::HalfOpen);
    ping(&link).await.unwrap();
    assert_eq!(link.breaker(), BreakerState::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_in_between_keeps_it_closed() {
    let (mut redis, link) = server().await;
    for _ in 0..3 {
        redis.pause();
        for _ in 0..2 {
            assert!(ping(&link).await.unwrap_err().is_timeout());
        }
        redis.resume();
        ping(&link).await.unwrap();
    }
    assert_eq!(link.breaker(), BreakerState::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_try_gives_the_next_one_its_turn() {
    let (mut redis, link) = server().await;
    redis.pause();
    until_refused(&link).await;
    until("it is half open", || async { link.breaker() == BreakerState::HalfOpen }).await;
    for _ in 0..5 {
        let cancelled = tokio::time::timeout(TIMEOUT / 10, ping(&link)).await;
        assert!(cancelled.is_err(), "it was to wait for a reply: {cancelled:?}");
        assert_eq!(link.breaker(), BreakerState::HalfOpen);
    }
    redis.resume();
    tokio::time::timeout(OPEN_FOR * 10, ping(&link)).await.unwrap().unwrap();
    assert_eq!(link.breaker(), BreakerState::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_new_connection_one_command_may_try_at_once() {
    let mut redis = Redis::start();
    let breaker = breaker().with_open_for(PATIENCE * 2);
    let link = connected(&config(&redis.url()).with_breaker(breaker)).await;
    redis.pause();
    until("it is open", || async {
        ping(&link).await.ok();
        matches!(link.breaker(), BreakerState::Open { .. })
    })
    .await;
    redis.restart();
    until_served(&link).await;
    assert_eq!(link.breaker(), BreakerState::Closed);
}
