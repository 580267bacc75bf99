//! What is for one hop only does not reach the next (RFC 9110, section 7.6.1).

use crate::support::{answering, echo, start};

const HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "x-named",
    "x-other",
];

#[tokio::test]
async fn a_request_loses_what_is_for_this_hop() {
    let gateway = start(echo().await, "").await;
    let answer = gateway
        .ask(
            "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: X-Named, keep-alive,,\r\n\
             Connection: close , x-other\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\n\
             Proxy-Authorization: Basic eA==\r\nTE: gzip\r\nX-Named: 1\r\nX-Other: 2\r\n\
             HTTP2-Settings: AAMAAABk\r\nX-End: kept\r\n\r\n",
        )
        .await;
    let seen = answer.text();
    for name in HOP {
        assert!(crate::support::values(seen, name).is_empty(), "{name} in {seen}");
    }
    assert_eq!(crate::support::values(seen, "x-end"), ["kept"]);
}

#[tokio::test]
async fn readiness_for_trailers_is_told_anew_and_other_codings_are_not() {
    let gateway = start(echo().await, "").await;
    for te in ["trailers", "deflate;q=0.5, Trailers"] {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nTE: {te}\r\nConnection: TE\r\n\r\n");
        let answer = gateway.ask(&request).await;
        assert_eq!(crate::support::values(answer.text(), "te"), ["trailers"]);
        assert_eq!(crate::support::values(answer.text(), "connection"), ["te"]);
    }
}

#[tokio::test]
async fn a_request_without_its_host_cannot_be_asked_for() {
    let gateway = start(echo().await, "").await;
    let answer = gateway.ask("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: host\r\n\r\n").await;
    assert_eq!(crate::support::values(answer.text(), "host"), ["a.example"]);
}

#[tokio::test]
async fn a_response_loses_what_is_for_this_hop() {
    let upstream = answering(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x-named, close\r\nX-Named: 1\r\n\
         Keep-Alive: timeout=5\r\nProxy-Connection: x\r\nProxy-Authenticate: Basic\r\n\
         Proxy-Authentication-Info: x\r\nUpgrade: h2c\r\nX-End: kept\r\n\r\nok",
    )
    .await;
    let answer = start(upstream, "").await.get("/").await;
    assert_eq!(answer.text(), "ok");
    for name in [
        "connection",
        "x-named",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authentication-info",
        "upgrade",
    ] {
        assert_eq!(answer.header(name), None, "{}", answer.head);
    }
    assert_eq!(answer.header("x-end"), Some("kept"));
}

#[tokio::test]
async fn via_is_appended_both_ways_with_the_version_that_arrived() {
    let upstream =
        answering("HTTP/1.0 200 OK\r\nVia: 1.1 inner\r\nContent-Length: 0\r\n\r\n").await;
    let answer = start(upstream, "upstream.via = \"edge\"").await.get("/").await;
    assert_eq!(answer.headers("via"), ["1.1 inner", "1.0 edge"]);
    assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"), "{}", answer.head);

    let gateway = start(echo().await, "").await;
    let answer = gateway.ask("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 outer\r\n\r\n").await;
    assert_eq!(crate::support::values(answer.text(), "via"), ["1.0 outer", "1.1 bartizan"]);
    assert_eq!(answer.headers("via"), ["1.1 bartizan"]);
    let answer = gateway.ask("GET / HTTP/1.0\r\nHost: a\r\n\r\n").await;
    assert_eq!(crate::support::values(answer.text(), "via"), ["1.0 bartizan"]);
    assert!(answer.text().starts_with("GET / HTTP/1.1\r\n"), "{}", answer.text());
}

#[tokio::test]
async fn what_this_gateway_says_cannot_be_named_away() {
    let settings = "client.trusted_proxies = [\"127.0.0.1\"]";
    let gateway = start(echo().await, settings).await;
    let answer = gateway
        .ask(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: x-request-id, x-forwarded-for\r\n\
             X-Request-Id: abc-1\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n",
        )
        .await;
    let seen = answer.text();
    assert_eq!(crate::support::values(seen, "x-request-id"), ["abc-1"]);
    assert_eq!(crate::support::values(seen, "x-forwarded-for"), ["192.0.2.7, 127.0.0.1"]);
}
