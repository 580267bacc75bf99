//! A Redis that has no room and evicts nothing.

use std::time::Duration;

use bartizan_cache::{
    Backplane, Cache, Caches, Generation, Json, Mark, Reach, RedisStore, Signal, Store,
    StoreErrorKind, Written, test_util,
};
use bartizan_probe::Redis;
use bartizan_redis_link::Link;
use bytes::Bytes;

use crate::proxy::Proxy;
use crate::support::{
    MINUTE, PATIENCE, calls, entry, expiry, generation, get, keys, kind, link, next, record, set,
    store, tell, until,
};

async fn fill(link: &Link) {
    tell(link, &["CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1"]).await;
}

/// An entry that says there is none.
fn tombstone(number: u64) -> bartizan_cache::Record {
    let bytes = [b"BZ\x01\x02", &number.to_be_bytes()[..]].concat();
    test_util::record(generation(number), MINUTE, bytes)
}

#[tokio::test]
async fn values_are_refused_and_take_with_them_what_they_outdate() {
    let (_redis, link, store) = store().await;
    for key in ["older", "later"] {
        store.write(key, &record(5, "there")).await.unwrap();
    }
    fill(&link).await;
    assert_eq!(kind(store.write("older", &record(6, "new")).await), Some(StoreErrorKind::Full));
    let superseded = Written::Superseded(entry(5, "there"));
    assert_eq!(store.write("later", &record(4, "old")).await.unwrap(), superseded);
    assert_eq!(keys(&link).await, ["later"]);
}

#[tokio::test]
async fn tombstones_find_room() {
    let (_redis, link, store) = store().await;
    store.write("older", &record(5, "there")).await.unwrap();
    store.write("later", &record(7, "there")).await.unwrap();
    fill(&link).await;
    for (key, written) in [
        ("older", Written::Stored),
        ("later", Written::Superseded(entry(7, "there"))),
        ("none", Written::Stored),
    ] {
        assert_eq!(store.write(key, &tombstone(6)).await.unwrap(), written, "{key}");
    }
    assert_eq!(get(&link, "older").await, Some(tombstone(6).bytes().clone()));
    assert!((1..=60_000).contains(&expiry(&link, "none").await));

    // Compressed or signed it may be; what has a value finds none.
    for flags in [0b0000, 0b0001, 0b0100, 0b1000, 0b0011] {
        let bytes: Bytes = [b"BZ\x01", &[flags][..], &[0; 8]].concat().into();
        let value = test_util::record(generation(0), MINUTE, bytes);
        assert_eq!(kind(store.write("new", &value).await), Some(StoreErrorKind::Full), "{flags}");
    }
    for flags in [0b0110, 0b1010] {
        let bytes: Bytes = [b"BZ\x01", &[flags][..], &[0; 8]].concat().into();
        let tombstone = test_util::record(generation(0), MINUTE, bytes);
        assert_eq!(store.write("new", &tombstone).await.unwrap(), Written::Stored, "{flags}");
    }
}

#[tokio::test]
async fn the_backplane_goes_on() {
    let (_redis, link, store) = store().await;
    let opened = store.open("a").await.unwrap();
    let mut listener = store.listen();
    assert_eq!(next(&mut listener).await, Signal::Connected);
    fill(&link).await;
    let issued = store.issue("a").await.unwrap();
    assert!(issued > opened.generation);
    let marked = store.mark("a", Some("t"), Mark::Remove).await.unwrap();
    assert!(marked > issued);
    assert!(matches!(next(&mut listener).await, Signal::Message(_)));
    assert_eq!(store.marks("a", &["t"], Generation::ZERO).await.unwrap()[0].removed, marked);
    assert_eq!(store.marks("a", &["u"], generation(3)).await.unwrap()[0].removed, generation(3));
    let marked = store.mark("a", None, Mark::Expire).await.unwrap();
    assert_eq!(store.open("a").await.unwrap().marks.expired, marked);
    assert!(store.open("b").await.unwrap().generation > Generation::ZERO);
    // Nobody should wait for a value that will not be there.
    assert_eq!(kind(store.lock("l", 1, MINUTE).await), Some(StoreErrorKind::Full));
}

/// As a server before flags answers: what begins with `#` is no Lua.
fn unknown_flags(bytes: &mut [u8]) {
    const FLAGS: &[u8] = b"#!lua";
    for at in 0..bytes.len().saturating_sub(FLAGS.len()) {
        if bytes[at..].starts_with(FLAGS) {
            bytes[at] = b'$';
        }
    }
}

#[tokio::test]
async fn a_server_that_knows_no_flags_is_asked_without_them() {
    let redis = Redis::start();
    let proxy = Proxy::rewriting(&redis.url(), unknown_flags);
    let admin = link(&redis.url()).await;
    let store = RedisStore::new(link(&proxy.url()).await);
    let opened = store.open("a").await.unwrap();
    let issued = store.issue("a").await.unwrap();
    assert!(issued > opened.generation);
    store.mark("a", Some("t"), Mark::Remove).await.unwrap();
    store.marks("a", &["t"], Generation::ZERO).await.unwrap();
    store.write("key", &tombstone(6)).await.unwrap();
    assert_eq!(get(&admin, "key").await, Some(tombstone(6).bytes().clone()));

    // It does not try again.
    tell(&admin, &["CONFIG", "RESETSTAT"]).await;
    store.clone().issue("a").await.unwrap();
    assert_eq!((calls(&admin, "evalsha").await, calls(&admin, "eval").await), (1, 0));

    // When it is full, it is told later; but what is outdated goes.
    set(&admin, "key", entry(5, "there")).await;
    fill(&admin).await;
    assert_eq!(kind(store.issue("a").await), Some(StoreErrorKind::Full));
    assert_eq!(kind(store.write("key", &tombstone(6)).await), Some(StoreErrorKind::Full));
    assert_eq!(get(&admin, "key").await, None);
}

async fn cache(redis: &Redis) -> (Caches, Cache<u32, String>) {
    let store = RedisStore::new(link(&redis.url()).await);
    let caches = Caches::builder().with_store(store).build();
    let cache = caches.cache("users").build_tiered(Json).unwrap();
    assert!(caches.ready(PATIENCE).await);
    (caches, cache)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_reaches_the_others() {
    let redis = Redis::start();
    let admin = link(&redis.url()).await;
    let (_one, here) = cache(&redis).await;
    let (_other, there) = cache(&redis).await;
    let item = |value: &str| bartizan_cache::Item::new(value.to_owned()).with_tag("t");
    for change in 0..6 {
        tell(&admin, &["CONFIG", "SET", "maxmemory", "0"]).await;
        // Once nothing waits that was not told when it was full.
        until("told", async || here.set(&1, item("old")).await == Reach::Shared).await;
        until("shared", async || there.get(&1).await.is_some()).await;
        fill(&admin).await;
        let reach = match change {
            0 => here.set(&1, item("new")).await,
            1 => here.remove(&1).await,
            2 => here.expire(&1).await,
            3 => here.remove_tag("t").await,
            4 => here.expire_tag("t").await,
            _ => here.clear().await,
        };
        // What needs no room is told at once. A value waits until it is known that there is none.
        if !matches!(change, 0 | 2) {
            assert_eq!(reach, Reach::Shared, "change {change}");
        }
        let begin = tokio::time::Instant::now();
        until("outdated", async || there.get(&1).await.is_none()).await;
        assert!(begin.elapsed() < Duration::from_secs(3), "change {change}");
        let found = here.get(&1).await.map(bartizan_cache::Cached::into_value);
        assert_ne!(found.as_deref(), Some("old"));
    }
}
