//! tower's contract: readiness, cancellation, clones; against the strict probe.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bartizan_error_envelope::{
    Code, ErrorEnvelopeLayer, ErrorReport, Origin, RequestIdLayer, Stage,
};
use bartizan_probe::{Controlled, Scripted, Step, Strict, strict_fn};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt};

use crate::errors::Quota;
use crate::support::{Accepting, ErrorAnswer, Seen, envelope, get, hear, now, response};

type Inner<E> = Controlled<Request<Full<Bytes>>, Response<Full<Bytes>>, E>;

const INTERNAL: ErrorAnswer = ErrorAnswer::new(500, "INTERNAL_ERROR", "Internal server error");

#[tokio::test]
async fn calls_only_the_instance_that_was_found_ready() {
    let mut service = ServiceBuilder::new().layer(RequestIdLayer::new()).layer(envelope()).service(
        strict_fn(async |_: Request<Full<Bytes>>| Ok::<_, Infallible>(response(200, &[], "fine"))),
    );
    for _ in 0..3 {
        let response = service.ready().await.unwrap().call(get(&[])).await.unwrap();
        assert_eq!(hear(response).await.body, "fine");
        let response = service.clone().oneshot(get(&[])).await.unwrap();
        assert_eq!(hear(response).await.body, "fine");
    }
}

#[test]
fn forwards_that_the_inner_service_is_not_ready() {
    let (inner, control) = Inner::<Infallible>::new();
    let mut service = ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(envelope())
        .service(Strict::new(inner));
    let mut cx = Context::from_waker(Waker::noop());
    control.set_pending();
    assert!(poll_ready(&mut service, &mut cx).is_pending());
    control.set_ready();
    assert!(poll_ready(&mut service, &mut cx).is_ready());
}

#[tokio::test]
async fn a_readiness_error_is_kept_and_answers_the_next_call_only() {
    let (inner, mut control) = Inner::<BoxError>::new();
    let seen = Seen::default();
    let mut service = layer().with_observer(seen.clone()).layer(Strict::new(inner));

    control.fail_ready(Quota.into());
    // Asked twice, it stays with the failure that it has.
    service.ready().await.unwrap();
    service.ready().await.unwrap();
    let response = service.call(get(Accepting::Anything.headers())).await.unwrap();
    let expected = ErrorAnswer::new(429, "QUOTA_SPENT", "Come back later");
    assert_eq!(hear(response).await, expected.heard("GET", Accepting::Anything));
    assert_eq!(control.calls(), 0);
    assert_eq!(seen.answered(), [(429, "QUOTA_SPENT", Origin::Readiness)]);

    let call = service.ready().await.unwrap().call(get(&[]));
    now(control.next_call()).respond(Ok(response_of("fine")));
    assert_eq!(hear(call.await.unwrap()).await.body, "fine");
}

#[tokio::test]
async fn a_panic_of_readiness_answers_the_next_call() {
    let seen = Seen::default();
    let layer = envelope().with_observer(seen.clone());
    let mut service = layer.layer(Unready);
    service.ready().await.unwrap();
    let response = service.call(get(Accepting::Anything.headers())).await.unwrap();
    assert_eq!(hear(response).await, INTERNAL.heard("GET", Accepting::Anything));
    assert_eq!(seen.panicked(), [Stage::Ready]);
    assert_eq!(seen.answered(), [(500, "INTERNAL_ERROR", Origin::Panic)]);
}

#[tokio::test]
async fn a_service_answers_on_after_a_panic_in_call() {
    let mut calls = 0;
    let mut service = envelope().layer(tower::service_fn(move |_: Request<Full<Bytes>>| {
        calls += 1;
        assert!(calls > 1, "the first call panics");
        async { Ok::<_, Infallible>(response(200, &[], "fine")) }
    }));
    let first = service.ready().await.unwrap().call(get(&[])).await.unwrap();
    assert_eq!(hear(first).await.status, 500);
    let second = service.ready().await.unwrap().call(get(&[])).await.unwrap();
    assert_eq!(hear(second).await.body, "fine");
}

