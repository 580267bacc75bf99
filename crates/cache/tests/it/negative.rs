//! That there is no such thing is an answer too, and has a lifetime of its own.

use bartizan_cache::{Cache, Item, LoadOutcome, Options, Trigger};

use crate::support::{Broken, Event, describe, minute, pass, secs};

fn cache(options: Options) -> Cache<String, Option<u32>> {
    describe(options).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_absent_is_remembered_for_the_absent_ttl() {
    let cache = cache(minute().with_absent_ttl(secs(5)));
    let answer = cache.get_or_load("a", async |_| Ok::<_, Broken>(Item::absent())).await;
    assert_eq!(*answer.unwrap(), None);
    pass(secs(4)).await;
    let answer = cache.get_or_load("a", async |_| Ok::<_, Broken>(Item::maybe(Some(1)))).await;
    assert_eq!(*answer.unwrap(), None);
    pass(secs(1)).await;
    let answer = cache.get_or_load("a", async |_| Ok::<_, Broken>(Item::maybe(Some(1)))).await;
    assert_eq!(*answer.unwrap(), Some(1));
    pass(secs(59)).await;
    assert_eq!(*cache.get("a").await.unwrap(), Some(1), "what is there has the ttl");
    pass(secs(1)).await;
    assert!(cache.get("a").await.is_none());
}

async fn lives(options: Options, item: Item<Option<u32>>, lifetime: u64) {
    let cache = cache(options);
    cache.set("a", item).await;
    pass(secs(lifetime - 1)).await;
    assert!(cache.get("a").await.is_some());
    pass(secs(1)).await;
    assert!(cache.get("a").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_absent_may_know_its_lifetime_better() {
    let options = minute().with_absent_ttl(secs(5));
    lives(options.clone(), Item::absent(), 5).await;
    lives(options.clone(), Item::maybe(None), 5).await;
    lives(options.clone(), Item::maybe(Some(1)), 60).await;
    lives(options.clone(), Item::absent().with_ttl(secs(9)), 9).await;
    lives(minute(), Item::absent(), 60).await;
    // A plain `None` says nothing of being absent.
    lives(options, Item::new(None), 60).await;
}

#[tokio::test(start_paused = true)]
async fn observers_are_told_that_nothing_was_found() {
    let seen = crate::support::Seen::default();
    let caches = bartizan_cache::Caches::builder().with_observer(seen.clone()).build();
    let cache: Cache<String, Option<u32>> = caches.cache("numbers").build().unwrap();
    cache.get_or_load("a", async |_| Ok::<_, Broken>(Item::absent())).await.unwrap();
    let loads: Vec<_> = seen
        .take()
        .into_iter()
        .filter_map(|event| match event {
            Event::Loaded(trigger, outcome, _) => Some((trigger, outcome)),
            _ => None,
        })
        .collect();
    assert_eq!(loads, [(Trigger::Caller, LoadOutcome::Absent)]);
    assert_eq!(cache.stats().load_failures, 0);
}
