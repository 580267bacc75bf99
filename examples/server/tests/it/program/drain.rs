use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::process::Program;
use crate::http::{Answer, Connection, ROOMY};

const CLIENTS: usize = 32;

fn closes(answer: &Answer) -> bool {
    answer.header("connection") == "close"
}

/// Asks again and again, reconnecting when told to, until the address refuses. Each request that
/// was begun has to be answered completely.
async fn hammer(address: SocketAddr, answered: Arc<AtomicUsize>, path: &'static str) {
    while let Ok(mut connection) = Connection::open(address).await {
        loop {
            let answer = connection.get(path).await.expect("a request was cut");
            assert_eq!(answer.status, StatusCode::OK);
            answer.json();
            answered.fetch_add(1, Ordering::SeqCst);
            if closes(&answer) {
                break;
            }
        }
    }
}

async fn drains(signal: Signal) {
    let folder = TempDir::new().unwrap();
    let program = Program::start(folder.path(), &[("DRAIN_DELAY_MS", "300"), ROOMY]);
    let address = program.address;
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let path = if client % 2 == 0 { "/api/workflows" } else { "/api/leads?limit=5" };
        clients.spawn(hammer(address, Arc::clone(&answered), path));
    }
    let mut probe = Connection::open(address).await.unwrap();
    while answered.load(Ordering::SeqCst) < 4 * CLIENTS {
        assert_eq!(probe.get("/ready").await.unwrap().status, StatusCode::OK);
    }

    program.signal(signal);
    let unready = loop {
        let answer = probe.get("/ready").await.unwrap();
        if answer.status != StatusCode::OK {
            break answer;
        }
    };
    assert_eq!(unready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(unready.json()["status"], "draining");
    assert!(closes(&unready));
    // It still serves, also who comes anew.
    let mut anew = Connection::open(address).await.unwrap();
    let answer = anew.get("/api/workflows").await.unwrap();
    assert_eq!((answer.status, closes(&answer)), (StatusCode::OK, true));

    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    let log = program.log();
    assert!(!log.contains("cut connections"), "{log}");
    assert_eq!(program.end().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_cuts_no_request() {
    drains(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigint_under_load_cuts_no_request() {
    drains(Signal::INT).await;
}
