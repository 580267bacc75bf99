//! `/live` and `/ready`, and the subcommand that asks the first of them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use bartizan_server::healthcheck::{HealthcheckError, healthcheck};
use bartizan_server::readiness::{self, Phase, Readiness};
use http_body_util::BodyExt;
use tower::ServiceExt;

async fn ask(readiness: &Readiness, method: &str, path: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let router = readiness::routes::<()>(readiness.clone());
    let response = router.oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    if head.status != StatusCode::METHOD_NOT_ALLOWED {
        assert_eq!(head.headers["cache-control"], "no-store");
        assert_eq!(head.headers["content-type"], "application/json");
        assert!(head.headers.contains_key("content-length"));
    }
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn readiness_follows_the_phase_and_liveness_does_not() {
    let readiness = Readiness::new();
    let unready = StatusCode::SERVICE_UNAVAILABLE;
    for (phase, status, body) in [
        (Phase::Starting, unready, r#"{"status":"starting"}"#),
        (Phase::Ready, StatusCode::OK, r#"{"status":"ready"}"#),
        (Phase::Draining, unready, r#"{"status":"draining"}"#),
    ] {
        match phase {
            Phase::Starting => {}
            Phase::Ready => readiness.ready(),
            Phase::Draining => readiness.drain(),
        }
        assert_eq!(readiness.phase(), phase);
        assert_eq!(ask(&readiness, "GET", "/ready").await, (status, body.to_owned()));
        assert_eq!(ask(&readiness, "HEAD", "/ready").await, (status, String::new()));
        let alive = (StatusCode::OK, r#"{"status":"ok"}"#.to_owned());
        assert_eq!(ask(&readiness, "GET", "/live").await, alive);
        assert_eq!(ask(&readiness, "HEAD", "/live").await, (StatusCode::OK, String::new()));
    }
    let refused = ask(&readiness, "POST", "/live").await;
    assert_eq!(refused, (StatusCode::METHOD_NOT_ALLOWED, String::new()));
}

#[test]
fn a_drain_is_not_undone() {
    let readiness = Readiness::new();
    readiness.drain();
    readiness.ready();
    assert_eq!(readiness.phase(), Phase::Draining);
}

/// Answers one request with `answer`, and returns what was asked.
fn answering(answer: &'static str) -> (std::net::SocketAddr, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut byte = [0];
        while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            asked.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (address, server)
}

#[test]
fn the_healthcheck_asks_for_live() {
    let (address, server) = answering("HTTP/1.1 200 OK\r\n\r\n");
    let everywhere = std::net::SocketAddr::new([0, 0, 0, 0].into(), address.port());
    healthcheck(everywhere, Duration::from_secs(2)).unwrap();
    let asked = server.join().unwrap();
    assert!(asked.starts_with("GET /live HTTP/1.1\r\n"), "{asked}");
}

#[test]
fn the_healthcheck_fails_on_other_answers_and_on_none() {
    let (address, server) = answering("HTTP/1.1 503 Service Unavailable\r\n\r\n");
    let error = healthcheck(address, Duration::from_secs(2)).unwrap_err();
    assert!(matches!(error, HealthcheckError::Unhealthy { .. }), "{error}");
    server.join().unwrap();

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = healthcheck(silent.local_addr().unwrap(), Duration::from_millis(20)).unwrap_err();
    assert!(matches!(error, HealthcheckError::Unreachable { .. }), "{error}");
}
