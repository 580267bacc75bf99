//! Bytes in Redis that are not those that were written.

use bartizan_cache::{Access, Cache, Caches, Item, Json, Options, RedisStore};
use bartizan_probe::Redis;
use bartizan_redis_link::{Command, Link};
use bytes::Bytes;

use crate::support::{MINUTE, PATIENCE, get, link, set, store, until};

type Users = Cache<u32, String>;

/// A cache that reads the store each time, and one that remembers.
async fn caches(redis: &Redis) -> Vec<(Caches, Users)> {
    let mut caches = Vec::new();
    for memory in [Access::None, Access::Full] {
        let store = RedisStore::new(link(&redis.url()).await);
        let all = Caches::builder().with_store(store).build();
        let options = Options::new(MINUTE).with_memory(memory);
        let users = all.cache("users").with_options(options).build_tiered(Json).unwrap();
        assert!(all.ready(PATIENCE).await);
        caches.push((all, users));
    }
    caches
}

async fn damage(link: &Link, at: usize, byte: u8) {
    let command = Command::new("SETRANGE").key("users:7").arg(at as u64);
    link.command(command.arg(Bytes::copy_from_slice(&[byte]))).await.unwrap();
}

fn value(text: &str) -> Item<String> {
    Item::new(text.to_owned()).with_tag("admins").with_etag("v1")
}

/// What is loaded is not kept, since it would be written after the next damage.
async fn load(users: &Users, text: &'static str) -> String {
    let load = move |_| async move { Ok::<_, ()>(value(text).not_kept()) };
    let loaded = users.get_or_load(&7, load).await;
    loaded.expect("the loader did not fail").into_value()
}

/// Puts other bytes, one at a time, in every place of an entry, and asks everything of the caches.
async fn every_place(redis: &Redis, admin: &Link, whole: &Bytes, was: Option<&str>) {
    let caches = caches(redis).await;
    let (direct, remembering) = (&caches[0].1, &caches[1].1);
    let mut damaged = 0;
    for changes in [0..3, 3..5] {
        for at in 0..whole.len() {
            for byte in [whole[at] ^ 1, whole[at] ^ 0x80, 0, 0xff, b'2'] {
                let what = format!("{byte:#x} at {at} of {whole:?}");
                let spoil = async || {
                    set(admin, "users:7", whole.clone()).await;
                    damage(admin, at, byte).await;
                };
                // Once the tag or all were removed, it is gone anyway.
                let is_whole = byte == whole[at] && changes.start == 0;
                damaged += usize::from(!is_whole);
                reads(direct, was.filter(|_| is_whole), &spoil, &what).await;
                remembering.remove(&7).await;
                spoil().await;
                let loaded = was.filter(|_| is_whole).unwrap_or("loaded");
                assert_eq!(load(remembering, "loaded").await, loaded, "{what}");
                for change in changes.clone() {
                    spoil().await;
                    let now = (change == 0).then(|| "set".to_owned());
                    alter(remembering, change).await;
                    assert_eq!(text(remembering).await, now, "{what}, change {change}");
                    // A bad generation may be later than any other: then nothing is kept until it
                    // has expired.
                    let direct = text(direct).await;
                    assert!(direct.is_none() || direct == now, "{direct:?}: {what}, {change}");
                }
            }
        }
    }
    assert!(damaged > whole.len(), "{damaged}");
}

async fn reads(users: &Users, was: Option<&str>, spoil: impl AsyncFn(), what: &str) {
    spoil().await;
    assert_eq!(text(users).await.as_deref(), was, "{what}");
    let many = users.get_many(&[6, 7]).await;
    let many = many.iter().map(|found| found.as_ref().map(|found| found.value().as_str()));
    assert_eq!(many.collect::<Vec<_>>(), [None, was], "{what}");
    assert_eq!(load(users, "loaded").await, was.unwrap_or("loaded"), "{what}");
}

async fn text(users: &Users) -> Option<String> {
    users.get(&7).await.map(bartizan_cache::Cached::into_value)
}

async fn alter(users: &Users, change: u32) {
    match change {
        0 => users.set(&7, value("set")).await,
        1 => users.remove(&7).await,
        2 => users.expire(&7).await,
        3 => users.remove_tag("admins").await,
        _ => users.clear().await,
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_byte_of_a_value() {
    let (redis, admin, _) = store().await;
    let caches = caches(&redis).await;
    let users = &caches[0].1;
    users.set(&7, value("v")).await;
    let whole = get(&admin, "users:7").await.unwrap();
    every_place(&redis, &admin, &whole, Some("v")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_byte_of_a_tombstone() {
    let (redis, admin, _) = store().await;
    let caches = caches(&redis).await;
    caches[0].1.remove(&7).await;
    let whole = get(&admin, "users:7").await.unwrap();
    every_place(&redis, &admin, &whole, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_that_end_early_or_late() {
    let (redis, admin, _) = store().await;
    let caches = caches(&redis).await;
    let users = &caches[0].1;
    users.set(&7, value("v")).await;
    let whole = get(&admin, "users:7").await.unwrap();
    let ends = (0..whole.len()).map(|end| whole.slice(..end));
    let others =
        ["", "null", "{\"a\":1}", "\0"].map(|more| [&whole, more.as_bytes()].concat().into());
    for bytes in ends.chain(others.into_iter().skip(1)) {
        set(&admin, "users:7", bytes.clone()).await;
        assert_eq!(text(users).await, None, "{bytes:?}");
        assert_eq!(load(users, "loaded").await, "loaded", "{bytes:?}");
    }
    assert!(users.stats().undecodable > whole.len() as u64);
    // What is kept takes its place.
    let load = |_| async { Ok::<_, ()>(value("loaded")) };
    users.get_or_load(&7, load).await.unwrap();
    until("it is whole", async || text(users).await.as_deref() == Some("loaded")).await;
}
