use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bartizan_cache::{
    Access, Cached, Freshness, Item, Level, LoadError, Options, Reach, Source, StaleReason,
};

use super::{Levels, World};
use crate::support::{MINUTE, until};

/// Long enough to be read on a busy machine before it is over.
const SHORT: Duration = Duration::from_secs(2);

fn text(found: Option<Cached<String>>) -> Option<String> {
    found.map(Cached::into_value)
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what was found")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn panic_on_purpose<T>() -> T {
    panic!("on purpose")
}

const fn reach<L: Levels>() -> Reach {
    if L::URL.is_some() { Reach::Shared } else { Reach::Local }
}

pub(super) async fn what_was_set_is_found_with_all_that_is_known_of_it<L: Levels>(
    world: &World<L>,
) {
    let users = world.cache::<u32, String>().await;
    assert_eq!(text(users.get(&7).await), None);
    let item = Item::new("Ada".to_owned()).with_tag("b").with_tag("a").with_etag("\"v7\"");
    let item = item.with_last_modified("Fri, 20 Nov 2026 16:22:06 GMT");
    assert_eq!(users.set(&7, item).await, reach::<L>());
    let found = users.get(&7).await.unwrap();
    assert_eq!(found.value(), "Ada");
    assert_eq!(found.freshness(), Freshness::Fresh);
    assert_eq!(found.source(), Source::Cached(L::FINDS_IN));
    assert_eq!(found.tags().collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(found.validators().etag.as_deref(), Some("\"v7\""));
    let modified = found.validators().last_modified.as_deref();
    assert_eq!(modified, Some("Fri, 20 Nov 2026 16:22:06 GMT"));
    assert!(found.age() < MINUTE);
    assert_eq!(users.peek(&7).is_some(), L::FINDS_IN == Level::Memory);
}

pub(super) async fn what_was_set_last_is_found<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    for value in ["first", "second", "third"] {
        users.set(&7, value.to_owned()).await;
        assert_eq!(text(users.get(&7).await), some(value));
    }
}

pub(super) async fn many_are_found_in_the_order_of_their_keys<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    for key in (0..250).step_by(2) {
        users.set(&key, Item::new(key.to_string()).with_tag(format!("tag {}", key % 10))).await;
    }
    let keys: Vec<u32> = (0..250).rev().chain([4, 4, 5]).collect();
    let found = users.get_many(&keys).await.into_iter().map(text);
    let expected = keys.iter().map(|key| (key % 2 == 0).then(|| key.to_string()));
    assert!(found.eq(expected));
    assert!(users.get_many::<u32, _>([]).await.is_empty());
}

pub(super) async fn what_was_removed_is_gone<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    assert_eq!(users.remove(&7).await, reach::<L>());
    for key in [7, 8] {
        users.set(&key, "there".to_owned()).await;
    }
    users.remove(&7).await;
    assert_eq!(text(users.get(&7).await), None);
    assert!(users.get_many(&[7]).await[0].is_none());
    assert_eq!(text(users.get(&8).await), some("there"));
    let load = |load: bartizan_cache::Load<String>| async move {
        Ok::<_, ()>(if load.previous().is_some() { "told" } else { "new" }.to_owned())
    };
    let safe = World::<L>::options().with_fail_safe(MINUTE, MINUTE);
    assert_eq!(users.get_or_load_with(&7, &safe, load).await.unwrap().value(), "new");
}

pub(super) async fn what_was_expired_is_not_found_but_told_to_the_loader<L: Levels>(
    world: &World<L>,
) {
    let users = world.cache::<u32, String>().await;
    let safe = World::<L>::options().with_fail_safe(MINUTE, MINUTE);
    let item = Item::new("there".to_owned()).with_etag("v1");
    users.set_with(&7, &safe, item).await;
    assert_eq!(users.expire(&7).await, reach::<L>());
    assert_eq!(text(users.get(&7).await), None);
    let load = |load: bartizan_cache::Load<String>| async move {
        let previous = load.previous().expect("it is told");
        assert_eq!(previous.value(), "there");
        assert_eq!(previous.validators().etag.as_deref(), Some("v1"));
        Ok::<_, ()>(previous.not_modified())
    };
    let found = users.get_or_load_with(&7, &safe, load).await.unwrap();
    assert_eq!((found.value().as_str(), found.source()), ("there", Source::Loaded));
    until("it is fresh again", async || users.get(&7).await.is_some()).await;
}

