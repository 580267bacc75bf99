//! How many requests of a subject are in flight: from the call until the body has ended.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bartizan_contract::{Code, ErrorReport};
use bartizan_probe::{Scripted, Step, strict_fn};
use bartizan_ratelimit_tiers::{
    Class, Limits, MemoryStore, RateLimitBody, RateLimitLayer, Refusal, Tier,
};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

use crate::asking::{
    ByAccount, Hand, Seen, api, ask, by_account, hear, now, of, of_tier, quota, statuses, store,
    tiers,
};

/// Free 1, pro 2 at once; the pro tier also has a quota.
fn limits() -> Limits {
    let most = |most| NonZeroU32::new(most).unwrap();
    api(tiers([
        Tier::new("free").with_concurrency("api", most(1)),
        Tier::new("pro").with_concurrency("api", most(2)).with_quota("api", quota(5, 60)),
    ]))
}

fn layer(limits: Limits) -> RateLimitLayer<MemoryStore<Hand>, ByAccount> {
    RateLimitLayer::new(store().0, limits).unwrap().with_resolver(by_account as ByAccount)
}

/// An answer whose body plays these steps.
async fn open(
    layer: &RateLimitLayer<MemoryStore<Hand>, ByAccount>,
    account: &str,
    steps: &[Step],
) -> Response<RateLimitBody<Scripted>> {
    let steps = steps.to_vec();
    let service = layer.layer(strict_fn(move |_: Request<()>| {
        let body = Scripted::new(steps.clone());
        async { Ok::<_, Infallible>(Response::new(body)) }
    }));
    let Ok(response) = service.oneshot(of(account)).await;
    response
}

#[tokio::test]
async fn a_place_is_held_until_the_body_is_read_to_its_end() {
    let layer = layer(limits());
    let mut body = open(&layer, "ada", &[Step::Data("a".into())]).await.into_body();
    statuses(&layer, || of("ada"), &[429, 429]).await;
    // Each subject has its own places.
    statuses(&layer, || of("bob"), &[200]).await;
    assert!(body.frame().await.unwrap().unwrap().is_data());
    assert!(body.frame().await.is_none());
    // The body still lives, and has ended.
    statuses(&layer, || of("ada"), &[200]).await;
    drop(body);
    statuses(&layer, || of("ada"), &[200]).await;
}

#[tokio::test]
async fn a_place_is_free_when_the_body_is_dropped_or_fails() {
    let layer = layer(limits());
    let response = open(&layer, "ada", &[Step::Data("a".into()), Step::Hang]).await;
    statuses(&layer, || of("ada"), &[429]).await;
    drop(response);
    statuses(&layer, || of("ada"), &[200]).await;

    let mut body = open(&layer, "ada", &[Step::Error]).await.into_body();
    statuses(&layer, || of("ada"), &[429]).await;
    assert!(body.frame().await.unwrap().is_err());
    statuses(&layer, || of("ada"), &[200]).await;
    drop(body);
}

#[tokio::test]
async fn a_place_is_free_when_the_inner_service_fails_or_panics() {
    let layer = layer(limits());
    let failing = layer.layer(strict_fn(async |_: Request<()>| {
        Err::<Response<Scripted>, _>(std::io::Error::other("failed"))
    }));
    failing.oneshot(of("ada")).await.unwrap_err();
    statuses(&layer, || of("ada"), &[200]).await;

    let panicking = layer.layer(strict_fn(async |request: Request<()>| {
        assert!(request.uri().path() != "/", "as the test wants");
        Ok::<_, Infallible>(Response::new(Scripted::new([])))
    }));
    let task = tokio::spawn(panicking.oneshot(of("ada")));
    assert!(task.await.unwrap_err().is_panic());
    statuses(&layer, || of("ada"), &[200]).await;
}

#[tokio::test]
async fn a_request_that_a_quota_refuses_holds_no_place() {
    let layer = layer(limits());
    statuses(&layer, || of_tier("ada", "pro"), &[200; 5]).await;
    statuses(&layer, || of_tier("ada", "pro"), &[429; 5]).await;
    // And one that finds no place takes nothing of the quota.
    let layer = self::layer(limits());
    let pro = || of_tier("eve", "pro");
    let hold = || {
        let service = layer.layer(strict_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(Scripted::new([Step::Hang])))
        }));
        now(service.oneshot(pro())).unwrap()
    };
    let two = [hold(), hold()];
    statuses(&layer, pro, &[429; 9]).await;
    drop(two);
    statuses(&layer, pro, &[200, 200, 200, 429]).await;
}

