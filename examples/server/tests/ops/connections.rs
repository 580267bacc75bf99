//! What a connection may and may not do while the server is up.

use std::net::SocketAddr;
use std::time::Duration;

use axum::routing::get;
use axum::{Extension, Router};
use bartizan_ratelimit_tiers::PeerAddr;
use bartizan_server::serve::{Drained, bind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Http1, Http2, LONG, options, start};

const MOMENT: Duration = Duration::from_millis(50);

fn whoami() -> Router {
    let peer = async |Extension(PeerAddr(peer)): Extension<PeerAddr>| peer.to_string();
    Router::new().route("/peer", get(peer))
}

#[tokio::test]
async fn a_connection_is_kept_and_its_peer_known() {
    let server = start(whoami(), options(LONG, LONG));
    let mut client = Http1::connect(server.address).await.unwrap();
    let first = client.get("/peer").await.unwrap();
    let second = client.get("/peer").await.unwrap();
    assert!(!first.closes() && !second.closes());
    assert!(first.body.starts_with(b"127.0.0.1:"));
    assert_eq!(first.body, second.body);
    let mut client = Http2::connect(server.address).await;
    assert!(client.get("/peer").await.unwrap().body.starts_with(b"127.0.0.1:"));
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_off() {
    let mut options = options(LONG, LONG);
    options.first_request = MOMENT;
    let server = start(whoami(), options);
    // Nothing, the start of HTTP/2's preface, and the start of a head: three states of hyper.
    for start in ["", "PRI * HT", "GET /peer HTTP/1.1\r\nhost:"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let read = tokio::time::timeout(LONG, stream.read_to_end(&mut rest)).await;
        assert!(matches!(read.unwrap(), Ok(0)), "{start:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let mut options = options(LONG, LONG);
    options.idle = MOMENT;
    let server = start(whoami(), options);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /live HTTP/1.1\r\nhost: server\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    let read = tokio::time::timeout(LONG, stream.read_to_string(&mut answer)).await;
    read.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn a_panic_ends_its_own_connection_only() {
    async fn breaks() -> &'static str {
        panic!("on purpose")
    }
    let server = start(whoami().route("/panic", get(breaks)), options(Duration::ZERO, LONG));
    let mut one = Http1::connect(server.address).await.unwrap();
    let mut other = Http1::connect(server.address).await.unwrap();
    other.get("/peer").await.unwrap();
    assert!(one.get("/panic").await.is_err());
    other.get("/peer").await.unwrap();
    server.stop.stop();
    assert_eq!(server.ended.await.unwrap(), Drained::Completely);
}

#[tokio::test]
async fn a_taken_address_is_named_with_the_remedy() {
    let taken = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = taken.local_addr().unwrap();
    let error = bind(address).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {address}: another process does; set PORT to a free one")
    );
    assert!(std::error::Error::source(&error).is_some());
    // Free at once after the listener is gone.
    drop(taken);
    bind(address).unwrap();
}
