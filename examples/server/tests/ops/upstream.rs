//! The fake platform behind its real client.

use std::error::Error;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use bartizan_server::config::LatencyFactor;
use bartizan_server::domain::analyses::{Issue, IssueKind, Severity};
use bartizan_server::upstream::{
    ANALYSIS_LATENCY, Analysis, AnalysisRequest, FakeUpstream, TEST_WORKFLOW, Timeouts,
    UpstreamClient, UpstreamError, WORKFLOWS_LATENCY,
};
use tokio::net::TcpListener;

async fn fake(latency: &str) -> (FakeUpstream, UpstreamClient) {
    let fake = FakeUpstream::start(latency.parse().unwrap()).await.unwrap();
    let client = UpstreamClient::new(fake.base().clone(), Timeouts::default()).unwrap();
    (fake, client)
}

fn of(workflow_id: &str) -> AnalysisRequest {
    AnalysisRequest { workflow_id: workflow_id.to_owned(), definition: None }
}

fn issue(kind: IssueKind, severity: Severity, message: &str) -> Issue {
    Issue { kind, severity, message: message.to_owned() }
}

// Computed apart from the server, from FNV-1a and SplitMix64 as published.
#[tokio::test]
async fn an_analysis_follows_from_the_id() {
    let (_fake, client) = fake("0").await;
    let expected = Analysis {
        workflow_id: "wf_2".to_owned(),
        health_score: 31,
        issues_found: vec![
            issue(IssueKind::LongDelay, Severity::Medium, "Step 3 waits for more than a week"),
            issue(
                IssueKind::DuplicateTrigger,
                Severity::High,
                "Step 3 starts on an event that another trigger has",
            ),
            issue(
                IssueKind::MissingFallback,
                Severity::Medium,
                "Step 5 has no branch for a failure",
            ),
            issue(IssueKind::UnreachableStep, Severity::Critical, "Step 3 never runs"),
            issue(IssueKind::UnreachableStep, Severity::Medium, "Step 10 never runs"),
        ],
        recommendations: vec![
            "Shorten waits that contacts do not last.".to_owned(),
            "Keep one trigger for each event.".to_owned(),
            "Add a branch for the failure of each action that calls out.".to_owned(),
            "Remove steps that cannot be reached.".to_owned(),
        ],
    };
    assert_eq!(client.analyze(&of("wf_2")).await.unwrap(), expected);

    let test = client.analyze(&of(TEST_WORKFLOW)).await.unwrap();
    assert_eq!(test.health_score, 70);
    let message = "Step 1 has no branch for a failure";
    let only = issue(IssueKind::MissingFallback, Severity::Critical, message);
    assert_eq!(test.issues_found, [only]);
}

#[tokio::test]
async fn two_fakes_agree_on_everything() {
    let (_one, one) = fake("0").await;
    let (_two, two) = fake("0").await;
    let listed = one.workflows("loc 1&x=ü").await.unwrap();
    assert_eq!(listed, two.workflows("loc 1&x=ü").await.unwrap());
    assert_ne!(listed, one.workflows("loc 2").await.unwrap());
    assert_eq!(listed.len(), 34);
    assert!(listed.iter().all(|workflow| workflow.location_id == "loc 1&x=ü"));
    assert!(listed.iter().any(|workflow| workflow.id == TEST_WORKFLOW));
    for workflow in &listed {
        let analysis = one.analyze(&of(&workflow.id)).await.unwrap();
        assert_eq!(analysis, two.analyze(&of(&workflow.id)).await.unwrap());
        assert!(analysis.health_score <= 100);
    }
}

#[test]
fn the_latency_is_the_described_one_times_the_factor() {
    assert_eq!(WORKFLOWS_LATENCY, Duration::from_millis(800));
    assert_eq!(ANALYSIS_LATENCY, Duration::from_millis(3500));
    assert_eq!(LatencyFactor::DESCRIBED.scale(ANALYSIS_LATENCY), ANALYSIS_LATENCY);
    assert_eq!(LatencyFactor::NONE.scale(ANALYSIS_LATENCY), Duration::ZERO);
    let endless: LatencyFactor = "1e300".parse().unwrap();
    assert_eq!(endless.scale(ANALYSIS_LATENCY), Duration::MAX);
}

#[tokio::test]
async fn the_fake_waits_for_its_latency() {
    let (_fake, client) = fake("0.02").await;
    let start = Instant::now();
    client.workflows("loc").await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(16), "{:?}", start.elapsed());
    let start = Instant::now();
    client.analyze(&of("wf")).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(70), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_call_past_its_time_is_a_timeout() {
    let fake = FakeUpstream::start(LatencyFactor::DESCRIBED).await.unwrap();
    let timeouts = Timeouts { connect: Duration::from_secs(1), total: Duration::from_millis(20) };
    let client = UpstreamClient::new(fake.base().clone(), timeouts).unwrap();
    let error = client.workflows("loc").await.unwrap_err();
    assert!(matches!(error, UpstreamError::Timeout { .. }), "{error:?}");
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_platform_that_is_gone_is_unreachable() {
    let (fake, client) = fake("0").await;
    client.workflows("loc").await.unwrap();
    drop(fake);
    // The aborted task drops its listener at its next turn.
    tokio::task::yield_now().await;
    let error = client.clone().workflows("loc").await.unwrap_err();
    assert!(matches!(error, UpstreamError::Unreachable { .. }), "{error:?}");
    assert!(error.source().is_some());
}

#[tokio::test]
async fn other_answers_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/html/workflows", get(async || "<!doctype html>"))
        .route("/huge/workflows", get(async || "x".repeat((4 << 20) + 1)))
        .route("/down/workflows", get(async || StatusCode::BAD_GATEWAY));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let error = async |path: &str| {
        let base = format!("{base}/{path}").parse().unwrap();
        let client = UpstreamClient::new(base, Timeouts::default()).unwrap();
        client.workflows("loc").await.unwrap_err()
    };
    let html = error("html").await;
    assert!(matches!(html, UpstreamError::Decode { .. }), "{html:?}");
    assert!(html.source().is_some());
    let huge = error("huge").await;
    assert!(matches!(huge, UpstreamError::TooLarge { limit: 4_194_304 }), "{huge:?}");
    let down = error("down/").await;
    assert!(matches!(down, UpstreamError::Status { status: 502 }), "{down:?}");
    let none = error("none").await;
    assert!(matches!(none, UpstreamError::Status { status: 404 }), "{none:?}");
}
