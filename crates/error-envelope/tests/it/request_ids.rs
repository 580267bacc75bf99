//! One id in the request's header, the response's header, the log and the body.

use std::convert::Infallible;

use bartizan_error_envelope::{RequestId, RequestIdLayer};
use bartizan_probe::strict_fn;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::support::{Log, envelope, get, hear, hear_from, now, response};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// W3C Trace Context, section 3.2.
const INVALID_TRACEPARENTS: &[&str] = &[
    "",
    "00",
    "not-a-traceparent",
    // Version ff is forbidden.
    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    // Ids of zeros only.
    "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    // Upper case.
    "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    "0A-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    // Lengths and separators.
    "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e47361-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
    "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
    "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
    // Version 00 ends after the flags; later versions go on with a dash only.
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
    "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
];

#[test]
fn an_inbound_id_of_1_to_128_visible_ascii_characters_is_taken() {
    let visible: String = ('!'..='~').collect();
    for id in ["a", "~", &visible, &"x".repeat(128)] {
        assert_eq!(echoed(&[("x-request-id", id)]), id);
        assert_eq!(echoed(&[("x-request-id", id), ("traceparent", TRACEPARENT)]), id);
    }
}

#[test]
fn any_other_inbound_id_is_replaced_by_a_made_one() {
    let too_long = "x".repeat(129);
    for id in [&b""[..], b"a b", b"a\tb", b"caf\xc3\xa9", b"\xff", too_long.as_bytes()] {
        let mut request = get(&[]);
        request.headers_mut().insert("x-request-id", HeaderValue::from_bytes(id).unwrap());
        assert_is_made(&ask(request));

        let mut request = get(&[("traceparent", TRACEPARENT)]);
        request.headers_mut().insert("x-request-id", HeaderValue::from_bytes(id).unwrap());
        assert_eq!(ask(request), TRACE_ID);
    }
}

#[test]
fn without_an_id_the_trace_id_of_a_valid_traceparent_is_taken() {
    assert_eq!(echoed(&[("traceparent", TRACEPARENT)]), TRACE_ID);
    let later = format!("cc-{TRACE_ID}-00f067aa0ba902b7-01-what-the-future-brings");
    assert_eq!(echoed(&[("traceparent", &later)]), TRACE_ID);
    let later = format!("cc-{TRACE_ID}-00f067aa0ba902b7-01");
    assert_eq!(echoed(&[("traceparent", &later)]), TRACE_ID);
}

#[test]
fn an_invalid_traceparent_counts_as_none() {
    for traceparent in INVALID_TRACEPARENTS {
        let id = echoed(&[("traceparent", traceparent)]);
        assert_is_made(&id);
        assert_ne!(id, TRACE_ID, "{traceparent}");
    }
}

#[test]
fn ids_are_made_anew_for_every_request() {
    let ids: std::collections::HashSet<_> = (0..1000).map(|_| echoed(&[])).collect();
    assert_eq!(ids.len(), 1000);
}

#[test]
fn the_application_may_make_the_ids() {
    let layer = RequestIdLayer::new().with_make(|| RequestId::from_u128(0xabc));
    let response = now(layer.layer(mirror()).oneshot(get(&[]))).unwrap();
    assert_eq!(response.headers()["x-request-id"], "00000000000000000000000000000abc");
}

#[tokio::test]
async fn one_id_stands_in_all_places_of_a_5xx() {
    for request in
        [get(&[]), get(&[("x-request-id", "mine")]), get(&[("traceparent", TRACEPARENT)])]
    {
        let log = Log::start();
        let (seen, heard) = fail_with(500, request).await;
        assert_eq!(heard.header("x-request-id"), Some(&*seen));
        assert_eq!(log.only().field("request_id"), seen);
        let body: serde_json::Value = serde_json::from_slice(&heard.body).unwrap();
        assert_eq!(body["error"]["requestId"], *seen);
    }
}

