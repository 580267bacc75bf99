//! Ways past a limit that were open once.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use bartizan_contract::{Code, ErrorReport};
use bartizan_ratelimit_tiers::{
    Answer, Ask, Class, ClassId, Clock, Delay, Limit, Limits, Manage, MemoryStore, Part, Penalty,
    Quota, RateLimitLayer, Refusal, Store, Subject, Tier, TierChange, Treatment, by_header, either,
};
use http::{HeaderName, Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::asking::{
    Hand, api, ask, by_account, free, from, of, quota, request, statuses, store, tiers,
};

#[tokio::test]
async fn a_class_of_get_holds_head() {
    let limits = Limits::new(free(1, 60)).with_class(Class::new("api").with_method(Method::GET));
    let layer = RateLimitLayer::new(store().0, limits).unwrap().with_resolver(by_account);
    statuses(&layer, || request("GET", "/", &[("x-account", "a")]), &[200, 429]).await;
    statuses(&layer, || request("HEAD", "/", &[("x-account", "a")]), &[429]).await;
}

#[tokio::test]
async fn two_headers_are_two_kinds() {
    let org = HeaderName::from_static("x-org");
    let user = HeaderName::from_static("x-user");
    let layer = RateLimitLayer::new(store().0, api(free(1, 60)))
        .unwrap()
        .with_resolver(either(by_header(org), by_header(user)));
    statuses(&layer, || request("GET", "/", &[("x-org", "42")]), &[200]).await;
    statuses(&layer, || request("GET", "/", &[("x-user", "42")]), &[200]).await;
}

#[tokio::test]
async fn a_blocked_subject_is_told_that_nothing_is_left() {
    let (store, clock) = store();
    let layer = RateLimitLayer::managed(store.clone(), api(free(20, 60)))
        .unwrap()
        .with_resolver(by_account);
    let subject = store.hasher().subject("account", b"ada");
    let until = clock.now().saturating_add(Duration::from_secs(3600));
    store.block_until(subject, None, until).await.unwrap();
    let heard = ask(&layer, of("ada")).await;
    assert_eq!((heard.status, heard.header("retry-after")), (429, "3600"));
    assert_eq!(
        (heard.header("x-ratelimit-remaining"), heard.header("ratelimit")),
        ("0", r#""api";r=0;t=3600"#)
    );
}

#[tokio::test]
async fn a_penalty_is_told_in_all_headers() {
    let (store, clock) = store();
    let minute = Duration::from_secs(60);
    let class = Class::new("api").with_penalty(Penalty::doubling(15 * minute, 60 * minute, minute));
    let layer = RateLimitLayer::managed(store, Limits::new(free(1, 1)).with_class(class))
        .unwrap()
        .with_resolver(by_account);
    statuses(&layer, || of("ada"), &[200, 429]).await;
    clock.advance_secs(2);
    let heard = ask(&layer, of("ada")).await;
    assert_eq!((heard.status, heard.header("retry-after")), (429, "898"));
    assert_eq!(
        (heard.header("x-ratelimit-remaining"), heard.header("ratelimit")),
        ("0", r#""api";r=0;t=898"#)
    );
}

#[tokio::test(start_paused = true)]
async fn an_endless_delay_panics_nobody() {
    let delay =
        Delay::doubling(0.0, Duration::from_secs(1), Duration::MAX, NonZeroUsize::MIN).unwrap();
    let limits = Limits::new(free(9, 60)).with_class(Class::new("api").with_delay(delay));
    let layer = RateLimitLayer::new(store().0, limits).unwrap().with_resolver(by_account);
    let mut call = Box::pin(ask(&layer, of("ada")));
    assert!(is_pending(&mut call));
    assert_eq!(ask(&layer, of("bob")).await.status, 429);
}

#[tokio::test]
async fn failures_of_grpc_are_counted() {
    let limits = Limits::new(free(2, 60)).with_class(Class::new("api").counting_failures());
    let layer = RateLimitLayer::managed(store().0, limits).unwrap().with_resolver(by_account);
    let inner = bartizan_probe::strict_fn(|_: Request<()>| async {
        let response = Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-status", "16");
        Ok::<_, std::convert::Infallible>(response.body(Full::<bytes::Bytes>::default()).unwrap())
    });
    let mut codes = vec![];
    for _ in 0..4 {
        let request = request(
            "POST",
            "/auth.Auth/Login",
            &[("x-account", "a"), ("content-type", "application/grpc")],
        );
        let response = layer.layer(inner.clone()).oneshot(request).await.unwrap();
        codes.push(response.headers()["grpc-status"].to_str().unwrap().to_owned());
    }
    assert_eq!(codes, ["16", "16", "8", "8"]);
}

#[tokio::test]
async fn an_own_report_tells_when_to_retry() {
    let report = |_: &Refusal<'_>| {
        ErrorReport::new(StatusCode::TOO_MANY_REQUESTS, Code::RATE_LIMIT_EXCEEDED, "slow down")
    };
    let layer = RateLimitLayer::new(store().0, api(free(1, 60)).with_report(report))
        .unwrap()
        .with_resolver(by_account);
    statuses(&layer, || of("a"), &[200]).await;
    assert_eq!(ask(&layer, of("a")).await.header("retry-after"), "60");
}

/// Login guessing by address: 10 in a quarter of an hour for anonymous callers. One who has a paid
/// account at the same address washes them away with one request a time.
#[tokio::test]
async fn guesses_of_an_address_stay_bounded_though_a_paying_caller_shares_it() {
    let (store, clock) = store();
    let tiers = tiers([
        Tier::new("free").with_quota("api", quota(10, 900)),
        Tier::new("pro").with_quota("api", quota(1000, 900)),
    ]);
    let layer = RateLimitLayer::new(
        store,
        Limits::new(tiers).with_class(Class::new("api").per_client_ip()),
    )
    .unwrap()
    .with_resolver(by_account);
    let mut guesses = 0;
    for _ in 0..60 {
        while ask(&layer, from("192.0.2.1")).await.status == 200 {
            guesses += 1;
        }
        let mut paid = from("192.0.2.1");
        paid.headers_mut().insert("x-account", "me".parse().unwrap());
        paid.headers_mut().insert("x-tier", "pro".parse().unwrap());
        assert_eq!(ask(&layer, paid).await.status, 200);
        clock.advance_secs(15);
    }
    // B + t*N/W = 10 + 10 in 900 s
    assert!(guesses <= 20, "{guesses} anonymous guesses in 900 s");
}

#[tokio::test]
async fn a_refund_after_a_tier_change_frees_no_more_than_was_taken() {
    let (store, clock) = store();
    let subject = store.hasher().subject("account", b"a");
    let class = ClassId::of("api");
    for (change, expected) in [(TierChange::Proportional, 10), (TierChange::Reset, 10)] {
        store.reset(subject, None).await.unwrap();
        let pro = [Limit::new(class, quota(100, 3600).strict()).with_change(change)];
        let free = [Limit::new(class, quota(10, 3600).strict()).with_change(change)];
        let taken = clock.now();
        for _ in 0..100 {
            assert!(now_decide(&store, subject, &pro));
        }
        // The tier changes: everything of free is consumed as well (proportional), or nothing is.
        let mut admitted = 0;
        while now_decide(&store, subject, &free) {
            admitted += 1;
        }
        // Ten of the hundred are given back: 1 of 10.
        for _ in 0..10 {
            store.refund(&Ask::new(&[Part { subject, limits: &pro }]), taken).await.unwrap();
        }
        let mut more = 0;
        while now_decide(&store, subject, &free) {
            more += 1;
        }
        assert!(admitted + more <= expected && more <= 1, "{change:?}: {admitted} + {more}");
        clock.advance_secs(7200);
    }
}

#[tokio::test(start_paused = true)]
async fn one_caller_cannot_take_all_seats() {
    let delay = Delay::doubling(
        0.5,
        Duration::from_secs(5),
        Duration::from_secs(5),
        NonZeroUsize::new(4).unwrap(),
    )
    .unwrap();
    let limits = Limits::new(free(20, 3600)).with_class(Class::new("api").with_delay(delay));
    let layer = RateLimitLayer::new(store().0, limits).unwrap().with_resolver(by_account);
    for account in ["ada", "bob"] {
        statuses(&layer, || of(account), &[200; 10]).await;
    }
    // Of four seats one subject has one at a time.
    let mut held = Box::pin(ask(&layer, of("ada")));
    assert!(is_pending(&mut held));
    statuses(&layer, || of("ada"), &[429, 429, 429]).await;
    // Bob has half of his quota and asks one at a time.
    statuses(&layer, || of("bob"), &[200; 10]).await;
    assert_eq!(held.await.status, 200);
}

#[tokio::test]
async fn in_shadow_nothing_is_refused() {
    let limits = api(free(1, 60)).in_shadow().with_treatment(|_, _| Treatment::Deny);
    let layer = RateLimitLayer::new(store().0, limits).unwrap();
    assert_eq!(ask(&layer, of("a")).await.status, 200);
}

#[test]
fn a_burst_does_not_undo_strict() {
    let quota = Quota::per_minute(20).unwrap().strict().with_burst(40);
    assert_eq!(
        quota.unwrap_err().to_string(),
        "burst is 40, expected no burst, since only gcra has one"
    );
}

#[tokio::test]
async fn each_class_that_refuses_blocks_its_own_subject() {
    let (store, clock) = store();
    let tiers = tiers([Tier::new("free")
        .with_quota("account", quota(1, 10))
        .with_quota("ip", quota(1, 10))]);
    let hour = Duration::from_secs(3600);
    let penalty = Penalty::doubling(hour, hour, hour);
    let limits = Limits::new(tiers)
        .with_class(Class::new("account").with_penalty(penalty))
        .with_class(Class::new("ip").per_client_ip().with_penalty(penalty));
    let layer = RateLimitLayer::managed(store, limits).unwrap().with_resolver(by_account);
    let of = |account: &'static str| {
        move || {
            let mut r = from("192.0.2.1");
            r.headers_mut().insert("x-account", account.parse().unwrap());
            r
        }
    };
    statuses(&layer, of("ada"), &[200, 429, 429, 429]).await;
    clock.advance_secs(11);
    // The address was refused as well, so it is blocked.
    statuses(&layer, of("bob"), &[429]).await;
}

fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

fn now_decide(store: &MemoryStore<Hand>, subject: Subject, limits: &[Limit]) -> bool {
    match store.decide(&Ask::new(&[Part { subject, limits }])) {
        Answer::Now(verdict) => verdict.unwrap().is_admitted(),
        Answer::Later(_) => panic!("the store in the process answers at once"),
    }
}

#[test]
fn a_tier_is_not_called_as_a_member_of_the_refusal() {
    let current = bartizan_ratelimit_tiers::Tiers::new([Tier::new("current")]);
    assert_eq!(
        current.unwrap_err().to_string(),
        "tier is \"current\", expected another name than `current`"
    );
}
