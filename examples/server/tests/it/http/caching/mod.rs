//! What is read once, what makes it be read again, and who may ask about it.

mod instances;
mod operators;
mod outage;
mod reads;
mod responses;

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use bartizan_server::app::app;
use bartizan_server::data::{Database, DatabaseUrl, Statement};
use bartizan_server::readiness::Readiness;
use serde_json::{Value, json};

use super::Answer;
use super::client::{Client, config};

/// The key of operators in these tests.
const OPERATORS: &str = "the-key-of-operators";

/// An application over a database that is there.
async fn over(url: &DatabaseUrl, variables: &[(&str, &str)]) -> Client {
    Client::over(app(&config(url, variables), Readiness::new()).await.unwrap())
}

/// Changes every row that the API shows, behind the back of the application.
async fn change(database: &Database) {
    for sql in [
        "UPDATE workflows SET description = description || '!'",
        "UPDATE leads SET company = 'Changed'",
        "UPDATE analysis_results SET recommendations = '[\"Changed\"]'",
    ] {
        database.execute(&Statement::write("test_change", sql), &[]).await.unwrap();
    }
}

/// Every read of somebody without an account.
async fn read_all(client: &Client) -> Vec<Answer> {
    let mut answers = Vec::new();
    for path in [
        "/api/workflows",
        "/v1/api/workflows/wf_test",
        "/api/v1/history",
        "/api/history?limit=100",
        "/api/leads",
        "/api/leads?limit=10&status=new",
    ] {
        answers.push(client.get(path).await);
    }
    answers.push(analyze(client).await);
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    answers
}

fn bodies(answers: &[Answer]) -> Vec<Value> {
    answers.iter().map(Answer::json).collect()
}

async fn analyze(client: &Client) -> Answer {
    client.post("/api/analyze", &json!({"workflowId": "wf_test"})).await
}

async fn clear(client: &Client, query: &str) -> Answer {
    let path = format!("/api/performance/clear-cache{query}");
    client.ask("POST", &path).header("x-api-key", OPERATORS).send().await
}

/// What the caches tell of themselves.
async fn report(client: &Client) -> Value {
    let ask = client.ask("GET", "/internal/cache-stats").header("x-api-key", OPERATORS);
    ask.send().await.data()
}

/// One of the caches of a report.
fn of<'r>(report: &'r Value, name: &str) -> &'r Value {
    let caches = report["caches"].as_array().unwrap();
    caches.iter().find(|cache| cache["name"] == name).unwrap()
}

/// Asks until the answer is right, which it has to be within this time.
async fn within(time: Duration, mut right: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !right().await {
        assert!(begin.elapsed() < time, "it took longer than {time:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}
