//! The memory is bounded: in entries or in weight, and in what one entry may weigh.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bartizan_cache::{Cache, Caches, Item, NotStored};

use crate::support::{Broken, Event, Loaders, Seen, describe, loaded, minute, pass, secs, told};

/// What an entry weighs besides its key and its value.
const OVERHEAD: u64 = 256;

/// A value that knows how many of its kind there are.
#[derive(Debug)]
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Clone for Alive {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_million_keys_leave_no_more_values_than_the_capacity_and_what_waits_to_be_counted() {
    const CAPACITY: usize = 1_000;
    // moka takes writes into account in batches; what waits is bounded, whatever is written.
    const WAITING: usize = 16_384;
    let caches = Caches::in_memory();
    let cache: Cache<u32, Alive> =
        caches.cache("numbers").with_capacity(CAPACITY as u64).build().unwrap();
    let alive = Arc::new(AtomicUsize::new(0));
    let mut most = 0;
    for key in 0..1_000_000_u32 {
        cache.set(&key, Alive::new(&alive)).await;
        most = most.max(alive.load(Ordering::SeqCst));
    }
    assert!(most <= CAPACITY + WAITING, "{most} values at once");
    assert!(most > CAPACITY / 2, "{most} values at once");
    pass(secs(31)).await;
    let stats = cache.stats();
    assert!(stats.entries <= CAPACITY as u64, "{stats:?}");
    assert_eq!((stats.capacity, stats.weight), (CAPACITY as u64, stats.entries));
}

#[tokio::test(start_paused = true)]
async fn a_capacity_in_bytes_holds_keys_values_and_a_fixed_part() {
    let cache: Cache<String, String> =
        describe(minute()).with_max_bytes(1_000_000).build().unwrap();
    cache.set("abc", "x".repeat(1_000)).await;
    cache.set("d", "y".repeat(10)).await;
    pass(secs(31)).await;
    let stats = cache.stats();
    assert_eq!(stats.weight, 3 + 1_000 + OVERHEAD + 1 + 10 + OVERHEAD);
    assert_eq!((stats.entries, stats.capacity), (2, 1_000_000));
    for key in 0..10_000 {
        cache.set(&format!("{key:04}"), "x".repeat(1_000)).await;
    }
    pass(secs(31)).await;
    let stats = cache.stats();
    let each = 4 + 1_000 + OVERHEAD;
    assert!(stats.weight <= 1_000_000, "{stats:?}");
    assert!(stats.entries <= 1_000_000 / each + 1, "{stats:?}");
}

#[tokio::test(start_paused = true)]
async fn a_closure_may_weigh_and_an_item_may_know_better() {
    let cache: Cache<String, Vec<u32>> = describe(minute())
        .with_max_weight(10_000, |value: &Vec<u32>| value.len() * 4)
        .build()
        .unwrap();
    cache.set("a", vec![0; 100]).await;
    cache.set("b", Item::new(vec![0; 100]).with_weight(7)).await;
    pass(secs(31)).await;
    assert_eq!(cache.stats().weight, 1 + 400 + OVERHEAD + 7);
}

#[tokio::test(start_paused = true)]
async fn entries_that_say_they_weigh_nothing_are_bounded_all_the_same() {
    let cache: Cache<String, u32> = describe(minute()).with_capacity(100).build().unwrap();
    for key in 0..10_000 {
        cache.set(&key.to_string(), Item::new(key).with_weight(0)).await;
    }
    pass(secs(31)).await;
    assert!(cache.stats().entries <= 100, "{:?}", cache.stats());
}

#[tokio::test(start_paused = true)]
async fn the_weights_that_are_given_count_bytes_on_the_heap() {
    use bartizan_cache::Weigh;
    assert_eq!(Weigh::weight(&"four".to_owned()), 4);
    assert_eq!(Weigh::weight(&vec![1_u8, 2, 3]), 3);
    assert_eq!(Weigh::weight(&Some("four".to_owned())), 4);
    assert_eq!(Weigh::weight(&None::<String>), 0);
    assert_eq!(Weigh::weight(&Arc::new("four".to_owned())), 4 + size_of::<String>());
    assert_eq!(Weigh::weight(&Arc::<str>::from("four")), 4);
}

fn capped(seen: &Seen) -> Cache<String, u32> {
    let clock = bartizan_cache::test_util::TokioClock::new();
    let caches = Caches::builder().with_clock(clock).with_observer(seen.clone()).build();
    caches
        .cache("numbers")
        .with_options(minute())
        .with_max_weight(1_000_000, |value: &u32| *value as usize)
        .with_max_entry_weight(1_000)
        .with_max_key_length(8)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn over_a_cap_the_loaders_value_is_given_and_not_kept() {
    let heavy = 1_000 - 1 - 256 + 1;
    for (key, value, why) in
        [("a", heavy, NotStored::TooHeavy), ("123456789", 1, NotStored::KeyTooLong)]
    {
        let seen = Seen::default();
        let cache = capped(&seen);
        let loaders = Loaders::default();
        for times in 1..=3 {
            let answer = cache.get_or_load(key, loaders.gives(value)).await.unwrap();
            assert_eq!(told(&answer), loaded(value));
            assert_eq!(cache.stats().not_stored, times);
            assert!(seen.take().contains(&Event::NotKept(why)));
        }
        assert_eq!(loaders.begun(), 3);
        cache.set(key, value).await;
        assert!(cache.get(key).await.is_none());
        assert_eq!(cache.stats().not_stored, 4);
        assert!(seen.take().contains(&Event::NotKept(why)));
    }
}

#[tokio::test(start_paused = true)]
async fn at_a_cap_a_value_is_kept() {
    let cache = capped(&Seen::default());
    let heaviest = 1_000 - 8 - 256;
    let loaders = Loaders::default();
    cache.get_or_load("12345678", loaders.gives(heaviest)).await.unwrap();
    assert_eq!(*cache.get("12345678").await.unwrap(), heaviest);
    assert_eq!(cache.stats().not_stored, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_set_and_does_not_fit_takes_away_what_was_there() {
    let cache = capped(&Seen::default());
    cache.set("a", 1).await;
    cache.set("a", 1_000).await;
    assert!(cache.get("a").await.is_none(), "it is older");
}

#[tokio::test(start_paused = true)]
async fn a_weigher_that_panics_leaves_nothing_in_flight() {
    let weigh = |value: &u32| {
        assert_ne!(*value, 13, "on purpose");
        1
    };
    let cache: Cache<String, u32> =
        describe(minute()).with_max_weight(10_000, weigh).build().unwrap();
    let loaders = Loaders::default();
    let error = cache.get_or_load("a", loaders.gives(13)).await.unwrap_err();
    assert!(matches!(error, bartizan_cache::LoadError::Abandoned), "{error:?}");
    assert_eq!(cache.stats().in_flight, 0);
    let answer = cache.get_or_load("a", async |_| Ok::<_, Broken>(1)).await.unwrap();
    assert_eq!(told(&answer), loaded(1));
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let caches = Caches::in_memory();
    let error = caches.cache::<String, u32>("a").with_capacity(0).build().unwrap_err();
    assert_eq!(error.to_string(), "the capacity of a cache is \"0\", expected at least 1");
    for name in ["", "a:b", "a b", "a{b}", "ü", &"x".repeat(65)] {
        let error = caches.cache::<String, u32>(name).build().unwrap_err();
        assert!(error.to_string().starts_with("the name of a cache is "), "{error}");
    }
    for name in ["users_v1-2.x", &"x".repeat(64)] {
        assert!(caches.cache::<String, u32>(name).build().is_ok());
    }
}
