//! What a quota costs: answers "may every request be counted, three times, and told of it?".
//!
//! The decision alone beside governor and the clock that both read; the layer beside the bare
//! service, `tower_governor` and `axum-governor`, allowed and denied. Quotas refill faster than the
//! bench asks, so that all remains allowed and what remains has three digits, as in production.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up ends")]

use std::convert::Infallible;
use std::error::Error;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use axum::body::Body as AxumBody;
use axum_governor::extractor::Header;
use bartizan_benches::ThreadCpuTime;
use bartizan_contract::ErrorReport;
use bartizan_ratelimit_tiers::wire::{DraftVersion, HeaderForms};
use bartizan_ratelimit_tiers::{
    Answer, Ask, Caller, Class, ClassId, ConfigError, Head, Limit, Limits, MemoryStore, Part,
    Quota, RateLimitLayer, Store, Subject, Tier, Tiers,
};
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use governor::DefaultKeyedRateLimiter;
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use tower::service_fn;
use tower_governor::GovernorLayer;
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_layer::Layer;
use tower_service::Service;

type Fallible<T = ()> = Result<T, Box<dyn Error>>;

static KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A unit comes back in so many nanoseconds: less than any decision takes.
const INTERVAL: u64 = 10;
const BURST: u32 = 900;

fn refilling() -> Result<Quota, ConfigError> {
    Quota::new(BURST, Duration::from_nanos(INTERVAL * u64::from(BURST)))
}

fn governor_quota(interval: Duration, burst: u32) -> Fallible<governor::Quota> {
    let quota = governor::Quota::with_period(interval).ok_or("no interval")?;
    Ok(quota.allow_burst(NonZeroU32::new(burst).ok_or("no burst")?))
}

/// The same quota in so many classes.
fn three(quota: Quota) -> [Limit; 3] {
    ["a", "b", "c"].map(|class| Limit::new(ClassId::of(class), quota))
}

fn decide(store: &MemoryStore, subject: Subject, limits: &[Limit]) -> bool {
    match store.decide(&Ask::new(&[Part { subject, limits }])) {
        Answer::Now(Ok(verdict)) => verdict.is_admitted(),
        _ => false,
    }
}

fn decision(c: &mut Criterion<ThreadCpuTime>) {
    decisions(c).expect("the quotas are valid");
}

fn decisions(c: &mut Criterion<ThreadCpuTime>) -> Fallible {
    let mut group = c.benchmark_group("ratelimit_tiers/decision");
    group.bench_function("clock", |b| b.iter(Instant::now));
    let store = MemoryStore::new();
    let subject = |name: &str| store.hasher().subject("account", name.as_bytes());
    let (one, other, strict) = (subject("one"), subject("other"), subject("strict"));
    let gcra = three(refilling()?);
    group.bench_function("gcra_1", |b| {
        b.iter(|| decide(&store, one, black_box(gcra.split_at(1).0)));
    });
    group.bench_function("gcra_3", |b| b.iter(|| decide(&store, other, black_box(&gcra))));
    let limits = three(refilling()?.strict());
    group.bench_function("strict_3", |b| b.iter(|| decide(&store, strict, black_box(&limits))));
    let rival = DefaultKeyedRateLimiter::<u64>::keyed(governor_quota(
        Duration::from_nanos(INTERVAL),
        BURST,
    )?);
    group.bench_function("governor_1", |b| b.iter(|| rival.check_key(black_box(&7)).is_ok()));
    group.finish();
    Ok(())
}

/// Wall time of `rounds` on each of two threads that begin together.
fn on_two_threads(rounds: u64, round: impl Fn(u64) + Sync) -> Duration {
    let start = Barrier::new(2);
    let run = |seed: u64| {
        start.wait();
        let began = Instant::now();
        // A multiplicative walk over the keys (Knuth): no order that a cache could guess.
        (0..rounds).for_each(|at| round((at + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20));
        began.elapsed()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| run(0x5_1234));
        let mine = run(0);
        mine.max(other.join().unwrap_or_default())
    })
}

const KEYS: u64 = 100_000;

fn two_threads(c: &mut Criterion) {
    contended(c).expect("the quotas are valid");
}

