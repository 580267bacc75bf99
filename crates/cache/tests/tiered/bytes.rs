//! What the store may hold instead of an entry: of another codec, another schema, another key, or
//! damaged. It counts as a miss.

use bartizan_cache::test_util::{Chaos, ChaosControl, Corruption, Fault, LocalStore, record};
use bartizan_cache::{Cache, CacheBuilder, Caches, Generation, Json, Postcard, Raw, Store};

use super::support::{HOUR, SECOND, World, at, load, settle};

type Builder = CacheBuilder<String, String>;

/// Every byte of an entry, and one more.
const MOST: usize = 400;

#[tokio::test(start_paused = true)]
async fn values_go_through_every_codec_compressed_and_signed() {
    let with: [fn(Builder) -> Builder; 4] = [
        |builder| builder,
        |builder| builder.with_compression_above(100),
        |builder| builder.with_hmac(b"a key"),
        |builder| builder.with_schema(7).with_compression_above(100).with_hmac(b"a key"),
    ];
    let long = "Ann ".repeat(1_000);
    for with in with {
        let world = World::new();
        let (one, other) = (world.instance().await, world.instance().await);
        let caches = [&one, &other].map(|instance| {
            let made = |name| with(instance.builder(name));
            [
                made("json").build_tiered(Json).unwrap(),
                made("postcard").build_tiered(Postcard).unwrap(),
                made("raw").build_tiered(Raw).unwrap(),
            ]
        });
        for instance in [&one, &other] {
            assert!(instance.caches.ready(SECOND).await);
        }
        for (there, here) in caches[0].iter().zip(&caches[1]) {
            for value in ["", "Ann", &long] {
                let key = value.len().to_string();
                there.set(key.as_str(), value.to_owned()).await;
                assert_eq!(at(here, &key).await.as_deref(), Some(value));
            }
            assert_eq!(here.stats().undecodable, 0);
        }
    }
}

/// What the second instance makes of what the first has written: read, then loaded anew, which the
/// first reads again.
async fn is_read(there: fn(Builder) -> Users, here: fn(Builder) -> Users) -> bool {
    let world = World::new();
    let (one, other) = (world.instance().await, world.instance().await);
    let (there, here) = (there(one.builder("users")), here(other.builder("users")));
    assert!(one.caches.ready(SECOND).await && other.caches.ready(SECOND).await);
    there.set("7", "\"Ann\"".to_owned()).await;
    // A read that hears of the change meanwhile is made again.
    settle().await;
    let found = at(&here, "7").await;
    if found.is_some() {
        assert_eq!(found.as_deref(), Some("\"Ann\""));
        assert_eq!((here.stats().undecodable, other.seen.undecodable()), (0, 0));
        return true;
    }
    assert_eq!((here.stats().undecodable, other.seen.undecodable()), (1, 1));
    let many = here.get_many(["7"]).await;
    assert!(many[0].is_none());
    assert_eq!(load(&here, "7", "Bea").await, "Bea");
    settle().await;
    assert_eq!(here.stats().undecodable, 3);
    assert_eq!(here.stats().store_errors, 0);
    // Memory goes on, and the store has what it can read.
    assert_eq!(here.peek("7").map(|found| found.value().clone()).as_deref(), Some("Bea"));
    false
}

type Users = Cache<String, String>;
type Made = fn(Builder) -> Users;

#[tokio::test(start_paused = true)]
async fn what_another_codec_or_schema_has_written_is_a_counted_miss() {
    let json: Made = |builder: Builder| builder.build_tiered(Json).unwrap();
    let postcard: Made = |builder: Builder| builder.build_tiered(Postcard).unwrap();
    let raw: Made = |builder: Builder| builder.build_tiered(Raw).unwrap();
    let later: Made = |builder: Builder| builder.with_schema(1).build_tiered(Json).unwrap();
    assert!(is_read(json, json).await);
    assert!(!is_read(json, postcard).await);
    assert!(!is_read(raw, json).await);
    assert!(!is_read(postcard, raw).await);
    assert!(!is_read(json, later).await);
    assert!(!is_read(later, json).await);
    assert!(is_read(later, later).await);
}

