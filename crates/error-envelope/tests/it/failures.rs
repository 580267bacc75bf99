//! Where no response comes back: errors and panics, over a plain service and over a router.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use bartizan_error_envelope::{Code, ErrorEnvelopeLayer, ErrorReport};
use bartizan_probe::{Controlled, Strict, strict_fn};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full, Limited};
use tower::{BoxError, Layer, Service, ServiceBuilder};

use crate::errors::{Bottomless, Cursed, Ouroboros, Outer, Quota, Wrapped};
use crate::support::{Accepting, ErrorAnswer, envelope, get, hear_from, request, response};

/// What a middleware between the envelope and the service gives instead of a response.
type Fail = fn() -> BoxError;

struct Case {
    name: &'static str,
    fail: Fail,
    answer: ErrorAnswer,
}

const INTERNAL: ErrorAnswer = ErrorAnswer::new(500, "INTERNAL_ERROR", "Internal server error");

const CASES: &[Case] = &[
    Case {
        name: "unknown error",
        fail: || io::Error::other("db 10.0.0.7").into(),
        answer: INTERNAL,
    },
    Case {
        name: "length limit deep in the chain",
        fail: || Wrapped(Wrapped(length_limit()).into()).into(),
        answer: ErrorAnswer::new(413, "PAYLOAD_TOO_LARGE", "The request body is too large"),
    },
    Case {
        name: "elapsed",
        fail: || Wrapped(tower::timeout::error::Elapsed::new().into()).into(),
        answer: ErrorAnswer::new(504, "GATEWAY_TIMEOUT", "The upstream took too long"),
    },
    Case {
        name: "overloaded",
        fail: || tower::load_shed::error::Overloaded::new().into(),
        answer: ErrorAnswer::new(503, "SERVICE_UNAVAILABLE", "The service is unavailable")
            .keeping(&[("retry-after", "1")]),
    },
    Case {
        name: "mapped by the user",
        fail: || Wrapped(Quota.into()).into(),
        answer: ErrorAnswer::new(429, "QUOTA_SPENT", "Come back later")
            .keeping(&[("retry-after", "2")]),
    },
    Case {
        name: "the outermost known error decides",
        fail: || Outer(Quota).into(),
        answer: ErrorAnswer::new(409, "OUTER", "Outer"),
    },
    Case {
        name: "a report",
        fail: || {
            let report = ErrorReport::new(StatusCode::CONFLICT, TAKEN, "The name is taken");
            Wrapped(report.into()).into()
        },
        answer: ErrorAnswer::new(409, "NAME_TAKEN", "The name is taken"),
    },
    Case { name: "the mapping panics", fail: || Cursed.into(), answer: INTERNAL },
    Case {
        name: "the error panics when asked for its source",
        fail: || Bottomless.into(),
        answer: INTERNAL,
    },
    Case { name: "a chain that bites its tail", fail: || Ouroboros.into(), answer: INTERNAL },
    Case { name: "panic in call", fail: || panic!("secret of the call"), answer: INTERNAL },
];

const TAKEN: Code = Code::from_static("NAME_TAKEN");
const SPENT: Code = Code::from_static("QUOTA_SPENT");

fn layer() -> ErrorEnvelopeLayer {
    envelope()
        .map_error(|_: &Quota| {
            ErrorReport::new(StatusCode::TOO_MANY_REQUESTS, SPENT, "Come back later")
                // Rounded up: RFC 9110, section 10.2.3, knows whole seconds only.
                .with_retry_after(Duration::from_millis(1001))
        })
        .map_error(|_: &Outer| {
            ErrorReport::new(StatusCode::CONFLICT, Code::from_static("OUTER"), "Outer")
        })
        .map_error(|_: &Cursed| panic!("secret of the mapping"))
}

#[tokio::test]
async fn every_failure_around_a_plain_service_has_one_shape() {
    for case in CASES {
        let inner = strict_fn(async |_: Request<Full<Bytes>>| {
            Ok::<_, Infallible>(response(200, &[], "fine"))
        });
        assert_all_forms(case, inner).await;
    }
}

#[tokio::test]
async fn every_failure_around_a_router_has_one_shape() {
    for case in CASES {
        assert_all_forms(case, Router::new()).await;
    }
}

async fn assert_all_forms<S, B>(case: &Case, inner: S)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let fail = case.fail;
    let refuse = move |_| Err::<Request<Full<Bytes>>, _>(fail());
    let service = ServiceBuilder::new().layer(layer()).filter(refuse).service(inner);
    for method in ["GET", "HEAD"] {
        for accepting in Accepting::BOTH {
            let heard = hear_from(service.clone(), request(method, accepting.headers())).await;
            let expected = case.answer.heard(method, accepting);
            assert_eq!(heard, expected, "{} by {method}, {accepting:?}", case.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_a_504() {
    let service = ServiceBuilder::new().layer(envelope()).timeout(Duration::from_secs(30)).service(
        strict_fn(async |_: Request<Full<Bytes>>| {
            std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
        }),
    );
    let heard = hear_from(service, get(Accepting::Anything.headers())).await;
    let expected = ErrorAnswer::new(504, "GATEWAY_TIMEOUT", "The upstream took too long");
    assert_eq!(heard, expected.heard("GET", Accepting::Anything));
}

#[tokio::test]
async fn a_shed_request_is_a_503_and_may_come_back_after_a_second() {
    let (inner, control) = Controlled::<_, Response<Full<Bytes>>, Infallible>::new();
    control.set_pending();
    let service = ServiceBuilder::new().layer(envelope()).load_shed().service(Strict::new(inner));
    let heard = hear_from(service, get(Accepting::Anything.headers())).await;
    let expected = ErrorAnswer::new(503, "SERVICE_UNAVAILABLE", "The service is unavailable")
        .keeping(&[("retry-after", "1")]);
    assert_eq!(heard, expected.heard("GET", Accepting::Anything));
    assert_eq!(control.calls(), 0);
}

#[tokio::test]
async fn a_limited_request_body_that_is_too_long_is_a_413() {
    let service = envelope().layer(strict_fn(async |request: Request<Full<Bytes>>| {
        let body = Limited::new(request.into_body(), 4).collect().await?;
        Ok::<_, BoxError>(response(200, &[], body.to_bytes()))
    }));
    let request = get(Accepting::Anything.headers()).map(|_| Full::from("five!"));
    let heard = hear_from(service, request).await;
    let expected = ErrorAnswer::new(413, "PAYLOAD_TOO_LARGE", "The request body is too large");
    assert_eq!(heard, expected.heard("GET", Accepting::Anything));
}

/// The error of http-body-util, which only its body makes.
fn length_limit() -> BoxError {
    let mut body = pin!(Limited::new(Full::<Bytes>::from("five!"), 4));
    match body.as_mut().poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Err(error))) => error,
        other => panic!("not over the limit: {other:?}"),
    }
}
