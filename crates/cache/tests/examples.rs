//! The examples, run to their end or served on a loopback socket and asked over it.

#![expect(
    clippy::unwrap_used,
    reason = "test support outside of test functions fails by panicking"
)]

#[path = "../examples/background_refresh.rs"]
#[expect(dead_code, reason = "its `main`")]
mod background_refresh;
#[path = "../examples/axum.rs"]
#[expect(dead_code, reason = "its `main`")]
mod served;
#[path = "../examples/two_instances.rs"]
#[expect(dead_code, reason = "its `main`")]
mod two_instances;

use std::net::SocketAddr;
use std::time::Duration;

use bartizan_probe::Redis;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long an example may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn the_one_of_background_refresh_plays_as_it_is_told() {
    background_refresh::run().await.unwrap();
}

#[tokio::test]
async fn the_one_of_two_instances_agrees_over_redis() {
    let redis = Redis::start();
    timeout(PATIENCE, two_instances::run(&redis.url())).await.unwrap().unwrap();
}

/// An answer of the example of axum.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    came_from: Option<String>,
    body: String,
}

fn answer(status: u16, came_from: impl Into<Option<&'static str>>, body: &str) -> Answer {
    let came_from = came_from.into().map(str::to_owned);
    Answer { status, came_from, body: body.to_owned() }
}

/// Asks on a connection of its own.
async fn ask(address: SocketAddr, line: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let came_from = head.lines().find_map(|line| line.strip_prefix("x-cache: "));
    Answer {
        status: head[9..12].parse().unwrap(),
        came_from: came_from.map(str::to_owned),
        body: body.to_owned(),
    }
}

async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { served::serve(listener).await.unwrap() });
    address
}

#[tokio::test]
async fn the_one_of_axum_loads_once_until_the_location_has_changed() {
    let address = serve().await;
    let seven = "GET /locations/berlin/workflows/7";
    let first = "workflow 7 of berlin, answer 1\n";
    assert_eq!(ask(address, seven).await, answer(200, "loaded", first));
    assert_eq!(ask(address, seven).await, answer(200, "memory", first));
    let other = "GET /locations/bonn/workflows/7";
    let second = "workflow 7 of bonn, answer 2\n";
    assert_eq!(ask(address, other).await, answer(200, "loaded", second));
    assert_eq!(ask(address, "POST /locations/berlin/changed").await, answer(204, None, ""));
    let third = "workflow 7 of berlin, answer 3\n";
    assert_eq!(ask(address, seven).await, answer(200, "loaded", third));
    assert_eq!(ask(address, other).await, answer(200, "memory", second));
}

#[tokio::test]
async fn the_one_of_axum_asks_the_upstream_once_for_all_who_come_meanwhile() {
    let address = serve().await;
    let mut asked = JoinSet::new();
    for _ in 0..20 {
        asked.spawn(ask(address, "GET /locations/berlin/workflows/7"));
    }
    while let Some(answer) = asked.join_next().await {
        assert_eq!(answer.unwrap().body, "workflow 7 of berlin, answer 1\n");
    }
}

#[tokio::test]
async fn the_one_of_axum_remembers_what_is_absent_and_no_failure() {
    let address = serve().await;
    let absent = "GET /locations/berlin/workflows/100";
    assert_eq!(ask(address, absent).await, answer(404, "loaded", "no such workflow\n"));
    assert_eq!(ask(address, absent).await, answer(404, "memory", "no such workflow\n"));
    for _ in 0..2 {
        let failed = ask(address, "GET /locations/atlantis/workflows/7").await;
        assert_eq!(failed, answer(502, None, "the loader failed\n"));
    }
    let next = "workflow 8 of berlin, answer 4\n";
    // One was absent, two have failed.
    assert_eq!(ask(address, "GET /locations/berlin/workflows/8").await.body, next);
}