pub(super) async fn a_tag_removes_its_entries_and_no_others<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    users.set(&0, "none".to_owned()).await;
    users.set(&1, Item::new("one".to_owned()).with_tag("a")).await;
    users.set(&2, Item::new("other".to_owned()).with_tag("ab")).await;
    users.set(&3, Item::new("both".to_owned()).with_tag("ab").with_tag("a")).await;
    assert_eq!(users.remove_tag("a").await, reach::<L>());
    let found: Vec<_> = users.get_many(&[0, 1, 2, 3]).await.into_iter().map(text).collect();
    assert_eq!(found, [some("none"), None, some("other"), None]);
    // What comes later is another thing.
    users.set(&1, Item::new("again".to_owned()).with_tag("a")).await;
    assert_eq!(text(users.get(&1).await), some("again"));
}

pub(super) async fn a_tag_expires_its_entries_and_no_others<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    let safe = World::<L>::options().with_fail_safe(MINUTE, MINUTE);
    for (key, tag) in [(1, "a"), (2, "b")] {
        users.set_with(&key, &safe, Item::new("there".to_owned()).with_tag(tag)).await;
    }
    assert_eq!(users.expire_tag("a").await, reach::<L>());
    assert_eq!(text(users.get(&1).await), None);
    assert_eq!(text(users.get(&2).await), some("there"));
    let load = |load: bartizan_cache::Load<String>| async move {
        Ok::<_, ()>(load.previous().map(|previous| previous.value().clone()).unwrap())
    };
    let found = users.get_or_load_with(&1, &safe, load).await.unwrap();
    assert_eq!(found.source(), Source::Loaded);
}

pub(super) async fn clear_is_of_one_cache<L: Levels>(world: &World<L>) {
    let caches = world.caches().await;
    let names = ["users", "usersAbc", "user", "users-2", "Users"];
    let made: Vec<_> = names
        .iter()
        .map(|name| {
            let builder = caches.cache::<u32, String>(*name).with_options(World::<L>::options());
            builder.build_tiered(bartizan_cache::Json).unwrap()
        })
        .collect();
    assert!(caches.ready(crate::support::PATIENCE).await);
    for cache in &made {
        cache.set(&7, Item::new("there".to_owned()).with_tag("t")).await;
    }
    assert_eq!(made[0].clear().await, reach::<L>());
    for cache in &made {
        let left = (cache.name() != "users").then(|| "there".to_owned());
        assert_eq!(text(cache.get(&7).await), left, "{}", cache.name());
    }
    made[1].remove_tag("t").await;
    assert_eq!(text(made[1].get(&7).await), None);
    assert_eq!(text(made[2].get(&7).await), some("there"));
    made[0].set(&7, "again".to_owned()).await;
    assert_eq!(text(made[0].get(&7).await), some("again"));
}

pub(super) async fn all_of_a_cache_expires<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    let safe = World::<L>::options().with_fail_safe(MINUTE, MINUTE);
    users.set_with(&7, &safe, "there".to_owned()).await;
    assert_eq!(users.expire_all().await, reach::<L>());
    assert_eq!(text(users.get(&7).await), None);
    let load = |load: bartizan_cache::Load<String>| async move {
        Ok::<_, ()>(load.previous().map(|previous| previous.value().clone()).unwrap())
    };
    assert_eq!(users.get_or_load_with(&7, &safe, load).await.unwrap().value(), "there");
}

pub(super) async fn caches_of_other_names_are_apart<L: Levels>(world: &World<L>) {
    let one = world.cache_of::<u32, String>("one", |builder| builder).await;
    let other = world.cache_of::<u32, String>("other", |builder| builder).await;
    one.set(&7, "one".to_owned()).await;
    assert_eq!(text(other.get(&7).await), None);
    other.set(&7, "other".to_owned()).await;
    one.remove(&7).await;
    assert_eq!(text(other.get(&7).await), some("other"));
}

pub(super) async fn what_was_loaded_is_found<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    let load = |_| async { Ok::<_, ()>("loaded".to_owned()) };
    let found = users.get_or_load(&7, load).await.unwrap();
    assert_eq!((found.value().as_str(), found.source()), ("loaded", Source::Loaded));
    // The store is told after the caller.
    until("it is there", async || users.get(&7).await.is_some()).await;
    let load = |_| async { Err::<String, _>("it is there") };
    let found = users.get_or_load(&7, load).await.unwrap();
    assert_eq!((found.value().as_str(), found.source()), ("loaded", Source::Cached(L::FINDS_IN)));
}

pub(super) async fn many_callers_share_a_load<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    let loads = Arc::new(AtomicU32::new(0));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (users, loads) = (users.cache.clone(), Arc::clone(&loads));
        callers.spawn(async move {
            let load = move |_| async move {
                loads.fetch_add(1, Ordering::Relaxed);
                // Until all have come.
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok::<_, ()>("loaded".to_owned())
            };
            users.get_or_load(&7, load).await.unwrap().into_value()
        });
    }
    assert!(callers.join_all().await.iter().all(|value| value == "loaded"));
    assert_eq!(loads.load(Ordering::Relaxed), 1);
}

