//! The workflow platform behind the server is down, slow, or answers nonsense.

use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use bartizan_server::app::app_over;
use bartizan_server::upstream::{FakeUpstream, Timeouts, UpstreamClient};
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use super::Answer;
use super::client::{Client, config, prepare};
use crate::world::World;

const BRIEF: Timeouts =
    Timeouts { connect: Duration::from_millis(200), total: Duration::from_millis(200) };

/// Asks for an analysis by the platform at `base`; nothing is to be stored of a failure.
async fn analyze(base: &str, timeouts: Timeouts) -> Answer {
    let world = World::sqlite();
    let url = world.url();
    prepare(&url).await;
    let upstream = UpstreamClient::new(base.parse().unwrap(), timeouts).unwrap();
    let client = Client::over(app_over(&config(&url, &[]), Some(upstream)).await.unwrap());
    let answer = client.post("/api/analyze", &json!({"workflowId": "wf_test"})).await;
    assert_eq!(client.get("/api/history").await.data(), json!([]));
    answer
}

async fn serving(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

#[track_caller]
fn assert_failed(answer: &Answer) {
    let message = "The workflow platform gave no usable answer";
    answer.assert_error(502, "UPSTREAM_FAILED", message);
}

#[tokio::test]
async fn a_platform_that_is_down_is_a_502() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);

    assert_failed(&analyze(&base, Timeouts::default()).await);
}

#[tokio::test]
async fn a_platform_that_is_slow_is_a_504() {
    let slow = FakeUpstream::start("100".parse().unwrap()).await.unwrap();
    // Accepts, because the operating system does, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = Url::parse(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
    for base in [slow.base(), &silent] {
        let begin = Instant::now();
        let answer = analyze(base.as_str(), BRIEF).await;
        assert!(begin.elapsed() < Duration::from_secs(10));
        answer.assert_error(504, "UPSTREAM_TIMEOUT", "The workflow platform took too long");
    }
}

#[tokio::test]
async fn a_platform_that_answers_nonsense_is_a_502() {
    let excellent = json!({
        "workflowId": "wf_test", "healthScore": 101, "issuesFound": [], "recommendations": [],
    });
    let base = serving(
        Router::new()
            .route("/html/analyses", post(async || "<!doctype html>"))
            .route("/down/analyses", post(async || StatusCode::SERVICE_UNAVAILABLE))
            .route("/unauthorized/analyses", post(async || StatusCode::UNAUTHORIZED))
            .route("/excellent/analyses", post(async move || excellent.to_string())),
    )
    .await;
    for path in ["html", "down", "unauthorized", "excellent", "none"] {
        let answer = analyze(&format!("{base}/{path}"), Timeouts::default()).await;
        assert_failed(&answer);
        assert_eq!(answer.header("www-authenticate"), "");
    }
}
