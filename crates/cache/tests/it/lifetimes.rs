//! How long entries live: in memory, by item, by option, and with jitter.

use bartizan_cache::{Item, Options};
use proptest::prelude::*;

use crate::support::{
    Loaders, describe, hit, just_before, millis, minute, numbers, pass, safe, secs, told,
};

async fn lives(options: Options, item: Item<u32>, lifetime: u64) {
    let set = numbers(options.clone());
    set.set("a", item.clone()).await;
    let loaded = numbers(options);
    loaded.get_or_load("a", Loaders::default().item(item)).await.unwrap();
    pass(just_before(secs(lifetime))).await;
    assert_eq!(set.get("a").await.as_ref().map(told), Some(hit(1)));
    assert_eq!(loaded.get("a").await.as_ref().map(told), Some(hit(1)));
    pass(millis(1)).await;
    assert!(set.get("a").await.is_none());
    assert!(loaded.get("a").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_item_has_the_first_word_and_the_options_have_the_second() {
    lives(minute(), Item::new(1), 60).await;
    lives(minute(), Item::new(1).with_ttl(secs(10)), 10).await;
    lives(minute(), Item::new(1).with_ttl(secs(100)), 100).await;
    lives(minute().with_ttl(secs(5)), Item::new(1), 5).await;
}

#[tokio::test(start_paused = true)]
async fn in_memory_an_entry_lives_no_longer_than_its_memory_ttl() {
    lives(minute().with_memory_ttl(secs(10)), Item::new(1), 10).await;
    lives(minute().with_memory_ttl(secs(100)), Item::new(1), 60).await;
    lives(minute().with_memory_ttl(secs(10)), Item::new(1).with_memory_ttl(secs(20)), 20).await;
    lives(minute(), Item::new(1).with_ttl(secs(40)).with_memory_ttl(secs(30)), 30).await;
    let jitter = minute().with_memory_ttl(secs(10)).with_jitter(secs(60));
    lives(jitter, Item::new(1), 10).await;
}

#[tokio::test(start_paused = true)]
async fn the_times_of_the_store_are_no_matter_without_one() {
    lives(minute().with_store_ttl(secs(5)), Item::new(1), 60).await;
    lives(minute(), Item::new(1).with_store_ttl(secs(5)), 60).await;
}

#[tokio::test(start_paused = true)]
async fn the_lifetime_begins_when_the_loader_has_ended() {
    let cache = numbers(minute());
    cache.get_or_load("a", Loaders::default().gives_after(secs(50), 1)).await.unwrap();
    pass(secs(59)).await;
    assert_eq!(cache.get("a").await.unwrap().age(), secs(59));
    pass(secs(1)).await;
    assert!(cache.get("a").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_entry_without_a_lifetime_is_given_to_those_who_wait_and_never_found() {
    let cache = numbers(minute().with_ttl(secs(0)));
    let loaders = Loaders::default();
    for value in 1..=3 {
        let answer = cache.get_or_load("a", loaders.gives(value)).await.unwrap();
        assert_eq!((*answer, answer.is_stale()), (value, false));
    }
    assert_eq!(loaders.begun(), 3);
}

#[tokio::test(start_paused = true)]
async fn lifetimes_without_end_have_none() {
    let forever = std::time::Duration::MAX;
    let options = Options::new(forever)
        .with_jitter(forever)
        .with_fail_safe(forever, forever)
        .with_stale_while_revalidate(forever)
        .with_soft_timeout(forever)
        .with_hard_timeout(forever)
        .with_eager_refresh(0.999)
        .unwrap();
    let cache = numbers(options);
    let loaders = Loaders::default();
    cache.get_or_load("a", loaders.gives_after(secs(1), 1)).await.unwrap();
    tokio::time::advance(secs(1_000_000_000)).await;
    assert_eq!(told(&cache.get("a").await.unwrap()), hit(1));
    cache.expire("a").await;
    assert!(cache.get_or_load("a", loaders.fails()).await.unwrap().is_stale());
}

#[tokio::test(start_paused = true)]
async fn an_entry_past_its_keeping_leaves_the_memory_by_itself() {
    let cache = describe::<std::sync::Arc<()>>(safe()).build().unwrap();
    let value = std::sync::Arc::new(());
    cache.set("a", std::sync::Arc::clone(&value)).await;
    pass(secs(630)).await;
    assert_eq!(cache.stats().entries, 1, "fail-safe may still serve it");
    pass(secs(61)).await;
    assert_eq!(cache.stats().entries, 0);
}

#[tokio::test(start_paused = true)]
async fn jitter_differs_from_entry_to_entry() {
    let cache = numbers(minute().with_jitter(secs(60)));
    for key in 0..200 {
        cache.set(&key.to_string(), key).await;
    }
    pass(secs(90)).await;
    let mut left = 0;
    for key in 0..200 {
        left += u32::from(cache.get(&key.to_string()).await.is_some());
    }
    // Half of 200, and more than seven standard deviations of sqrt(50) to either side.
    assert!((50..=150).contains(&left), "{left} left at half of the jitter");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_lifetime_lies_between_the_ttl_and_the_ttl_with_jitter(
        ttl in 1_u64..100_000,
        jitter in 0_u64..100_000,
        by_item in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let options = Options::new(millis(if by_item { 7 } else { ttl }));
            let cache = numbers(options.with_jitter(millis(jitter)));
            let item = Item::new(1);
            let item = if by_item { item.with_ttl(millis(ttl)) } else { item };
            cache.set("a", item).await;
            pass(just_before(millis(ttl))).await;
            assert!(cache.get("a").await.is_some(), "gone before its ttl");
            pass(millis(jitter + 1)).await;
            assert!(cache.get("a").await.is_none(), "there after its ttl and all of the jitter");
        });
    }
}
