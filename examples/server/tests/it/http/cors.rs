//! Pages of allowed origins may call, and read every answer; others may not.

use super::Answer;
use super::client::{Client, ORIGIN};

const EXPOSED: [&str; 9] = [
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-tier",
    "x-ratelimit-window",
    "x-request-id",
];

/// Checks that a page of the allowed origin can read the answer, with credentials.
#[track_caller]
fn assert_is_readable(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN, "{answer:?}");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert!(answer.vary().contains(&"origin".to_owned()), "{answer:?}");
}

fn names(list: &str) -> Vec<String> {
    let mut names: Vec<_> = list.split(',').map(|name| name.trim().to_lowercase()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_reads_answers_and_refusals() {
    let client = Client::sqlite_with(&[("MAX_REQUEST_SIZE", "64")]).await;
    let key = ("x-api-key", "wrong");
    let large = ("content-length", "65");
    let plain = ("accept", "*/*");
    for (method, path, header, status) in [
        ("GET", "/api/workflows", plain, 200),
        ("GET", "/live", plain, 200),
        ("POST", "/api/logout", plain, 204),
        ("GET", "/nowhere", plain, 404),
        ("GET", "/api/workflows/wf_9999", plain, 404),
        ("GET", "/api/leads?limit=0", plain, 422),
        ("GET", "/api/leads", key, 401),
        ("PUT", "/api/leads", plain, 405),
        ("POST", "/api/leads", plain, 415),
        ("POST", "/api/leads", large, 413),
    ] {
        let ask = client.ask(method, path).header("origin", ORIGIN).header(header.0, header.1);
        let answer = ask.send().await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_is_readable(&answer);
        let exposed = names(answer.header("access-control-expose-headers"));
        assert_eq!(exposed, EXPOSED, "{method} {path}");
    }
    client.app().readiness.drain();
    let unready = client.ask("GET", "/ready").header("origin", ORIGIN).send().await;
    assert_eq!(unready.status, 503);
    assert_is_readable(&unready);
}

#[tokio::test]
async fn without_an_origin_answers_say_that_they_depend_on_it() {
    let client = Client::sqlite().await;
    // The second is in the cache by then.
    for path in ["/live", "/api/workflows", "/api/workflows", "/nowhere"] {
        let answer = client.ask("GET", path).send().await;
        assert!(answer.vary().contains(&"origin".to_owned()), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), "true", "{path}");
        assert_eq!(names(answer.header("access-control-expose-headers")), EXPOSED, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_reads_nothing() {
    let client = Client::sqlite().await;
    for origin in [
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://sub.app.example.com",
        "null",
    ] {
        for path in ["/api/workflows", "/nowhere"] {
            let answer = client.ask("GET", path).header("origin", origin).send().await;
            assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
            assert!(answer.vary().contains(&"origin".to_owned()), "{origin}");
        }
        let preflight = client.ask("OPTIONS", "/api/leads").header("origin", origin);
        let preflight = preflight.header("access-control-request-method", "POST").send().await;
        assert_eq!(preflight.header("access-control-allow-origin"), "", "{origin}");
    }
    let none = client.get("/api/workflows").await;
    assert_eq!(none.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn several_origins_may_be_allowed() {
    let origins = "https://a.example.com, http://b.example.com:8080";
    let client = Client::sqlite_with(&[("FRONTEND_URL", origins)]).await;
    for origin in ["https://a.example.com", "http://b.example.com:8080"] {
        let answer = client.ask("GET", "/live").header("origin", origin).send().await;
        assert_eq!(answer.header("access-control-allow-origin"), origin);
    }
    let other = client.ask("GET", "/live").header("origin", ORIGIN).send().await;
    assert_eq!(other.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_preflight_says_what_may_be_sent() {
    let client = Client::sqlite().await;
    // Also where nothing is, and with a key that opens nothing: a preflight carries none.
    for path in ["/api/leads", "/api/workflows/wf_test", "/live", "/nowhere"] {
        let ask = client.ask("OPTIONS", path).header("origin", ORIGIN);
        let ask = ask.header("access-control-request-method", "POST");
        let ask = ask.header("access-control-request-headers", "content-type,x-api-key");
        let answer = ask.send().await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0), "{path}");
        assert_is_readable(&answer);
        let methods = names(answer.header("access-control-allow-methods"));
        assert_eq!(methods, ["delete", "get", "head", "patch", "post", "put"]);
        let headers = names(answer.header("access-control-allow-headers"));
        let expected = [
            "accept",
            "authorization",
            "content-type",
            "traceparent",
            "x-api-key",
            "x-no-compression",
            "x-request-id",
        ];
        assert_eq!(headers, expected);
        assert_eq!(answer.header("access-control-max-age"), "7200");
    }
}
