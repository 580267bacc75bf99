//! An upgrade leaves a connection that is the two ends' own (RFC 9110, section 7.8).

use tokio::sync::mpsc;

use crate::support::{Raw, echo, start, upstream, values};

const ASK: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Switches, then sends back what arrives in brackets, and after its end a last word.
async fn switching() -> std::net::SocketAddr {
    upstream(|_, mut raw: Raw| async move {
        let head = raw.head().await;
        assert_eq!(values(&head, "connection"), ["upgrade"]);
        assert_eq!(values(&head, "upgrade"), ["websocket"]);
        assert_eq!(values(&head, "sec-websocket-key"), ["dGhlIHNhbXBsZSBub25jZQ=="]);
        raw.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: x\r\n\r\nhello\n",
        )
        .await;
        while let Some(line) = raw.through("\n").await {
            raw.send(&format!("[{}]\n", line.trim_end())).await;
        }
        raw.send("bye\n").await;
    })
    .await
}

#[tokio::test]
async fn bytes_flow_both_ways_and_each_half_ends_by_itself() {
    // Every layer that may be on.
    let settings = "limits.tiers = [{ name = \"a\", quotas = [{ class = \"api\", limit = 9, \
        period = 60 }] }]\nclient.max_body_bytes = 1\ntimeouts.total_ms = 86400000\n\
        log.access = true\n[cache]";
    let gateway = start(switching().await, settings).await;
    let mut client = gateway.connect().await;
    client.send(&format!("{ASK}early\n")).await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert_eq!(values(&head, "upgrade"), ["websocket"]);
    assert_eq!(values(&head, "sec-websocket-accept"), ["x"]);
    assert_eq!(values(&head, "connection").len(), 1);
    assert_eq!(client.through("\n").await.unwrap(), "hello\n");
    assert_eq!(client.through("\n").await.unwrap(), "[early]\n");
    client.send("more\n").await;
    assert_eq!(client.through("\n").await.unwrap(), "[more]\n");
    client.shutdown().await;
    assert_eq!(client.rest().await, "bye\n");
}

#[tokio::test]
async fn a_refused_upgrade_is_an_ordinary_answer() {
    let gateway = start(echo().await, "").await;
    let mut client = gateway.connect().await;
    for _ in 0..2 {
        client.send(ASK).await;
        assert_eq!(client.answer().await.status, 200);
    }
}

#[tokio::test]
async fn http2_is_not_asked_of_the_upstream() {
    let gateway = start(echo().await, "").await;
    let answer = gateway
        .ask(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
             HTTP2-Settings: AAMAAABk\r\n\r\n",
        )
        .await;
    for name in ["upgrade", "connection", "http2-settings"] {
        assert!(values(answer.text(), name).is_empty(), "{}", answer.text());
    }
    let answer = gateway
        .ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: H2C, chat/2\r\n\r\n")
        .await;
    assert_eq!(values(answer.text(), "upgrade"), ["chat/2"]);
    // Without being named in Connection, and in HTTP/1.0, it asks for nothing.
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: chat\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n",
    ] {
        assert!(values(gateway.ask(request).await.text(), "upgrade").is_empty());
    }
}

#[tokio::test]
async fn a_change_that_nobody_has_asked_for_is_a_bad_answer() {
    let address = upstream(|_, mut raw: Raw| async move {
        raw.head().await;
        raw.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nabc",
        )
        .await;
        raw.rest().await;
    })
    .await;
    let answer = start(address, "").await.get("/").await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "BAD_GATEWAY"));
}

#[tokio::test]
async fn a_client_that_goes_ends_the_tunnel() {
    let (told, mut said) = mpsc::channel(1);
    let address = upstream(move |_, mut raw: Raw| {
        let told = told.clone();
        async move {
            raw.head().await;
            raw.send("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").await;
            told.send(raw.rest().await).await.unwrap();
        }
    })
    .await;
    let gateway = start(address, "").await;
    let mut client = gateway.connect().await;
    client.send(ASK).await;
    client.head().await;
    client.send("last").await;
    drop(client);
    assert_eq!(said.recv().await.unwrap(), "last");
}

#[tokio::test]
async fn each_of_two_at_once_has_a_tunnel_of_its_own() {
    for profile in ["secure", "rfc"] {
        let gateway = start(switching().await, &format!("cache.profile = \"{profile}\"")).await;
        let (mut one, mut two) = (gateway.connect().await, gateway.connect().await);
        one.send(ASK).await;
        two.send(ASK).await;
        for (client, word) in [(&mut one, "one"), (&mut two, "two")] {
            assert!(client.head().await.starts_with("HTTP/1.1 101 "));
            assert_eq!(client.through("\n").await.unwrap(), "hello\n");
            client.send(&format!("{word}\n")).await;
            assert_eq!(client.through("\n").await.unwrap(), format!("[{word}]\n"));
        }
    }
}
