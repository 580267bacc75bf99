//! What was refused is refused again without a round trip, and not for longer.

use std::time::Duration;

use bartizan_probe::Redis;
use bartizan_ratelimit_tiers::{
    Ask, ClassId, DenyCache, Limit, Manage, Mode, Override, Part, Penalty, Quota, RedisStore, Store,
};
use bartizan_redis_link::Link;

use crate::support::{CLASS, SECRET, ask, calls, decide, limit, server, subject};

async fn cached() -> (Redis, Link, RedisStore) {
    let (redis, link) = server().await;
    let store = RedisStore::new(link.clone(), SECRET);
    (redis, link, store)
}

fn per_hour(limit: u32) -> Quota {
    Quota::per_hour(limit).unwrap()
}

#[tokio::test]
async fn an_exhausted_subject_costs_no_round_trips() {
    let (_redis, link, store) = cached().await;
    let caller = subject(&store, "hammering");
    let limits = [limit(per_hour(10)), Limit::new(ClassId::of("b"), per_hour(20))];
    let mut admitted = 0;
    for _ in 0..1_000 {
        admitted += u32::from(ask(&store, caller, &limits).await.is_admitted());
    }
    assert_eq!(admitted, 10);
    let calls = calls(&link, "evalsha").await + calls(&link, "eval").await;
    assert!(calls <= 1_000 / 20, "{calls}");
    assert_eq!(store.stats().refused_at_hand, 1_000 - 11);
    assert_eq!(store.stats().round_trips, 11);
}

#[tokio::test]
async fn the_wait_counts_down_and_is_kept() {
    let (_redis, _, store) = cached().await;
    let caller = subject(&store, "patient");
    let limits = [limit(Quota::new(1, Duration::from_millis(300)).unwrap())];
    ask(&store, caller, &limits).await;
    let first = ask(&store, caller, &limits).await;
    let pause = Duration::from_millis(50);
    tokio::time::sleep(pause).await;
    let second = ask(&store, caller, &limits).await;
    assert_eq!(store.stats().refused_at_hand, 1);
    let at = (first.now(), second.now());
    let (first, wait) = (first.outcomes()[0], second.outcomes()[0]);
    assert!(wait.retry_after() + pause <= first.retry_after());
    assert!(wait.reset_after() + pause <= first.reset_after());
    assert!(at.1.saturating_since(at.0) >= pause);
    tokio::time::sleep(wait.retry_after()).await;
    assert!(ask(&store, caller, &limits).await.is_admitted());
}

#[tokio::test]
async fn a_smaller_cost_is_asked_and_a_larger_one_is_not() {
    let (_redis, _, store) = cached().await;
    let caller = subject(&store, "costly");
    let quota = per_hour(10);
    assert!(!ask(&store, caller, &[limit(quota).with_cost(8)]).await.outcomes().is_empty());
    assert!(!ask(&store, caller, &[limit(quota).with_cost(5)]).await.is_admitted());
    assert!(!ask(&store, caller, &[limit(quota).with_cost(6)]).await.is_admitted());
    assert_eq!(store.stats().refused_at_hand, 1);
    assert!(ask(&store, caller, &[limit(quota).with_cost(2)]).await.is_admitted());
}

#[tokio::test]
async fn another_quota_mode_or_subject_is_asked() {
    let (_redis, _, store) = cached().await;
    let caller = subject(&store, "upgraded");
    ask(&store, caller, &[limit(per_hour(1))]).await;
    assert!(!ask(&store, caller, &[limit(per_hour(1))]).await.is_admitted());
    assert!(ask(&store, caller, &[limit(per_hour(100))]).await.is_admitted());
    let shadow = limit(per_hour(100)).with_mode(Mode::Shadow).with_cost(100);
    for _ in 0..3 {
        assert!(ask(&store, caller, &[shadow]).await.is_admitted());
    }
    assert!(ask(&store, subject(&store, "other"), &[limit(per_hour(1))]).await.is_admitted());
    assert_eq!(store.stats().refused_at_hand, 0);
}

