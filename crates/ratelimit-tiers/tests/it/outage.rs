//! A store that cannot decide: what each class then does, and that nobody is refused for it.

use std::num::NonZeroU32;

use bartizan_contract::ErrorReport;
use bartizan_ratelimit_tiers::{
    Class, Limits, MemoryStore, Outage, Penalty, RateLimitLayer, Store, StoreError, StoreErrorKind,
    Tier, Tiers,
};
use std::sync::Arc;
use std::time::Duration;

use crate::asking::{
    Mood, Moody, Seen, api, ask, by_account, free, of, of_tier, quota, request, statuses, store,
    tiers,
};

use StoreErrorKind::{Full, Protocol, Timeout, Unavailable, Unsupported};

const KINDS: [StoreErrorKind; 5] = [Unavailable, Timeout, Protocol, Unsupported, Full];

fn with_outage(outage: Outage) -> Limits {
    Limits::new(free(2, 60)).with_class(Class::new("api").with_outage(outage))
}

/// Every way in which a store fails.
fn failures() -> impl Iterator<Item = (StoreErrorKind, Mood)> {
    KINDS.into_iter().flat_map(|kind| [(kind, Mood::Away(kind)), (kind, Mood::SlowlyAway(kind))])
}

#[tokio::test]
async fn the_local_fallback_goes_on_limiting() {
    for (kind, mood) in failures() {
        let seen = Seen::default();
        let layer = RateLimitLayer::new(Moody::new(mood).0, with_outage(Outage::LocalFallback))
            .unwrap()
            .with_resolver(by_account)
            .with_observer(seen.clone());
        let heard = ask(&layer, of("ada")).await;
        assert_eq!((heard.status, heard.header("x-ratelimit-remaining")), (200, "1"));
        let mut events = seen.take();
        if mood == Mood::SlowlyAway(kind) {
            assert_eq!(events.remove(0), format!("answered {}", kind.as_str()));
        }
        assert_eq!(
            events,
            [format!("api local_fallback {}", kind.as_str()), "api free allowed".to_owned()]
        );
        statuses(&layer, || of("ada"), &[200, 429]).await;
        statuses(&layer, || of("bob"), &[200]).await;
    }
}

#[tokio::test]
async fn fail_open_lets_all_pass_without_a_word() {
    for (kind, mood) in failures() {
        let seen = Seen::default();
        let layer = RateLimitLayer::new(Moody::new(mood).0, with_outage(Outage::FailOpen))
            .unwrap()
            .with_resolver(by_account)
            .with_observer(seen.clone());
        statuses(&layer, || of("ada"), &[200; 5]).await;
        assert!(ask(&layer, of("ada")).await.headers.is_empty());
        let fell_back = format!("api fail_open {}", kind.as_str());
        let events = seen.take();
        assert_eq!(events.iter().filter(|event| **event == fell_back).count(), 6, "{events:?}");
    }
}

#[tokio::test]
async fn fail_closed_refuses_with_503_and_its_cause() {
    for (kind, mood) in failures() {
        let layer = RateLimitLayer::new(Moody::new(mood).0, with_outage(Outage::FailClosed))
            .unwrap()
            .with_resolver(by_account);
        let heard = ask(&layer, of("ada")).await;
        assert_eq!((heard.status, heard.header("retry-after")), (503, "1"));
        let report = heard.report.clone().unwrap();
        assert_eq!(report.code().as_str(), "SERVICE_UNAVAILABLE");
        assert_eq!(heard.body, report.to_json());
        assert_eq!(heard.header("cache-control"), "no-store");
        let cause = std::error::Error::source(&*report).unwrap();
        let cause: &StoreError = cause.downcast_ref().unwrap();
        assert_eq!(cause.kind(), kind);
        // The client reads nothing of the store.
        assert!(!heard.text().contains("store"), "{}", heard.text());
    }
}