#[tokio::test]
async fn a_crowd_is_told_so_and_the_observer_too() {
    let seen = Seen::default();
    let layer = layer(limits()).with_observer(seen.clone());
    let service = layer.layer(strict_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Scripted::new([Step::Hang])))
    }));
    let held = service.clone().oneshot(of("ada")).await.unwrap();
    let heard = hear(service.oneshot(of("ada")).await.unwrap()).await;
    assert_eq!((heard.status, heard.header("retry-after")), (429, "1"));
    assert_eq!(
        heard.text(),
        r#"{"success":false,"error":{"message":"Too many requests at the same time.","code":"RATE_LIMIT_EXCEEDED"}}"#
    );
    assert_eq!(heard.header("cache-control"), "no-store");
    assert_eq!(heard.report.unwrap().code(), Code::RATE_LIMIT_EXCEEDED);
    assert_eq!(seen.take(), ["api free crowded"]);
    drop(held);

    let report = |refusal: &Refusal<'_>| {
        assert!(refusal.outcome().is_none());
        let words = format!("{} {} {:?}", refusal.tier(), refusal.class(), refusal.retry_after());
        ErrorReport::new(StatusCode::SERVICE_UNAVAILABLE, Code::RATE_LIMIT_EXCEEDED, words)
    };
    let layer = self::layer(limits().with_report(report));
    let held = open(&layer, "ada", &[Step::Hang]).await;
    let heard = ask(&layer, of("ada")).await;
    assert_eq!(heard.status, 503);
    assert!(heard.text().contains("\"free api 1s\""), "{}", heard.text());
    drop(held);
}

#[tokio::test]
async fn places_of_several_classes_are_taken_together() {
    let most = NonZeroU32::new(1).unwrap();
    let tiers =
        tiers([Tier::new("free").with_concurrency("one", most).with_concurrency("two", most)]);
    let layer = layer(
        Limits::new(tiers)
            .with_class(Class::new("one").when(|head| head.method() == "GET"))
            .with_class(Class::new("two")),
    );
    let post = || crate::asking::request("POST", "/", &[("x-account", "ada")]);
    let service = layer.layer(strict_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Scripted::new([Step::Hang])))
    }));
    let held = service.clone().oneshot(post()).await.unwrap();
    // `two` has no place, so that in `one` is given back.
    statuses(&layer, || of("ada"), &[429, 429]).await;
    drop(held);
    statuses(&layer, || of("ada"), &[200, 200]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn never_more_than_allowed_are_in_flight_under_64_tasks() {
    const MOST: usize = 5;
    let most = NonZeroU32::try_from(u32::try_from(MOST).unwrap()).unwrap();
    let layer = layer(api(tiers([Tier::new("free").with_concurrency("api", most)])));
    let (inside, highest, passed) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let service = {
        let (inside, highest, passed) =
            (Arc::clone(&inside), Arc::clone(&highest), Arc::clone(&passed));
        layer.layer(strict_fn(move |_: Request<()>| {
            let (inside, highest) = (Arc::clone(&inside), Arc::clone(&highest));
            passed.fetch_add(1, Ordering::SeqCst);
            async move {
                let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                highest.fetch_max(now, Ordering::SeqCst);
                tokio::task::yield_now().await;
                inside.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, Infallible>(Response::new(Scripted::new([Step::Pending])))
            }
        }))
    };
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move {
                for _ in 0..200 {
                    let Ok(response) = service.clone().oneshot(of("ada")).await;
                    assert!([200, 429].contains(&response.status().as_u16()));
                    response.into_body().collect().await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(highest.load(Ordering::SeqCst) <= MOST);
    assert!(passed.load(Ordering::SeqCst) >= 200);
    // No place was lost.
    let mut held = Vec::new();
    for _ in 0..MOST {
        let response = open(&layer, "ada", &[Step::Hang]).await;
        assert_eq!(response.status(), 200);
        held.push(response);
    }
    statuses(&layer, || of("ada"), &[429]).await;
}
