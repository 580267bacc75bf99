//! Allocation counts are exact, so they are tested and not measured.

#![expect(clippy::panic, reason = "a helper of a test fails the test")]

use std::alloc::System;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bartizan_error_envelope::ErrorEnvelopeLayer;
use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Request, Response};
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

/// Allocations between a request that is ready to be sent and a body that is read.
fn allocations<S, B>(service: &mut S) -> usize
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
    let mut body = pin!(response.into_body());
    let mut length = 0;
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) {
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    assert_eq!(length, 5);
    region.change().allocations
}

// One test: the counter counts every thread.
#[test]
fn the_envelope_allocates_nothing_for_a_success() {
    let bare = allocations(&mut service_fn(ok));
    assert_eq!(allocations(&mut ErrorEnvelopeLayer::new().layer(service_fn(ok))), bare);

    let caught = &mut tower_http::catch_panic::CatchPanicLayer::new().layer(service_fn(ok));
    assert!(allocations(caught) > bare, "the counter counts nothing");
}
