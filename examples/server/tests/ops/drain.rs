//! A server that is asked to stop loses nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use bartizan_server::serve::Drained;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::client::{Http1, Http2, LONG, options, start};

const CLIENTS: usize = 48;

#[derive(Clone, Default)]
struct Counts {
    begun: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

/// A handler that takes a moment, so that a drain finds many of them at work.
fn working(counts: &Counts) -> Router {
    let counts = counts.clone();
    let work = async move || {
        counts.begun.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        counts.ended.fetch_add(1, Ordering::SeqCst);
        "done"
    };
    Router::new().route("/work", get(work))
}

/// Asks again and again, reconnecting when told to, until the address refuses.
async fn hammer(address: SocketAddr, answered: Arc<AtomicUsize>) {
    while let Ok(mut client) = Http1::connect(address).await {
        loop {
            let answer = client.get("/work").await.expect("a request was cut");
            assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"done"[..]));
            answered.fetch_add(1, Ordering::SeqCst);
            if answer.closes() {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_cut_while_readiness_says_503() {
    let counts = Counts::default();
    let answered = Arc::new(AtomicUsize::new(0));
    let server = start(working(&counts), options(Duration::from_millis(300), LONG));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(hammer(server.address, Arc::clone(&answered)));
    }
    let mut probe = Http1::connect(server.address).await.unwrap();
    while answered.load(Ordering::SeqCst) < 4 * CLIENTS {
        assert_eq!(probe.get("/ready").await.unwrap().status, StatusCode::OK);
    }

    server.stop.stop();
    let unready = loop {
        let answer = probe.get("/ready").await.unwrap();
        if answer.status != StatusCode::OK {
            break answer;
        }
        assert!(!answer.closes());
    };
    assert_eq!(unready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(&unready.body[..], br#"{"status":"draining"}"#);
    assert!(unready.closes());
    // The listener is still open, and a probe that comes anew hears the same.
    let mut anew = Http1::connect(server.address).await.unwrap();
    assert_eq!(anew.get("/ready").await.unwrap().status, StatusCode::SERVICE_UNAVAILABLE);

    assert_eq!(server.ended.await.unwrap(), Drained::Completely);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    let begun = counts.begun.load(Ordering::SeqCst);
    assert_eq!(begun, counts.ended.load(Ordering::SeqCst));
    assert_eq!(begun, answered.load(Ordering::SeqCst));
    assert!(TcpStream::connect(server.address).await.is_err());
}

/// A route that says when a request has begun, and waits for a permit to end it.
fn held() -> (Router, Arc<Notify>, Arc<Semaphore>) {
    let begun = Arc::new(Notify::new());
    let permits = Arc::new(Semaphore::new(0));
    let (tell, wait) = (Arc::clone(&begun), Arc::clone(&permits));
    let hold = async move || {
        tell.notify_one();
        wait.acquire().await.unwrap().forget();
        "done"
    };
    (Router::new().route("/held", get(hold)), begun, permits)
}

async fn until_refused(address: SocketAddr) {
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_request_in_flight_is_answered_after_the_listener_has_closed() {
    let (router, begun, permits) = held();
    let mut options = options(Duration::ZERO, LONG);
    options.grace = Duration::ZERO;
    let server = start(router, options);
    let mut old = Http1::connect(server.address).await.unwrap();
    let mut new = Http2::connect(server.address).await;
    let old = tokio::spawn(async move { old.get("/held").await });
    begun.notified().await;
    let new = tokio::spawn(async move {
        let answer = new.get("/held").await;
        (answer, new.get("/held").await)
    });
    begun.notified().await;

    server.stop.stop();
    until_refused(server.address).await;
    permits.add_permits(2);
    let answer = old.await.unwrap().unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.closes());
    let (answer, next) = new.await.unwrap();
    let answer = answer.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.closes());
    assert!(next.is_err(), "HTTP/2 has said GOAWAY");
    assert_eq!(server.ended.await.unwrap(), Drained::Completely);
}

#[tokio::test]
async fn a_connection_that_was_accepted_may_still_send_its_request() {
    let mut options = options(Duration::ZERO, LONG);
    options.grace = LONG;
    let server = start(Router::new(), options);
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut begun = TcpStream::connect(server.address).await.unwrap();
    begun.write_all(b"GET /live HTTP/1.1\r\n").await.unwrap();
    server.stop.stop();
    until_refused(server.address).await;

    silent.write_all(b"GET /live HTTP/1.1\r\nhost: server\r\n\r\n").await.unwrap();
    begun.write_all(b"host: server\r\n\r\n").await.unwrap();
    for mut stream in [silent, begun] {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
    assert_eq!(server.ended.await.unwrap(), Drained::Completely);
}

#[tokio::test]
async fn a_connection_that_waits_to_be_accepted_is_served() {
    let mut options = options(Duration::ZERO, LONG);
    options.grace = LONG;
    let server = start(Router::new(), options);
    // Without an await between, the server's task runs only after all have connected.
    server.stop.stop();
    let connect = |_| std::net::TcpStream::connect(server.address).unwrap();
    let waiting: Vec<_> = (0..CLIENTS).map(connect).collect();
    for stream in waiting {
        stream.set_nonblocking(true).unwrap();
        let mut stream = TcpStream::from_std(stream).unwrap();
        stream.write_all(b"GET /live HTTP/1.1\r\nhost: server\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    assert_eq!(server.ended.await.unwrap(), Drained::Completely);
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_drain() {
    let server = start(Router::new(), options(Duration::ZERO, LONG));
    let mut idle = Http1::connect(server.address).await.unwrap();
    idle.get("/live").await.unwrap();
    let _unused = TcpStream::connect(server.address).await.unwrap();
    server.stop.stop();
    let ended = tokio::time::timeout(LONG / 2, server.ended).await;
    assert_eq!(ended.unwrap().unwrap(), Drained::Completely);
}

#[tokio::test]
async fn asking_again_cuts_the_drain_short() {
    for delay in [Duration::ZERO, LONG] {
        let (router, begun, _permits) = held();
        let server = start(router, options(delay, LONG));
        let mut client = Http1::connect(server.address).await.unwrap();
        let request = tokio::spawn(async move { client.get("/held").await });
        begun.notified().await;
        server.stop.stop();
        server.stop.stop();
        let ended = server.ended.await.unwrap();
        assert_eq!(ended, Drained::CutShort { connections: 1 });
        assert!(request.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn the_drain_does_not_outlast_its_timeout() {
    let (router, begun, _permits) = held();
    let server = start(router, options(Duration::ZERO, Duration::from_millis(20)));
    let mut client = Http1::connect(server.address).await.unwrap();
    let request = tokio::spawn(async move { client.get("/held").await });
    begun.notified().await;
    server.stop.stop();
    assert_eq!(server.ended.await.unwrap(), Drained::CutShort { connections: 1 });
    assert!(request.await.unwrap().is_err());
}
