//! Nobody waits for ever.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

use crate::support::{DEADLINE, Raw, start, upstream};

async fn silent() -> SocketAddr {
    upstream(|_, mut raw: Raw| async move {
        raw.rest().await;
    })
    .await
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_a_timeout() {
    for settings in ["timeouts.response_ms = 100", "timeouts.total_ms = 100"] {
        let answer = start(silent().await, settings).await.get("/").await;
        assert_eq!((answer.status, answer.code().as_str()), (504, "GATEWAY_TIMEOUT"));
    }
}

#[tokio::test]
async fn an_upstream_that_does_not_connect_is_a_timeout() {
    // A queue of one that is full: the operating system drops what wants to connect.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    let connect = || tokio::net::TcpStream::connect(address);
    while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(300), connect()).await {
        waiting.push(stream);
    }
    for settings in ["timeouts.connect_ms = 100", "timeouts.total_ms = 100"] {
        let began = Instant::now();
        let answer = start(address, settings).await.get("/").await;
        assert_eq!((answer.status, answer.code().as_str()), (504, "GATEWAY_TIMEOUT"));
        // The default is three seconds.
        assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_body_that_pauses_for_too_long_breaks_off() {
    let address = upstream(|_, mut raw: Raw| async move {
        raw.head().await;
        raw.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").await;
        raw.rest().await;
    })
    .await;
    let gateway = start(address, "timeouts.body_ms = 100").await;
    let mut client = gateway.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let seen = client.rest().await;
    assert!(seen.ends_with("3\r\nabc\r\n"), "{seen}");
}

/// A piece every 20 ms, without an end.
async fn trickling() -> SocketAddr {
    upstream(|_, mut raw: Raw| async move {
        raw.head().await;
        raw.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        while raw.try_send("1\r\nx\r\n").await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_body_that_goes_on_is_bounded_by_the_total_alone() {
    let began = Instant::now();
    let settings = "timeouts.body_ms = 1000\ntimeouts.total_ms = 2000";
    let gateway = start(trickling().await, settings).await;
    let mut client = gateway.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let seen = tokio::time::timeout(DEADLINE, client.rest()).await.expect("it goes on for ever");
    assert!(seen.ends_with("1\r\nx\r\n"), "{seen}");
    assert!(began.elapsed() >= Duration::from_millis(1990), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_client_that_sends_slowly_is_waited_for_and_one_that_stops_is_not() {
    let address = upstream(|_, mut raw: Raw| async move {
        let head = raw.head().await;
        if raw.body_of(&head, true).await.is_some() {
            raw.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            raw.rest().await;
        }
    })
    .await;
    let gateway = start(address, "timeouts.response_ms = 1500").await;
    let mut client = gateway.connect().await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    client.send(head).await;
    // Two seconds in all, never as long as the timeout at once.
    for piece in ["a", "b", "c", "d", "e"] {
        tokio::time::sleep(Duration::from_millis(400)).await;
        client.send(piece).await;
    }
    assert_eq!(client.answer().await.status, 200);

    let answer = gateway.ask(&format!("{head}ab")).await;
    assert_eq!((answer.status, answer.code().as_str()), (408, "REQUEST_TIMEOUT"));
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let gateway = start(crate::support::echo().await, "client.first_request_ms = 100").await;
    assert_eq!(gateway.connect().await.rest().await, "");
    let gateway = start(crate::support::echo().await, "client.idle_ms = 200").await;
    let mut client = gateway.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.answer().await;
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_leaves_no_connection_behind() {
    let (left, mut leaves) = tokio::sync::mpsc::channel(1);
    let address = upstream(move |_, mut raw: Raw| {
        let left = left.clone();
        async move {
            raw.head().await;
            raw.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno").await;
            raw.rest().await;
            left.send(()).await.unwrap();
        }
    })
    .await;
    let gateway = start(address, "timeouts.response_ms = 300").await;
    let mut client = gateway.connect().await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.text()), (401, "no"));
    // The client sends nothing more.
    assert_eq!(client.rest().await, "");
    assert_eq!(tokio::time::timeout(DEADLINE, leaves.recv()).await, Ok(Some(())));
}

#[tokio::test]
async fn an_upstream_that_answers_and_takes_no_more_of_the_request_is_left() {
    let (left, mut leaves) = tokio::sync::mpsc::channel(1);
    let address = upstream(move |_, mut raw: Raw| {
        let left = left.clone();
        async move {
            raw.head().await;
            raw.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno").await;
            // Reads no more.
            left.send(()).await.unwrap();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let gateway = start(address, "timeouts.response_ms = 300").await;
    let mut client = gateway.connect().await;
    let length = 64 << 20;
    client.send(&format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")).await;
    leaves.recv().await.unwrap();
    let piece = "x".repeat(1 << 20);
    let sending = async { while client.try_send(&piece).await {} };
    tokio::time::timeout(DEADLINE, sending).await.expect("the client is held");
}
