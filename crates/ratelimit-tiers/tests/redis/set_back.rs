//! A server's clock that is set back frees nothing and locks nobody out.

use std::time::Duration;

use bartizan_ratelimit_tiers::{Algorithm, ClassId, Clock, Limit, Quota, RedisStore};

use crate::support::{ClockKey, SECRET, Stopped, ask, server, subject};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_was_consumed_counts_as_of_now() {
    let (_redis, link) = server().await;
    let store = RedisStore::new(link.clone(), SECRET).without_deny_cache();
    let store = store.with_clock_key("clock");
    let key = ClockKey { link, key: "clock" };
    let quota = Quota::per_minute(6).unwrap();
    let algorithms =
        [Algorithm::Gcra, Algorithm::Strict, Algorithm::FixedWindow, Algorithm::SlidingWindow];
    for back in [1, 30, 86_400] {
        let back = Duration::from_secs(back);
        for algorithm in algorithms {
            let caller = subject(&store, &format!("{algorithm:?} {back:?}"));
            let limits = [Limit::new(ClassId::of("set back"), quota.counted_by(algorithm))];
            let late = Stopped::new();
            key.set(late.now().saturating_add(back)).await;
            for _ in 0..6 {
                assert!(ask(&store, caller, &limits).await.is_admitted());
            }
            let time = Stopped::new();
            key.set(time.now()).await;
            let refused = ask(&store, caller, &limits).await;
            assert!(!refused.is_admitted(), "{algorithm:?}, {back:?} back");
            let wait = refused.outcomes()[0].retry_after();
            let longest = if algorithm == Algorithm::SlidingWindow { 2 * MINUTE } else { MINUTE };
            assert!(wait <= longest, "{algorithm:?}, {back:?} back: {wait:?}");
            // The wait is kept, although nothing was admitted in between.
            time.advance(wait / 2);
            key.set(time.now()).await;
            assert!(!ask(&store, caller, &limits).await.is_admitted());
            time.advance(wait.saturating_sub(wait / 2));
            key.set(time.now()).await;
            assert!(ask(&store, caller, &limits).await.is_admitted(), "{algorithm:?}, {back:?}");
        }
    }
}
