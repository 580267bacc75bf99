//! Every failure has one shape, whoever found it.

use std::collections::HashSet;

use axum::body::Body;
use axum::http::Request;
use bartizan_probe::{Scripted, Step};
use bartizan_server::routes::{PREFIXES, ROUTES};
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::client::Client;
use super::wire::{Connection, serving};

const NO_ROUTE: &str = "No route matches the request";

/// A body that does not tell its length.
fn unsized_body(chunks: &[&'static str]) -> Body {
    let chunks = chunks.iter().map(|chunk| Step::Data(Bytes::from_static(chunk.as_bytes())));
    Body::new(Scripted::new(chunks))
}

#[tokio::test]
async fn what_no_route_matches_is_a_404_whatever_the_method() {
    let client = Client::sqlite().await;
    let mut paths: Vec<String> =
        ["/", "/nowhere", "/live/", "/apiary", "/api/v2/workflows", "//api/workflows"]
            .map(String::from)
            .into();
    for prefix in PREFIXES {
        for path in ["", "/", "/nowhere", "/workflows/", "/workflows/a/b", "/Workflows"] {
            paths.push(format!("{prefix}{path}"));
        }
    }
    for path in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"] {
            let answer = client.ask(method, &path).send().await;
            answer.assert_error(404, "ROUTE_NOT_FOUND", NO_ROUTE);
            assert_eq!(answer.header("allow"), "", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_method_that_a_route_lacks_is_a_405_that_lists_the_others() {
    let client = Client::sqlite().await;
    for prefix in PREFIXES {
        for route in ROUTES {
            let allowed = match route.path {
                "/workflows" | "/workflows/{id}" | "/history" => "GET,HEAD",
                "/leads" => "GET,HEAD,POST",
                _ => "POST",
            };
            let path = format!("{prefix}{}", route.path.replace("{id}", "wf_test"));
            for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "GET", "POST"] {
                if allowed.split(',').any(|allowed| allowed == method) {
                    continue;
                }
                let answer = client.ask(method, &path).send().await;
                let message = "The method is not allowed here";
                answer.assert_error(405, "METHOD_NOT_ALLOWED", message);
                assert_eq!(answer.header("allow"), allowed, "{method} {path}");
            }
        }
    }
    let probe = client.ask("POST", "/live").send().await;
    probe.assert_error(405, "METHOD_NOT_ALLOWED", "The method is not allowed here");
    assert_eq!(probe.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn head_answers_as_get_does_without_the_body() {
    let client = Client::sqlite().await;
    for (path, headers) in [
        ("/api/workflows", &[][..]),
        ("/api/workflows", &[("accept-encoding", "br")]),
        ("/api/workflows/wf_test", &[]),
        ("/api/leads", &[]),
        ("/api/history", &[]),
        ("/live", &[]),
        ("/ready", &[]),
        ("/nowhere", &[]),
        ("/nowhere", &[("accept", "application/problem+json")]),
        ("/api/workflows/wf_9999", &[]),
        ("/api/workflows/a.b", &[]),
        ("/api/leads?page=x", &[]),
        ("/api/leads", &[("x-api-key", "wrong")]),
    ] {
        let ask = |method| {
            let ask = client.ask(method, path).header("x-request-id", "same");
            headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).send()
        };
        // What can be stored is.
        ask("GET").await;
        let (mut get, mut head) = (ask("GET").await, ask("HEAD").await);
        assert_eq!(head.status, get.status, "{path}");
        for headers in [&mut get.headers, &mut head.headers] {
            // They may be a second apart.
            headers.remove("age");
            headers.remove("cache-status");
            headers.remove("x-ratelimit-reset");
        }
        assert_eq!(head.headers, get.headers, "{path}");
        assert!(head.body.is_empty(), "{path}");
        assert!(!get.body.is_empty(), "{path}");
    }
    let refused = client.ask("HEAD", "/api/analyze").send().await;
    assert_eq!((refused.status.as_u16(), refused.body.len()), (405, 0));
    assert_eq!(refused.header("allow"), "POST");
}

/// Posts of which each fails for its body.
const BODIES: [(&str, &str, &str, u16, &str, &str); 8] = [
    (
        "/api/leads",
        "text/plain",
        "{}",
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        "Expected request with `Content-Type: application/json`",
    ),
    (
        "/api/leads",
        "",
        "{}",
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        "Expected request with `Content-Type: application/json`",
    ),
    (
        "/api/leads",
        "application/json",
        "{\"name\":",
        400,
        "MALFORMED_JSON",
        "Failed to parse the request body as JSON: name: EOF while parsing a value at line 1 \
         column 8",
    ),
    (
        "/api/analyze",
        "application/json",
        "",
        400,
        "MALFORMED_JSON",
        "Failed to parse the request body as JSON: EOF while parsing a value at line 1 column 0",
    ),
    (
        "/api/analyze",
        "application/json",
        "{\"workflowId\":\"wf_test\"} {}",
        400,
        "MALFORMED_JSON",
        "Failed to parse the request body as JSON: trailing characters at line 1 column 26",
    ),
    (
        "/api/analyze",
        "application/json; charset=utf-8",
        "{}",
        422,
        "VALIDATION_FAILED",
        "Failed to deserialize the JSON body into the target type: missing field `workflowId` at \
         line 1 column 2",
    ),
    (
        "/api/login",
        "application/json",
        "{\"email\":1,\"password\":\"x\"}",
        422,
        "VALIDATION_FAILED",
        "Failed to deserialize the JSON body into the target type: email: invalid type: integer \
         `1`, expected a string at line 1 column 10",
    ),
    (
        "/api/register",
        "application/vnd.api+json",
        "[]",
        422,
        "VALIDATION_FAILED",
        "Failed to deserialize the JSON body into the target type: invalid length 0, expected \
         an object with 3 elements at line 1 column 2",
    ),
];

#[tokio::test]
async fn a_body_that_is_not_what_was_asked_for_is_refused_with_the_reason() {
    let client = Client::sqlite().await;
    for (path, kind, body, status, code, message) in BODIES {
        let mut ask = client.ask("POST", path);
        if !kind.is_empty() {
            ask = ask.header("content-type", kind);
        }
        ask.body(body).send().await.assert_error(status, code, message);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_at_once_or_when_it_shows() {
    let client = Client::sqlite_with(&[("MAX_REQUEST_SIZE", "64")]).await;
    // 64 bytes are not too many.
    let fits = format!("{:<64}", r#"{"workflowId":"wf_test"}"#);
    for body in [Body::from(fits.clone()), unsized_body(&[r#"{"workflowId":"#, r#""wf_test"}"#])] {
        let ask = client.ask("POST", "/api/analyze").header("content-type", "application/json");
        assert_eq!(ask.body(body).send().await.status, 200);
    }
    // A length that is too large is refused before a byte is read, whatever the route and type.
    for path in ["/api/analyze", "/api/leads", "/api/logout"] {
        let ask = client.ask("POST", path).header("content-length", "65");
        let hangs = Body::new(Scripted::new([Step::Hang]));
        let answer = ask.body(hangs).send().await;
        answer.assert_error(413, "PAYLOAD_TOO_LARGE", "length limit exceeded");
    }
    // Without a length it shows at the first byte too many; what follows is not read.
    let byte = Step::Data(Bytes::from_static(b"x"));
    let fits = Step::Data(Bytes::from(fits));
    let hangs = Body::new(Scripted::new([fits, byte, Step::Hang]));
    let ask = client.ask("POST", "/api/analyze").header("content-type", "application/json");
    let message = "Failed to buffer the request body: length limit exceeded";
    ask.body(hangs).send().await.assert_error(413, "PAYLOAD_TOO_LARGE", message);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_on_the_wire() {
    let client = Client::sqlite_with(&[("MAX_REQUEST_SIZE", "64")]).await;
    let (address, _stop) = serving(client.router());
    let long = "x".repeat(65);
    let chunks = [long.as_str(); 2].map(|chunk| Step::Data(Bytes::from(chunk.to_owned())));
    for body in [Body::from(long.clone()), Body::new(Scripted::new(chunks))] {
        let mut connection = Connection::open(address).await.unwrap();
        let request = Request::post("/api/analyze").header("content-type", "application/json");
        let answer = connection.send(request.body(body).unwrap()).await.unwrap();
        assert_eq!(answer.json()["error"]["code"], "PAYLOAD_TOO_LARGE");
        assert_eq!(answer.status, 413);
    }
    let mut connection = Connection::open(address).await.unwrap();
    let nowhere = connection.get("/nowhere").await.unwrap();
    nowhere.assert_error(404, "ROUTE_NOT_FOUND", NO_ROUTE);
    // The connection is kept after a refusal.
    assert_eq!(connection.get("/api/workflows").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_client_that_prefers_a_problem_gets_one() {
    let client = Client::sqlite().await;
    for accept in [
        "application/problem+json",
        "application/json;q=0.5, application/problem+json",
        "text/html, application/problem+json;q=0.1",
    ] {
        let ask = client.ask("GET", "/api/leads?limit=0").header("accept", accept);
        let answer = ask.send().await;
        assert_eq!(answer.status, 422, "{accept}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{accept}");
        assert!(answer.vary().contains(&"accept".to_owned()));
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        let expected = json!({
            "type": "about:blank",
            "title": "Unprocessable Content",
            "status": 422,
            "detail": "`limit` must be a number from 1 to 100",
            "code": "VALIDATION_FAILED",
            "requestId": answer.header("x-request-id"),
            "field": "limit",
            "expected": "a number from 1 to 100",
        });
        assert_eq!(problem, expected, "{accept}");
    }
    for accept in
        ["*/*", "application/json, application/problem+json", "text/html", "application/*", ""]
    {
        let answer = client.ask("GET", "/api/leads?limit=0").header("accept", accept).send().await;
        answer.assert_invalid("limit", "a number from 1 to 100");
    }
    // What no handler was asked for is negotiated too.
    let nowhere = client.ask("GET", "/nowhere").header("accept", "application/problem+json");
    let problem: Value = serde_json::from_slice(&nowhere.send().await.body).unwrap();
    assert_eq!(
        (&problem["code"], &problem["title"]),
        (&json!("ROUTE_NOT_FOUND"), &json!("Not Found"))
    );
}

#[tokio::test]
async fn a_request_id_is_kept_when_well_formed_and_made_otherwise() {
    let client = Client::sqlite().await;
    let longest = "x".repeat(128);
    let too_long = "x".repeat(129);
    let paths = ["/live", "/api/workflows", "/nowhere", "/api/leads?limit=0"];
    for path in paths {
        for id in ["a", "order-7/retry#2", &longest] {
            let answer = client.ask("GET", path).header("x-request-id", id).send().await;
            assert_eq!(answer.header("x-request-id"), id, "{path}");
        }
    }
    let mut made = HashSet::new();
    for path in paths {
        for id in ["", "two words", "tab\there", "ä", &too_long] {
            let answer = client.ask("GET", path).header("x-request-id", id).send().await;
            let id = answer.header("x-request-id");
            assert_eq!(id.len(), 32, "{path}: {id}");
            assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{path}: {id}");
            assert!(made.insert(id.to_owned()), "{path}: {id} came twice");
        }
    }
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = client.ask("GET", "/live").header("traceparent", trace).send().await;
    assert_eq!(answer.header("x-request-id"), "4bf92f3577b34da6a3ce929d0e0e4736");
}