fn contended(c: &mut Criterion) -> Fallible {
    let mut group = c.benchmark_group("ratelimit_tiers/two_threads_100k_keys");
    let store = MemoryStore::new();
    let subjects: Vec<_> =
        (0..KEYS).map(|key| store.hasher().subject("account", &key.to_le_bytes())).collect();
    let limits = three(refilling()?);
    let subject = |key: u64| usize::try_from(key % KEYS).ok().and_then(|at| subjects.get(at));
    for (name, limits) in [("gcra_1", limits.split_at(1).0), ("gcra_3", limits.as_slice())] {
        group.bench_function(name, |b| {
            b.iter_custom(|rounds| {
                on_two_threads(rounds, |key| {
                    black_box(subject(key).is_some_and(|who| decide(&store, *who, limits)));
                })
            });
        });
    }
    let quota = governor_quota(Duration::from_nanos(INTERVAL), BURST)?;
    // By the same digests, from the same place.
    let rival = DefaultKeyedRateLimiter::<u128>::keyed(quota);
    group.bench_function("governor_1", |b| {
        b.iter_custom(|rounds| {
            on_two_threads(rounds, |key| {
                black_box(subject(key).is_some_and(|who| rival.check_key(&who.as_u128()).is_ok()));
            })
        });
    });
    group.finish();
    Ok(())
}

/// The inner service. Its body is axum's, since that is what the rivals ask for.
fn ok(_: Request<Empty<Bytes>>) -> Ready<Result<Response<AxumBody>, Infallible>> {
    ready(Ok(Response::new(AxumBody::empty())))
}

fn full(_: Request<Empty<Bytes>>) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    ready(Ok(Response::new(Full::default())))
}

fn request() -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    request.headers_mut().insert(&KEY, HeaderValue::from_static("0123456789abcdef"));
    request
}

/// Calls a service that is never pending, without a runtime.
fn drive<S, B>(service: &mut S) -> Option<Response<B>>
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let _ = service.poll_ready(&mut cx);
    let Poll::Ready(Ok(response)) = pin!(service.call(request())).poll(&mut cx) else {
        return None;
    };
    Some(response)
}

fn caller(head: &Head<'_>) -> Option<Caller> {
    let key = head.headers().get(&KEY)?.as_bytes();
    Some(Caller::new(head.subject("key", key)))
}

/// Three limits of each caller, told in these forms.
fn limits(quota: Quota, forms: HeaderForms) -> Result<Limits, ConfigError> {
    let free = ["a", "b", "c"]
        .into_iter()
        .fold(Tier::new("free").with_upgrade("pro"), |tier, class| tier.with_quota(class, quota));
    let pro = Tier::new("pro").with_quota("a", Quota::per_minute(100)?);
    let limits = Limits::new(Tiers::new([free, pro])?.with_upgrade_url("/upgrade"));
    Ok(["a", "b", "c"]
        .into_iter()
        .fold(limits, |limits, class| limits.with_class(Class::new(class)))
        .with_headers(forms))
}

/// As `caller`: the value of the header.
#[derive(Clone, Debug)]
struct ByKey;

impl KeyExtractor for ByKey {
    type Key = HeaderValue;

    fn extract<T>(
        &self,
        request: &Request<T>,
    ) -> Result<HeaderValue, tower_governor::GovernorError> {
        let key = request.headers().get(&KEY).cloned();
        key.ok_or(tower_governor::GovernorError::UnableToExtractKey)
    }
}

/// One limit with its headers.
macro_rules! tower_governor {
    ($interval:expr, $burst:expr) => {{
        let config = GovernorConfigBuilder::default()
            .period($interval)
            .burst_size($burst)
            .key_extractor(ByKey)
            .use_headers()
            .finish()
            .ok_or("no quota")?;
        GovernorLayer::new(config)
    }};
}

fn axum_governor(interval: Duration, burst: u32) -> Fallible<axum_governor::GovernorLayer<String>> {
    let config = axum_governor::GovernorConfigBuilder::default()
        .with_extractor(Header(&KEY))
        .quota_default(governor_quota(interval, burst)?.into())
        .gc_disable()
        .finish()?;
    Ok(axum_governor::GovernorLayer::new(config))
}

