//! Instances that share a server and a secret count as one.

use std::time::{Duration, Instant};

use bartizan_ratelimit_tiers::{Quota, RedisStore, Store};
use bartizan_redis_link::Command;

use crate::support::{PATIENCE, SECRET, ask, keys, limit, link, server, store, subject};

#[tokio::test]
async fn two_instances_share_a_quota() {
    let (redis, first) = server().await;
    let second = link(&redis.url(), PATIENCE).await;
    let first = RedisStore::new(first, SECRET);
    let second = RedisStore::new(second, SECRET);
    let limits = [limit(Quota::per_hour(4).unwrap())];
    for left in [3, 1] {
        let caller = subject(&first, "shared");
        let verdict = ask(&first, caller, &limits).await;
        assert_eq!(verdict.outcomes()[0].remaining(), left);
        let verdict = ask(&second, subject(&second, "shared"), &limits).await;
        assert_eq!(verdict.outcomes()[0].remaining(), left - 1);
    }
    assert!(!ask(&first, subject(&first, "shared"), &limits).await.is_admitted());
    assert!(!ask(&second, subject(&second, "shared"), &limits).await.is_admitted());
}

#[tokio::test]
async fn another_secret_or_prefix_is_another_world() {
    let (_redis, link, store) = store().await;
    let limits = [limit(Quota::per_hour(1).unwrap())];
    assert!(ask(&store, subject(&store, "same"), &limits).await.is_admitted());
    let other = RedisStore::new(link.clone(), b"another secret");
    assert_ne!(subject(&other, "same"), subject(&store, "same"));
    assert!(ask(&other, subject(&other, "same"), &limits).await.is_admitted());
    let prefixed = store.clone().with_prefix("app:");
    assert!(ask(&prefixed, subject(&prefixed, "same"), &limits).await.is_admitted());
    let keys = keys(&link).await;
    assert_eq!(keys.iter().filter(|key| key.starts_with("rl:")).count(), 2);
    assert_eq!(keys.iter().filter(|key| key.starts_with("app:")).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_admits_more_than_a_strict_limit_to_many_at_once() {
    const LIMIT: usize = 100;
    const WINDOW: Duration = Duration::from_millis(500);
    let (_redis, _, store) = store().await;
    let caller = subject(&store, "popular");
    let limits = [limit(Quota::new(100, WINDOW).unwrap().strict())];
    let begin = Instant::now();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut admitted = Vec::new();
                while begin.elapsed() < WINDOW * 4 {
                    let verdict = ask(&store, caller, &limits).await;
                    if verdict.is_admitted() {
                        admitted.push(verdict.now());
                    }
                }
                admitted
            })
        })
        .collect();
    let mut admitted = Vec::new();
    for task in tasks {
        admitted.extend(task.await.unwrap());
    }
    admitted.sort();
    assert!(admitted.len() >= 3 * LIMIT, "{} in four windows", admitted.len());
    for (first, over) in admitted.iter().zip(admitted.iter().skip(LIMIT)) {
        assert!(over.saturating_since(*first) >= WINDOW);
    }
}

#[tokio::test]
async fn goes_on_when_the_server_forgets_its_scripts() {
    let (_redis, link, store) = store().await;
    let caller = subject(&store, "flushed");
    let limits = [limit(Quota::per_hour(10).unwrap())];
    for left in (0..10).rev() {
        let verdict = ask(&store, caller, &limits).await;
        assert_eq!(verdict.outcomes()[0].remaining(), left);
        link.command(Command::new("SCRIPT").arg("FLUSH")).await.unwrap();
    }
}

#[tokio::test]
async fn cloning_shares_the_store() {
    let (_redis, _, store) = store().await;
    let clone = store.clone();
    let limits = [limit(Quota::per_hour(2).unwrap())];
    ask(&store, subject(&store, "clone"), &limits).await;
    assert_eq!(ask(&clone, subject(&clone, "clone"), &limits).await.outcomes()[0].remaining(), 0);
    assert_eq!(store.stats().round_trips, 2);
    assert_eq!(format!("{:?}", store.hasher()), "SubjectHasher { .. }");
}
