//! A request is sent again only where nobody can tell.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

use crate::support::{Raw, start, upstream};

/// Answers the first request of each connection, and does `then` with the second of the first
/// connection.
async fn dying(then: &'static str, requests: &Arc<AtomicUsize>) -> SocketAddr {
    let requests = Arc::clone(requests);
    upstream(move |number, mut raw: Raw| {
        let requests = Arc::clone(&requests);
        async move {
            for nth in 0.. {
                let Some(head) = raw.try_head().await else { return };
                raw.body_of(&head, true).await.unwrap();
                requests.fetch_add(1, Ordering::SeqCst);
                if nth == 1 && number == 0 {
                    raw.send(then).await;
                    return;
                }
                let text = format!("{number}");
                raw.send(&format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{text}")).await;
            }
        }
    })
    .await
}

async fn second(request: &str, then: &'static str, settings: &str) -> (u16, Option<String>, usize) {
    let requests = Arc::default();
    let gateway = start(dying(then, &requests).await, settings).await;
    assert_eq!(gateway.get("/").await.text(), "0");
    let mut client = gateway.connect().await;
    client.send(request).await;
    let answer = client.answer_to(request.split(' ').next().unwrap()).await;
    (answer.status, answer.body, requests.load(Ordering::SeqCst))
}

#[tokio::test]
async fn an_idempotent_request_is_sent_again_when_a_kept_connection_dies() {
    for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
        let (status, body, requests) = second(&request, "", "").await;
        assert_eq!((status, requests), (200, 3), "{method}");
        // The second connection has answered.
        assert_eq!(body.as_deref(), Some(if method == "HEAD" { "" } else { "1" }));
    }
}

#[tokio::test]
async fn a_request_that_may_have_had_an_effect_is_not() {
    for request in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
    ] {
        let (status, _, requests) = second(request, "", "").await;
        assert_eq!((status, requests), (502, 2), "{request}");
    }
}

#[tokio::test]
async fn nothing_is_sent_again_after_a_byte_of_an_answer() {
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for then in ["H", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 100 Continue\r\n\r\n"] {
        let (status, _, requests) = second(get, then, "").await;
        assert_eq!((status, requests), (502, 2), "{then}");
    }
    let (status, body, requests) =
        second(get, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "").await;
    assert_eq!((status, body, requests), (200, None, 2));
}

#[tokio::test]
async fn a_new_connection_that_dies_is_not_tried_again() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let address = upstream(move |_, mut raw: Raw| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            raw.head().await;
        }
    })
    .await;
    let answer = start(address, "").await.get("/").await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "BAD_GATEWAY"));
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn whoever_wants_none_gets_none() {
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let (status, _, requests) = second(get, "", "upstream.retry = \"never\"").await;
    assert_eq!((status, requests), (502, 2));
}

/// Answers one request of each connection and hands the connection out, still open.
fn handing_out() -> (SocketAddr, Receiver<TcpStream>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (give, kept) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).unwrap_or(0) == 0 {
                    break;
                }
                seen.push(byte[0]);
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            if give.send(stream).is_err() {
                break;
            }
        }
    });
    (address, kept)
}

#[tokio::test]
async fn a_request_that_was_not_sent_at_all_is_sent_whatever_its_method() {
    let (address, kept) = handing_out();
    let gateway = start(address, "upstream.retry = \"never\"").await;
    let mut client = gateway.connect().await;
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    client.send(post).await;
    for _ in 0..50 {
        assert_eq!(client.answer().await.status, 200);
        // The gateway learns of the end and of the next request at once.
        let stream = kept.recv().unwrap();
        client.send_now(post);
        stream.shutdown(std::net::Shutdown::Both).unwrap();
    }
    assert_eq!(client.answer().await.status, 200);
}
