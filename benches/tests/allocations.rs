//! Allocation counts are exact, so they are tested and not measured.

#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test fails the test")]

use std::alloc::System;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bartizan_error_envelope::ErrorEnvelopeLayer;
use bartizan_ratelimit_tiers::wire::{DraftVersion, HeaderForms};
use bartizan_ratelimit_tiers::{
    Caller, Class, Head, Limits, MemoryStore, Quota, RateLimitLayer, Tier, Tiers,
};
use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{Empty, Full};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tower::service_fn;
use tower_layer::Layer;
use tower_service::Service;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn ok(_: Request<Empty<Bytes>>) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    ready(Ok(Response::new(Full::from(Bytes::from_static(b"hello")))))
}

/// Allocations between a request that is ready to be sent and a body that is read, and the status.
fn allocations<S, B>(service: &mut S) -> (usize, StatusCode)
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
{
    let mut request = Request::new(Empty::new());
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    request.headers_mut().insert("x-request-id", HeaderValue::from_static("an-id"));
    let mut cx = Context::from_waker(Waker::noop());
    let region = Region::new(ALLOCATOR);
    assert!(service.poll_ready(&mut cx).is_ready());
    let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut cx) else {
        panic!("the service is never pending");
    };
    let status = response.status();
    let mut body = pin!(response.into_body());
    let mut length = 0;
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) {
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    assert_ne!(length, 0);
    (region.change().allocations, status)
}

/// Three limits of each caller: how much a second request allocates, and a refused one.
fn limited(forms: HeaderForms) -> (usize, usize) {
    let quota = Quota::per_hour(2).expect("two an hour");
    let classes = ["a", "b", "c"];
    let free = classes.iter().fold(Tier::new("free"), |tier, class| tier.with_quota(*class, quota));
    let free = free.with_upgrade("pro");
    let tiers = Tiers::new([free, Tier::new("pro")]).expect("two tiers");
    let limits = classes
        .into_iter()
        .fold(Limits::new(tiers), |limits, class| limits.with_class(Class::new(class)))
        .with_headers(forms);
    let caller = |head: &Head<'_>| {
        let id = head.headers().get("x-request-id")?;
        Some(Caller::new(head.subject("id", id.as_bytes())))
    };
    let layer = RateLimitLayer::new(MemoryStore::new(), limits).expect("three classes");
    let mut service = layer.with_resolver(caller).layer(service_fn(ok));
    let [first, second, third] = std::array::from_fn(|_| allocations(&mut service));
    let statuses = [first.1, second.1, third.1];
    assert_eq!(statuses, [StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
    (second.0, third.0)
}

// One test: the counter counts every thread.
#[test]
fn a_request_allocates_no_more_than_its_headers_and_its_refusal_need() {
    let (bare, _) = allocations(&mut service_fn(ok));
    assert_eq!(allocations(&mut ErrorEnvelopeLayer::new().layer(service_fn(ok))).0, bare);

    let caught = &mut tower_http::catch_panic::CatchPanicLayer::new().layer(service_fn(ok));
    assert!(allocations(caught).0 > bare, "the counter counts nothing");

    let ietf = HeaderForms::none().with_draft(DraftVersion::default());
    let added = [HeaderForms::none(), ietf, HeaderForms::default()].map(|forms| {
        let (allowed, denied) = limited(forms);
        (allowed - bare, denied - bare)
    });
    // A map of headers is two, and each number above 999 and each `RateLimit` one; a report is seven
    // with its body and its place in the extensions.
    // Debug builds parse the details of a report besides.
    let parsed = if cfg!(debug_assertions) { 9 } else { 0 };
    assert_eq!(added, [(0, 10 + parsed), (3, 11 + parsed), (4, 12 + parsed)]);
}
