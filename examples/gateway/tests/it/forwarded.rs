//! Who asks: the trusted-proxy rule, and `Host`.

use crate::support::{echo, start, values};

const FORGED: &str = "GET /x HTTP/1.1\r\nHost: a.example:81\r\nX-Forwarded-For: 192.0.2.7\r\n\
    X-Forwarded-For: 192.0.2.8\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b.example\r\n\
    X-Forwarded-Port: 444\r\nForwarded: for=192.0.2.9\r\nX-Real-IP: 192.0.2.1\r\n\r\n";

#[tokio::test]
async fn the_word_of_a_stranger_is_removed() {
    let answer = start(echo().await, "").await.ask(FORGED).await;
    let seen = answer.text();
    assert_eq!(values(seen, "x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(values(seen, "x-forwarded-proto"), ["http"]);
    assert_eq!(values(seen, "x-forwarded-host"), ["a.example:81"]);
    for name in ["x-forwarded-port", "forwarded", "x-real-ip"] {
        assert!(values(seen, name).is_empty(), "{seen}");
    }
}

#[tokio::test]
async fn the_word_of_a_trusted_proxy_is_kept_and_the_proxy_is_added() {
    let settings = "client.trusted_proxies = [\"127.0.0.0/8\"]";
    let answer = start(echo().await, settings).await.ask(FORGED).await;
    let seen = answer.text();
    assert_eq!(values(seen, "x-forwarded-for"), ["192.0.2.7, 192.0.2.8, 127.0.0.1"]);
    assert_eq!(values(seen, "x-forwarded-proto"), ["https"]);
    assert_eq!(values(seen, "x-forwarded-host"), ["b.example"]);
    assert_eq!(values(seen, "x-forwarded-port"), ["444"]);
    assert_eq!(values(seen, "x-real-ip"), ["192.0.2.1"]);
    // The other header comes from the client as it is.
    assert!(values(seen, "forwarded").is_empty(), "{seen}");
}

#[tokio::test]
async fn proxies_that_write_forwarded_are_believed_in_that_alone() {
    let settings = "client.trusted_proxies = [\"127.0.0.1\"]\nclient.forwarded_by = \"forwarded\"";
    let answer = start(echo().await, settings).await.ask(FORGED).await;
    let seen = answer.text();
    let expected = "for=192.0.2.9, for=127.0.0.1;host=\"a.example:81\";proto=http";
    assert_eq!(values(seen, "forwarded"), [expected]);
    for name in ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"] {
        assert!(values(seen, name).is_empty(), "{seen}");
    }
}

#[tokio::test]
async fn the_host_is_the_clients_or_the_upstreams() {
    let upstream = echo().await;
    let request = "GET / HTTP/1.1\r\nHost: A.example\r\n\r\n";
    let answer = start(upstream, "").await.ask(request).await;
    assert_eq!(values(answer.text(), "host"), ["A.example"]);
    let answer = start(upstream, "upstream.host = \"upstream\"").await.ask(request).await;
    assert_eq!(values(answer.text(), "host"), [upstream.to_string()]);
    assert_eq!(values(answer.text(), "x-forwarded-host"), ["A.example"]);
}

#[tokio::test]
async fn every_request_has_one_id() {
    let gateway = start(echo().await, "").await;
    let answer = gateway.ask("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc-1\r\n\r\n").await;
    assert_eq!(answer.header("x-request-id"), Some("abc-1"));
    assert_eq!(values(answer.text(), "x-request-id"), ["abc-1"]);
    let answer = gateway.get("/").await;
    let id = answer.header("x-request-id").unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(values(answer.text(), "x-request-id"), [id]);
}

#[tokio::test]
async fn a_name_that_some_take_for_that_of_a_forwarding_header_is_removed() {
    // CGI and its heirs read `_` and `-` as one.
    for settings in ["", "client.trusted_proxies = [\"127.0.0.1\"]"] {
        let answer = start(echo().await, settings)
            .await
            .ask(
                "GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 192.0.2.7\r\n\
                 X-Forwarded_Proto: https\r\nX_Real_IP: 192.0.2.7\r\nX_Other: kept\r\n\r\n",
            )
            .await;
        let seen = answer.text();
        assert!(!seen.contains("192.0.2.7") && !seen.contains("https"), "{seen}");
        assert_eq!(values(seen, "x_other"), ["kept"]);
    }
}

#[tokio::test]
async fn a_trailer_tells_nothing_that_a_header_may_not() {
    let answer = start(echo().await, "")
        .await
        .ask(
            "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\
             Trailer: X-Forwarded-For, X-Sum, Connection\r\n\r\n1\r\na\r\n0\r\n\
             X-Forwarded-For: 192.0.2.7\r\nX-Sum: 1\r\nConnection: close\r\n\r\n",
        )
        .await;
    let seen = answer.text();
    assert!(!seen.contains("192.0.2.7"), "{seen}");
    assert!(seen.to_ascii_lowercase().contains("x-sum: 1"), "{seen}");
    assert!(!seen.to_ascii_lowercase().contains("connection: close"), "{seen}");
}
