//! Connections to the upstream are kept, and are never shared by what could be mixed up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Raw, start, upstream};

/// Answers with the number of the connection; how many there were is counted.
async fn numbered(answer: fn(usize) -> String) -> (SocketAddr, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let address = upstream(move |number, mut raw: Raw| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            while let Some(head) = raw.try_head().await {
                raw.body_of(&head, true).await.unwrap();
                raw.try_send(&answer(number)).await;
            }
        }
    })
    .await;
    (address, connections)
}

fn whole(number: usize) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}")
}

#[tokio::test]
async fn a_connection_is_used_again_after_any_whole_answer() {
    let answers: [fn(usize) -> String; 3] = [
        whole,
        |_| "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        |_| "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n".to_owned(),
    ];
    for answer in answers {
        let (address, connections) = numbered(answer).await;
        let gateway = start(address, "").await;
        for _ in 0..5 {
            gateway.get("/").await;
            // Given back at the end of the body, which the client may have seen a moment before.
            tokio::task::yield_now().await;
        }
        assert!(connections.load(Ordering::SeqCst) <= 2, "{connections:?}: {}", answer(0));
    }
}

#[tokio::test]
async fn a_connection_that_closes_is_not_used_again() {
    let (address, _) = numbered(|number| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{number}")
    })
    .await;
    let gateway = start(address, "").await;
    for number in ["0", "1", "2"] {
        assert_eq!(gateway.get("/").await.text(), number);
    }
}

#[tokio::test]
async fn none_is_kept_where_none_may_be_or_for_too_long() {
    let (address, _) = numbered(whole).await;
    let gateway = start(address, "upstream.idle_connections = 0").await;
    for number in ["0", "1"] {
        assert_eq!(gateway.get("/").await.text(), number);
    }
    let (address, _) = numbered(whole).await;
    let gateway = start(address, "upstream.idle_ms = 1").await;
    for number in ["0", "1"] {
        assert_eq!(gateway.get("/").await.text(), number);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_closes_the_connection_of_its_answer() {
    let (told, mut said) = tokio::sync::mpsc::channel(1);
    let address = upstream(move |number, mut raw: Raw| {
        let told = told.clone();
        async move {
            raw.head().await;
            if number > 0 {
                raw.send(&whole(number)).await;
                return;
            }
            raw.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc").await;
            raw.rest().await;
            told.send(()).await.unwrap();
        }
    })
    .await;
    let gateway = start(address, "").await;
    let mut client = gateway.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.through("abc").await.unwrap();
    drop(client);
    said.recv().await.unwrap();
    assert_eq!(gateway.get("/").await.text(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_get_each_their_own_answer() {
    let address = crate::support::echo().await;
    let gateway = Arc::new(start(address, "upstream.idle_connections = 4").await);
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..32 {
        let gateway = Arc::clone(&gateway);
        clients.spawn(async move {
            let mut raw = gateway.connect().await;
            for nth in 0..50 {
                raw.send(&format!("GET /{client}/{nth} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
                let answer = raw.answer().await;
                let line = format!("GET /{client}/{nth} HTTP/1.1\r\n");
                assert!(answer.text().starts_with(&line), "{}", answer.text());
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
}
