//! A body that passes is watched, not touched: size, end, trailers, errors, pace.

use std::convert::Infallible;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body as AxumBody;
use axum::routing::get as get_route;
use bartizan_error_envelope::{EnvelopeBody, ErrorEnvelopeLayer};
use bartizan_probe::{Scripted, ScriptedError, Step, read};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{BoxError, Layer, ServiceExt, service_fn};

use crate::support::{get, now};

const STATUSES: [u16; 2] = [200, 500];

#[test]
fn size_and_end_are_those_of_the_inner_body() {
    for status in STATUSES {
        let steps = || [Step::Data("one".into()), Step::Data("two".into())];
        let mut body = pass(status, Scripted::new(steps()).with_known_size());
        assert_eq!(body.size_hint().exact(), Some(6));
        assert!(!body.is_end_stream());
        now(body.frame()).unwrap().unwrap();
        assert_eq!(body.size_hint().exact(), Some(3));
        now(body.frame()).unwrap().unwrap();
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.is_end_stream());

        let body = pass(status, Scripted::new(steps()));
        assert_eq!((body.size_hint().lower(), body.size_hint().upper()), (0, None));
        assert!(pass(status, Scripted::new([])).is_end_stream());
    }
}

#[test]
fn trailers_pass() {
    let trailers = HeaderMap::from_iter([(
        http::HeaderName::from_static("server-timing"),
        HeaderValue::from_static("db;dur=3"),
    )]);
    for status in STATUSES {
        let steps = [Step::Data("one".into()), Step::Trailers(trailers.clone())];
        let read = now(read(pass(status, Scripted::new(steps)))).unwrap();
        assert_eq!(read, ("one".into(), Some(trailers.clone())));
    }
}

#[test]
fn an_error_of_the_body_keeps_its_type() {
    for status in STATUSES {
        let steps = || [Step::Data("one".into()), Step::Error];
        let error = now(read(pass(status, Scripted::new(steps())))).unwrap_err();
        assert!(!error.is_panic());
        assert_eq!(error.to_string(), "the scripted body failed");
        assert_eq!(error.into_inner().unwrap().to_string(), "the scripted body failed");

        let boxed: BoxError = now(read(pass(status, Scripted::new(steps())))).unwrap_err().into();
        assert!(boxed.is::<ScriptedError>());
    }
}

#[test]
fn a_stream_is_never_buffered() {
    for status in STATUSES {
        let mut body = pass(status, Scripted::new([Step::Data("data: 1\n\n".into()), Step::Hang]));
        assert_eq!(now(body.frame()).unwrap().unwrap().into_data().unwrap(), "data: 1\n\n");
        let mut next = std::pin::pin!(body.frame());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(next.as_mut().poll(&mut cx), Poll::Pending));
    }
}

#[test]
fn a_router_streams_an_error_unbuffered() {
    let app = Router::new()
        .route(
            "/",
            get_route(async || {
                let script = Scripted::new([Step::Data("data: 1\n\n".into()), Step::Hang]);
                let status = http::StatusCode::INTERNAL_SERVER_ERROR;
                (status, [(CONTENT_TYPE, "text/event-stream")], AxumBody::new(script))
            }),
        )
        .layer(ErrorEnvelopeLayer::new());
    let mut body = now(app.oneshot(get(&[]))).unwrap().into_body();
    assert_eq!(now(body.frame()).unwrap().unwrap().into_data().unwrap(), "data: 1\n\n");
}

#[test]
fn a_text_that_breaks_off_is_no_message() {
    let half = || Step::Data("half".into());
    let longer = Step::Data(Bytes::from(vec![b'x'; 8192]));
    for steps in [vec![half(), Step::Error], vec![half(), longer]] {
        // The size that is told is a lie.
        let told = Told(Scripted::new(steps));
        let answer = Response::builder().status(404).body(told).unwrap();
        let heard = now(read(envelop(answer).into_body())).unwrap().0;
        let expected = r#"{"success":false,"error":{"message":"The resource was not found","code":"NOT_FOUND"}}"#;
        assert_eq!(heard, expected);
    }
}

#[test]
fn a_body_that_was_passed_is_dropped_with_the_answer() {
    let script = Scripted::new([Step::Hang]);
    let watch = script.watch();
    drop(pass(200, script));
    assert!(watch.is_dropped());
}

/// Tells a length that is not that of the script.
struct Told(Scripted);

impl Body for Told {
    type Data = Bytes;
    type Error = ScriptedError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, ScriptedError>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(4)
    }
}

/// The body of a response that is not the envelope's.
fn pass(status: u16, body: Scripted) -> EnvelopeBody<Scripted> {
    let answer = Response::builder().status(status).header("content-type", "text/event-stream");
    envelop(answer.body(body).unwrap()).into_body()
}

fn envelop<B>(answer: Response<B>) -> Response<EnvelopeBody<B>>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut answer = Some(answer);
    let service = ErrorEnvelopeLayer::new().layer(service_fn(move |_: Request<Full<Bytes>>| {
        std::future::ready(Ok::<_, Infallible>(answer.take().unwrap()))
    }));
    now(service.oneshot(get(&[]))).unwrap()
}
