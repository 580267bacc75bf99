//! Callers wait as long as they want to; loaders run as long as they may.

use bartizan_cache::{LoadError, LoadOutcome, StaleReason, Trigger};
use tokio::time::Instant;

use crate::support::{
    Event, Loaders, hit, loaded, minute, numbers, observed, pass, safe, secs, settle, stale, told,
};

#[tokio::test(start_paused = true)]
async fn past_the_soft_timeout_the_stale_value_is_served_and_the_load_goes_on() {
    let cache = numbers(safe().with_soft_timeout(secs(2)));
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    let begun = Instant::now();
    let slow = cache.get_or_load("a", loaders.gives_after(secs(5), 2)).await.unwrap();
    assert_eq!(begun.elapsed(), secs(2));
    assert_eq!(told(&slow), stale(1, StaleReason::LoaderSlow));
    assert_eq!(slow.age(), secs(62));
    let again = cache.get_or_load("a", loaders.gives(3)).await.unwrap();
    assert_eq!(told(&again), stale(1, StaleReason::LoaderSlow));
    assert_eq!(begun.elapsed(), secs(4));
    pass(secs(1)).await;
    assert_eq!(told(&cache.get_or_load("a", loaders.gives(3)).await.unwrap()), hit(2));
    assert_eq!((loaders.begun(), cache.stats().in_flight), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_loader_within_the_soft_timeout_is_waited_for() {
    let cache = numbers(safe().with_soft_timeout(secs(2)));
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    let answer = cache.get_or_load("a", loaders.gives_after(secs(1), 2)).await.unwrap();
    assert_eq!(told(&answer), loaded(2));
}

#[tokio::test(start_paused = true)]
async fn past_the_soft_timeout_without_a_stale_value_the_loader_is_waited_for() {
    let loaders = Loaders::default();
    let patient = numbers(safe().with_soft_timeout(secs(2)));
    let answer = patient.get_or_load("a", loaders.gives_after(secs(5), 2)).await.unwrap();
    assert_eq!(told(&answer), loaded(2));
    // Nor without fail-safe, though there is a value.
    let strict = numbers(minute().with_soft_timeout(secs(2)));
    strict.set("a", 1).await;
    pass(secs(60)).await;
    let answer = strict.get_or_load("a", loaders.gives_after(secs(5), 2)).await.unwrap();
    assert_eq!(told(&answer), loaded(2));
}

#[tokio::test(start_paused = true)]
async fn what_was_set_before_the_soft_timeout_is_served_as_fresh() {
    let cache = numbers(safe().with_soft_timeout(secs(2)));
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    let setting = async {
        pass(secs(1)).await;
        cache.set("a", 9).await;
    };
    let (answer, ()) =
        tokio::join!(cache.get_or_load("a", loaders.gives_after(secs(5), 2)), setting);
    assert_eq!(told(&answer.unwrap()), hit(9));
    assert_eq!((cache.stats().stale, cache.stats().memory_hits), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn past_the_hard_timeout_the_caller_is_told_and_the_load_fills_the_cache() {
    let cache = numbers(minute().with_hard_timeout(secs(3)));
    let loaders = Loaders::default();
    let begun = Instant::now();
    let answer = cache.get_or_load("a", loaders.gives_after(secs(5), 2)).await;
    assert!(matches!(answer, Err(LoadError::TimedOut)), "{answer:?}");
    assert_eq!(begun.elapsed(), secs(3));
    assert_eq!(cache.stats().in_flight, 1);
    pass(secs(2)).await;
    assert_eq!(told(&cache.get("a").await.unwrap()), hit(2));
    assert_eq!((loaders.begun(), cache.stats().load_failures), (1, 0));
    assert_eq!(cache.stats().requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn past_the_hard_timeout_fail_safe_serves_the_stale_value_as_of_a_slow_loader() {
    for soft in [None, Some(secs(3)), Some(secs(9))] {
        let mut options = safe().with_hard_timeout(secs(3));
        if let Some(soft) = soft {
            options = options.with_soft_timeout(soft);
        }
        let cache = numbers(options);
        let loaders = Loaders::default();
        cache.set("a", 1).await;
        pass(secs(60)).await;
        let begun = Instant::now();
        let answer = cache.get_or_load("a", loaders.gives_after(secs(5), 2)).await.unwrap();
        assert_eq!(told(&answer), stale(1, StaleReason::LoaderSlow));
        assert_eq!(begun.elapsed(), secs(3));
    }
}

#[tokio::test(start_paused = true)]
async fn a_soft_timeout_that_found_nothing_leaves_the_hard_one_as_it_was() {
    let cache = numbers(safe().with_soft_timeout(secs(2)).with_hard_timeout(secs(3)));
    let begun = Instant::now();
    let answer = cache.get_or_load("a", Loaders::default().hangs()).await;
    assert!(matches!(answer, Err(LoadError::TimedOut)), "{answer:?}");
    assert_eq!(begun.elapsed(), secs(3));
}

#[tokio::test(start_paused = true)]
async fn each_caller_has_a_patience_of_its_own() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let hasty = minute().with_hard_timeout(secs(1));
    let (patient, hasty) = tokio::join!(
        cache.get_or_load("a", loaders.gives_after(secs(5), 2)),
        cache.get_or_load_with("a", &hasty, loaders.gives(3)),
    );
    assert_eq!(told(&patient.unwrap()), loaded(2));
    assert!(matches!(hasty, Err(LoadError::TimedOut)));
    assert_eq!(loaders.begun(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_takes_too_long_is_dropped() {
    let (cache, seen) = observed(minute().with_abandon_after(secs(7)));
    let loaders = Loaders::default();
    let begun = Instant::now();
    let answer = cache.get_or_load("a", loaders.hangs()).await;
    assert!(matches!(answer, Err(LoadError::Abandoned)), "{answer:?}");
    assert_eq!(begun.elapsed(), secs(7));
    assert_eq!((loaders.begun(), loaders.ended(), cache.stats().in_flight), (1, 1, 0));
    let given_up = Event::Loaded(Trigger::Caller, LoadOutcome::Abandoned, secs(7));
    assert!(seen.take().contains(&given_up));
    assert_eq!((cache.stats().loads, cache.stats().load_failures), (1, 1));
    assert_eq!(told(&cache.get_or_load("a", loaders.gives(1)).await.unwrap()), loaded(1));
}

#[tokio::test(start_paused = true)]
async fn nobody_may_say_that_a_loader_takes_longer_than_five_minutes_and_nobody_means_a_minute() {
    for (options, limit) in
        [(minute().with_abandon_after(secs(3_600)), secs(300)), (minute(), secs(60))]
    {
        let cache = numbers(options);
        let begun = Instant::now();
        cache.get_or_load("a", Loaders::default().hangs()).await.unwrap_err();
        assert_eq!(begun.elapsed(), limit);
    }
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_hangs_keeps_nobody_from_recovering_once_it_is_dropped() {
    let cache = numbers(safe().with_soft_timeout(secs(1)).with_abandon_after(secs(10)));
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    let begun = Instant::now();
    let hung = cache.get_or_load("a", loaders.hangs()).await.unwrap();
    assert_eq!(told(&hung), stale(1, StaleReason::LoaderSlow));
    pass(secs(8)).await;
    let still = cache.get_or_load("a", loaders.gives(2)).await.unwrap();
    assert!(still.is_stale());
    settle().await;
    assert_eq!((begun.elapsed(), loaders.begun(), loaders.ended()), (secs(10), 1, 1));
    pass(secs(5)).await;
    assert_eq!(told(&cache.get_or_load("a", loaders.gives(2)).await.unwrap()), loaded(2));
}

#[tokio::test(start_paused = true)]
async fn a_load_in_the_background_that_fails_holds_the_next_one_back() {
    let cache = numbers(safe().with_soft_timeout(secs(1)));
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    cache.get_or_load("a", loaders.fails_after(secs(2))).await.unwrap();
    pass(secs(1)).await;
    let held = cache.get_or_load("a", loaders.gives(2)).await.unwrap();
    assert_eq!(told(&held), stale(1, StaleReason::Throttled));
    pass(secs(5)).await;
    assert_eq!(told(&cache.get_or_load("a", loaders.gives(2)).await.unwrap()), loaded(2));
}
