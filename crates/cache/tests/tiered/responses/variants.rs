//! Variants of one target, entered by several instances.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::http::Request;
use bartizan_cache::test_util::{Fault, ManualClock, Operation, Scope};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tokio::time::sleep;
use tower::ServiceExt;
use tower_layer::Layer;

use super::http::answer;
use super::*;
use crate::support::{HOUR, settle};

const VARIES: [(&str, &str); 2] = [("cache-control", "max-age=86400"), ("vary", "x-kind")];

fn kind(kind: &str) -> [(&'static str, &str); 1] {
    [("x-kind", kind)]
}

#[tokio::test(start_paused = true)]
async fn a_variant_that_one_has_fetched_is_served_by_the_other() {
    let (_world, one, two) = pair(&VARIES).await;
    one.get("/v", &kind("a")).await;
    settle().await;
    assert_eq!(two.told("/v", &kind("a")).await, fresh("one"));
    assert_eq!(two.told("/v", &kind("b")).await, inner("two"));
    assert_eq!(two.told("/v", &[]).await, inner("two"));
    settle().await;
    assert_eq!(one.told("/v", &kind("b")).await, fresh("two"));
    assert_eq!(one.told("/v", &[]).await, fresh("two"));
    assert_eq!(one.told("/v", &kind("a")).await, fresh("one"));
    assert_eq!((one.asked(), two.asked()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn variants_that_are_fetched_at_once_are_each_served_to_whom_they_are_for() {
    let world = World::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let mut services = Vec::new();
    for _ in 0..3 {
        let instance = world.instance().await;
        let responses = instance.caches.responses("http").build().unwrap();
        assert!(instance.caches.ready(SECOND).await);
        let asked = Arc::clone(&asked);
        let echo = tower::service_fn(move |request: Request<Full<Bytes>>| {
            asked.fetch_add(1, Ordering::Relaxed);
            let kind = request.headers()["x-kind"].to_str().unwrap();
            ready(Ok::<_, Infallible>(answer(kind, &VARIES)))
        });
        services.push(CacheLayer::new(responses).layer(echo));
    }
    let ask = async |service: usize, kind: &str| {
        let request = get("/v", &[("x-kind", kind)]);
        let response = services[service].clone().oneshot(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, kind.as_bytes());
        settle().await;
    };
    for round in 0..4 {
        let kinds = ["a", "b", "c"].map(|kind| format!("{kind}{round}"));
        tokio::join!(ask(0, &kinds[0]), ask(1, &kinds[1]), ask(2, &kinds[2]));
        for kind in &kinds {
            for service in [2, 0, 1, 2] {
                ask(service, kind).await;
            }
        }
        // Three at once, and then no more than what was lost: two of each.
        assert!(asked.swap(0, Ordering::Relaxed) <= 3 + 6);
    }
    for round in 0..4 {
        for service in 0..3 {
            ask(service, &format!("a{round}")).await;
        }
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn instances_that_have_each_founded_an_index_come_to_one() {
    let (_world, one, two) = pair(&VARIES).await;
    let (a, b) = (kind("a"), kind("b"));
    let (_, _) = tokio::join!(one.get("/v", &a), two.get("/v", &b));
    settle().await;
    // Whatever either fetches from now on, the other serves.
    for round in 0..5 {
        let next = format!("round {round}");
        one.get("/v", &kind(&next)).await;
        settle().await;
        let asked = two.asked();
        let got = two.get("/v", &kind(&next)).await;
        assert!(round == 0 || two.asked() == asked, "{round}: {}", got.text());
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_instance_has_learnt_of_vary_is_found() {
    let (_world, one, two) = pair(&VARIES).await;
    one.get("/v", &kind("a")).await;
    settle().await;
    two.get("/v", &kind("a")).await;
    // It has its own mind of what it varies by.
    one.origin
        .says(answer("by both", &[("cache-control", "max-age=60"), ("vary", "x-kind, x-more")]));
    let more = [("x-kind", "b"), ("x-more", "1")];
    assert_eq!(one.told("/v", &more).await, inner("by both"));
    settle().await;
    assert_eq!(two.told("/v", &more).await, fresh("by both"));
    assert_eq!(two.told("/v", &[("x-kind", "b"), ("x-more", "2")]).await, inner("two"));
    assert_eq!(two.told("/v", &kind("a")).await, fresh("one"));
}

#[tokio::test(start_paused = true)]
async fn a_look_for_what_nobody_has_does_not_undo_what_was_entered() {
    let (_world, one, _two) = pair(&VARIES).await;
    one.get("/v", &kind("a")).await;
    settle().await;
    // The store has not been told of what is entered now.
    one.instance.control.inject(Fault::slow(2 * SECOND).on(Scope::Only(Operation::Write)));
    sleep(SECOND).await;
    one.origin.says(answer("by more", &[("cache-control", "max-age=60"), ("vary", "x-more")]));
    let more = [("x-kind", "b"), ("x-more", "1")];
    assert_eq!(one.told("/v", &more).await, inner("by more"));
    one.origin.says(answer("one", &VARIES));
    one.get("/v", &kind("c")).await;
    assert_eq!(one.told("/v", &more).await, fresh("by more"));
}

#[tokio::test(start_paused = true)]
async fn variants_that_became_stale_with_their_index_serve_within_their_windows() {
    let fields = [
        ("cache-control", "max-age=3600, stale-while-revalidate=600, stale-if-error=600"),
        ("vary", "x-kind"),
    ];
    let (_world, one, two) = pair(&fields).await;
    one.get("/v", &kind("a")).await;
    one.get("/v", &kind("b")).await;
    one.get("/v", &kind("c")).await;
    settle().await;
    one.responses.expire(&uri("/v")).await.unwrap();
    settle().await;
    sleep(100 * SECOND).await;
    // One variant is fetched anew, and the others are stale still.
    assert_eq!(two.told("/v", &kind("a")).await, stale("one"));
    settle().await;
    assert_eq!(one.told("/v", &kind("a")).await, fresh("two"));
    for gateway in [&one, &two] {
        gateway.origin.says(super::http::status(503, "", &[]));
    }
    sleep(490 * SECOND).await;
    assert_eq!(one.told("/v", &kind("b")).await, stale("one"));
    assert_eq!(two.told("/v", &kind("b")).await, stale("one"));
    sleep(11 * SECOND).await;
    // 601 seconds after they were made stale.
    assert_eq!(one.get("/v", &kind("b")).await.status, 503);
    assert_eq!(two.get("/v", &kind("c")).await.status, 503);
    assert_eq!(one.told("/v", &kind("a")).await, fresh("two"));
}

#[tokio::test(start_paused = true)]
async fn entering_a_variant_does_not_make_the_stale_ones_younger() {
    let fields =
        [("cache-control", "max-age=3600, stale-while-revalidate=600"), ("vary", "x-kind")];
    let (_world, one, two) = pair(&fields).await;
    one.get("/v", &kind("a")).await;
    one.get("/v", &kind("b")).await;
    settle().await;
    one.responses.expire(&uri("/v")).await.unwrap();
    // Each enters another variant into the index that follows.
    for round in 0..5 {
        sleep(100 * SECOND).await;
        one.get("/v", &kind(&format!("x{round}"))).await;
        settle().await;
    }
    assert_eq!(two.told("/v", &kind("a")).await, stale("one"));
    settle().await;
    sleep(100 * SECOND).await;
    assert_eq!(two.told("/v", &kind("b")).await, inner("two"));
}

#[tokio::test(start_paused = true)]
async fn what_was_made_stale_twice_is_not_served_as_if_it_was_once() {
    let fields =
        [("cache-control", "max-age=3600, stale-while-revalidate=600"), ("vary", "x-kind")];
    let (_world, one, two) = pair(&fields).await;
    one.get("/v", &kind("a")).await;
    one.get("/v", &kind("b")).await;
    settle().await;
    for gateway in [&one, &two] {
        gateway.responses.expire(&uri("/v")).await.unwrap();
        settle().await;
        one.get("/v", &kind("a")).await;
        settle().await;
    }
    assert_eq!(one.told("/v", &kind("b")).await, inner("one"));
}

#[tokio::test]
async fn an_index_lasts_as_long_as_its_variants_are_fetched() {
    let day = [("cache-control", "max-age=86400"), ("vary", "x-kind")];
    let year = [("cache-control", "max-age=31536000"), ("vary", "x-kind")];
    let answers = (0..14).map(|_| answer("one", &day)).chain([answer("one", &year)]);
    let origin = Origin::new(answers);
    let clock = ManualClock::new();
    let caches = Caches::builder().with_clock(clock.clone()).build();
    let layer = CacheLayer::new(caches.responses("http").build().unwrap());
    let service = super::http::before(&layer, &origin);
    for _ in 0..15 {
        send(&service, get("/v", &kind("a"))).await;
        clock.advance(48 * HOUR);
    }
    // Day 40: the index of the first day would have been stale for ten days.
    clock.advance(240 * HOUR);
    let got = send(&service, get("/v", &kind("a"))).await;
    assert_eq!((got.header("age"), origin.asked()), ("1036800", 15));
}

#[tokio::test(start_paused = true)]
async fn a_miss_asks_the_store_once_for_the_index_and_once_for_the_variant() {
    let (_world, one, two) = pair(&VARIES).await;
    one.get("/v", &kind("a")).await;
    settle().await;
    let reads = || two.instance.calls(Operation::Read);
    two.get("/v", &kind("b")).await;
    assert_eq!(reads(), 2);
    two.get("/v", &kind("c")).await;
    assert_eq!(reads(), 4);
    two.get("/v", &kind("c")).await;
    assert_eq!(reads(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_varies_no_more_is_served_to_all() {
    let (_world, one, two) = pair(&VARIES).await;
    one.get("/v", &kind("a")).await;
    settle().await;
    two.get("/v", &kind("a")).await;
    one.origin.says(answer("plain", &[("cache-control", "max-age=60")]));
    assert_eq!(one.told("/v", &kind("b")).await, inner("plain"));
    settle().await;
    assert_eq!(two.told("/v", &kind("c")).await, fresh("plain"));
    assert_eq!(two.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_language_that_has_changed_is_not_served_for_the_one_it_was() {
    let world = World::new();
    let german =
        [("cache-control", "max-age=60"), ("vary", "accept-language"), ("content-language", "de")];
    let lay = |layer: CacheLayer| layer.normalising_variants();
    let english = [german[0], german[1], ("content-language", "en")];
    let origin = Origin::new([answer("Ja", &german), answer("Yes", &english)]);
    let one = Gateway::with(&world, &origin, |builder| builder, lay).await;
    let origin = Origin::new([answer("Doch", &german)]);
    let two = Gateway::with(&world, &origin, |builder| builder, lay).await;
    let both = [("accept-language", "de, en")];
    assert_eq!(one.told("/l", &both).await, inner("Ja"));
    settle().await;
    // By its language, since none has these words.
    assert_eq!(two.told("/l", &[("accept-language", "de")]).await, fresh("Ja"));
    sleep(61 * SECOND).await;
    assert_eq!(one.told("/l", &both).await, inner("Yes"));
    settle().await;
    assert_eq!(two.told("/l", &[("accept-language", "de")]).await, inner("Doch"));
    // And it is known by the one that it has now.
    let three = Gateway::with(&world, &Origin::default(), |builder| builder, lay).await;
    assert_eq!(three.told("/l", &[("accept-language", "en;q=0.5")]).await, fresh("Yes"));
}
