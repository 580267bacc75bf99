//! The first hit past a share of the lifetime loads the value again, and nobody waits.

use bartizan_cache::{LoadOutcome, Options, StaleReason, Trigger};

use crate::support::{
    Event, Loaders, hit, just_before, loaded, millis, minute, numbers, observed, pass, safe, secs,
    settle, stale, told,
};

fn eager() -> Options {
    minute().with_eager_refresh(0.5).unwrap()
}

#[tokio::test(start_paused = true)]
async fn hits_before_the_share_load_nothing_and_the_first_past_it_loads_once() {
    let (cache, seen) = observed(eager());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(just_before(secs(30))).await;
    assert_eq!(told(&cache.get_or_load("a", loaders.gives(9)).await.unwrap()), hit(1));
    settle().await;
    assert_eq!(loaders.begun(), 0);
    pass(millis(1)).await;
    for _ in 0..10 {
        let answer = cache.get_or_load("a", loaders.gives_after(secs(2), 2)).await.unwrap();
        assert_eq!(told(&answer), hit(1), "served at once, and fresh");
        settle().await;
    }
    assert_eq!(loaders.begun(), 1);
    pass(secs(2)).await;
    assert_eq!(told(&cache.get_or_load("a", loaders.gives(3)).await.unwrap()), hit(2));
    let load = Event::Loaded(Trigger::Eager, LoadOutcome::Value, secs(2));
    assert_eq!(seen.take().iter().filter(|event| **event == load).count(), 1);
    let stats = cache.stats();
    assert_eq!((stats.memory_hits, stats.misses, stats.coalesced), (12, 0, 0));
    pass(secs(31)).await;
    cache.get_or_load("a", loaders.gives(3)).await.unwrap();
    settle().await;
    assert_eq!(loaders.begun(), 2, "and of the new lifetime again");
}

#[tokio::test(start_paused = true)]
async fn a_get_without_a_loader_leaves_the_share_to_others() {
    let cache = numbers(eager());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(40)).await;
    assert_eq!(told(&cache.get("a").await.unwrap()), hit(1));
    cache.get_or_load("a", loaders.gives(2)).await.unwrap();
    settle().await;
    assert_eq!(told(&cache.get("a").await.unwrap()), hit(2));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_is_held_back() {
    for (options, pause) in
        [(eager(), secs(1)), (eager().with_fail_safe(secs(9), secs(5)), secs(5))]
    {
        let cache = numbers(options);
        let loaders = Loaders::default();
        cache.set("a", 1).await;
        pass(secs(30)).await;
        for _ in 0..3 {
            let answer = cache.get_or_load("a", loaders.fails()).await.unwrap();
            assert_eq!(told(&answer), hit(1));
            settle().await;
        }
        assert_eq!(loaders.begun(), 1);
        pass(just_before(pause)).await;
        cache.get_or_load("a", loaders.fails()).await.unwrap();
        settle().await;
        assert_eq!(loaders.begun(), 1);
        pass(millis(1)).await;
        assert_eq!(told(&cache.get_or_load("a", loaders.fails()).await.unwrap()), hit(1));
        settle().await;
        assert_eq!(loaders.begun(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_when_the_lifetime_has_ended_waits_for_the_refresh_that_is_under_way() {
    let cache = numbers(eager());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(59)).await;
    cache.get_or_load("a", loaders.gives_after(secs(3), 2)).await.unwrap();
    pass(secs(1)).await;
    let answer = cache.get_or_load("a", loaders.gives(3)).await.unwrap();
    assert_eq!(told(&answer), loaded(2));
    assert_eq!(loaders.begun(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_of_what_was_removed_meanwhile_is_not_kept() {
    let cache = numbers(safe().with_eager_refresh(0.5).unwrap());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(31)).await;
    cache.get_or_load("a", loaders.gives_after(secs(2), 2)).await.unwrap();
    pass(secs(1)).await;
    cache.remove("a").await;
    pass(secs(2)).await;
    assert!(cache.get("a").await.is_none());
    assert!(cache.get_or_load("a", loaders.fails()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn past_the_lifetime_the_pause_after_a_failed_refresh_still_holds() {
    let cache = numbers(safe().with_eager_refresh(0.5).unwrap());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(58)).await;
    cache.get_or_load("a", loaders.fails()).await.unwrap();
    pass(secs(2)).await;
    let answer = cache.get_or_load("a", loaders.gives(2)).await.unwrap();
    assert_eq!(told(&answer), stale(1, StaleReason::Throttled));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_several_threads_the_first_hit_past_the_share_alone_loads() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    let clock = bartizan_cache::test_util::ManualClock::new();
    let caches = bartizan_cache::Caches::builder().with_clock(clock.clone()).build();
    let options = eager();
    let cache: crate::support::Numbers =
        caches.cache("numbers").with_options(options).build().unwrap();
    let begun = Arc::new(AtomicU32::new(0));
    for round in 1..=50 {
        cache.set("a", 1).await;
        clock.advance(secs(30));
        let callers: Vec<_> = (0..64)
            .map(|_| {
                let (cache, begun) = (cache.clone(), Arc::clone(&begun));
                tokio::spawn(async move {
                    let loader = move |_| async move {
                        begun.fetch_add(1, Ordering::SeqCst);
                        Ok::<_, crate::support::Broken>(2)
                    };
                    cache.get_or_load("a", loader).await.unwrap();
                })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
        while cache.stats().in_flight > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(begun.load(Ordering::SeqCst), round);
    }
}
