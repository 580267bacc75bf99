//! What the envelope adds to a request: answers "may it stand in front of every route?".
//!
//! Each service is called and its body read to the end, on one thread, beside the bare service
//! and tower-http's `CatchPanic`, which catches panics of the call and the future only and boxes
//! the body.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bartizan_benches::ThreadCpuTime;
use bartizan_error_envelope::{ErrorEnvelopeLayer, RequestIdLayer};
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::header::{ACCEPT, USER_AGENT};
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{Empty, Full};
use tower::service_fn;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_layer::Layer;
use tower_service::Service;

type Answer = Ready<Result<Response<Full<Bytes>>, Infallible>>;

fn ok(_: Request<Empty<Bytes>>) -> Answer {
    ready(Ok(Response::new(Full::from(Bytes::from_static(b"hello")))))
}

fn not_found(_: Request<Empty<Bytes>>) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NOT_FOUND;
    ready(Ok(response))
}

/// A request as a browser's script sends it.
fn request() -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    request.headers_mut().insert(ACCEPT, http::HeaderValue::from_static("application/json"));
    request.headers_mut().insert(USER_AGENT, http::HeaderValue::from_static("bench"));
    request
}

/// Calls the service and reads the body, without a runtime: nothing here is ever pending.
fn drive<S, B>(service: &mut S, request: Request<Empty<Bytes>>) -> usize
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let _ = service.poll_ready(&mut cx);
    let future = pin!(service.call(request));
    let Poll::Ready(Ok(response)) = future.poll(&mut cx) else { return 0 };
    let mut body = pin!(response.into_body());
    let mut length = 0;
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) {
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    length
}

fn success(c: &mut Criterion<ThreadCpuTime>) {
    let mut group = c.benchmark_group("error_envelope/success");
    let mut bare = service_fn(ok);
    group.bench_function("bare", |b| b.iter(|| black_box(drive(&mut bare, request()))));
    let mut enveloped = ErrorEnvelopeLayer::new().layer(service_fn(ok));
    group.bench_function("envelope", |b| b.iter(|| black_box(drive(&mut enveloped, request()))));
    let mut both = (RequestIdLayer::new(), ErrorEnvelopeLayer::new()).layer(service_fn(ok));
    group.bench_function("request_id+envelope", |b| {
        b.iter(|| black_box(drive(&mut both, request())));
    });
    let mut caught = CatchPanicLayer::new().layer(service_fn(ok));
    group.bench_function("tower_http_catch_panic", |b| {
        b.iter(|| black_box(drive(&mut caught, request())));
    });
    group.finish();
}

/// Makes an id, sets it as request header and extension, and echoes it.
fn request_id(c: &mut Criterion<ThreadCpuTime>) {
    let mut group = c.benchmark_group("error_envelope/request_id");
    let mut bare = service_fn(ok);
    group.bench_function("bare", |b| b.iter(|| black_box(drive(&mut bare, request()))));
    let mut ours = RequestIdLayer::new().layer(service_fn(ok));
    group.bench_function("request_id", |b| b.iter(|| black_box(drive(&mut ours, request()))));
    let set = SetRequestIdLayer::x_request_id(MakeRequestUuid);
    let mut theirs = (set, PropagateRequestIdLayer::x_request_id()).layer(service_fn(ok));
    group.bench_function("tower_http_set_and_propagate", |b| {
        b.iter(|| black_box(drive(&mut theirs, request())));
    });
    group.finish();
}

fn error(c: &mut Criterion<ThreadCpuTime>) {
    let mut group = c.benchmark_group("error_envelope/bare_404");
    let mut bare = service_fn(not_found);
    group.bench_function("bare", |b| b.iter(|| black_box(drive(&mut bare, request()))));
    let mut enveloped = ErrorEnvelopeLayer::new().layer(service_fn(not_found));
    group.bench_function("envelope", |b| b.iter(|| black_box(drive(&mut enveloped, request()))));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadCpuTime);
    targets = success, request_id, error
}
criterion_main!(benches);