#[tokio::test]
async fn the_cause_of_a_failure_stays_reachable() {
    let io = std::io::Error::other("connection reset");
    let error = StoreError::new(Unavailable).with_source(io);
    assert_eq!(error.to_string(), "the store of the limits is unavailable");
    let report = ErrorReport::from_status(http::StatusCode::SERVICE_UNAVAILABLE).with_source(error);
    let store = std::error::Error::source(&report).unwrap();
    assert_eq!(store.source().unwrap().to_string(), "connection reset");
    let said = KINDS.map(|kind| StoreError::new(kind).to_string());
    assert_eq!(
        said,
        [
            "the store of the limits is unavailable",
            "the store of the limits did not answer in time",
            "the store of the limits gave no valid answer",
            "the store of the limits cannot do that",
            "the store of the limits has no room",
        ]
    );
}

fn classes(outages: [Outage; 3]) -> Limits {
    let names = ["one", "two", "three"];
    let tier =
        names.into_iter().fold(Tier::new("free"), |tier, name| tier.with_quota(name, quota(2, 60)));
    names.into_iter().zip(outages).fold(Limits::new(tiers([tier])), |limits, (name, outage)| {
        limits.with_class(Class::new(name).with_outage(outage))
    })
}

#[tokio::test]
async fn each_class_has_its_own_policy() {
    let seen = Seen::default();
    let layer = |outages| {
        RateLimitLayer::new(Moody::new(Mood::Away(Unavailable)).0, classes(outages))
            .unwrap()
            .with_resolver(by_account)
            .with_observer(seen.clone())
    };
    let open = layer([Outage::FailOpen, Outage::LocalFallback, Outage::FailOpen]);
    let heard = ask(&open, of("ada")).await;
    assert_eq!(heard.header("ratelimit"), r#""two";r=1;t=30"#);
    assert_eq!(
        seen.take(),
        [
            "one fail_open unavailable",
            "two local_fallback unavailable",
            "three fail_open unavailable",
            "two free allowed"
        ]
    );
    statuses(&open, || of("ada"), &[200, 429]).await;
    // One that fails closed is enough, and then nothing is counted here.
    let closed = layer([Outage::LocalFallback, Outage::FailOpen, Outage::FailClosed]);
    statuses(&closed, || of("ada"), &[503, 503, 503, 503]).await;
    // In shadow it refuses nobody.
    let limits = Limits::new(free(2, 60))
        .with_class(Class::new("api").with_outage(Outage::FailClosed).in_shadow());
    let shadow = RateLimitLayer::new(Moody::new(Mood::Away(Unavailable)).0, limits).unwrap();
    statuses(&shadow, || of("ada"), &[200, 200, 200]).await;
}

fn divided() -> Tiers {
    tiers([
        Tier::new("free")
            .with_quota("api", quota(10, 60))
            .with_upgrade("pro")
            .divided_in_fallback(),
        Tier::new("pro").with_quota("api", quota(5, 60)),
    ])
}

#[tokio::test]
async fn a_divided_tier_is_divided_by_the_instances_and_others_keep_all() {
    // 10 among 4, rounded up, is 3.
    let limits = api(divided()).with_instances(NonZeroU32::new(4).unwrap());
    let (store, _) = Moody::new(Mood::Prompt);
    let layer = RateLimitLayer::new(store.clone(), limits).unwrap().with_resolver(by_account);
    statuses(&layer, || of("whole"), &[200; 10]).await;
    store.is_now(Mood::Away(Timeout));
    statuses(&layer, || of("ada"), &[200, 200, 200]).await;
    let heard = ask(&layer, of("ada")).await;
    assert_eq!(heard.status, 429);
    // The caller is told of its tier, not of our trouble.
    assert_eq!(heard.header("x-ratelimit-limit"), "10");
    assert!(heard.text().contains(r#""limits":{"current":10,"pro":5}"#), "{}", heard.text());
    statuses(&layer, || of_tier("eve", "pro"), &[200, 200, 200, 200, 200, 429]).await;
}

#[tokio::test]
async fn the_store_is_asked_again_as_soon_as_it_is_back() {
    let seen = Seen::default();
    let (store, _) = Moody::new(Mood::Slow);
    let layer = RateLimitLayer::new(store.clone(), api(free(3, 60)))
        .unwrap()
        .with_resolver(by_account)
        .with_observer(seen.clone());
    statuses(&layer, || of("ada"), &[200, 200]).await;
    store.is_now(Mood::SlowlyAway(Unavailable));
    // The fallback knows nothing of what was counted before.
    statuses(&layer, || of("ada"), &[200, 200, 200, 429]).await;
    store.is_now(Mood::Slow);
    statuses(&layer, || of("ada"), &[200, 429]).await;
    assert_eq!(
        seen.take().into_iter().filter(|event| event.starts_with("answered")).collect::<Vec<_>>(),
        [
            "answered well",
            "answered well",
            "answered unavailable",
            "answered unavailable",
            "answered unavailable",
            "answered unavailable",
            "answered well",
            "answered well",
        ]
    );
}

#[tokio::test]
async fn the_fallback_may_be_a_store_of_ones_own() {
    let fallback = MemoryStore::with_capacity(65_536).unwrap();
    let layer = RateLimitLayer::new(
        Moody::new(Mood::Away(Full)).0,
        api(free(2, 60)).with_fallback(fallback.clone()),
    )
    .unwrap()
    .with_resolver(by_account);
    statuses(&layer, || of("ada"), &[200]).await;
    assert_eq!(fallback.stats().subjects, 1);
}

#[tokio::test]
async fn what_was_counted_here_is_given_back_here() {
    let (store, _) = Moody::new(Mood::Prompt);
    let limits = Limits::new(free(2, 60)).with_class(Class::new("api").counting_failures());
    let layer = RateLimitLayer::managed(store.clone(), limits).unwrap().with_resolver(by_account);
    let failed = || request("GET", "/401", &[("x-account", "ada")]);
    statuses(&layer, failed, &[401]).await;
    store.is_now(Mood::Away(Unavailable));
    // Successes are given back to the fallback.
    statuses(&layer, || of("ada"), &[200; 5]).await;
    statuses(&layer, failed, &[401, 401, 429]).await;
    store.is_now(Mood::Prompt);
    // And not to the store, which has counted one failure.
    statuses(&layer, failed, &[401, 429]).await;
}

#[tokio::test]
async fn blocks_during_an_outage_are_kept_here() {
    let (store, _) = Moody::new(Mood::Away(Unavailable));
    let (first, longest) = (Duration::from_secs(600), Duration::from_secs(3_600));
    let class = Class::new("api").with_penalty(Penalty::doubling(first, longest, longest));
    let layer = RateLimitLayer::managed(store.clone(), Limits::new(free(1, 60)).with_class(class))
        .unwrap()
        .with_resolver(by_account);
    statuses(&layer, || of("ada"), &[200]).await;
    assert_eq!(ask(&layer, of("ada")).await.header("retry-after"), "600");
    store.is_now(Mood::Prompt);
    statuses(&layer, || of("ada"), &[200]).await;
}

#[tokio::test]
async fn a_store_error_is_never_a_429() {
    for outage in [Outage::LocalFallback, Outage::FailOpen, Outage::FailClosed] {
        for (_, mood) in failures() {
            let layer = RateLimitLayer::new(Moody::new(mood).0, with_outage(outage)).unwrap();
            let status = ask(&layer, of("ada")).await.status;
            assert_eq!(status, if outage == Outage::FailClosed { 503 } else { 200 });
        }
    }
}

#[tokio::test]
async fn a_store_may_be_shared_by_reference_count() {
    let (good, _) = store();
    let shared = Arc::new(good);
    let one = RateLimitLayer::new(Arc::clone(&shared), api(free(2, 60))).unwrap();
    let two = RateLimitLayer::new(Arc::clone(&shared), api(free(2, 60))).unwrap();
    statuses(&one, || of("ada"), &[200]).await;
    statuses(&two, || of("ada"), &[200, 429]).await;
    let _: &bartizan_ratelimit_tiers::SubjectHasher = shared.hasher();
}
