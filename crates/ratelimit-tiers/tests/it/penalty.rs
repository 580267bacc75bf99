//! Counting failures only, and blocks that grow.

use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Class, Limits, Manage, MemoryStore, Penalty, RateLimitLayer, Store, Tier,
};
use http::{Request, Response};

use crate::asking::{
    ByAccount, Hand, Mood, Moody, ask, by_account, free, quota, request, statuses, store, tiers,
};

const MINUTE: Duration = Duration::from_secs(60);

fn answered(status: &'static str) -> impl Fn() -> Request<()> {
    move || request("POST", status, &[("x-account", "ada")])
}

/// Ten failures in a quarter of an hour, then blocks of 1, 2, 4, 5, 5 ... minutes, remembered for
/// an hour.
fn login() -> Limits {
    let penalty = Penalty::doubling(MINUTE, 5 * MINUTE, 60 * MINUTE);
    let class = Class::new("api").counting_failures().with_penalty(penalty);
    Limits::new(free(3, 10)).with_class(class)
}

#[test]
fn a_block_lasts_twice_as_long_each_time_up_to_the_longest() {
    let penalty = Penalty::doubling(MINUTE, 5 * MINUTE, 60 * MINUTE);
    let minutes =
        [0, 1, 2, 3, 4, 33, u32::MAX].map(|strikes| penalty.block(strikes).as_secs() / 60);
    assert_eq!(minutes, [1, 1, 2, 4, 5, 5, 5]);
}

#[tokio::test]
async fn successes_are_given_back_and_failures_stay() {
    let limits = Limits::new(free(3, 900)).with_class(Class::new("api").counting_failures());
    let layer = RateLimitLayer::managed(store().0, limits).unwrap().with_resolver(by_account);
    statuses(&layer, answered("/200"), &[200; 10]).await;
    statuses(&layer, answered("/302"), &[302; 10]).await;
    statuses(&layer, answered("/401"), &[401]).await;
    statuses(&layer, answered("/200"), &[200; 10]).await;
    statuses(&layer, answered("/500"), &[500]).await;
    statuses(&layer, answered("/404"), &[404, 429]).await;
    // Also those that would succeed: it is not known before.
    statuses(&layer, answered("/200"), &[429]).await;
}

#[tokio::test]
async fn the_headers_tell_what_was_taken_before_it_was_given_back() {
    let limits = Limits::new(free(3, 900)).with_class(Class::new("api").counting_failures());
    let (store, _) = Moody::new(Mood::Slow);
    let layer = RateLimitLayer::managed(store, limits).unwrap().with_resolver(by_account);
    for _ in 0..5 {
        let heard = ask(&layer, answered("/200")()).await;
        assert_eq!((heard.status, heard.header("x-ratelimit-remaining")), (200, "2"));
    }
}

#[tokio::test]
async fn a_refund_sees_the_head_of_the_response_and_leaves_it_whole() {
    let cached = |response: &Response<()>| {
        response.headers().get("x-cache").is_some_and(|value| value == "hit")
            && response.status() == 200
            && response.extensions().get::<u8>() == Some(&7)
    };
    let tiers =
        tiers([Tier::new("free").with_quota("hits", quota(1, 60)).with_quota("all", quota(3, 60))]);
    let limits = Limits::new(tiers)
        .with_class(Class::new("hits").refunding(cached))
        .with_class(Class::new("all"));
    let layer = RateLimitLayer::managed(store().0, limits).unwrap().with_resolver(by_account);
    let service = tower::Layer::layer(
        &layer,
        bartizan_probe::strict_fn(|request: Request<()>| async move {
            let cache = request.uri().path()[1..].to_owned();
            let response = Response::builder().header("x-cache", cache).extension(7_u8);
            Ok::<_, std::convert::Infallible>(
                response.body(http_body_util::Full::<bytes::Bytes>::default()).unwrap(),
            )
        }),
    );
    let mut found = Vec::new();
    for path in ["/hit", "/hit", "/miss", "/miss"] {
        let request = request("GET", path, &[("x-account", "ada")]);
        let response = tower::ServiceExt::oneshot(service.clone(), request).await.unwrap();
        if response.status() == 200 {
            assert_eq!(response.headers()["x-cache"], path[1..]);
            assert_eq!(response.extensions().get(), Some(&7_u8));
        }
        found.push(response.status().as_u16());
    }
    // The hits take nothing from `hits`, and all from `all`.
    assert_eq!(found, [200, 200, 200, 429]);
}