pub(super) async fn the_error_of_a_loader_is_told_and_forgotten<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    let load = |_| async { Err::<String, _>("broken") };
    let error = users.get_or_load(&7, load).await.unwrap_err();
    assert_eq!(error.loader(), Some(&"broken"));
    let load = |_| async { panic_on_purpose::<Result<String, &str>>() };
    assert!(matches!(users.get_or_load(&7, load).await, Err(LoadError::Panicked)));
    let load = |_| async { Ok::<_, &str>("loaded".to_owned()) };
    assert_eq!(users.get_or_load(&7, load).await.unwrap().value(), "loaded");
}

pub(super) async fn a_stale_value_stands_in_for_a_loader_that_fails<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    // What stands in is kept in memory.
    let safe = World::<L>::options().with_fail_safe(MINUTE, MINUTE).with_memory(Access::Full);
    users.set_with(&7, &safe, "there".to_owned()).await;
    users.expire(&7).await;
    let load = |_| async { Err::<String, _>("broken") };
    let found = users.get_or_load_with(&7, &safe, load).await.unwrap();
    assert_eq!(found.value(), "there");
    assert_eq!(found.freshness(), Freshness::Stale(StaleReason::LoaderFailed));
    users.remove(&7).await;
    let load = |_| async { Err::<String, _>("broken") };
    assert!(users.get_or_load_with(&7, &safe, load).await.is_err());
}

pub(super) async fn what_is_absent_is_remembered<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, Option<String>>().await;
    let options = World::<L>::options().with_absent_ttl(SHORT);
    let load = |_| async { Ok::<_, ()>(Item::absent()) };
    let found = users.get_or_load_with(&7, &options, load).await.unwrap();
    assert_eq!(found.value(), &None);
    until("it is there", async || users.get(&7).await.is_some()).await;
    assert_eq!(users.get(&7).await.unwrap().value(), &None);
    until("it is forgotten", async || users.get(&7).await.is_none()).await;
    let load = |_| async { Ok::<_, ()>(Item::maybe(some("Ada"))) };
    let found = users.get_or_load_with(&7, &options, load).await.unwrap();
    assert_eq!(found.value().as_deref(), Some("Ada"));
}

pub(super) async fn an_entry_ends_with_its_lifetime<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    let begin = std::time::Instant::now();
    users.set_with(&7, &World::<L>::options().with_ttl(SHORT), "there".to_owned()).await;
    users.set(&8, "there".to_owned()).await;
    until("it has ended", async || users.get(&7).await.is_none()).await;
    // Half-way is as well as clocks of two machines are compared.
    assert!(begin.elapsed() > SHORT / 2, "after {:?}", begin.elapsed());
    assert_eq!(text(users.get(&8).await), some("there"));
}

pub(super) async fn an_item_has_its_own_lifetime<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    let load = |_| async { Ok::<_, ()>(Item::new("there".to_owned()).with_ttl(SHORT)) };
    users.get_or_load(&7, load).await.unwrap();
    until("it has ended", async || users.get(&7).await.is_none()).await;
}

pub(super) async fn keys_do_not_run_into_one_another<L: Levels>(world: &World<L>) {
    let users = world.cache::<(String, String), String>().await;
    let nasty = [
        "",
        " ",
        ":",
        "::",
        "%",
        "%3a",
        "%3A",
        "{",
        "}",
        "{a}",
        "a",
        "a:",
        ":a",
        "*",
        "?",
        "[a]",
        "\0",
        "\n",
        "\r\n",
        "\x7f",
        "é",
        "e\u{301}",
        "\u{1f980}",
        "'",
        "\"",
        "\\",
        "a b",
        "A",
    ];
    let pairs = || nasty.iter().flat_map(|one| nasty.iter().map(move |other| (*one, *other)));
    for (one, other) in pairs() {
        users.set(&(one, other), format!("{one:?} {other:?}")).await;
    }
    for (one, other) in pairs() {
        let found = text(users.get(&(one, other)).await);
        assert_eq!(found, Some(format!("{one:?} {other:?}")));
    }
    users.remove(&("a", ":")).await;
    assert_eq!(text(users.get(&("a", ":")).await), None);
    assert!(users.get(&("a:", "")).await.is_some());
    for nasty in nasty {
        users.set(&("tagged", nasty), Item::new(nasty.to_owned()).with_tag(nasty)).await;
    }
    users.remove_tag("%3a").await;
    for nasty in nasty {
        let left = (nasty != "%3a").then(|| nasty.to_owned());
        assert_eq!(text(users.get(&("tagged", nasty)).await), left, "{nasty:?}");
    }
}

