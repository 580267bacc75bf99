//! One failure, one entry, however many envelopes stand around it.

use std::convert::Infallible;

use bartizan_error_envelope::{ClientText, Code, ErrorEnvelopeLayer, ErrorReport, LogLevel};
use bartizan_probe::{Controlled, Scripted, Step, read, strict_fn};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt};
use tracing::Level;

use crate::errors::{Quoting, Speechless, Wrapped};
use crate::support::{ID, Line, Log, Pairs, get, grpc, response};

const REQUEST: Pairs = &[("x-request-id", ID)];

#[tokio::test]
async fn the_chain_of_causes_is_logged_with_the_id() {
    let line = logged(async || {
        let io = std::io::Error::other("connection to 10.0.0.7 refused");
        Err(Wrapped(Wrapped(io.into()).into()).into())
    })
    .await;
    assert_eq!(line.level, Level::ERROR);
    assert_eq!(line.field("request_id"), ID);
    assert_eq!(line.field("status"), "500");
    assert_eq!(line.field("code"), "INTERNAL_ERROR");
    assert_eq!(line.field("origin"), "error");
    let error = line.field("error");
    assert!(error.starts_with("the service failed: "), "{error}");
    assert!(error.ends_with(": connection to 10.0.0.7 refused"), "{error}");
}

#[tokio::test]
async fn a_source_that_its_parent_quotes_is_not_repeated() {
    let line = logged(async || Err(Quoting("said by both".into()).into())).await;
    assert_eq!(line.field("error"), "the service failed: said by both");
}

#[tokio::test]
async fn words_that_cannot_be_written_do_not_silence_the_log() {
    for error in [Speechless::Fails, Speechless::Panics] {
        let line = logged(async || Err(error.into())).await;
        assert_eq!((line.level, line.field("status")), (Level::ERROR, "500"));
        assert_eq!(line.field("error"), "(its words cannot be written)");
    }
}

#[tokio::test]
async fn an_error_around_a_report_is_logged_with_it() {
    let report = ErrorReport::from_status(StatusCode::BAD_GATEWAY).with_source("the inner cause");
    let line = logged(async || Err(Wrapped(report.clone().into()).into())).await;
    let error = line.field("error");
    assert!(error.starts_with("the service failed: "), "{error}");
    assert!(error.ends_with(": the inner cause"), "{error}");
}

#[tokio::test]
async fn why_a_text_could_not_be_read_goes_to_the_log() {
    let broken = || Scripted::new([Step::Data("par".into()), Step::Error]);
    let log = Log::start();
    let respond = move |_: Request<Full<Bytes>>| async move {
        let mut response = Response::new(broken().with_known_size());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        Ok::<_, Infallible>(response)
    };
    let service = ErrorEnvelopeLayer::new().layer(strict_fn(respond));
    let answer = service.oneshot(get(REQUEST)).await.unwrap();
    assert_eq!(answer.status(), 500);
    assert_eq!(log.only().field("error"), "the scripted body failed");
}

#[tokio::test]
async fn the_text_of_a_5xx_goes_to_the_log() {
    let line = logged(async || Ok(response(502, &[], "upstream 10.0.0.7 is down"))).await;
    assert_eq!((line.level, line.field("status")), (Level::ERROR, "502"));
    assert_eq!((line.field("origin"), line.field("code")), ("text", "BAD_GATEWAY"));
    assert_eq!(line.field("error"), "upstream 10.0.0.7 is down");
}

#[tokio::test]
async fn the_hidden_text_of_a_4xx_goes_to_the_log() {
    let layer = ErrorEnvelopeLayer::new().with_client_text(ClientText::IsHidden);
    let log = Log::start();
    let service = layer_twice(layer, async || Ok(response(409, &[], "taken by user 7")));
    let (heard, _) = read(service.oneshot(get(REQUEST)).await.unwrap().into_body()).await.unwrap();
    assert!(!String::from_utf8_lossy(&heard).contains("user 7"));
    let line = log.only();
    assert_eq!((line.level, line.field("error")), (Level::DEBUG, "taken by user 7"));
}

#[tokio::test]
async fn a_client_error_is_logged_for_debugging() {
    let line = logged(async || Ok(response(404, &[], ""))).await;
    assert_eq!((line.level, line.field("origin")), (Level::DEBUG, "bare_status"));
    assert_eq!((line.field("error"), line.field("code")), ("", "NOT_FOUND"));
}

#[tokio::test]
async fn a_panic_is_logged_with_its_words() {
    let line = logged(async || panic!("index {} of 3", 7)).await;
    assert_eq!((line.level, line.field("origin")), (Level::ERROR, "panic"));
    assert!(line.field("error").ends_with("index 7 of 3"), "{line:?}");
}

