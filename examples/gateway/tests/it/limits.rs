//! Callers are held to their tiers, bodies to their size.

use crate::support::{Answer, Raw, Running, answering, echo, start, upstream};

const TIERS: &str = r#"
limits.keys = [{ key = "key-of-a-customer", tier = "pro" }]
limits.classes = [
    { name = "api" },
    { name = "write", methods = ["POST"], path = "/w" },
]
limits.tiers = [
    { name = "free", upgrade = "pro", quotas = [
        { class = "api", limit = 2, period = 60, algorithm = "strict" },
    ] },
    { name = "pro", quotas = [
        { class = "api", limit = 100, period = 60, algorithm = "strict" },
        { class = "write", limit = 1, period = 60, algorithm = "strict" },
    ] },
]
"#;

async fn by(gateway: &Running, line: &str, fields: &str) -> Answer {
    gateway.ask(&format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).await
}

#[tokio::test]
async fn an_address_is_held_to_the_default_tier() {
    let gateway = start(echo().await, TIERS).await;
    for left in ["1", "0"] {
        let answer = gateway.get("/").await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (200, Some(left)));
    }
    // A key that nobody knows counts against the address.
    let answer = by(&gateway, "GET /", "X-Api-Key: guess\r\n").await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "RATE_LIMIT_EXCEEDED"));
    assert_eq!(answer.header("retry-after"), Some("60"));
    assert_eq!(answer.header("ratelimit"), Some("\"api\";r=0;t=60"));
    assert_eq!(answer.header("x-ratelimit-tier"), Some("free"));
    assert!(answer.header("via").is_none(), "{}", answer.head);
}

#[tokio::test]
async fn a_key_is_held_to_its_tier_and_each_class_is_counted_apart() {
    let gateway = start(echo().await, TIERS).await;
    let key = "X-Api-Key: key-of-a-customer\r\n";
    assert_eq!(by(&gateway, "POST /w/1", key).await.status, 200);
    assert_eq!(by(&gateway, "POST /w/2", key).await.status, 429);
    for _ in 0..5 {
        assert_eq!(by(&gateway, "GET /w/3", key).await.status, 200);
        assert_eq!(by(&gateway, "POST /x", key).await.status, 200);
    }
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_counted_apart_and_forged_ones_are_not() {
    let trusted = format!("{TIERS}client.trusted_proxies = [\"127.0.0.1\"]");
    for (settings, last) in [(TIERS, 429), (trusted.as_str(), 200)] {
        let gateway = start(echo().await, settings).await;
        for (client, status) in [("192.0.2.1", 200), ("192.0.2.1", 200), ("192.0.2.2", last)] {
            let fields = format!("X-Forwarded-For: {client}\r\n");
            assert_eq!(by(&gateway, "GET /", &fields).await.status, status);
        }
    }
}

#[tokio::test]
async fn without_tiers_nothing_is_limited_and_nothing_is_told() {
    let gateway = start(echo().await, "").await;
    for _ in 0..50 {
        let answer = gateway.get("/").await;
        assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    }
}

#[tokio::test]
async fn a_body_has_a_largest_size() {
    let gateway = start(echo().await, "client.max_body_bytes = 5").await;
    let put = |body: &str| format!("PUT / HTTP/1.1\r\nHost: a\r\n{body}");
    for (body, status) in [
        ("Content-Length: 5\r\n\r\nhello", 200),
        ("Content-Length: 6\r\n\r\nhello!", 413),
        ("Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 200),
        ("Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n4\r\nllo!\r\n0\r\n\r\n", 413),
    ] {
        let answer = gateway.ask(&put(body)).await;
        assert_eq!(answer.status, status, "{body}");
        if status == 413 {
            assert_eq!(answer.code(), "PAYLOAD_TOO_LARGE");
        }
    }
}

#[tokio::test]
async fn an_announced_size_is_refused_before_anything_is_sent() {
    let address = upstream(|_, _: Raw| async { panic!("the upstream was asked") }).await;
    let gateway = start(address, "client.max_body_bytes = 5").await;
    let mut client = gateway.connect().await;
    client
        .send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n")
        .await;
    assert_eq!(client.answer().await.status, 413);
}

#[tokio::test]
async fn a_response_is_not_bounded_by_the_size_of_requests() {
    let address = answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789").await;
    let gateway = start(address, "client.max_body_bytes = 5").await;
    assert_eq!(gateway.get("/").await.text(), "0123456789");
}
