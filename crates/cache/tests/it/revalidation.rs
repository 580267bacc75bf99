//! Stale-while-revalidate (RFC 5861, section 3): within the window a stale value is served at once
//! and loaded again in the background; after it, nobody is served before the loader has answered.

use bartizan_cache::{LoadOutcome, Options, StaleReason, Trigger};

use crate::support::{
    Event, Loaders, hit, just_before, loaded, numbers, observed, pass, secs, settle, stale, told,
};

/// The example of the RFC: `max-age=600, stale-while-revalidate=30`.
fn rfc() -> Options {
    Options::new(secs(600)).with_stale_while_revalidate(secs(30))
}

#[tokio::test(start_paused = true)]
async fn the_example_of_the_rfc() {
    let (cache, seen) = observed(rfc());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(600)).await;
    for _ in 0..10 {
        let answer = cache.get_or_load("a", loaders.gives_after(secs(2), 2)).await.unwrap();
        assert_eq!(told(&answer), stale(1, StaleReason::Revalidating));
        assert_eq!(answer.age(), secs(600));
        settle().await;
    }
    assert_eq!(loaders.begun(), 1);
    pass(secs(2)).await;
    assert_eq!(told(&cache.get_or_load("a", loaders.gives(3)).await.unwrap()), hit(2));
    let load = Event::Loaded(Trigger::Revalidation, LoadOutcome::Value, secs(2));
    assert_eq!(seen.take().iter().filter(|event| **event == load).count(), 1);
    let stats = cache.stats();
    assert_eq!((stats.stale, stats.memory_hits, stats.misses), (10, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_window_has_an_end() {
    for (after, served) in [(just_before(secs(630)), true), (secs(630), false)] {
        let cache = numbers(rfc());
        let loaders = Loaders::default();
        cache.set("a", 1).await;
        pass(after).await;
        let answer = cache.get_or_load("a", loaders.gives(2)).await.unwrap();
        let expected = if served { stale(1, StaleReason::Revalidating) } else { loaded(2) };
        assert_eq!(told(&answer), expected, "after {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_revalidation_that_fails_is_held_back_and_the_window_goes_on() {
    let cache = numbers(rfc());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(600)).await;
    cache.get_or_load("a", loaders.fails()).await.unwrap();
    settle().await;
    let held = cache.get_or_load("a", loaders.gives(2)).await.unwrap();
    assert_eq!(told(&held), stale(1, StaleReason::Throttled));
    pass(secs(1)).await;
    let answer = cache.get_or_load("a", loaders.fails()).await.unwrap();
    assert_eq!(told(&answer), stale(1, StaleReason::Revalidating));
    settle().await;
    assert_eq!(loaders.begun(), 2);
    pass(secs(29)).await;
    assert!(cache.get_or_load("a", loaders.fails()).await.is_err(), "there is no fail-safe");
}

#[tokio::test(start_paused = true)]
async fn after_the_window_fail_safe_goes_on() {
    let cache = numbers(rfc().with_fail_safe(secs(100), secs(0)));
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(629)).await;
    let within = cache.get_or_load("a", loaders.fails()).await.unwrap();
    assert_eq!(told(&within), stale(1, StaleReason::Revalidating));
    pass(secs(1)).await;
    let after = cache.get_or_load("a", loaders.fails()).await.unwrap();
    assert_eq!(told(&after), stale(1, StaleReason::LoaderFailed));
    pass(secs(70)).await;
    assert!(cache.get_or_load("a", loaders.fails()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_was_expired_is_served_while_it_is_loaded_again_and_what_was_removed_is_not() {
    let cache = numbers(rfc());
    let loaders = Loaders::default();
    for key in ["expired", "removed"] {
        cache.set(key, 1).await;
    }
    cache.expire("expired").await;
    cache.remove("removed").await;
    let expired = cache.get_or_load("expired", loaders.gives(2)).await.unwrap();
    assert_eq!(told(&expired), stale(1, StaleReason::Revalidating));
    settle().await;
    assert_eq!(told(&cache.get("expired").await.unwrap()), hit(2));
    let removed = cache.get_or_load("removed", loaders.gives(2)).await.unwrap();
    assert_eq!(told(&removed), loaded(2));
}

#[tokio::test(start_paused = true)]
async fn who_wants_no_stale_value_waits_for_the_revalidation_of_another() {
    let cache = numbers(rfc());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(600)).await;
    cache.get_or_load("a", loaders.gives_after(secs(2), 2)).await.unwrap();
    settle().await;
    let strict = Options::new(secs(600));
    let answer = cache.get_or_load_with("a", &strict, loaders.gives(3)).await.unwrap();
    assert_eq!(told(&answer), loaded(2));
    assert_eq!(loaders.begun(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_window_covers_no_failure_of_a_loader_that_was_waited_for() {
    let cache = numbers(rfc());
    let loaders = Loaders::default();
    let meanwhile = async {
        pass(secs(1)).await;
        cache.set("a", 1).await;
        cache.expire("a").await;
    };
    let (answer, ()) =
        tokio::join!(cache.get_or_load("a", loaders.fails_after(secs(2))), meanwhile);
    assert!(answer.is_err(), "only fail-safe does");
}