pub(super) async fn keys_that_are_too_long_are_not_cached<L: Levels>(world: &World<L>) {
    let users = world.cache_of::<String, String>("users", |one| one.with_max_key_length(8)).await;
    for (key, kept) in [("8 bytes.", true), ("9 bytes..", false)] {
        let load = |_| async { Ok::<_, ()>("loaded".to_owned()) };
        assert_eq!(users.get_or_load(key, load).await.unwrap().value(), "loaded");
        users.set(key, "set".to_owned()).await;
        assert_eq!(users.get(key).await.is_some(), kept, "{key}");
    }
}

pub(super) async fn values_of_any_size_come_back<L: Levels>(world: &World<L>) {
    let small = world
        .cache_of::<u32, String>("users", |builder| builder.with_compression_above(1_000))
        .await;
    let repeated = "bartizan ".repeat(200_000);
    let random: String = (0..100_000).map(|_| fastrand::char(..)).collect();
    let values = ["", "\0", &repeated[..1_000], &repeated[..1_001], &repeated, &random];
    for (key, value) in (0..).zip(values) {
        small.set(&key, value.to_owned()).await;
    }
    for (key, value) in (0..).zip(values) {
        assert_eq!(text(small.get(&key).await).as_deref(), Some(value), "{key}");
    }
    if let Some(stored) = world.stored("users:4").await {
        assert!(stored.len() * 10 < repeated.len(), "{}", stored.len());
    }
    // Others read it without being told.
    let plain = world.cache::<u32, String>().await;
    if L::URL.is_some() {
        assert_eq!(text(plain.get(&4).await), Some(repeated));
    }
}

pub(super) async fn what_is_not_to_be_kept_is_not<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    let load = |_| async { Ok::<_, ()>(Item::new("loaded".to_owned()).not_kept()) };
    assert_eq!(users.get_or_load(&7, load).await.unwrap().value(), "loaded");
    assert_eq!(text(users.get(&7).await), None);
    users.set(&7, "there".to_owned()).await;
    users.set(&7, Item::new("set".to_owned()).not_kept()).await;
    assert_eq!(text(users.get(&7).await), None);
    assert!(world.stored("users:8").await.is_none());
}

pub(super) async fn levels_that_are_not_to_be_written_are_not<L: Levels>(world: &World<L>) {
    let users = world.cache::<u32, String>().await;
    let neither = Options::new(MINUTE).with_memory(Access::Read).with_store(Access::Read);
    users.set_with(&7, &neither, "there".to_owned()).await;
    assert_eq!(text(users.get(&7).await), None);
    assert!(world.stored("users:7").await.is_none());
    users.set(&7, "there".to_owned()).await;
    let blind = Options::new(MINUTE).with_memory(Access::Write).with_store(Access::Write);
    assert_eq!(text(users.get_with(&7, &blind).await), None);
    let load = |_| async { Ok::<_, ()>("loaded".to_owned()) };
    let found = users.get_or_load_with(&7, &blind, load).await.unwrap();
    assert_eq!(found.source(), Source::Loaded);
}

pub(super) async fn instances_find_what_others_did<L: Levels>(world: &World<L>) {
    let one = world.cache::<u32, String>().await;
    let other = world.cache::<u32, String>().await;
    one.set(&7, Item::new("set".to_owned()).with_tag("t")).await;
    if L::URL.is_none() {
        assert_eq!(text(other.get(&7).await), None);
        return;
    }
    until("set", async || text(other.get(&7).await) == some("set")).await;
    for change in 0..4 {
        one.set(&7, Item::new(change.to_string()).with_tag("t")).await;
        let set = Some(change.to_string());
        until("set", async || text(other.get(&7).await) == set).await;
        match change {
            0 => one.remove(&7).await,
            1 => one.expire(&7).await,
            2 => one.remove_tag("t").await,
            _ => one.clear().await,
        };
        until("gone", async || other.get(&7).await.is_none()).await;
    }
    assert_eq!(one.caches.stats()[0].1.queued, 0);
}

pub(super) async fn entries_have_plain_names_in_the_store<L: Levels>(world: &World<L>) {
    let workflows = world.cache_of::<(String, String), String>("workflow", |builder| builder).await;
    workflows.set(&("loc_1", "wf_2"), "named".to_owned()).await;
    let stored = world.stored("workflow:loc_1:wf_2").await;
    assert_eq!(stored.is_some(), L::URL.is_some());
    if let Some(stored) = stored {
        // JSON, as it is.
        assert!(stored.windows(7).any(|bytes| bytes == b"\"named\""), "{stored:?}");
    }
}