/// Fails until it is refused, and gives the wait that is told then.
async fn blocked(layer: &RateLimitLayer<MemoryStore<Hand>, ByAccount>) -> u64 {
    for _ in 0..4 {
        let heard = ask(layer, answered("/401")()).await;
        if heard.status == 429 {
            assert!(heard.text().contains(&format!("\"retryAfter\":{},", heard.wait().as_secs())));
            return heard.wait().as_secs();
        }
    }
    panic!("it is not refused")
}

#[tokio::test]
async fn blocks_grow_and_are_forgotten() {
    let (store, clock) = store();
    let layer =
        RateLimitLayer::managed(store, login()).unwrap().with_resolver(by_account as ByAccount);
    let mut blocks = Vec::new();
    for _ in 0..5 {
        let block = blocked(&layer).await;
        blocks.push(block / 60);
        // Until the last second of it, nothing passes.
        clock.advance_secs(block - 1);
        statuses(&layer, answered("/200"), &[429]).await;
        clock.advance_secs(1);
        statuses(&layer, answered("/200"), &[200]).await;
    }
    assert_eq!(blocks, [1, 2, 4, 5, 5]);
    // An hour after the last one nobody remembers.
    clock.advance(61 * MINUTE);
    assert_eq!(blocked(&layer).await, 60);
}

#[tokio::test]
async fn hammering_at_a_block_does_not_extend_it() {
    let (store, clock) = store();
    let layer =
        RateLimitLayer::managed(store, login()).unwrap().with_resolver(by_account as ByAccount);
    assert_eq!(blocked(&layer).await, 60);
    for second in 1..60 {
        clock.advance_secs(1);
        let heard = ask(&layer, answered("/401")()).await;
        assert_eq!((heard.status, heard.wait().as_secs()), (429, 60 - second));
    }
    clock.advance_secs(1);
    statuses(&layer, answered("/401"), &[401]).await;
    // The next one is the second, not the sixtieth.
    assert_eq!(blocked(&layer).await, 120);
}

#[tokio::test]
async fn a_block_is_lifted_by_a_reset() {
    let (store, _) = store();
    let layer = RateLimitLayer::managed(store.clone(), login())
        .unwrap()
        .with_resolver(by_account as ByAccount);
    blocked(&layer).await;
    let subject = store.hasher().subject("account", b"ada");
    store.reset(subject, None).await.unwrap();
    assert_eq!(blocked(&layer).await, 60);
}

#[tokio::test]
async fn others_are_not_blocked() {
    let (store, _) = store();
    let layer =
        RateLimitLayer::managed(store, login()).unwrap().with_resolver(by_account as ByAccount);
    blocked(&layer).await;
    statuses(&layer, || request("POST", "/401", &[("x-account", "bob")]), &[401, 401]).await;
}

#[tokio::test]
async fn a_class_that_refuses_blocks_though_another_waits_longer() {
    let (store, clock) = store();
    let tiers =
        tiers([Tier::new("free").with_quota("api", quota(1, 10)).with_quota("all", quota(1, 40))]);
    let penalty = Penalty::doubling(MINUTE, 5 * MINUTE, 60 * MINUTE);
    let limits = Limits::new(tiers)
        .with_class(Class::new("api").with_penalty(penalty))
        .with_class(Class::new("all"));
    let layer = RateLimitLayer::managed(store, limits).unwrap().with_resolver(by_account);
    statuses(&layer, answered("/200"), &[200]).await;
    let heard = ask(&layer, answered("/200")()).await;
    // The wait is the longest of all, the headers are those of the quota that refuses for longest.
    assert_eq!((heard.status, heard.header("retry-after")), (429, "60"));
    assert!(heard.header("ratelimit").starts_with("\"all\""));
    clock.advance_secs(59);
    statuses(&layer, answered("/200"), &[429]).await;
    clock.advance_secs(1);
    statuses(&layer, answered("/200"), &[200]).await;
}
