//! Responses are stored and reused, and only where that is nobody's loss.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::support::{Answer, Raw, Running, start, upstream, values};

/// An upstream that answers with these fields, and with the number of the request as its body.
async fn counting(fields: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let address = upstream(move |_, mut raw: Raw| {
        let counted = Arc::clone(&counted);
        async move {
            while let Some(head) = raw.try_head().await {
                raw.body_of(&head, true).await.unwrap();
                let nth = counted.fetch_add(1, Ordering::SeqCst);
                let text = format!("{nth}");
                let length = text.len();
                let answer = format!("HTTP/1.1 {fields}Content-Length: {length}\r\n\r\n{text}");
                raw.try_send(&answer).await;
            }
        }
    })
    .await;
    (address, requests)
}

const FRESH: &str = "200 OK\r\nCache-Control: max-age=60\r\nCache-Tag: a, b\r\n";

async fn with(gateway: &Running, target: &str, fields: &str) -> Answer {
    gateway.ask(&format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n")).await
}

#[tokio::test]
async fn a_hit_does_not_reach_the_upstream() {
    let (address, requests) = counting(FRESH).await;
    let gateway = start(address, "cache.profile = \"secure\"").await;
    let first = gateway.get("/a").await;
    assert_eq!(
        first.header("cache-status"),
        Some("bartizan; fwd=uri-miss; fwd-status=200; stored; ttl=60"),
        "{}",
        first.head
    );
    let hit = gateway.get("/a").await;
    assert_eq!(hit.text(), first.text());
    assert!(hit.header("cache-status").unwrap().starts_with("bartizan; hit; ttl="), "{}", hit.head);
    assert!(hit.header("age").is_some());
    // It came through this gateway once.
    assert_eq!(hit.headers("via"), ["1.1 bartizan"]);
    assert_ne!(hit.header("x-request-id"), first.header("x-request-id"));
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    assert_eq!(gateway.get("/b").await.text(), "1");
}

#[tokio::test]
async fn without_a_cache_nothing_is_stored() {
    let (address, requests) = counting(FRESH).await;
    let gateway = start(address, "").await;
    for _ in 0..3 {
        assert_eq!(gateway.get("/a").await.header("cache-status"), None);
    }
    assert_eq!(requests.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn whoever_sends_a_credential_gets_an_answer_of_their_own() {
    let limits = "limits.api_key_header = \"x-customer\"\nlimits.tiers = [{ name = \"a\" }]\n";
    let settings = format!("{limits}cache.profile = \"secure\"");
    let (address, _) = counting(FRESH).await;
    let gateway = start(address, &settings).await;
    assert_eq!(gateway.get("/a").await.text(), "0");
    let mut seen = 0;
    for name in ["Authorization", "Cookie", "X-Api-Key", "X-Customer"] {
        for user in ["one", "two", "one"] {
            seen += 1;
            let answer = with(&gateway, "/a", &format!("{name}: {user}\r\n")).await;
            assert_eq!(answer.text(), seen.to_string(), "{name}");
        }
    }
    assert_eq!(gateway.get("/a").await.text(), "0");
}

#[tokio::test]
async fn a_declared_key_tells_answers_apart() {
    let (address, _) = counting(FRESH).await;
    let settings = "cache.key_headers = [\"x-api-key\"]";
    let gateway = start(address, settings).await;
    for (user, number) in [("one", "0"), ("two", "1"), ("one", "0"), ("two", "1")] {
        let answer = with(&gateway, "/a", &format!("X-Api-Key: {user}\r\n")).await;
        assert_eq!(answer.text(), number);
    }
    assert_eq!(gateway.get("/a").await.text(), "2");
}

#[tokio::test]
async fn what_a_client_forges_neither_goes_by_the_cache_nor_into_it() {
    let (told, mut said) = mpsc::channel(8);
    let address = upstream(move |_, mut raw: Raw| {
        let told = told.clone();
        async move {
            while let Some(head) = raw.try_head().await {
                told.send(head).await.unwrap();
                raw.send(
                    "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nVary: Accept-Language\r\n\
                     Content-Length: 2\r\n\r\nok",
                )
                .await;
            }
        }
    })
    .await;
    let gateway = start(address, "[cache]").await;
    with(&gateway, "/a", "X-Forwarded-Host: evil.example\r\n").await;
    let head = said.recv().await.unwrap();
    assert_eq!(values(&head, "x-forwarded-host"), ["a.example"]);
    let hit = with(&gateway, "/a", "Forwarded: host=evil.example\r\n").await;
    assert!(hit.header("cache-status").unwrap().contains("hit"), "{}", hit.head);

    // The upstream does not see the language, so nothing may be stored as if it had.
    let poison = "Connection: accept-language\r\nAccept-Language: fr\r\n";
    let answer = with(&gateway, "/a", poison).await;
    assert!(answer.header("cache-status").unwrap().contains("hit"), "{}", answer.head);
    let french = with(&gateway, "/a", "Accept-Language: fr\r\n").await;
    assert!(french.header("cache-status").unwrap().contains("vary-miss"), "{}", french.head);
    assert_eq!(values(&said.recv().await.unwrap(), "accept-language"), ["fr"]);
}

#[tokio::test]
async fn an_error_that_was_stored_is_as_it_was() {
    let fields = "404 Not Found\r\nCache-Control: max-age=60\r\nContent-Type: text/plain\r\n";
    let (address, requests) = counting(fields).await;
    let gateway = start(address, "[cache]").await;
    for _ in 0..2 {
        let answer = gateway.get("/a").await;
        assert_eq!((answer.status, answer.text()), (404, "0"));
        assert_eq!(answer.header("content-type"), Some("text/plain"));
    }
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_body_that_ended_early_is_not_stored() {
    let address = upstream(|number, mut raw: Raw| async move {
        raw.head().await;
        let length = if number == 0 { 10 } else { 3 };
        raw.send(&format!(
            "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: {length}\r\n\r\nabc"
        ))
        .await;
    })
    .await;
    let gateway = start(address, "[cache]").await;
    assert_eq!(gateway.get("/a").await.body, None);
    let answer = gateway.get("/a").await;
    assert_eq!(answer.text(), "abc");
    assert!(answer.header("cache-status").unwrap().contains("fwd="), "{}", answer.head);
}

#[tokio::test]
async fn the_first_piece_of_what_is_stored_is_not_held_back() {
    let (go, wait) = mpsc::channel::<()>(1);
    let wait = Arc::new(tokio::sync::Mutex::new(wait));
    let address = upstream(move |_, mut raw: Raw| {
        let wait = Arc::clone(&wait);
        async move {
            raw.head().await;
            raw.send(
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 9\r\n\r\nfirst",
            )
            .await;
            wait.lock().await.recv().await;
            raw.send("last").await;
        }
    })
    .await;
    let gateway = start(address, "[cache]").await;
    let mut client = gateway.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").await;
    client.through("\r\n\r\nfirst").await.unwrap();
    go.send(()).await.unwrap();
    client.through("last").await.unwrap();
    assert_eq!(gateway.get("/").await.text(), "firstlast");
}

#[tokio::test]
async fn a_stale_response_stands_for_an_upstream_that_is_away() {
    let address = upstream(|number, mut raw: Raw| async move {
        raw.head().await;
        if number == 0 {
            let head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=10\r\nAge: 20\r\n";
            raw.send(&format!("{head}Content-Length: 2\r\nConnection: close\r\n\r\nok")).await;
        }
    })
    .await;
    let gateway = start(address, "cache.stale_if_error_s = 60").await;
    for _ in 0..2 {
        let answer = gateway.get("/").await;
        assert_eq!((answer.status, answer.text()), (200, "ok"));
    }
}

#[tokio::test]
async fn hits_count_against_quotas() {
    let (address, requests) = counting(FRESH).await;
    let settings = "limits.tiers = [{ name = \"a\", quotas = [{ class = \"api\", limit = 2, \
        period = 60 }] }]\n[cache]";
    let gateway = start(address, settings).await;
    for status in [200, 200, 429] {
        assert_eq!(gateway.get("/").await.status, status);
    }
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_rfc_profile_shares_what_the_rfc_lets_it() {
    let (address, requests) = counting(FRESH).await;
    let gateway = start(address, "cache.profile = \"rfc\"").await;
    for _ in 0..2 {
        assert_eq!(with(&gateway, "/a", "Cookie: a=1\r\n").await.text(), "0");
    }
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    // RFC 9111, section 4.2.2: a tenth of the year since then is more than a day.
    let fields = "200 OK\r\nLast-Modified: Wed, 01 Jan 2020 00:00:00 GMT\r\n";
    for (profile, body) in [("rfc", "0"), ("secure", "1")] {
        let (address, _) = counting(fields).await;
        let gateway = start(address, &format!("cache.profile = \"{profile}\"")).await;
        gateway.get("/a").await;
        assert_eq!(gateway.get("/a").await.text(), body, "{profile}");
    }
    let (address, _) = counting(fields).await;
    let gateway = start(address, "cache.heuristics = true").await;
    gateway.get("/a").await;
    assert_eq!(gateway.get("/a").await.text(), "0");
}

#[tokio::test]
async fn what_is_too_large_is_not_stored_and_targeted_fields_are_heard() {
    let (address, _) = counting(FRESH).await;
    let gateway = start(address, "cache.max_entry_bytes = 1").await;
    for number in 0..11 {
        gateway.get(&format!("/{number}")).await;
    }
    // Two digits are two bytes.
    assert_eq!(gateway.get("/0").await.text(), "0");
    assert_ne!(gateway.get("/10").await.text(), "10");

    let fields = "200 OK\r\nCache-Control: no-store\r\nEdge-Control: max-age=60\r\n";
    let (address, _) = counting(fields).await;
    let gateway = start(address, "cache.targeted = [\"edge-control\"]").await;
    for _ in 0..2 {
        assert_eq!(gateway.get("/").await.text(), "0");
    }
}

/// An upstream that begins its first answer so and says when its connection is closed; all others are
/// answered whole.
async fn pausing(begin: &'static str) -> (SocketAddr, mpsc::Receiver<()>) {
    let (told, ends) = mpsc::channel(8);
    let address = upstream(move |number, mut raw: Raw| {
        let told = told.clone();
        async move {
            raw.head().await;
            if number == 0 {
                raw.send(&format!("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n{begin}")).await;
                raw.rest().await;
                told.send(()).await.unwrap();
            } else {
                let head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5";
                raw.send(&format!("{head}\r\n\r\nwhole")).await;
            }
        }
    })
    .await;
    (address, ends)
}

#[tokio::test]
async fn what_a_client_leaves_behind_is_read_for_as_long_as_the_upstream_may_pause() {
    for begin in [
        "Content-Length: 10\r\n\r\npart",
        "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
        "Content-Length: 10\r\n\r\n",
    ] {
        let (address, mut ends) = pausing(begin).await;
        let settings = "timeouts.body_ms = 300\ncache.profile = \"rfc\"";
        let gateway = start(address, settings).await;
        let mut client = gateway.connect().await;
        client.send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").await;
        client.head().await;
        if begin.contains("part") {
            client.through("part").await.unwrap();
        }
        drop(client);
        let began = Instant::now();
        let (ended, answer) = tokio::join!(
            tokio::time::timeout(Duration::from_secs(4), ends.recv()),
            gateway.get("/")
        );
        assert_eq!(ended, Ok(Some(())), "{begin:?} {:?}", began.elapsed());
        assert_eq!((answer.status, answer.text()), (200, "whole"), "{begin:?}");
        assert_eq!(gateway.get("/").await.text(), "whole");
    }
}
