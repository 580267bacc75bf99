//! What becomes of a response that somebody marked with a report.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bartizan_contract::Reply;
use bartizan_error_envelope::{Code, Details, ErrorEnvelopeLayer, ErrorReport, PassThrough};
use bartizan_probe::strict_fn;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::support::{Heard, ID, envelope, get, hear, now, request, response};

const PLAIN: &[(&str, &str)] = &[("x-request-id", ID)];
const PROBLEM: &[(&str, &str)] = &[("x-request-id", ID), ("accept", "application/problem+json")];

const BODY: &str = r#"{"success":false,"error":{"message":"Limit reached","code":"RATE_LIMIT_EXCEEDED","retryAfter":60,"currentTier":"free"}}"#;

fn refusal() -> ErrorReport {
    ErrorReport::new(StatusCode::TOO_MANY_REQUESTS, Code::RATE_LIMIT_EXCEEDED, "Limit reached")
        .with_details(Details::parse(r#""retryAfter":60,"currentTier":"free""#).unwrap())
        .with_retry_after(Duration::from_secs(60))
}

#[test]
fn a_default_body_passes_unchanged_where_json_is_negotiated() {
    let heard = ask(get(PLAIN), |reply| refusal().into_response::<Full<Bytes>>(reply));
    assert_eq!(heard.body, BODY);
    assert_eq!(heard, answer("application/json", BODY));
}

#[test]
fn a_default_body_is_rendered_anew_where_a_problem_is_negotiated() {
    let heard = ask(get(PROBLEM), |reply| refusal().into_response::<Full<Bytes>>(reply));
    let body = r#"{"type":"https://errors.example/RATE_LIMIT_EXCEEDED","title":"Too Many Requests","status":429,"detail":"Limit reached","code":"RATE_LIMIT_EXCEEDED","requestId":"case-1","retryAfter":60,"currentTier":"free"}"#;
    assert_eq!(heard, answer("application/problem+json", body));
}

#[test]
fn head_has_the_headers_of_get() {
    for headers in [PLAIN, PROBLEM] {
        let respond = |reply| refusal().into_response::<Full<Bytes>>(reply);
        let head = ask(request("HEAD", headers), respond);
        assert_eq!(head.body, "");
        assert_eq!(head.headers, ask(get(headers), respond).headers);
    }
}

#[test]
fn a_default_body_of_a_5xx_gains_the_request_id() {
    let report =
        || ErrorReport::new(StatusCode::SERVICE_UNAVAILABLE, Code::SERVICE_UNAVAILABLE, "Later");
    let heard = ask(get(PLAIN), |reply| report().into_response::<Full<Bytes>>(reply));
    let expected = r#"{"success":false,"error":{"message":"Later","code":"SERVICE_UNAVAILABLE","requestId":"case-1"}}"#;
    assert_eq!(heard.body, expected);
    assert_eq!(heard.header("content-length"), Some(&*expected.len().to_string()));
    let cut = ask(request("HEAD", PLAIN), |reply| report().into_response::<Full<Bytes>>(reply));
    assert_eq!((cut.headers, cut.body), (heard.headers, Bytes::new()));
}

#[test]
fn a_bare_response_with_a_report_is_rendered() {
    let heard = ask(get(PLAIN), |_| marked(response(429, &[], "")));
    assert_eq!(heard, answer("application/json", BODY));
}

#[test]
fn a_body_that_a_layer_chose_itself_is_kept_unless_a_problem_is_wanted() {
    let own = || response(429, &[("content-type", "application/json")], r#"{"own":1}"#);
    let heard = ask(get(PLAIN), |_| marked(own()));
    assert_eq!(heard.body, r#"{"own":1}"#);
    assert_eq!(heard.header("x-request-id"), Some(ID));
    assert_eq!(heard.header("retry-after"), Some("60"));
    assert_eq!(heard.header("cache-control"), Some("no-store"));
    let heard = ask(get(PROBLEM), |_| marked(own()));
    assert_eq!(heard.header("content-type"), Some("application/problem+json"));
}

#[test]
fn a_finished_body_is_not_rewritten_for_its_report() {
    for (status, body) in [(429, "challenge"), (503, "challenge"), (429, "")] {
        for headers in [PLAIN, PROBLEM] {
            let heard = ask(get(headers), |_| {
                let mut response =
                    marked(response(status, &[("content-type", "text/plain")], body));
                response.extensions_mut().insert(PassThrough);
                response
            });
            assert_eq!(heard.body, body);
            assert_eq!(heard.header("content-type"), Some("text/plain"));
            assert_eq!(heard.header("x-request-id"), Some(ID));
        }
    }
}

#[test]
fn the_report_stays_with_the_answer_for_layers_further_out() {
    for headers in [PLAIN, PROBLEM] {
        for inner in [marked(response(429, &[], "")), response(429, &[], "Limit reached")] {
            let service = envelope().layer(envelope().layer(once(inner)));
            let response = now(service.oneshot(get(headers))).unwrap();
            let report = response.extensions().get::<Arc<ErrorReport>>().unwrap();
            assert_eq!(report.code(), Code::RATE_LIMIT_EXCEEDED);
            assert_eq!(report.message(), "Limit reached");
        }
    }
}

/// RFC 9457, section 4.2.1: without a type of its own a problem is `about:blank`, and its title
/// the phrase of the status.
#[test]
fn a_problem_without_a_base_is_about_blank() {
    let service = ErrorEnvelopeLayer::new().layer(once(response(413, &[], "")));
    let heard = now(hear_through(service, get(PROBLEM)));
    let expected = r#"{"type":"about:blank","title":"Content Too Large","status":413,"detail":"The request body is too large","code":"PAYLOAD_TOO_LARGE","requestId":"case-1"}"#;
    assert_eq!(heard.body, expected);
}

#[test]
fn words_that_json_must_escape_are_escaped_in_both_forms() {
    let text = "say \"\\\" \u{1} \u{7f} \u{2028} ü \u{1f980}";
    for (headers, pointer) in [(PLAIN, "/error/message"), (PROBLEM, "/detail")] {
        let service = envelope().layer(once(response(400, &[], text)));
        let heard = now(hear_through(service, get(headers)));
        let body: serde_json::Value = serde_json::from_slice(&heard.body).unwrap();
        assert_eq!(body.pointer(pointer).unwrap(), text);
    }
}

/// The whole answer to a refusal.
fn answer(media_type: &str, body: &'static str) -> Heard {
    let length = body.len().to_string();
    let headers = [
        ("cache-control", "no-store"),
        ("content-length", &length),
        ("content-type", media_type),
        ("retry-after", "60"),
        ("vary", "Accept"),
        ("x-request-id", ID),
    ];
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Heard { status: 429, headers: headers.map(own).to_vec(), body: body.into() }
}

fn marked(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    response.extensions_mut().insert(Arc::new(refusal()));
    response
}

fn ask<B>(request: Request<Full<Bytes>>, respond: impl Fn(Reply) -> Response<B>) -> Heard
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<tower::BoxError>,
{
    let service = envelope().layer(strict_fn(|request: Request<Full<Bytes>>| {
        std::future::ready(Ok::<_, Infallible>(respond(Reply::for_request(&request))))
    }));
    now(async { hear(service.oneshot(request).await.unwrap()).await })
}

fn once(
    response: Response<Full<Bytes>>,
) -> impl tower::Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = Infallible>
{
    tower::service_fn(move |_| std::future::ready(Ok(response.clone())))
}

async fn hear_through<S, B>(service: S, request: Request<Full<Bytes>>) -> Heard
where
    S: tower::Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<tower::BoxError>,
{
    hear(service.oneshot(request).await.unwrap()).await
}
