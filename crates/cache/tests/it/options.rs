//! What an operation brings with it counts for that operation alone.

use bartizan_cache::{Access, Item, Options};

use crate::support::{Loaders, hit, loaded, minute, numbers, observed, pass, safe, secs, told};

#[tokio::test(start_paused = true)]
async fn an_operation_may_bring_other_options() {
    let cache = numbers(minute());
    assert_eq!(cache.options(), &minute());
    assert_eq!(cache.name(), "numbers");
    cache.set_with("set", &minute().with_ttl(secs(5)), 1).await;
    let loaders = Loaders::default();
    let short = minute().with_ttl(secs(5)).with_tag("t");
    cache.get_or_load_with("loaded", &short, loaders.gives(1)).await.unwrap();
    cache.set("default", 1).await;
    assert_eq!(cache.get("loaded").await.unwrap().tags().collect::<Vec<_>>(), ["t"]);
    pass(secs(5)).await;
    assert!(cache.get("set").await.is_none());
    assert!(cache.get("loaded").await.is_none());
    assert!(cache.get("default").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn memory_that_may_only_be_written_is_not_looked_at() {
    let cache = numbers(safe());
    let loaders = Loaders::default();
    let refresh = safe().with_memory(Access::Write);
    cache.set("a", 1).await;
    assert!(cache.get_with("a", &refresh).await.is_none());
    let answer = cache.get_or_load_with("a", &refresh, loaders.gives(2)).await.unwrap();
    assert_eq!(told(&answer), loaded(2));
    assert_eq!(told(&cache.get("a").await.unwrap()), hit(2), "and written");
    let failed = cache.get_or_load_with("a", &refresh, loaders.fails()).await;
    assert!(failed.is_err(), "fail-safe looks into the memory too");
}

#[tokio::test(start_paused = true)]
async fn memory_that_may_only_be_read_is_left_as_it_is() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let read = minute().with_memory(Access::Read);
    let answer = cache.get_or_load_with("a", &read, loaders.gives(1)).await.unwrap();
    assert_eq!(told(&answer), loaded(1));
    assert!(cache.get("a").await.is_none());
    cache.set("a", 2).await;
    let answer = cache.get_or_load_with("a", &read, loaders.gives(3)).await.unwrap();
    assert_eq!(told(&answer), hit(2));
    assert_eq!(cache.stats().not_stored, 0, "it was not to be kept");
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_set_past_the_memory_takes_what_is_there_away() {
    for access in [Access::Read, Access::None] {
        let cache = numbers(minute());
        cache.set("a", 1).await;
        cache.set_with("a", &minute().with_memory(access), 2).await;
        assert!(cache.get("a").await.is_none(), "what is there is older");
    }
}

#[tokio::test(start_paused = true)]
async fn without_access_to_the_memory_every_call_loads() {
    let cache = numbers(minute());
    let loaders = Loaders::default();
    let none = minute().with_memory(Access::None);
    cache.set("a", 1).await;
    for value in 2..=4 {
        let answer = cache.get_or_load_with("a", &none, loaders.gives(value)).await.unwrap();
        assert_eq!(told(&answer), loaded(value));
    }
    assert_eq!(told(&cache.get("a").await.unwrap()), hit(1), "and nothing was written");
    assert_eq!(loaders.begun(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_being_loaded_is_new_enough_for_whoever_wants_it_loaded_again() {
    let cache = numbers(minute().with_eager_refresh(0.5).unwrap());
    let loaders = Loaders::default();
    cache.set("a", 1).await;
    pass(secs(31)).await;
    cache.get_or_load("a", loaders.gives_after(secs(1), 2)).await.unwrap();
    let refresh = minute().with_memory(Access::Write);
    let answer = cache.get_or_load_with("a", &refresh, loaders.gives(9)).await.unwrap();
    assert_eq!(told(&answer), loaded(2));
    assert_eq!(loaders.begun(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_to_be_kept_is_given_to_all_who_wait_and_to_nobody_else() {
    let (cache, seen) = observed(minute());
    let loaders = Loaders::default();
    let item = |value| loaders.run(secs(1), move |_| Ok(Item::new(value).not_kept()));
    let (one, other) =
        tokio::join!(cache.get_or_load("a", item(1)), cache.get_or_load("a", item(2)));
    assert_eq!((*one.unwrap(), *other.unwrap()), (1, 1));
    assert!(cache.get("a").await.is_none());
    assert_eq!(cache.stats().not_stored, 0, "nobody wanted it kept");
    drop(seen);
    cache.set("b", 1).await;
    cache.set("b", Item::new(2).not_kept()).await;
    assert!(cache.get("b").await.is_none(), "what is there is older");
}

#[test]
fn a_share_of_the_lifetime_lies_between_none_and_all_of_it() {
    for share in [0.0, 1.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
        let error = Options::new(secs(1)).with_eager_refresh(share).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("eager refresh is ") && text.contains("between 0 and 1"),
            "{text}"
        );
    }
    for share in [f64::MIN_POSITIVE, 0.5, 1.0 - f64::EPSILON] {
        assert!(Options::new(secs(1)).with_eager_refresh(share).is_ok());
    }
}
