//! Reading through, promotion, writing through, and who may do what with which level.

use std::time::Duration;

use bartizan_cache::test_util::Operation;
use bartizan_cache::{Access, Freshness, Item, Level, Options, Reach, Source};

use super::support::{
    HOUR, MINUTE, SECOND, World, at, cluster, fail_safe, load, nobody, settle, spare,
};

const STORE: Source = Source::Cached(Level::Store);
const MEMORY: Source = Source::Cached(Level::Memory);

#[tokio::test(start_paused = true)]
async fn what_one_instance_loads_the_others_read_and_keep() {
    let (_world, members) = cluster(2, &Options::new(HOUR)).await;
    let [(_, one), (second, other)] = &members[..] else { unreachable!() };
    assert_eq!(load(one, "7", "Ann").await, "Ann");
    settle().await;
    let found = other.get_or_load("7", nobody).await.unwrap();
    assert_eq!((found.value().as_str(), found.source()), ("Ann", STORE));
    let reads = second.calls(Operation::Read);
    let found = other.get("7").await.unwrap();
    assert_eq!((found.value().as_str(), found.source()), ("Ann", MEMORY));
    assert_eq!(second.calls(Operation::Read), reads);
    let stats = other.stats();
    assert_eq!((stats.store_hits, stats.memory_hits, stats.misses, stats.loads), (1, 1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_entry_ends_in_every_instance_at_the_same_time() {
    let (_world, members) = cluster(2, &Options::new(HOUR)).await;
    let [(_, one), (_, other)] = &members[..] else { unreachable!() };
    load(one, "7", "Ann").await;
    tokio::time::sleep(59 * MINUTE).await;
    let found = other.get("7").await.unwrap();
    assert_eq!((found.source(), found.age()), (STORE, 59 * MINUTE));
    tokio::time::sleep(Duration::from_millis(59_998)).await;
    assert_eq!(at(other, "7").await.as_deref(), Some("Ann"));
    tokio::time::sleep(Duration::from_millis(4)).await;
    assert_eq!(at(one, "7").await, None);
    assert_eq!(at(other, "7").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_set_reaches_the_others_and_replaces_what_they_have() {
    let (_world, members) = cluster(3, &Options::new(HOUR)).await;
    load(&members[0].1, "7", "Ann").await;
    settle().await;
    for (_, users) in &members {
        assert_eq!(at(users, "7").await.as_deref(), Some("Ann"));
    }
    assert_eq!(members[1].1.set("7", "Bea".to_owned()).await, Reach::Shared);
    assert_eq!(at(&members[1].1, "7").await.as_deref(), Some("Bea"));
    settle().await;
    for (_, users) in &members {
        assert_eq!(at(users, "7").await.as_deref(), Some("Bea"));
    }
    assert_eq!(members[1].1.stats().store_hits, 1);
}

#[tokio::test(start_paused = true)]
async fn a_removal_reaches_the_others_even_where_fail_safe_is_on() {
    let (_world, members) = cluster(3, &fail_safe()).await;
    load(&members[0].1, "7", "Ann").await;
    settle().await;
    for (_, users) in &members {
        assert_eq!(at(users, "7").await.as_deref(), Some("Ann"));
    }
    assert_eq!(members[2].1.remove("7").await, Reach::Shared);
    settle().await;
    for (instance, users) in &members {
        assert_eq!(at(users, "7").await, None);
        assert_eq!(spare(users, "7").await, None);
        assert_eq!(instance.seen.undecodable(), 0);
    }
    assert_eq!(load(&members[0].1, "7", "Bea").await, "Bea");
}

#[tokio::test(start_paused = true)]
async fn what_is_expired_is_stale_in_every_instance_and_a_spare_in_each() {
    let (world, members) = cluster(2, &fail_safe()).await;
    load(&members[0].1, "7", "Ann").await;
    settle().await;
    assert_eq!(at(&members[1].1, "7").await.as_deref(), Some("Ann"));
    tokio::time::sleep(MINUTE).await;
    assert_eq!(members[0].1.expire("7").await, Reach::Shared);
    settle().await;
    let late = world.instance().await;
    let third = late.open(late.builder("users").with_options(fail_safe())).await;
    for users in [&members[0].1, &members[1].1, &third] {
        assert_eq!(at(users, "7").await, None);
        assert_eq!(spare(users, "7").await.as_deref(), Some("Ann"));
    }
    // Without fail-safe nobody has use for it.
    let last = world.instance().await;
    assert_eq!(spare(&last.users().await, "7").await, None);
}

#[tokio::test(start_paused = true)]
async fn several_are_read_in_one_call_and_only_those_that_are_missing() {
    let (_world, members) = cluster(2, &Options::new(HOUR)).await;
    let [(_, one), (second, other)] = &members[..] else { unreachable!() };
    for (key, value) in [("1", "Ann"), ("2", "Bea"), ("3", "Cid")] {
        load(one, key, value).await;
    }
    settle().await;
    assert_eq!(at(other, "2").await.as_deref(), Some("Bea"));
    let reads = second.calls(Operation::Read);
    let found = other.get_many(["3", "2", "4", "1", "3"]).await;
    let values: Vec<_> = found.iter().map(|found| found.as_ref().map(|one| one.as_str())).collect();
    assert_eq!(values, [Some("Cid"), Some("Bea"), None, Some("Ann"), Some("Cid")]);
    let sources: Vec<_> = found.iter().flatten().map(bartizan_cache::Cached::source).collect();
    assert_eq!(sources, [STORE, MEMORY, STORE, STORE]);
    assert_eq!((second.calls(Operation::ReadMany), second.calls(Operation::Read)), (1, reads));
    // What was read is kept; what is not there is asked for again.
    other.get_many(["1", "3"]).await;
    assert_eq!(second.calls(Operation::ReadMany), 1);
    other.get_many(["4"]).await;
    assert_eq!(second.calls(Operation::ReadMany), 2);
    assert_eq!(other.get_many([""; 0]).await.len(), 0);
    assert_eq!(second.calls(Operation::ReadMany), 2);
}

#[tokio::test(start_paused = true)]
async fn an_operation_does_with_the_store_only_what_it_may() {
    let (_world, members) = cluster(2, &Options::new(HOUR)).await;
    let [(first, one), (_, other)] = &members[..] else { unreachable!() };
    // May it write, and may it read.
    for (index, (access, writes, reads)) in [
        (Access::Full, true, true),
        (Access::Write, true, false),
        (Access::Read, false, true),
        (Access::None, false, false),
    ]
    .into_iter()
    .enumerate()
    {
        let options = Options::new(HOUR).with_store(access);
        let key = format!("set {index}");
        let reach = one.set_with(key.as_str(), &options, "Ann".to_owned()).await;
        assert_eq!(reach, if writes { Reach::Shared } else { Reach::Local });
        assert_eq!(at(other, &key).await.is_some(), writes, "{access:?}");
        let key = format!("loaded {index}");
        let asked = first.calls(Operation::Read);
        let loaded: Result<_, ()> = Ok("Ann".to_owned());
        one.get_or_load_with(key.as_str(), &options, |_| std::future::ready(loaded)).await.unwrap();
        settle().await;
        assert_eq!(first.calls(Operation::Read) > asked, reads, "{access:?}");
        assert_eq!(at(other, &key).await.is_some(), writes, "{access:?}");
        let key = format!("stored {index}");
        other.set(key.as_str(), "Bea".to_owned()).await;
        let found = one.get_with(key.as_str(), &options).await;
        assert_eq!(found.is_some(), reads, "{access:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_does_with_the_memory_only_what_it_may() {
    let (_world, members) = cluster(1, &Options::new(HOUR)).await;
    let (_, users) = &members[0];
    for (access, writes, reads) in [
        (Access::Full, true, true),
        (Access::Write, true, false),
        (Access::Read, false, true),
        (Access::None, false, false),
    ] {
        let options = Options::new(HOUR).with_memory(access);
        users.set_with("new", &options, "Ann".to_owned()).await;
        assert_eq!(users.peek("new").is_some(), writes, "{access:?}");
        users.set("there", "Bea".to_owned()).await;
        let found = users.get_with("there", &options).await.unwrap();
        assert_eq!(found.source() == MEMORY, reads, "{access:?}");
        users.remove("new").await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_memory_asks_the_store_again_after_its_own_ttl() {
    let options = Options::new(HOUR).with_memory_ttl(MINUTE);
    let (_world, members) = cluster(2, &options).await;
    let [(first, one), (_, other)] = &members[..] else { unreachable!() };
    load(one, "7", "Ann").await;
    settle().await;
    assert_eq!(other.get("7").await.unwrap().source(), STORE);
    for users in [one, other] {
        assert_eq!(users.get("7").await.unwrap().source(), MEMORY);
    }
    tokio::time::sleep(MINUTE).await;
    let reads = first.calls(Operation::Read);
    for users in [one, other] {
        let found = users.get_or_load("7", nobody).await.unwrap();
        assert_eq!((found.source(), found.freshness()), (STORE, Freshness::Fresh));
        assert_eq!(users.get("7").await.unwrap().source(), MEMORY);
    }
    assert_eq!(first.calls(Operation::Read), reads + 1);
}

#[tokio::test(start_paused = true)]
async fn the_store_keeps_an_entry_for_its_own_ttl() {
    let options = Options::new(MINUTE).with_store_ttl(HOUR);
    let (_world, members) = cluster(2, &options).await;
    let [(_, one), (_, other)] = &members[..] else { unreachable!() };
    load(one, "7", "Ann").await;
    let brief = Item::new("Bea".to_owned()).with_ttl(HOUR).with_store_ttl(SECOND);
    one.set("8", brief).await;
    tokio::time::sleep(2 * MINUTE).await;
    assert_eq!(one.get_or_load("7", nobody).await.unwrap().source(), STORE);
    assert_eq!(at(other, "7").await.as_deref(), Some("Ann"));
    assert_eq!(one.get("8").await.unwrap().source(), MEMORY);
    assert_eq!(at(other, "8").await, None);
    tokio::time::sleep(HOUR).await;
    assert_eq!(at(other, "7").await, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_to_be_kept_is_in_no_level() {
    let (world, members) = cluster(1, &Options::new(HOUR)).await;
    let (_, users) = &members[0];
    let loaded: Result<_, ()> = Ok(Item::new("Ann".to_owned()).not_kept());
    let found = users.get_or_load("7", |_| std::future::ready(loaded)).await.unwrap();
    assert_eq!(found.value(), "Ann");
    settle().await;
    assert!(world.store.is_empty());
    assert_eq!(at(users, "7").await, None);
    // A set of such a thing says that what is there is outdated.
    users.set("7", "Ann".to_owned()).await;
    assert_eq!(users.set("7", Item::new("Bea".to_owned()).not_kept()).await, Reach::Shared);
    assert_eq!(at(users, "7").await, None);
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_too_long_are_in_no_level_and_entries_too_heavy_are_in_the_store() {
    let world = World::new();
    let instance = world.instance().await;
    let builder = instance.builder("users").with_max_key_length(3).with_max_bytes(1 << 20);
    let users = instance.open(builder.with_max_entry_weight(1_000)).await;
    assert_eq!(users.set("1234", "Ann".to_owned()).await, Reach::Local);
    assert_eq!(load(&users, "1234", "Bea").await, "Bea");
    assert_eq!(load(&users, "1234", "Cid").await, "Cid");
    settle().await;
    assert!(world.store.is_empty());
    let heavy = "x".repeat(2_000);
    assert_eq!(users.set("1", heavy.clone()).await, Reach::Shared);
    assert!(users.peek("1").is_none());
    assert_eq!(
        users.get("1").await.map(|found| (found.source(), found.len())),
        Some((STORE, 2_000))
    );
    assert!(users.peek("1").is_none());
}

#[tokio::test(start_paused = true)]
async fn many_callers_of_one_key_read_the_store_once() {
    let (_world, members) = cluster(2, &Options::new(HOUR)).await;
    let [(_, one), (second, other)] = &members[..] else { unreachable!() };
    load(one, "7", "Ann").await;
    settle().await;
    let slow = bartizan_cache::test_util::Fault::slow(Duration::from_millis(50));
    second.control.inject(slow);
    let callers: Vec<_> = (0..1_000)
        .map(|_| {
            let users = other.clone();
            tokio::spawn(async move { at(&users, "7").await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().as_deref(), Some("Ann"));
    }
    assert_eq!(second.calls(Operation::Read), 1);
}

#[tokio::test(start_paused = true)]
async fn an_invalidated_tag_keeps_nothing_else_from_being_read_from_memory() {
    let (_world, members) = cluster(1, &Options::new(HOUR)).await;
    let (instance, users) = &members[0];
    users.set("7", "Ann".to_owned()).await;
    users.remove_tag("staff").await;
    let found = users.get_many(["7"]).await;
    assert_eq!(found[0].as_ref().map(bartizan_cache::Cached::source), Some(MEMORY));
    assert_eq!(instance.calls(Operation::ReadMany), 0);
}

#[tokio::test(start_paused = true)]
async fn reading_several_does_with_each_level_only_what_the_cache_may() {
    let world = World::new();
    let writer = world.instance().await;
    writer.users().await.set("7", "Ann".to_owned()).await;
    let reader = world.instance().await;
    let options = Options::new(HOUR).with_store(Access::Write);
    let users = reader.open(reader.builder("users").with_options(options)).await;
    assert!(users.get_many(["7"]).await[0].is_none());
    assert_eq!(reader.calls(Operation::ReadMany), 0);
}
