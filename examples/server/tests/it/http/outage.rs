//! PostgreSQL gone or silent while the application runs.
//!
//! The tests block while they start and stop the server, so the application has threads of its
//! own.

use std::time::{Duration, Instant};

use bartizan_probe::Postgres;
use bartizan_server::app::app;
use bartizan_server::readiness::Readiness;
use serde_json::json;

use super::client::{Client, config, prepare};

/// Two seconds are promised, the third is for a busy machine.
const GENEROUS: Duration = Duration::from_secs(3);

/// More than there are connections.
const CALLERS: usize = 24;

async fn started() -> (Postgres, Client) {
    let postgres = Postgres::start();
    let url = postgres.url().parse().unwrap();
    prepare(&url).await.close().await;
    (postgres, Client::over(app(&config(&url, &[]), Readiness::new()).await.unwrap()))
}

/// Every way to the database: as somebody, as nobody, with a session, reading and writing; and what was
/// read before, which is answered from the cache.
async fn assert_unavailable(client: &Client) {
    let lead = json!({"name": "Ada", "email": "ada@example.com"});
    let login = json!({"email": "ada@example.com", "password": "correct horse"});
    let calls = (0..CALLERS).map(async |caller| {
        let ask = match caller % 6 {
            0 => client.ask("GET", "/api/leads?limit=7"),
            1 => client.ask("GET", "/api/history").header("x-api-key", "btz_whatever"),
            2 => client.ask("GET", "/api/leads").header("cookie", "session=AAAAAAAAAAAAAAAAAAAAAA"),
            3 => client.ask("POST", "/api/leads").json(&lead),
            4 => client.ask("POST", "/api/login").json(&login),
            _ => client.ask("POST", "/api/analyze").json(&json!({"workflowId": "wf_test"})),
        };
        let begin = Instant::now();
        let answer = ask.send().await;
        assert!(begin.elapsed() < GENEROUS, "{:?}: {answer:?}", begin.elapsed());
        let message = "The service is unavailable, try again later";
        answer.assert_error(503, "SERVICE_UNAVAILABLE", message);
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(answer.header("set-cookie"), "");
    });
    join_all(calls).await;
    assert_eq!(client.get("/api/workflows").await.status, 200);
    assert_eq!(client.get("/live").await.status, 200);
    assert_eq!(client.get("/nowhere").await.status, 404);
}

async fn assert_available(client: &Client) {
    let lead = json!({"name": "Ada", "email": "ada@example.com"});
    let calls = (0..CALLERS).map(async |caller| {
        if caller % 2 == 0 {
            assert_eq!(client.get("/api/workflows").await.status, 200);
        } else {
            assert_eq!(client.post("/api/leads", &lead).await.status, 201);
        }
    });
    join_all(calls).await;
}

/// Drives the futures side by side on this task.
async fn join_all(futures: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut running: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        running.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        if running.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_database_is_a_503_in_time_and_recovered_from_without_a_restart() {
    let (mut postgres, client) = started().await;
    assert_available(&client).await;

    postgres.kill();
    assert_unavailable(&client).await;
    postgres.restart();

    assert_available(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_database_is_a_503_in_time_and_recovered_from_without_a_restart() {
    let (mut postgres, client) = started().await;
    assert_available(&client).await;

    postgres.pause();
    assert_unavailable(&client).await;
    postgres.resume();

    assert_available(&client).await;
}