#[tokio::test]
async fn what_is_corrected_here_is_seen_at_once() {
    let (_redis, _, store) = cached().await;
    let caller = subject(&store, "corrected");
    let limits = [limit(per_hour(1))];
    let parts = [Part { subject: caller, limits: &limits }];
    let refused = async || {
        for _ in 0..2 {
            assert!(!ask(&store, caller, &limits).await.is_admitted());
        }
    };
    let taken = ask(&store, caller, &limits).await.now();
    refused().await;
    store.refund(&Ask::new(&parts), taken).await.unwrap();
    assert!(ask(&store, caller, &limits).await.is_admitted());
    refused().await;
    store.reset(caller, Some(CLASS)).await.unwrap();
    let now = ask(&store, caller, &limits).await;
    assert!(now.is_admitted());
    refused().await;
    let own = Override { quota: per_hour(5), until: None };
    store.set_override(caller, CLASS, Some(own)).await.unwrap();
    assert!(ask(&store, caller, &limits).await.is_admitted());
    store
        .block_until(caller, None, now.now().saturating_add(Duration::from_secs(60)))
        .await
        .unwrap();
    refused().await;
    store.block_until(caller, None, now.now()).await.unwrap();
    assert!(ask(&store, caller, &limits).await.is_admitted());
}

#[tokio::test]
async fn a_subjects_own_quota_is_always_asked() {
    let (_redis, _, store) = cached().await;
    let caller = subject(&store, "own");
    let own = Override { quota: per_hour(1), until: None };
    store.set_override(caller, CLASS, Some(own)).await.unwrap();
    for _ in 0..5 {
        ask(&store, caller, &[limit(per_hour(9))]).await;
    }
    assert_eq!(store.stats().refused_at_hand, 0);
}

#[tokio::test]
async fn what_is_corrected_elsewhere_is_seen_soon() {
    let (_redis, link, store) = cached().await;
    let longest = Duration::from_millis(300);
    let store = store.with_deny_cache(DenyCache::new().with_longest(longest));
    let caller = subject(&store, "forgiven");
    let limits = [limit(per_hour(1))];
    ask(&store, caller, &limits).await;
    assert!(!ask(&store, caller, &limits).await.is_admitted());
    RedisStore::new(link, SECRET).reset(caller, None).await.unwrap();
    assert!(!ask(&store, caller, &limits).await.is_admitted());
    tokio::time::sleep(longest).await;
    assert!(ask(&store, caller, &limits).await.is_admitted());
}

#[tokio::test]
async fn a_request_of_several_subjects_is_refused_as_a_whole() {
    let (_redis, _, store) = cached().await;
    let (account, address) = (subject(&store, "account"), subject(&store, "address"));
    let (wide, narrow) = ([limit(per_hour(9))], [limit(per_hour(1))]);
    let account = Part { subject: account, limits: &wide };
    let parts = [account, Part { subject: address, limits: &narrow }];
    assert!(decide(&store, &Ask::new(&parts)).await.unwrap().is_admitted());
    assert!(!decide(&store, &Ask::new(&parts)).await.unwrap().is_admitted());
    let before = store.stats().round_trips;
    let refused = decide(&store, &Ask::new(&parts)).await.unwrap();
    assert!(!refused.is_admitted());
    assert_eq!(refused.outcomes().len(), 2);
    assert_eq!(store.stats().round_trips, before);
    let elsewhere = Part { subject: store.hasher().subject("ip", b"::1"), limits: &narrow };
    assert!(decide(&store, &Ask::new(&[account, elsewhere])).await.unwrap().is_admitted());
}

#[tokio::test]
async fn without_room_or_cache_redis_is_asked() {
    let (_redis, _, store) = cached().await;
    let full = store.clone().with_deny_cache(DenyCache::new().with_entries(0));
    for store in [full, store.without_deny_cache()] {
        let caller = subject(&store, "asked");
        for _ in 0..5 {
            ask(&store, caller, &[limit(per_hour(1))]).await;
        }
        assert_eq!(store.stats().round_trips, 5);
    }
}

#[tokio::test]
async fn hammering_at_a_penalty_costs_no_round_trips() {
    let (_redis, link) = server().await;
    let store = RedisStore::new(link, SECRET);
    let subject = subject(&store, "ada");
    let hour = Duration::from_secs(3600);
    let penalty = Penalty::doubling(hour, 2 * hour, hour);
    let limits = [limit(Quota::per_hour(1).unwrap())];
    assert!(ask(&store, subject, &limits).await.is_admitted());
    for _ in 0..50 {
        assert!(!ask(&store, subject, &limits).await.is_admitted());
        assert_eq!(store.penalty(subject, CLASS, &penalty).await.unwrap().strikes, 1);
    }
    // One that was admitted, one that was refused, one that blocked.
    assert!(store.stats().round_trips <= 4, "{:?}", store.stats());
    // What is corrected here is seen at once.
    store.reset(subject, None).await.unwrap();
    assert!(ask(&store, subject, &limits).await.is_admitted());
}