#[tokio::test]
async fn a_4xx_has_the_id_in_its_header_but_not_in_its_json() {
    let log = Log::start();
    let (seen, heard) = fail_with(404, get(&[])).await;
    assert_eq!(heard.header("x-request-id"), Some(&*seen));
    assert_eq!(log.only().field("request_id"), seen);
    assert_eq!(heard.body, r#"{"success":false,"error":{"message":"failed","code":"NOT_FOUND"}}"#);
}

#[tokio::test]
async fn every_problem_has_the_id() {
    for status in [404, 500] {
        let request = get(&[("accept", "application/problem+json")]);
        let (seen, heard) = fail_with(status, request).await;
        let body: serde_json::Value = serde_json::from_slice(&heard.body).unwrap();
        assert_eq!(body["requestId"], *seen);
        assert_eq!(heard.header("x-request-id"), Some(&*seen));
    }
}

#[tokio::test]
async fn an_envelope_alone_finds_the_same_ids() {
    for (headers, id) in [
        (&[("x-request-id", "mine"), ("traceparent", TRACEPARENT)][..], Some("mine")),
        (&[("x-request-id", "not mine"), ("traceparent", TRACEPARENT)], Some(TRACE_ID)),
        (&[("traceparent", INVALID_TRACEPARENTS[3])], None),
        (&[], None),
    ] {
        let log = Log::start();
        let service = envelope().layer(strict_fn(async |_: Request<Full<Bytes>>| {
            Ok::<_, Infallible>(response(500, &[("x-request-id", "of the handler")], ""))
        }));
        let heard = hear_from(service, get(headers)).await;
        let told = heard.header("x-request-id").unwrap();
        assert_eq!(id.unwrap_or(told), told);
        if id.is_none() {
            assert_is_made(told);
        }
        assert_eq!(log.only().field("request_id"), told);
        let body: serde_json::Value = serde_json::from_slice(&heard.body).unwrap();
        assert_eq!(body["error"]["requestId"], told);
    }
}

#[tokio::test]
async fn errors_of_the_inner_service_pass_the_request_id_layer() {
    let service = RequestIdLayer::new()
        .layer(strict_fn(async |_: Request<Full<Bytes>>| Err::<Response<Full<Bytes>>, _>("inner")));
    assert_eq!(service.oneshot(get(&[])).await.err(), Some("inner"));
}

/// What the inner service saw, and what the client got.
async fn fail_with(status: u16, request: Request<Full<Bytes>>) -> (String, crate::support::Heard) {
    let service = ServiceBuilder::new().layer(RequestIdLayer::new()).layer(envelope()).service(
        strict_fn(move |request: Request<Full<Bytes>>| async move {
            let seen = request.headers()["x-request-id"].to_str().unwrap().to_owned();
            Ok::<_, Infallible>(response(status, &[("x-seen", &seen)], "failed"))
        }),
    );
    let heard = hear(service.oneshot(request).await.unwrap()).await;
    (heard.header("x-seen").unwrap().to_owned(), heard)
}

/// Answers with the id that it saw, once as header and once as extension.
fn mirror()
-> impl Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = Infallible> {
    strict_fn(async |request: Request<Full<Bytes>>| {
        let headers: Vec<_> = request.headers().get_all("x-request-id").iter().collect();
        let [header] = &headers[..] else { panic!("not one id: {headers:?}") };
        let extension = request.extensions().get::<RequestId>().unwrap();
        assert_eq!(extension.as_header(), *header);
        let seen = [("x-seen", extension.as_str()), ("x-request-id", "of the handler")];
        Ok(response(200, &seen, ""))
    })
}

fn echoed(headers: &[(&str, &str)]) -> String {
    ask(get(headers))
}

fn ask(request: Request<Full<Bytes>>) -> String {
    let response = now(RequestIdLayer::new().layer(mirror()).oneshot(request)).unwrap();
    let headers = response.headers();
    assert_eq!(headers.get_all("x-request-id").iter().count(), 1);
    assert_eq!(headers["x-request-id"], headers["x-seen"]);
    headers["x-request-id"].to_str().unwrap().to_owned()
}

/// The form of a W3C trace id.
fn assert_is_made(id: &str) {
    assert_eq!(id.len(), 32, "{id}");
    assert!(id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
}