#[tokio::test]
async fn a_clone_starts_unready_and_without_the_failure() {
    let (inner, mut control) = Inner::<BoxError>::new();
    let mut service = layer().layer(Strict::new(inner));
    control.fail_ready(Quota.into());
    service.ready().await.unwrap();

    let mut other = service.clone();
    let call = other.ready().await.unwrap().call(get(&[]));
    now(control.next_call()).respond(Ok(response_of("fine")));
    assert_eq!(hear(call.await.unwrap()).await.body, "fine");

    let kept = service.call(get(&[])).await.unwrap();
    assert_eq!(hear(kept).await.status, 429);
}

/// Calling a clone that nobody found ready is the caller's mistake, which the strict probe tells.
#[tokio::test]
async fn a_clone_inherits_no_readiness() {
    let mut service = envelope().layer(strict_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(response(200, &[], "fine"))
    }));
    service.ready().await.unwrap();
    let log = crate::support::Log::start();
    let response = service.clone().call(get(&[])).await.unwrap();
    assert_eq!(hear(response).await.status, 500);
    assert!(log.only().field("error").contains("without a poll_ready"));
}

#[tokio::test]
async fn dropping_the_future_drops_the_inner_one() {
    let (inner, mut control) = Inner::<Infallible>::new();
    let mut service = ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(envelope())
        .service(Strict::new(inner));
    let mut cx = Context::from_waker(Waker::noop());
    for polls in 0..3 {
        let mut call = Box::pin(service.ready().await.unwrap().call(get(&[])));
        for _ in 0..polls {
            assert!(call.as_mut().poll(&mut cx).is_pending());
        }
        assert_eq!(control.in_flight(), 1);
        drop(call);
        assert_eq!((control.in_flight(), control.cancelled()), (0, polls + 1));
        drop(now(control.next_call()));
    }
}

#[test]
fn dropping_the_future_drops_the_text_that_is_being_read() {
    let script = Scripted::new([Step::Data("half".into()), Step::Hang]).with_known_size();
    let watch = script.watch();
    let answer = Response::builder().status(404).body(script).unwrap();
    let mut answer = Some(answer);
    let service = envelope().layer(tower::service_fn(move |_: Request<Full<Bytes>>| {
        std::future::ready(Ok::<_, Infallible>(answer.take().unwrap()))
    }));
    let mut call = Box::pin(service.oneshot(get(&[])));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(!watch.is_dropped());
    drop(call);
    assert!(watch.is_dropped());
}

#[test]
fn layering_many_times_shares_one_state() {
    let token = Arc::new(());
    let held = Arc::clone(&token);
    let seen = Seen::default();
    let layer = ErrorEnvelopeLayer::new()
        .map_error(move |_: &Quota| {
            let _ = &held;
            ErrorReport::from_status(StatusCode::TOO_MANY_REQUESTS)
        })
        .with_observer(seen.clone());
    let services: Vec<_> = (0..100)
        .map(|_| {
            layer.layer(strict_fn(async |_: Request<Full<Bytes>>| {
                Err::<Response<Full<Bytes>>, _>(Quota)
            }))
        })
        .collect();
    assert_eq!(Arc::strong_count(&token), 2);
    for service in services {
        now(service.oneshot(get(&[]))).unwrap();
    }
    assert_eq!(seen.answered().len(), 100);
}

#[test]
fn gives_the_inner_service_back() {
    let mut service = ErrorEnvelopeLayer::new().layer(1);
    *service.get_mut() += 1;
    assert_eq!((*service.get_ref(), service.into_inner()), (2, 2));
    let mut service = RequestIdLayer::new().layer(1);
    *service.get_mut() += 1;
    assert_eq!((*service.get_ref(), service.into_inner()), (2, 2));
}

struct Unready;

impl Service<Request<Full<Bytes>>> for Unready {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Pending<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        panic!("secret of readiness")
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        unreachable!("it is never ready")
    }
}

fn layer() -> ErrorEnvelopeLayer {
    envelope().map_error(|_: &Quota| {
        let code = Code::from_static("QUOTA_SPENT");
        ErrorReport::new(StatusCode::TOO_MANY_REQUESTS, code, "Come back later")
    })
}

fn response_of(body: &'static str) -> Response<Full<Bytes>> {
    response(200, &[], body)
}

fn poll_ready<S>(service: &mut S, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>>
where
    S: Service<Request<Full<Bytes>>>,
{
    service.poll_ready(cx)
}
