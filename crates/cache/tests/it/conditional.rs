//! A loader is told what is there, so that it may ask its source whether that has changed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bartizan_cache::{Item, Load, LoadOutcome, Options, Previous, Trigger};

use crate::support::{
    Broken, Event, Loaders, describe, hit, loaded, minute, numbers, observed, pass, safe, secs,
    settle, told,
};

type Told = Arc<Mutex<Vec<Option<(u32, Duration, Option<Box<str>>)>>>>;

fn note(told: &Told, load: &Load<u32>) {
    let previous = load
        .previous()
        .map(|previous| (*previous.value(), previous.age(), previous.validators().etag.clone()));
    told.lock().unwrap().push(previous);
}

#[tokio::test(start_paused = true)]
async fn a_loader_is_told_of_the_value_its_age_and_its_validators() {
    let cache = numbers(safe());
    let (loaders, told) = (Loaders::default(), Told::default());
    for (wait, value) in [(0, 1), (70, 2), (30, 3), (661, 4)] {
        pass(secs(wait)).await;
        let told = Arc::clone(&told);
        let loader = loaders.run(Duration::ZERO, move |load| {
            note(&told, &load);
            Ok(Item::new(value).with_etag(format!("v{value}")))
        });
        cache.get_or_load("a", loader).await.unwrap();
    }
    let told = told.lock().unwrap();
    assert_eq!(told[0], None, "there was nothing");
    assert_eq!(told[1], Some((1, secs(70), Some("v1".into()))));
    // After thirty seconds it was a hit; and past its keeping it was swept.
    assert_eq!(told[2..], [None]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_modified_lives_again_with_its_tags_and_validators() {
    let (cache, seen) = observed(safe().with_tag("all"));
    let loaders = Loaders::default();
    let item = Item::new(1).with_tag("t").with_etag("v1").with_last_modified("today");
    cache.get_or_load("a", loaders.item(item)).await.unwrap();
    pass(secs(61)).await;
    let unchanged = || {
        loaders
            .run(Duration::ZERO, |load| load.previous().map(Previous::not_modified).ok_or(Broken))
    };
    let answer = cache.get_or_load("a", unchanged()).await.unwrap();
    assert_eq!(told(&answer), loaded(1));
    assert!(answer.age().is_zero());
    let load = Event::Loaded(Trigger::Caller, LoadOutcome::NotModified, Duration::ZERO);
    assert!(seen.take().contains(&load));
    pass(secs(59)).await;
    let found = cache.get("a").await.unwrap();
    assert_eq!((told(&found), found.age()), (hit(1), secs(59)));
    assert_eq!(found.tags().collect::<Vec<_>>(), ["all", "t"]);
    assert_eq!(found.validators().etag.as_deref(), Some("v1"));
    assert_eq!(found.validators().last_modified.as_deref(), Some("today"));
    cache.remove_tag("t").await;
    assert!(cache.get("a").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_not_modified_keeps_its_weight() {
    let cache = describe::<u32>(safe()).with_max_weight(1_000, |_| 1).build().unwrap();
    let loaders = Loaders::default();
    cache.get_or_load("a", loaders.item(Item::new(1).with_weight(40))).await.unwrap();
    assert_eq!(cache.stats().weight, 40);
    pass(secs(61)).await;
    let unchanged = loaders
        .run(Duration::ZERO, |load| load.previous().map(Previous::not_modified).ok_or(Broken));
    cache.get_or_load("a", unchanged).await.unwrap();
    assert_eq!(cache.stats().weight, 40);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_was_not_modified_may_be_given_more() {
    let cache = numbers(safe());
    let loaders = Loaders::default();
    cache.set("a", Item::new(1).with_etag("v1")).await;
    pass(secs(60)).await;
    let loader = loaders.run(Duration::ZERO, |load| {
        let item = load.previous().ok_or(Broken)?.not_modified();
        Ok(item.with_ttl(secs(5)).with_tag("new"))
    });
    cache.get_or_load("a", loader).await.unwrap();
    pass(secs(4)).await;
    assert_eq!(cache.get("a").await.unwrap().tags().collect::<Vec<_>>(), ["new"]);
    pass(secs(1)).await;
    assert!(cache.get("a").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn background_loads_are_told_too_and_what_was_removed_is_told_to_nobody() {
    let eager: Options = minute().with_eager_refresh(0.5).unwrap();
    let cache = numbers(eager.with_stale_while_revalidate(secs(60)));
    let (loaders, seen) = (Loaders::default(), Told::default());
    let noting = |value| {
        let seen = Arc::clone(&seen);
        loaders.run(Duration::ZERO, move |load| {
            note(&seen, &load);
            Ok(value)
        })
    };
    cache.set("a", 1).await;
    pass(secs(30)).await;
    cache.get_or_load("a", noting(2)).await.unwrap();
    settle().await;
    pass(secs(60)).await;
    cache.get_or_load("a", noting(3)).await.unwrap();
    settle().await;
    cache.remove("a").await;
    cache.get_or_load("a", noting(4)).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(*seen, [Some((1, secs(30), None)), Some((2, secs(60), None)), None]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_modified_and_removed_meanwhile_is_not_kept() {
    let cache = numbers(safe());
    let loaders = Loaders::default();
    for act in ["remove", "remove_tag", "clear"] {
        cache.set("a", Item::new(1).with_tag("t")).await;
        pass(secs(60)).await;
        let loader =
            loaders.run(secs(2), |load| load.previous().map(Previous::not_modified).ok_or(Broken));
        let removing = async {
            pass(secs(1)).await;
            match act {
                "remove" => cache.remove("a").await,
                "remove_tag" => cache.remove_tag("t").await,
                _ => cache.clear().await,
            };
        };
        let (answer, ()) = tokio::join!(cache.get_or_load("a", loader), removing);
        assert_eq!(told(&answer.unwrap()), loaded(1));
        assert!(cache.get("a").await.is_none(), "{act}");
    }
}