fn allowed(c: &mut Criterion<ThreadCpuTime>) {
    layer_allowed(c).expect("the limits are valid");
}

fn layer_allowed(c: &mut Criterion<ThreadCpuTime>) -> Fallible {
    let mut group = c.benchmark_group("ratelimit_tiers/layer_allowed");
    let mut bare = service_fn(full);
    group.bench_function("bare", |b| b.iter(|| drive(&mut bare)));
    let forms = [
        ("no_headers_3", HeaderForms::none(), 0),
        ("ietf_3", HeaderForms::none().with_draft(DraftVersion::default()), 2),
        ("both_families_3", HeaderForms::default(), 7),
    ];
    for (name, forms, told) in forms {
        let layer = RateLimitLayer::new(MemoryStore::new(), limits(refilling()?, forms)?)?;
        let mut ours = layer.with_resolver(caller).layer(service_fn(full));
        let response = drive(&mut ours).ok_or("pending")?;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers().len(), told);
        group.bench_function(name, |b| b.iter(|| drive(&mut ours)));
    }

    let interval = Duration::from_nanos(INTERVAL);
    let mut bare = service_fn(ok);
    group.bench_function("bare_axum_body", |b| b.iter(|| drive(&mut bare)));
    let one = || Ok::<_, Box<dyn Error>>(tower_governor!(interval, BURST));
    let mut rival = one()?.layer(service_fn(ok));
    assert!(drive(&mut rival).is_some_and(|response| response.status() == StatusCode::OK));
    group.bench_function("tower_governor_1", |b| b.iter(|| drive(&mut rival)));
    let mut rival = one()?.layer(one()?.layer(one()?.layer(service_fn(ok))));
    group.bench_function("tower_governor_3", |b| b.iter(|| drive(&mut rival)));
    let mut rival = axum_governor(interval, BURST)?.layer(service_fn(ok));
    assert!(drive(&mut rival).is_some_and(|response| response.status() == StatusCode::OK));
    group.bench_function("axum_governor_1", |b| b.iter(|| drive(&mut rival)));
    group.finish();
    Ok(())
}

fn denied(c: &mut Criterion<ThreadCpuTime>) {
    layer_denied(c).expect("the limits are valid");
}

fn layer_denied(c: &mut Criterion<ThreadCpuTime>) -> Fallible {
    let mut group = c.benchmark_group("ratelimit_tiers/layer_denied");
    let mut bare = service_fn(full);
    group.bench_function("bare", |b| b.iter(|| drive(&mut bare)));
    let limits = limits(Quota::per_hour(1)?, HeaderForms::default())?;
    let layer = RateLimitLayer::new(MemoryStore::new(), limits)?.with_resolver(caller);
    let mut ours = layer.layer(service_fn(full));
    drive(&mut ours).ok_or("pending")?;
    let response = drive(&mut ours).ok_or("pending")?;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers().len(), 11);
    assert!(response.headers().contains_key(CONTENT_LENGTH));
    assert!(response.headers().contains_key(RETRY_AFTER));
    assert!(response.extensions().get::<Arc<ErrorReport>>().is_some());
    group.bench_function("full_429", |b| b.iter(|| drive(&mut ours)));

    let hour = Duration::from_secs(3_600);
    let mut rival = tower_governor!(hour, 1).layer(service_fn(ok));
    drive(&mut rival).ok_or("pending")?;
    let refused = |response: Response<_>| response.status() == StatusCode::TOO_MANY_REQUESTS;
    assert!(drive(&mut rival).is_some_and(refused));
    group.bench_function("tower_governor", |b| b.iter(|| drive(&mut rival)));
    let mut rival = axum_governor(hour, 1)?.layer(service_fn(ok));
    drive(&mut rival).ok_or("pending")?;
    assert!(drive(&mut rival).is_some_and(refused));
    group.bench_function("axum_governor", |b| b.iter(|| drive(&mut rival)));
    group.finish();
    Ok(())
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadCpuTime);
    targets = decision, allowed, denied
}
criterion_group!(wall, two_threads);
criterion_main!(benches, wall);
