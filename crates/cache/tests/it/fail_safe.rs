//! A stale value is better than none: within its window, and with a pause after each failure.

use bartizan_cache::{LoadError, StaleReason};

use crate::support::{
    Broken, Loaders, hit, just_before, loaded, millis, minute, numbers, pass, safe, secs, stale,
    told,
};

#[tokio::test(start_paused = true)]
async fn a_failed_loader_is_covered_by_the_stale_value_until_the_window_ends() {
    let cache = numbers(minute().with_fail_safe(secs(100), secs(0)));
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    for age in [60, 100, 159] {
        let answer = cache.get_or_load("a", loaders.fails()).await.unwrap();
        assert_eq!(told(&answer), stale(1, StaleReason::LoaderFailed));
        assert_eq!(answer.age(), secs(age));
        let next = match age {
            60 => 40,
            100 => 59,
            _ => 1,
        };
        pass(secs(next)).await;
    }
    let error = cache.get_or_load("a", loaders.fails()).await.unwrap_err();
    assert_eq!(error.loader(), Some(&Broken));
    assert_eq!(loaders.begun(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_last_moment_of_the_window_is_within_it_and_the_next_is_not() {
    for (after, served) in [(just_before(secs(160)), true), (secs(160), false)] {
        let cache = numbers(minute().with_fail_safe(secs(100), secs(5)));
        cache.set("a", 1).await;
        pass(after).await;
        let answer = cache.get_or_load("a", Loaders::default().fails()).await;
        assert_eq!(answer.is_ok(), served, "after {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_fail_safe_or_without_a_value_the_error_is_the_answer() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    assert!(cache.get_or_load("a", loaders.fails()).await.is_err());
    assert!(cache.get_or_load_with("never", &safe(), loaders.fails()).await.is_err());
    let panicked = cache.get_or_load_with("never", &safe(), loaders.panics_after(secs(0))).await;
    assert!(matches!(panicked, Err(LoadError::Panicked)));
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_load_given_up_are_failures_too() {
    let cache = numbers(safe().with_abandon_after(secs(2)));
    let loaders = Loaders::default();
    for key in ["panics", "hangs"] {
        cache.set(key, 1).await;
    }
    pass(secs(60)).await;
    let panics = cache.get_or_load("panics", loaders.panics_after(secs(0))).await.unwrap();
    assert_eq!(told(&panics), stale(1, StaleReason::LoaderFailed));
    let hangs = cache.get_or_load("hangs", loaders.hangs()).await.unwrap();
    assert_eq!(told(&hangs), stale(1, StaleReason::LoaderFailed));
    for key in ["panics", "hangs"] {
        let held = cache.get_or_load(key, loaders.gives(2)).await.unwrap();
        assert_eq!(told(&held), stale(1, StaleReason::Throttled));
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_the_loader_is_not_asked_before_the_throttle_is_over() {
    let cache = numbers(safe());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    let failed = cache.get_or_load("a", loaders.fails()).await.unwrap();
    assert_eq!(told(&failed), stale(1, StaleReason::LoaderFailed));
    for _ in 0..5 {
        let held = cache.get_or_load("a", loaders.gives(2)).await.unwrap();
        assert_eq!(told(&held), stale(1, StaleReason::Throttled));
        pass(millis(999)).await;
    }
    assert_eq!(loaders.begun(), 1);
    pass(millis(5)).await;
    assert_eq!(told(&cache.get_or_load("a", loaders.gives(2)).await.unwrap()), loaded(2));
    assert_eq!(told(&cache.get_or_load("a", loaders.gives(3)).await.unwrap()), hit(2));
}

#[tokio::test(start_paused = true)]
async fn a_throttle_begins_anew_with_each_failure_and_when_the_load_ends() {
    let cache = numbers(safe());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    cache.get_or_load("a", loaders.fails_after(secs(3))).await.unwrap();
    pass(secs(4)).await;
    cache.get_or_load("a", loaders.fails()).await.unwrap();
    assert_eq!(loaders.begun(), 1);
    pass(secs(1)).await;
    cache.get_or_load("a", loaders.fails()).await.unwrap();
    assert_eq!(loaders.begun(), 2);
    pass(secs(4)).await;
    cache.get_or_load("a", loaders.fails()).await.unwrap();
    assert_eq!(loaders.begun(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_window_is_over_for_the_throttle_too() {
    let cache = numbers(minute().with_fail_safe(secs(10), secs(60)));
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(65)).await;
    cache.get_or_load("a", loaders.fails()).await.unwrap();
    pass(secs(5)).await;
    assert!(cache.get_or_load("a", loaders.fails()).await.is_err());
    assert_eq!(loaders.begun(), 2, "nothing is served, so the loader is asked");
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_for_a_loader_that_fails_get_the_stale_value() {
    let cache = numbers(safe());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let (cache, loader) = (cache.clone(), loaders.fails_after(secs(1)));
            tokio::spawn(async move { cache.get_or_load("a", loader).await })
        })
        .collect();
    for caller in callers {
        let answer = caller.await.unwrap().unwrap();
        assert_eq!(told(&answer), stale(1, StaleReason::LoaderFailed));
        assert_eq!(answer.age(), secs(61));
    }
    let stats = cache.stats();
    assert_eq!((stats.stale, stats.misses, stats.loads, stats.load_failures), (100, 0, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn who_asks_without_fail_safe_is_not_given_what_another_would_be() {
    let cache = numbers(safe());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    let strict = minute();
    let (kind, strict) = tokio::join!(
        cache.get_or_load("a", loaders.fails_after(secs(1))),
        cache.get_or_load_with("a", &strict, loaders.fails()),
    );
    assert!(kind.unwrap().is_stale());
    assert!(strict.is_err());
    assert!(cache.get("a").await.is_none(), "stale values come with a loader alone");
}

#[tokio::test(start_paused = true)]
async fn removed_values_are_never_served_and_expired_ones_within_the_window_from_then_on() {
    let cache = numbers(minute().with_fail_safe(secs(10), secs(0)).with_tag("t"));
    let loaders = Loaders::default();
    for key in ["remove", "remove_tag", "expire", "expire_tag"] {
        cache.set(key, 1).await;
        pass(secs(1)).await;
        match key {
            "remove" => cache.remove(key).await,
            "remove_tag" => cache.remove_tag("t").await,
            "expire" => cache.expire(key).await,
            _ => cache.expire_tag("t").await,
        };
        let first = cache.get_or_load(key, loaders.fails()).await;
        assert_eq!(first.is_ok(), key.starts_with("expire"), "{key}");
        pass(just_before(secs(10))).await;
        let last = cache.get_or_load(key, loaders.fails()).await;
        assert_eq!(last.is_ok(), key.starts_with("expire"), "{key}");
        pass(millis(1)).await;
        assert!(cache.get_or_load(key, loaders.fails()).await.is_err(), "{key}");
    }
    cache.set("clear", 1).await;
    cache.clear().await;
    assert!(cache.get_or_load("clear", loaders.fails()).await.is_err());
    cache.set("expire_all", 1).await;
    cache.expire_all().await;
    assert!(cache.get_or_load("expire_all", loaders.fails()).await.unwrap().is_stale());
}

#[tokio::test(start_paused = true)]
async fn what_is_removed_while_the_loader_fails_is_not_served() {
    let cache = numbers(safe());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(60)).await;
    let removing = async {
        pass(secs(1)).await;
        cache.remove("a").await;
    };
    let (answer, ()) = tokio::join!(cache.get_or_load("a", loaders.fails_after(secs(2))), removing);
    assert!(answer.is_err());
}

#[tokio::test(start_paused = true)]
async fn expiring_what_is_stale_does_not_lengthen_its_window() {
    let cache = numbers(minute().with_fail_safe(secs(10), secs(0)));
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(65)).await;
    cache.expire("a").await;
    cache.expire_all().await;
    pass(just_before(secs(5))).await;
    assert!(cache.get_or_load("a", loaders.fails()).await.is_ok());
    pass(millis(1)).await;
    assert!(cache.get_or_load("a", loaders.fails()).await.is_err());
}