#[tokio::test]
async fn a_report_is_logged_as_loud_as_it_asks() {
    for (level, expected) in [
        (LogLevel::Off, None),
        (LogLevel::Debug, Some(Level::DEBUG)),
        (LogLevel::Info, Some(Level::INFO)),
        (LogLevel::Warn, Some(Level::WARN)),
        (LogLevel::Error, Some(Level::ERROR)),
    ] {
        let log = Log::start();
        let service = layer_twice(ErrorEnvelopeLayer::new(), async || Ok(reported(level)));
        service.oneshot(get(REQUEST)).await.unwrap();
        let lines = log.take();
        assert_eq!(lines.first().map(|line| line.level), expected);
        assert_eq!(lines.len(), usize::from(expected.is_some()));
        assert!(lines.iter().all(|line| line.field("error") == "the row exists"));
        assert!(lines.iter().all(|line| line.field("origin") == "report"));
    }
}

#[tokio::test]
async fn an_unready_service_is_logged_once_with_the_call_it_fails() {
    let log = Log::start();
    let (inner, control) = Controlled::<Request<Full<Bytes>>, Response<Full<Bytes>>, _>::new();
    control.fail_ready(BoxError::from("pool closed"));
    let mut service = ServiceBuilder::new()
        .layer(ErrorEnvelopeLayer::new())
        .layer(ErrorEnvelopeLayer::new())
        .service(inner);
    service.ready().await.unwrap();
    assert!(log.take().is_empty());
    service.call(get(REQUEST)).await.unwrap();
    let line = log.only();
    assert_eq!((line.field("origin"), line.field("error")), ("readiness", "pool closed"));
}

#[tokio::test]
async fn a_panic_in_a_body_is_logged_once_with_the_id_that_was_sent() {
    let data = || Step::Data(Bytes::from_static(b"one"));
    for (steps, request) in [
        (vec![Step::Panic], get(REQUEST)),
        (vec![data(), Step::Panic], get(REQUEST)),
        (vec![data(), Step::Panic], grpc(REQUEST)),
    ] {
        let log = Log::start();
        let service = layer_twice(ErrorEnvelopeLayer::new(), async || {
            Ok(Response::new(Scripted::new(steps.clone())))
        });
        let body = service.oneshot(request).await.unwrap().into_body();
        assert!(log.take().is_empty());
        drop(read(body).await);
        let line = log.only();
        assert_eq!((line.level, line.field("request_id")), (Level::ERROR, ID));
        assert!(line.field("error").ends_with("the scripted body panics as its script says"));
    }
}

#[tokio::test]
async fn a_made_id_stays_the_same_when_the_body_of_a_kept_report_panics() {
    let log = Log::start();
    let service = layer_twice(ErrorEnvelopeLayer::new(), async || {
        let (mut head, _) = reported(LogLevel::Debug).into_parts();
        head.headers.insert("content-type", http::HeaderValue::from_static("application/json"));
        Ok(Response::from_parts(head, Scripted::new([Step::Panic])))
    });
    let (head, body) = service.oneshot(get(&[])).await.unwrap().into_parts();
    let told = head.headers["x-request-id"].to_str().unwrap();
    assert_eq!(log.only().field("request_id"), told);
    assert!(read(body).await.is_err());
    assert_eq!(log.only().field("request_id"), told);
}

#[tokio::test]
async fn success_is_not_logged() {
    let log = Log::start();
    let service = layer_twice(ErrorEnvelopeLayer::new(), async || Ok(response(200, &[], "fine")));
    read(service.oneshot(get(REQUEST)).await.unwrap().into_body()).await.unwrap();
    assert!(log.take().is_empty());
}

fn reported(level: LogLevel) -> Response<Full<Bytes>> {
    let report = ErrorReport::new(StatusCode::CONFLICT, Code::CONFLICT, "Taken")
        .with_log_level(level)
        .with_source("the row exists");
    let mut response = response(409, &[], "");
    response.extensions_mut().insert(std::sync::Arc::new(report));
    response
}

async fn logged(answer: impl AsyncFn() -> Result<Response<Full<Bytes>>, BoxError>) -> Line {
    let log = Log::start();
    layer_twice(ErrorEnvelopeLayer::new(), answer).oneshot(get(REQUEST)).await.unwrap();
    log.only()
}

/// An envelope in an envelope.
fn layer_twice<B>(
    layer: ErrorEnvelopeLayer,
    answer: impl AsyncFn() -> Result<Response<B>, BoxError>,
) -> impl Service<
    Request<Full<Bytes>>,
    Response = Response<impl Body<Data = Bytes, Error: std::fmt::Debug>>,
    Error = Infallible,
>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError> + std::fmt::Debug,
{
    let answer = std::sync::Arc::new(answer);
    ServiceBuilder::new().layer(layer.clone()).layer(layer).service(strict_fn(
        move |_: Request<Full<Bytes>>| {
            let answer = std::sync::Arc::clone(&answer);
            async move { answer().await }
        },
    ))
}
