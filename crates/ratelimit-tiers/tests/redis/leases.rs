//! Busy subjects take units in advance, within a bound.

use std::time::Duration;

use bartizan_probe::Redis;
use bartizan_ratelimit_tiers::{
    Ask, Clock, Leases, Manage, Part, Quota, RedisStore, Store, Subject, Timestamp, Verdict,
};
use bartizan_redis_link::Link;

use crate::support::{ClockKey, PATIENCE, SECRET, Stopped, ask, limit, link, server, subject};

/// No lease ends while a test runs.
const LONG: Leases = Leases::new().with_lifetime(Duration::from_secs(60));

async fn leasing(leases: Leases) -> (Redis, Link, RedisStore) {
    let (redis, link) = server().await;
    let store = RedisStore::new(link.clone(), SECRET).with_leases(leases);
    (redis, link, store)
}

async fn admitted(store: &RedisStore, caller: Subject, quota: Quota, asks: usize) -> usize {
    let mut admitted = 0;
    for _ in 0..asks {
        admitted += usize::from(ask(store, caller, &[limit(quota)]).await.is_admitted());
    }
    admitted
}

#[tokio::test]
async fn a_busy_subject_costs_few_round_trips() {
    let (_redis, _, store) = leasing(LONG).await;
    let caller = subject(&store, "busy");
    let quota = Quota::per_hour(100_000).unwrap().strict();
    for count in 1..=5_000 {
        let verdict = ask(&store, caller, &[limit(quota)]).await;
        assert!(verdict.is_admitted());
        assert_eq!(verdict.outcomes()[0].remaining(), 100_000 - count);
    }
    let stats = store.stats();
    assert_eq!(stats.round_trips + stats.admitted_at_hand, 5_000);
    assert!(stats.round_trips <= 25, "{stats:?}");
}

#[tokio::test]
async fn a_small_quota_is_never_leased() {
    let (_redis, _, store) = leasing(LONG).await;
    let caller = subject(&store, "small");
    assert_eq!(admitted(&store, caller, Quota::per_hour(127).unwrap().strict(), 200).await, 127);
    assert_eq!(store.stats().admitted_at_hand, 0);
}

#[tokio::test]
async fn the_last_quarter_is_decided_one_by_one() {
    let (redis, _, first) = leasing(LONG).await;
    let second = link(&redis.url(), PATIENCE).await;
    let second = RedisStore::new(second, SECRET).with_leases(LONG);
    let caller = subject(&first, "two instances");
    let quota = Quota::per_hour(1_280).unwrap().strict();
    let mut sum = 0;
    for _ in 0..1_000 {
        sum += admitted(&first, caller, quota, 1).await;
        sum += admitted(&second, caller, quota, 1).await;
    }
    // Nothing is left in the leases, since both went on asking.
    assert_eq!(sum, 1_280);
    let at_hand = first.stats().admitted_at_hand + second.stats().admitted_at_hand;
    assert!((800..=960).contains(&at_hand), "{at_hand}");
}

/// Documented: `processes * (burst / 64 - 1)` units beside what the quota promises. Reached here.
#[tokio::test]
async fn a_window_sees_the_leases_of_the_one_before_and_no_more() {
    const LIMIT: usize = 640;
    const LEASE: usize = LIMIT / 64;
    let (redis, link, first) = leasing(LONG).await;
    let first = first.with_clock_key("clock");
    let second = crate::support::link(&redis.url(), PATIENCE).await;
    let second = RedisStore::new(second, SECRET).with_leases(LONG).with_clock_key("clock");
    let plain = RedisStore::new(link.clone(), SECRET).with_clock_key("clock");
    let time = Stopped::new();
    let key = ClockKey { link, key: "clock" };
    key.set(time.now()).await;
    let caller = subject(&first, "leasing");
    let window = Duration::from_secs(3_600);
    let quota = Quota::new(640, window).unwrap().strict();
    // Leases of 2, 4, 8 and 10: the sixteenth request opens the last one.
    for store in [&first, &second] {
        assert_eq!(admitted(store, caller, quota, 16).await, 16);
        assert_eq!(store.stats().round_trips, 5);
    }
    time.advance(window);
    key.set(time.now()).await;
    let direct = admitted(&plain, caller, quota, LIMIT + 1).await;
    let leased =
        admitted(&first, caller, quota, 100).await + admitted(&second, caller, quota, 100).await;
    assert_eq!(direct, LIMIT);
    assert_eq!(leased, 2 * (LEASE - 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_hold_one_lease() {
    const LIMIT: usize = 6_400;
    let (_redis, _, store) = leasing(LONG).await;
    let caller = subject(&store, "at once");
    let quota = Quota::per_hour(6_400).unwrap().strict();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut sum = 0;
                for _ in 0..200 {
                    sum += admitted(&store, caller, quota, 1).await;
                    // Else each task used up its lease before the next one is heard.
                    tokio::task::yield_now().await;
                }
                sum
            })
        })
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap();
    }
    assert_eq!(sum, LIMIT);
    assert!(store.stats().admitted_at_hand > 0);
}

#[tokio::test]
async fn a_lease_ends_with_its_lifetime() {
    let lifetime = Duration::from_millis(50);
    let (_redis, _, store) = leasing(Leases::new().with_lifetime(lifetime)).await;
    let caller = subject(&store, "slow");
    let quota = Quota::per_hour(100_000).unwrap().strict();
    admitted(&store, caller, quota, 100).await;
    let before = store.stats();
    assert!(before.admitted_at_hand > 0);
    tokio::time::sleep(lifetime * 2).await;
    admitted(&store, caller, quota, 1).await;
    assert_eq!(store.stats().round_trips, before.round_trips + 1);
}

#[tokio::test]
async fn a_correction_here_ends_a_lease_at_once() {
    let (_redis, _, store) = leasing(LONG).await;
    let caller = subject(&store, "blocked");
    let quota = Quota::per_hour(100_000).unwrap();
    admitted(&store, caller, quota, 100).await;
    let far = Timestamp::from_nanos(u64::MAX);
    store.block_until(caller, None, far).await.unwrap();
    assert_eq!(admitted(&store, caller, quota, 10).await, 0);
}

#[tokio::test]
async fn a_dropped_request_lets_others_lease() {
    let (_redis, _, store) = leasing(LONG).await;
    let caller = subject(&store, "cancelled");
    let quota = Quota::per_hour(100_000).unwrap();
    admitted(&store, caller, quota, 1).await;
    let limits = [limit(quota)];
    drop(store.decide(&Ask::new(&[Part { subject: caller, limits: &limits }])));
    admitted(&store, caller, quota, 100).await;
    assert!(store.stats().admitted_at_hand > 80, "{:?}", store.stats());
}

#[tokio::test]
async fn a_lease_tells_no_earlier_reset() {
    let (_redis, link) = server().await;
    let leases = Leases::new().with_most(1_000).with_lifetime(Duration::from_secs(20));
    let store = RedisStore::new(link, SECRET).with_leases(leases);
    let limits = [limit(Quota::per_hour(1_000_000).unwrap())];
    let subject = subject(&store, "hot");
    let reset =
        |verdict: &Verdict| verdict.now().saturating_add(verdict.outcomes()[0].reset_after());
    for _ in 0..200 {
        ask(&store, subject, &limits).await;
    }
    let trips = store.stats().round_trips;
    let first = ask(&store, subject, &limits).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let second = ask(&store, subject, &limits).await;
    assert_eq!(store.stats().round_trips, trips);
    assert!(reset(&second) >= reset(&first));
}
