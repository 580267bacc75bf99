//! A server that is gone is an error at once, and comes back by itself.

use std::time::{Duration, Instant};

use bartizan_probe::Redis;
use bartizan_ratelimit_tiers::{Quota, RedisStore, StoreErrorKind};

use crate::support::{SECRET, ask, limit, link, subject, try_ask, until};

const TIMEOUT: Duration = Duration::from_millis(200);

async fn impatient() -> (Redis, RedisStore) {
    let redis = Redis::start();
    let link = link(&redis.url(), TIMEOUT).await;
    (redis, RedisStore::new(link, SECRET))
}

#[tokio::test]
async fn a_server_that_hangs_is_a_timeout() {
    let (mut redis, store) = impatient().await;
    let caller = subject(&store, "waiting");
    let limits = [limit(Quota::per_hour(100).unwrap())];
    ask(&store, caller, &limits).await;
    redis.pause();
    let begin = Instant::now();
    let error = try_ask(&store, caller, &limits).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Timeout);
    assert!(begin.elapsed() < TIMEOUT * 3, "{:?}", begin.elapsed());
    // The breaker opens: from then on nobody waits.
    until("it is known to be away", || async {
        let error = try_ask(&store, caller, &limits).await.unwrap_err();
        error.kind() == StoreErrorKind::Unavailable
    })
    .await;
    let begin = Instant::now();
    for _ in 0..100 {
        assert!(try_ask(&store, caller, &limits).await.is_err());
    }
    assert!(begin.elapsed() < TIMEOUT * 3, "{:?}", begin.elapsed());
    redis.resume();
    until("it answers", || async { try_ask(&store, caller, &limits).await.is_ok() }).await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable() {
    let (mut redis, store) = impatient().await;
    let caller = subject(&store, "alone");
    let limits = [limit(Quota::per_hour(100).unwrap())];
    ask(&store, caller, &limits).await;
    redis.kill();
    until("it is known to be gone", || async {
        let error = try_ask(&store, caller, &limits).await.unwrap_err();
        error.kind() == StoreErrorKind::Unavailable
    })
    .await;
    let error = try_ask(&store, caller, &limits).await.unwrap_err();
    assert!(std::error::Error::source(&error).is_some());
    redis.restart();
    until("it answers", || async { try_ask(&store, caller, &limits).await.is_ok() }).await;
}