#[tokio::test(start_paused = true)]
async fn keys_of_signatures_can_be_changed_without_a_miss() {
    let none: Made = |builder: Builder| builder.build_tiered(Json).unwrap();
    let old: Made = |builder: Builder| builder.with_hmac(b"old").build_tiered(Json).unwrap();
    let ready: Made = |builder: Builder| {
        builder.with_hmac(b"old").with_hmac_also(b"new").build_tiered(Json).unwrap()
    };
    let moved: Made = |builder: Builder| {
        builder.with_hmac(b"new").with_hmac_also(b"old").build_tiered(Json).unwrap()
    };
    let new: Made = |builder: Builder| builder.with_hmac(b"new").build_tiered(Json).unwrap();
    for (there, here) in [(old, old), (old, ready), (ready, old)] {
        assert!(is_read(there, here).await);
    }
    for (there, here) in [(ready, moved), (moved, ready), (moved, moved)] {
        assert!(is_read(there, here).await);
    }
    for (there, here) in [(moved, new), (new, moved), (new, new)] {
        assert!(is_read(there, here).await);
    }
    assert!(!is_read(old, new).await);
    assert!(!is_read(new, old).await);
    assert!(!is_read(none, old).await);
    assert!(!is_read(old, none).await);
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_entry_are_a_counted_miss_and_are_overwritten() {
    let world = World::new();
    let instance = world.instance().await;
    let users = instance.users().await;
    let garbage: [&[u8]; 5] = [b"", b"B", b"BZ", b"hello, I am no entry at all", &[0xff; 64]];
    for (index, bytes) in garbage.into_iter().enumerate() {
        let record = record(Generation::ZERO, HOUR, bytes.to_vec());
        let key = index.to_string();
        world.store.write(&format!("users:{key}"), &record).await.unwrap();
        assert_eq!(at(&users, &key).await, None);
        assert_eq!(users.stats().undecodable, 2 * index as u64 + 1);
        assert_eq!(load(&users, &key, "Ann").await, "Ann");
        settle().await;
        let other = world.instance().await;
        assert_eq!(at(&other.users().await, &key).await.as_deref(), Some("Ann"), "{bytes:?}");
    }
}

/// Puts `Ann` or a tombstone into the store, then lets every byte of it be read otherwise.
async fn every_byte(with: fn(Builder) -> Builder, is_removed: bool) {
    let world = World::new();
    let writer = world.instance().await;
    let there = with(writer.builder("users")).build_tiered(Json).unwrap();
    assert!(writer.caches.ready(SECOND).await);
    there.set("7", "Ann".to_owned()).await;
    if is_removed {
        there.remove("7").await;
    }
    let len = world.store.read("users:7").await.unwrap().unwrap().len();
    assert!((40..MOST).contains(&len), "{len}");
    let control = ChaosControl::new();
    let reader = world.start_under(control.clone());
    let here = with(reader.builder("users")).build_tiered(Json).unwrap();
    assert!(reader.caches.ready(SECOND).await);
    let flips = (0..len).map(Corruption::Flip);
    for corruption in flips.chain((0..len).map(Corruption::Truncate)) {
        let undecodable = here.stats().undecodable;
        control.inject(Fault::corrupt(corruption.clone()));
        assert_eq!(at(&here, "7").await, None, "{corruption:?}");
        assert!(here.get_many(["7"]).await[0].is_none(), "{corruption:?}");
        assert_eq!(here.stats().undecodable, undecodable + 2, "{corruption:?}");
        assert_eq!(load(&here, "7", "Bea").await, "Bea", "{corruption:?}");
        settle().await;
        // Memory goes on, though the store tells nonsense of what it has.
        assert_eq!(at(&here, "7").await.as_deref(), Some("Bea"), "{corruption:?}");
        control.heal();
        // What it wrote meanwhile, if that was later, is whole.
        there.set("7", "Ann".to_owned()).await;
        if is_removed {
            there.remove("7").await;
        }
        settle().await;
        let expected = (!is_removed).then_some("Ann");
        assert_eq!(at(&here, "7").await.as_deref(), expected, "{corruption:?}");
        there.set("7", "Ann".to_owned()).await;
        if is_removed {
            there.remove("7").await;
        }
        settle().await;
        assert!(here.peek("7").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn no_byte_of_a_value_can_be_damaged_unseen() {
    every_byte(|builder| builder, false).await;
}

#[tokio::test(start_paused = true)]
async fn no_byte_of_a_signed_value_can_be_damaged_unseen() {
    every_byte(|builder| builder.with_hmac(b"a key"), false).await;
}

#[tokio::test(start_paused = true)]
async fn no_byte_of_a_tombstone_can_be_damaged_unseen() {
    every_byte(|builder| builder, true).await;
}

#[tokio::test(start_paused = true)]
async fn no_byte_of_a_signed_tombstone_can_be_damaged_unseen() {
    every_byte(|builder| builder.with_hmac(b"a key"), true).await;
}

/// Damage that stays in the store: the worst is a generation that no later entry has.
#[tokio::test(start_paused = true)]
async fn damage_that_stays_costs_loads_and_nothing_else() {
    let world = World::new();
    let writer = world.instance().await;
    let there = writer.users().await;
    there.set("7", "Ann".to_owned()).await;
    let whole = world.store.read("users:7").await.unwrap().unwrap();
    for place in 0..whole.len() {
        world.store.flush();
        let mut bytes = whole.to_vec();
        bytes[place] = !bytes[place];
        let damaged = record(Generation::ZERO, HOUR, bytes);
        let reader = world.instance().await;
        let here = reader.users().await;
        world.store.write("users:7", &damaged).await.unwrap();
        assert_eq!(at(&here, "7").await, None, "{place}");
        assert_eq!(load(&here, "7", "Bea").await, "Bea", "{place}");
        settle().await;
        assert_eq!(at(&here, "7").await.as_deref(), Some("Bea"), "{place}");
        here.expire("7").await;
        assert_eq!(at(&here, "7").await, None, "{place}");
        here.set("7", "Cid".to_owned()).await;
        assert_eq!(at(&here, "7").await.as_deref(), Some("Cid"), "{place}");
        here.remove("7").await;
        assert_eq!(at(&here, "7").await, None, "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_cannot_be_encoded_stays_in_memory_and_takes_the_old_one_from_the_store() {
    // JSON has no maps with such keys.
    type Odd = std::collections::BTreeMap<Option<Vec<u8>>, u8>;
    let clock = bartizan_cache::test_util::TokioClock::new();
    let store = LocalStore::new(clock.clone());
    let caches = Caches::builder()
        .with_clock(clock)
        .with_store(Chaos::new(store.handle(), &ChaosControl::new()))
        .build();
    let users: Cache<String, Odd> = caches.cache("users").build_tiered(Json).unwrap();
    assert!(caches.ready(SECOND).await);
    users.set("7", Odd::new()).await;
    let odd = Odd::from([(Some(vec![1]), 1)]);
    users.set("7", odd.clone()).await;
    assert_eq!(users.peek("7").as_deref(), Some(&odd));
    assert_eq!(users.stats().not_stored, 1);
    let others = Caches::builder()
        .with_clock(bartizan_cache::test_util::TokioClock::new())
        .with_store(store.handle())
        .build();
    let elsewhere: Cache<String, Odd> = others.cache("users").build_tiered(Json).unwrap();
    assert!(others.ready(SECOND).await);
    assert!(elsewhere.get("7").await.is_none());
}
