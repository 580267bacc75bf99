//! A panic anywhere behind the envelope is an answer, or an aborted stream; never a crash.

use std::convert::Infallible;
use std::panic::panic_any;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body as AxumBody;
use axum::routing::get as get_route;
use bartizan_error_envelope::{BodyPanicked, ErrorEnvelopeLayer, Origin, Stage};
use bartizan_probe::{Scripted, Step, Watch};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use crate::support::{
    Accepting, ErrorAnswer, Heard, Seen, envelope, get, grpc, hear_from, now, request,
};

const INTERNAL: ErrorAnswer = ErrorAnswer::new(500, "INTERNAL_ERROR", "Internal server error");

/// Drops badly, as `Drop` implementations that `unwrap` do.
struct BadDrop;

impl Drop for BadDrop {
    fn drop(&mut self) {
        panic!("secret of the drop");
    }
}

/// Panics when polled, and again when dropped.
struct Worst(BadDrop);

impl Future for Worst {
    type Output = Result<Response<Full<Bytes>>, BoxError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        panic!("secret of the future")
    }
}

impl Body for Worst {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("secret of the body")
    }
}

/// Does not even tell its size.
struct Sizeless;

impl Body for Sizeless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        panic!("secret of the size")
    }
}

#[tokio::test]
async fn a_panic_before_there_is_a_response_is_a_500_in_every_form() {
    type Answer = Result<Response<Full<Bytes>>, BoxError>;
    let words: fn() -> Answer = || panic!("secret");
    let formatted: fn() -> Answer = || panic!("secret {}", 1);
    let number: fn() -> Answer = || panic_any(7_u32);
    let bad_drop: fn() -> Answer = || panic_any(BadDrop);
    for panic in [words, formatted, number, bad_drop] {
        for method in ["GET", "HEAD", "POST"] {
            for accepting in Accepting::BOTH {
                let expected = INTERNAL.heard(method, accepting);
                let request = || request(method, accepting.headers());
                let in_call = service_fn(|_: Request<Full<Bytes>>| std::future::ready(panic()));
                assert_eq!(hear_from(envelope().layer(in_call), request()).await, expected);
                let in_future = service_fn(|_: Request<Full<Bytes>>| async { panic() });
                assert_eq!(hear_from(envelope().layer(in_future), request()).await, expected);
            }
        }
    }
}

#[tokio::test]
async fn a_panicking_handler_of_a_router_is_a_500() {
    let app = Router::new()
        .route("/", get_route(async || -> &'static str { panic!("secret") }))
        .layer(envelope());
    for accepting in Accepting::BOTH {
        for method in ["GET", "HEAD"] {
            let heard = hear_from(app.clone(), request(method, accepting.headers())).await;
            assert_eq!(heard, INTERNAL.heard(method, accepting));
        }
    }
}

#[test]
fn a_future_that_panics_again_when_dropped_is_a_500() {
    let service = envelope().layer(service_fn(|_: Request<Full<Bytes>>| Worst(BadDrop)));
    assert_eq!(ask(service), INTERNAL.heard("GET", Accepting::Anything));
}

#[test]
fn a_short_text_that_panics_while_it_is_read_is_a_500() {
    let script = Scripted::new([Step::Data("half".into()), Step::Panic]).with_known_size();
    let watch = script.watch();
    let mut answer = Some(plain_text(script));
    let service = envelope().layer(service_fn(move |_: Request<Full<Bytes>>| {
        std::future::ready(Ok::<_, Infallible>(answer.take().unwrap()))
    }));
    assert_eq!(ask(service), INTERNAL.heard("GET", Accepting::Anything));
    assert!(watch.is_dropped());
    assert_eq!(watch.polls_after_end(), 0);
}

#[test]
fn a_body_that_panics_when_asked_for_its_size_is_a_500() {
    let service = envelope().layer(service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(plain_text(Sizeless))
    }));
    assert_eq!(ask(service), INTERNAL.heard("GET", Accepting::Anything));
}

#[tokio::test]
async fn a_panic_before_the_first_frame_ends_the_stream_with_an_error() {
    let (mut body, watch, seen) = stream(vec![Step::Panic], get(&[])).await;
    assert!(!body.is_end_stream());
    let error = body.frame().await.unwrap().unwrap_err();
    assert_is_aborted(error, &watch, &seen);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_panic_after_a_frame_ends_the_stream_with_an_error() {
    let steps = vec![Step::Data("one".into()), Step::Pending, Step::Panic];
    let (mut body, watch, seen) = stream(steps, get(&[])).await;
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
    assert!(!body.is_end_stream());
    let error = body.frame().await.unwrap().unwrap_err();
    assert_is_aborted(error, &watch, &seen);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_panic_in_a_grpc_stream_ends_it_with_status_13() {
    let steps = vec![Step::Data("one".into()), Step::Panic];
    let (mut body, watch, seen) = stream(steps, grpc(&[])).await;
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
    let trailers = body.frame().await.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(trailers["grpc-status"], "13");
    assert_eq!(trailers.len(), 1);
    assert!(body.frame().await.is_none());
    assert!(watch.is_dropped());
    assert_eq!(seen.panicked(), [Stage::Body]);
}

#[tokio::test]
async fn a_body_that_panics_again_when_dropped_still_ends_with_an_error() {
    let service = envelope().layer(service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(Response::new(Worst(BadDrop)))
    }));
    let mut body = service.oneshot(get(&[])).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().unwrap_err().is_panic());
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_router_aborts_a_stream_that_panics() {
    let app = Router::new()
        .route(
            "/",
            get_route(async || {
                AxumBody::new(Scripted::new([Step::Data("one".into()), Step::Panic]))
            }),
        )
        .layer(ErrorEnvelopeLayer::new());
    let mut body = app.oneshot(get(&[])).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the response body panicked");
    assert!(body.frame().await.is_none());
}

type Watched = bartizan_error_envelope::EnvelopeBody<Scripted, Seen>;

async fn stream(steps: Vec<Step>, request: Request<Full<Bytes>>) -> (Watched, Watch, Seen) {
    let script = Scripted::new(steps);
    let watch = script.watch();
    let seen = Seen::default();
    let mut answer = Some(Response::new(script));
    let service =
        envelope().with_observer(seen.clone()).layer(service_fn(move |_: Request<Full<Bytes>>| {
            std::future::ready(Ok::<_, Infallible>(answer.take().unwrap()))
        }));
    (service.oneshot(request).await.unwrap().into_body(), watch, seen)
}

fn assert_is_aborted(
    error: bartizan_error_envelope::BodyError<bartizan_probe::ScriptedError>,
    watch: &Watch,
    seen: &Seen,
) {
    assert!(error.is_panic());
    assert_eq!(error.to_string(), "the response body panicked");
    let boxed: BoxError = error.into();
    assert!(boxed.is::<BodyPanicked>());
    // What panicked is dropped at once, never polled again, and counted.
    assert!(watch.is_dropped());
    assert_eq!(watch.polls_after_end(), 0);
    assert_eq!(seen.panicked(), [Stage::Body]);
    assert_eq!(seen.answered(), [] as [(u16, &str, Origin); 0]);
}

fn plain_text<B>(body: B) -> Response<B> {
    Response::builder().status(500).header("content-type", "text/plain").body(body).unwrap()
}

fn ask<S, B>(service: S) -> Heard
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    now(hear_from(service, get(Accepting::Anything.headers())))
}
