//! A gateway that is asked to stop loses nothing.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bartizan_gateway::Drained;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::support::{Raw, Running, start, upstream, values};

/// An upstream that says when it was asked and waits for a permit to answer.
async fn held() -> (std::net::SocketAddr, mpsc::Receiver<()>, Arc<Semaphore>) {
    let (told, said) = mpsc::channel(8);
    let permits = Arc::new(Semaphore::new(0));
    let wait = Arc::clone(&permits);
    let address = upstream(move |_, mut raw: Raw| {
        let (told, wait) = (told.clone(), Arc::clone(&wait));
        async move {
            while raw.try_head().await.is_some() {
                told.send(()).await.unwrap();
                wait.acquire().await.unwrap().forget();
                raw.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone").await;
            }
        }
    })
    .await;
    (address, said, permits)
}

async fn until_refused(gateway: &Running) {
    while TcpStream::connect(gateway.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_request_in_flight_is_answered_after_the_listener_has_closed() {
    let (address, mut said, permits) = held().await;
    let gateway = start(address, "").await;
    let mut client = gateway.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    said.recv().await.unwrap();
    gateway.stop.stop();
    until_refused(&gateway).await;
    permits.add_permits(1);
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.text()), (200, "done"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(client.rest().await, "");
    assert_eq!(gateway.ended.await.unwrap(), Drained::Completely);
}

#[tokio::test]
async fn a_drain_ends_at_its_limit_and_a_second_signal_ends_it_at_once() {
    for (settings, signals) in [("drain.timeout_ms = 50", 1), ("drain.timeout_ms = 86400000", 2)] {
        let (address, mut said, _permits) = held().await;
        let gateway = start(address, settings).await;
        let mut client = gateway.connect().await;
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        said.recv().await.unwrap();
        for _ in 0..signals {
            gateway.stop.stop();
        }
        assert_eq!(gateway.ended.await.unwrap(), Drained::CutShort { connections: 1 });
        assert_eq!(client.rest().await, "");
    }
}

#[tokio::test]
async fn a_tunnel_is_waited_for_and_cut_at_the_limit() {
    let address = upstream(|_, mut raw: Raw| async move {
        raw.head().await;
        raw.send("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").await;
        while let Some(line) = raw.through("\n").await {
            raw.send(&line).await;
        }
    })
    .await;
    let ask = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
    let gateway = start(address, "").await;
    let mut client = gateway.connect().await;
    client.send(ask).await;
    let head = client.head().await;
    assert_eq!(values(&head, "upgrade"), ["x"]);
    gateway.stop.stop();
    until_refused(&gateway).await;
    client.send("still\n").await;
    assert_eq!(client.through("\n").await.unwrap(), "still\n");
    assert!(!gateway.ended.is_finished());
    client.shutdown().await;
    assert_eq!(client.rest().await, "");
    assert_eq!(gateway.ended.await.unwrap(), Drained::Completely);

    let gateway = start(address, "drain.timeout_ms = 50").await;
    let mut client = gateway.connect().await;
    client.send(ask).await;
    client.head().await;
    gateway.stop.stop();
    assert_eq!(gateway.ended.await.unwrap(), Drained::CutShort { connections: 1 });
    assert_eq!(client.rest().await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_under_load() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let address = upstream(move |_, mut raw: Raw| {
        let counted = Arc::clone(&counted);
        async move {
            while raw.try_head().await.is_some() {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                raw.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone").await;
            }
        }
    })
    .await;
    let gateway = start(address, "drain.delay_ms = 200").await;
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..32 {
        let (address, answered) = (gateway.address, Arc::clone(&answered));
        clients.spawn(async move {
            while let Ok(stream) = TcpStream::connect(address).await {
                let mut raw = Raw::new(stream);
                loop {
                    raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
                    let answer = raw.answer().await;
                    assert_eq!((answer.status, answer.text()), (200, "done"));
                    answered.fetch_add(1, Ordering::SeqCst);
                    if answer.header("connection") == Some("close") {
                        break;
                    }
                }
            }
        });
    }
    while answered.load(Ordering::SeqCst) < 100 {
        tokio::task::yield_now().await;
    }
    gateway.stop.stop();
    assert_eq!(gateway.ended.await.unwrap(), Drained::Completely);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), answered.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_connection_that_waits_to_be_accepted_is_not_reset() {
    let upstream = crate::support::echo().await;
    for _ in 0..20 {
        let gateway = start(upstream, "").await;
        // The gateway runs on this thread: it has no turn before all have connected.
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let mut stream = std::net::TcpStream::connect(gateway.address).unwrap();
                stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
                stream.set_nonblocking(true).unwrap();
                stream
            })
            .collect();
        gateway.stop.stop();
        for client in clients {
            let mut client = Raw::new(TcpStream::from_std(client).unwrap());
            assert_eq!(client.answer().await.status, 200);
        }
        assert_eq!(gateway.ended.await.unwrap(), Drained::Completely);
    }
}
