//! Values are set, found, loaded, removed and made stale, and an answer says how it was come by.

use bartizan_cache::{Caches, Freshness, Item, Level, Reach, Source};

use crate::support::{
    Broken, Loaders, hit, loaded, minute, numbers, observed, pass, safe, secs, told,
};
use crate::support::{Event, describe, stale};

#[tokio::test(start_paused = true)]
async fn what_was_set_is_found_until_its_lifetime_ends() {
    let cache = numbers(minute());
    assert!(cache.get("a").await.is_none());
    assert_eq!(cache.set("a", 7).await, Reach::Local);
    pass(secs(59)).await;
    let found = cache.get("a").await.unwrap();
    assert_eq!(told(&found), hit(7));
    assert_eq!(found.age(), secs(59));
    assert_eq!(told(&cache.peek("a").unwrap()), hit(7));
    pass(secs(1)).await;
    assert!(cache.get("a").await.is_none());
    assert!(cache.peek("a").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_loader_is_asked_once_and_its_value_is_a_hit_from_then_on() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let first = cache.get_or_load("a", loaders.gives_after(secs(2), 7)).await.unwrap();
    assert_eq!(told(&first), loaded(7));
    assert!(first.age().is_zero());
    pass(secs(3)).await;
    let second = cache.get_or_load("a", loaders.gives(8)).await.unwrap();
    assert_eq!(told(&second), hit(7));
    assert_eq!(second.age(), secs(3));
    assert_eq!(loaders.begun(), 1);
    assert_eq!((*second, second.clone().into_value(), second.is_stale()), (7, 7, false));
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_the_tags_and_validators_of_its_entry() {
    let cache = numbers(minute().with_tag("all").with_tag("both"));
    let item = Item::new(7)
        .with_tag("both")
        .with_tag("own")
        .with_etag("\"v1\"")
        .with_last_modified("Fri, 20 Nov 2026 09:00:00 GMT");
    cache.get_or_load("a", Loaders::default().item(item)).await.unwrap();
    let found = cache.get("a").await.unwrap();
    assert_eq!(found.tags().collect::<Vec<_>>(), ["all", "both", "own"]);
    assert_eq!(found.validators().etag.as_deref(), Some("\"v1\""));
    let changed = found.validators().last_modified.as_deref();
    assert_eq!(changed, Some("Fri, 20 Nov 2026 09:00:00 GMT"));
}

#[tokio::test(start_paused = true)]
async fn many_are_found_in_the_order_they_were_asked_for() {
    let cache = numbers(minute());
    cache.set("a", 1).await;
    cache.set("c", 3).await;
    let found = cache.get_many(["c", "b", "a", "c"]).await;
    let values: Vec<_> = found.iter().map(|found| found.as_ref().map(|found| **found)).collect();
    assert_eq!(values, [Some(3), None, Some(1), Some(3)]);
    assert!(cache.get_many(std::iter::empty::<&str>()).await.is_empty());
    let stats = cache.stats();
    assert_eq!((stats.memory_hits, stats.misses), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_set_again_replaces_what_was_there() {
    let cache = numbers(minute());
    cache.set("a", 1).await;
    pass(secs(50)).await;
    cache.set("a", 2).await;
    pass(secs(50)).await;
    let found = cache.get("a").await.unwrap();
    assert_eq!((told(&found), found.age()), (hit(2), secs(50)));
}

#[tokio::test(start_paused = true)]
async fn a_removed_entry_is_never_served_again_and_an_expired_one_when_a_loader_fails() {
    let cache = numbers(safe());
    let loaders = Loaders::default();
    for key in ["removed", "expired", "other"] {
        cache.set(key, 1).await;
    }
    pass(secs(1)).await;
    assert_eq!(cache.remove("removed").await, Reach::Local);
    assert_eq!(cache.expire("expired").await, Reach::Local);
    assert!(cache.get("removed").await.is_none());
    assert!(cache.get("expired").await.is_none());
    assert_eq!(*cache.get("other").await.unwrap(), 1);
    let removed = cache.get_or_load("removed", loaders.fails()).await;
    assert_eq!(removed.unwrap_err().loader(), Some(&Broken));
    let expired = cache.get_or_load("expired", loaders.fails()).await.unwrap();
    assert_eq!(told(&expired), stale(1, bartizan_cache::StaleReason::LoaderFailed));
    assert_eq!(expired.age(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_removed_or_expired_again_or_never_was_there_is_no_matter() {
    let cache = numbers(safe());
    for _ in 0..2 {
        cache.remove("a").await;
        cache.expire("a").await;
        cache.remove_tag("t").await;
        cache.expire_tag("t").await;
        cache.clear().await;
        cache.expire_all().await;
    }
    cache.set("a", Item::new(1).with_tag("t")).await;
    assert_eq!(told(&cache.get("a").await.unwrap()), hit(1));
    assert_eq!(cache.stats().invalidations_here, 12);
}

#[tokio::test(start_paused = true)]
async fn a_tag_takes_its_own_entries_and_no_others() {
    let cache = numbers(safe());
    cache.set("one", Item::new(1).with_tag("x").with_tag("y")).await;
    cache.set("two", Item::new(2).with_tag("xy")).await;
    cache.set("three", 3).await;
    cache.remove_tag("y").await;
    assert!(cache.get("one").await.is_none());
    assert_eq!(*cache.get("two").await.unwrap(), 2);
    assert_eq!(*cache.get("three").await.unwrap(), 3);
    let loaders = Loaders::default();
    assert!(cache.get_or_load("one", loaders.fails()).await.is_err(), "removed, never served");
    cache.expire_tag("xy").await;
    assert!(cache.get("two").await.is_none());
    assert!(cache.get_or_load("two", loaders.fails()).await.unwrap().is_stale());
    cache.set("one", Item::new(4).with_tag("y")).await;
    assert_eq!(*cache.get("one").await.unwrap(), 4, "what came after is untouched");
}

#[tokio::test(start_paused = true)]
async fn entries_that_an_invalidation_of_others_did_not_concern_are_peeked_at_as_before() {
    let cache = numbers(minute());
    cache.set("kept", Item::new(1).with_tag("x")).await;
    cache.remove_tag("y").await;
    assert_eq!(told(&cache.peek("kept").unwrap()), hit(1));
    let found = cache.get_many(["kept"]).await;
    assert_eq!(found[0].as_ref().map(told), Some(hit(1)));
}

#[tokio::test(start_paused = true)]
async fn what_is_due_for_a_refresh_is_peeked_at_as_before() {
    let cache = numbers(minute().with_eager_refresh(0.5).unwrap());
    cache.set("a", 1).await;
    pass(secs(31)).await;
    assert_eq!(told(&cache.get("a").await.unwrap()), hit(1));
    assert_eq!(told(&cache.peek("a").unwrap()), hit(1));
    assert_eq!(cache.get_many(["a"]).await[0].as_ref().map(told), Some(hit(1)));
}

#[tokio::test(start_paused = true)]
async fn clear_takes_all_entries_of_the_cache_and_none_of_another() {
    let caches = Caches::in_memory();
    let users = caches.cache::<u64, u32>("users").with_options(safe()).build().unwrap();
    let others = caches.cache::<u64, u32>("usersAbc").with_options(safe()).build().unwrap();
    let loaders = Loaders::default();
    for key in 0..100 {
        users.set(&key, 1).await;
        others.set(&key, 1).await;
    }
    users.clear().await;
    for key in 0..100 {
        assert!(users.get_or_load(&key, loaders.fails()).await.is_err());
        assert_eq!(*others.get(&key).await.unwrap(), 1);
    }
    others.expire_all().await;
    for key in 0..100 {
        assert!(others.get(&key).await.is_none());
        assert!(others.get_or_load(&key, loaders.fails()).await.unwrap().is_stale());
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_belongs_to_one_cache_for_as_long_as_it_lives() {
    let caches = Caches::in_memory();
    let first = caches.cache::<u64, u32>("users").build().unwrap();
    let again = first.clone();
    drop(first);
    assert!(caches.cache::<u64, u32>("users").build().is_err());
    drop(again);
    assert!(caches.cache::<u64, u32>("users").build().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_clone_is_another_handle_on_the_same_entries() {
    let cache = numbers(minute());
    let other = cache.clone();
    cache.set("a", 1).await;
    assert_eq!(*other.get("a").await.unwrap(), 1);
    other.clear().await;
    assert!(cache.get("a").await.is_none());
    assert_eq!(cache.stats(), other.stats());
}

#[tokio::test(start_paused = true)]
async fn a_loader_may_give_a_plain_value_or_an_item_of_any_type() {
    let cache: bartizan_cache::Cache<String, String> = describe(minute()).build().unwrap();
    let plain = cache.get_or_load("a", async |_| Ok::<_, Broken>("plain".to_owned())).await;
    assert_eq!(plain.unwrap().value(), "plain");
    let item = |_| async { Ok::<_, Broken>(Item::new("item".to_owned()).with_ttl(secs(1))) };
    assert_eq!(cache.get_or_load("b", item).await.unwrap().value(), "item");
    pass(secs(1)).await;
    assert!(cache.get("b").await.is_none());
    assert!(cache.get("a").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn every_call_is_counted_once_and_told_once() {
    use bartizan_cache::{LoadOutcome, Lookup, StaleReason, Trigger};
    let (cache, seen) = observed(safe());
    let loaders = Loaders::default();
    let caller = Trigger::Caller;
    let looked = Event::Looked;

    assert!(cache.peek("a").is_none());
    assert!(cache.get("a").await.is_none());
    cache.get_or_load("a", loaders.gives_after(secs(2), 1)).await.unwrap();
    let load = Event::Loaded(caller, LoadOutcome::Value, secs(2));
    let miss = looked(Lookup::Miss);
    assert_eq!(seen.take(), [miss, miss, load, miss]);

    cache.get_or_load("a", loaders.gives(2)).await.unwrap();
    cache.get("a").await.unwrap();
    cache.peek("a").unwrap();
    assert_eq!(seen.take(), [looked(Lookup::MemoryHit); 3]);

    pass(secs(60)).await;
    cache.get_or_load("a", loaders.fails_after(secs(1))).await.unwrap();
    cache.get_or_load("a", loaders.fails()).await.unwrap();
    let stale = |reason| looked(Lookup::StaleHit { level: Level::Memory, reason });
    let failed = Event::Loaded(caller, LoadOutcome::Failed, secs(1));
    let reasons = (StaleReason::LoaderFailed, StaleReason::Throttled);
    assert_eq!(seen.take(), [failed, stale(reasons.0), stale(reasons.1)]);

    cache.get_or_load("b", loaders.fails()).await.unwrap_err();
    cache.get_or_load("c", loaders.panics_after(secs(1))).await.unwrap_err();
    let failed = Event::Loaded(caller, LoadOutcome::Failed, secs(0));
    let panicked = Event::Loaded(caller, LoadOutcome::Panicked, secs(1));
    assert_eq!(seen.take(), [failed, miss, panicked, miss]);

    let stats = cache.stats();
    assert_eq!(stats.requests(), 10);
    assert_eq!((stats.memory_hits, stats.stale, stats.misses), (3, 2, 5));
    assert_eq!((stats.loads, stats.load_failures, stats.load_time), (4, 3, secs(4)));
    assert_eq!((stats.coalesced, stats.in_flight, stats.not_stored), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_was_set_while_the_loader_failed_is_the_answer() {
    for options in [minute(), safe(), minute().with_hard_timeout(secs(2))] {
        let cache = numbers(options);
        let loaders = Loaders::default();
        let setting = async {
            pass(secs(1)).await;
            cache.set("a", 9).await;
        };
        let (answer, ()) =
            tokio::join!(cache.get_or_load("a", loaders.fails_after(secs(3))), setting);
        assert_eq!(told(&answer.unwrap()), hit(9));
        assert_eq!(cache.stats().requests(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn sources_and_freshness_can_be_told_apart() {
    let cache = numbers(minute());
    let answer = cache.get_or_load("a", Loaders::default().gives(1)).await.unwrap();
    assert!(matches!(answer.source(), Source::Loaded));
    assert!(matches!(answer.freshness(), Freshness::Fresh));
    let debug = format!("{answer:?}");
    assert!(debug.starts_with("Cached { value: 1, age: 0ns, freshness: Fresh"), "{debug}");
}
