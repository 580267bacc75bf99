//! An operator takes back what is stored.

use std::net::SocketAddr;

use bartizan_probe::Redis;

use crate::support::{Answer, DEADLINE, Raw, Running, echo, start, upstream};

const TOKEN: &str = "cache.purge_token = \"0123456789abcdef\"";

async fn tagged() -> SocketAddr {
    upstream(|_, mut raw: Raw| async move {
        while let Some(head) = raw.try_head().await {
            let tag = head.split(' ').nth(1).unwrap().trim_start_matches('/');
            raw.send(&format!(
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nETag: \"1\"\r\n\
                 Cache-Tag: {tag}\r\nContent-Length: 2\r\n\r\nok"
            ))
            .await;
        }
    })
    .await
}

async fn order(gateway: &Running, fields: &str, body: &str) -> Answer {
    let length = body.len();
    let head = "POST /.bartizan/purge HTTP/1.1\r\nHost: a.example\r\n";
    gateway.ask(&format!("{head}{fields}Content-Length: {length}\r\n\r\n{body}")).await
}

async fn purge(gateway: &Running, body: &str) -> Answer {
    order(gateway, "Authorization: Bearer 0123456789abcdef\r\n", body).await
}

/// What became of a request for this target.
async fn status_of(gateway: &Running, target: &str) -> String {
    gateway.get(target).await.header("cache-status").unwrap().to_owned()
}

async fn filled(settings: &str) -> Running {
    let gateway = start(tagged().await, settings).await;
    for target in ["/a", "/b"] {
        gateway.get(target).await;
        assert!(status_of(&gateway, target).await.contains("hit"));
    }
    gateway
}

#[tokio::test]
async fn what_is_named_goes_and_the_rest_stays() {
    for (body, gone) in [
        (r#"{"uri":"http://a.example/a"}"#, "fwd=uri-miss"),
        (r#"{"uri":"http://a.example/a","soft":true}"#, "fwd=stale"),
        (r#"{"uri":"http://A.Example:80/a"}"#, "fwd=uri-miss"),
        // As whoever speaks to a proxy in front knows it.
        (r#"{"uri":"https://a.example/a"}"#, "fwd=uri-miss"),
        (r#"{"uri":"https://a.example:443/a"}"#, "fwd=uri-miss"),
        (r#"{"tag":"a"}"#, "fwd=uri-miss"),
        (r#"{"tag":"a","soft":true}"#, "fwd=stale"),
    ] {
        let gateway = filled(TOKEN).await;
        let answer = purge(&gateway, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.text(), r#"{"success":true,"data":{"reach":"local"}}"#);
        let status = status_of(&gateway, "/a").await;
        assert!(status.contains(gone), "{body}: {status}");
        assert!(status_of(&gateway, "/b").await.contains("hit"), "{body}");
    }
    for (body, gone) in
        [(r#"{"all":true}"#, "fwd=uri-miss"), (r#"{"all":true,"soft":true}"#, "fwd=stale")]
    {
        let gateway = filled(TOKEN).await;
        assert_eq!(purge(&gateway, body).await.status, 200);
        for target in ["/a", "/b"] {
            let status = status_of(&gateway, target).await;
            assert!(status.contains(gone), "{body}: {status}");
        }
    }
}

#[tokio::test]
async fn an_order_that_is_not_understood_purges_nothing() {
    let gateway = filled(TOKEN).await;
    for body in [
        "",
        "{}",
        "[]",
        r#"{"all":false}"#,
        r#"{"all":true,"tag":"a"}"#,
        r#"{"tag":"a","uri":"http://a.example/a"}"#,
        r#"{"uri":"/a"}"#,
        r#"{"uri":"http://"}"#,
        r#"{"tags":["a"]}"#,
        r#"{"tag":"a","hard":true}"#,
    ] {
        let answer = purge(&gateway, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "BAD_REQUEST"), "{body}");
    }
    let long = format!("{{\"tag\":\"{}\"}}", "a".repeat(70_000));
    assert_eq!(purge(&gateway, &long).await.status, 400);
    assert!(status_of(&gateway, "/a").await.contains("hit"));
}

#[tokio::test]
async fn only_the_token_opens_it() {
    let gateway = filled(TOKEN).await;
    for fields in [
        "",
        "Authorization: Bearer 0123456789abcdeX\r\n",
        "Authorization: Bearer 0123456789abcde\r\n",
        "Authorization: Bearer 0123456789abcdef0\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Basic 0123456789abcdef\r\n",
    ] {
        let answer = order(&gateway, fields, r#"{"all":true}"#).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "UNAUTHORIZED"), "{fields}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert!(status_of(&gateway, "/a").await.contains("hit"));
    let answer = gateway
        .ask(
            "GET /.bartizan/purge HTTP/1.1\r\nHost: a\r\nAuthorization: bearer 0123456789abcdef\r\n\r\n",
        )
        .await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

#[tokio::test]
async fn without_a_token_the_path_is_the_upstreams() {
    let gateway = start(echo().await, "[cache]").await;
    let answer = purge(&gateway, "{}").await;
    assert!(answer.text().starts_with("POST /.bartizan/purge HTTP/1.1\r\n"), "{}", answer.text());
}

#[tokio::test]
async fn a_purge_reaches_the_other_gateway_through_redis() {
    let redis = Redis::start();
    let settings = format!("{TOKEN}\ncache.redis_url = \"{}\"", redis.url());
    let upstream = tagged().await;
    let (one, two) = (start(upstream, &settings).await, start(upstream, &settings).await);
    let deadline = std::time::Instant::now() + DEADLINE;
    let shared = r#"{"success":true,"data":{"reach":"shared"}}"#;
    // A machine with much else to do may have started both before Redis has answered.
    for gateway in [&one, &two] {
        while purge(gateway, r#"{"tag":"none"}"#).await.text() != shared {
            assert!(std::time::Instant::now() < deadline, "Redis is not reached");
        }
    }
    // What one stores reaches the other by and by, and the later of two answers wins.
    let is_hit = |status: String| status.contains("hit");
    for order in [r#"{"tag":"a"}"#, r#"{"uri":"https://A.Example:443/a"}"#, r#"{"all":true}"#] {
        while !(is_hit(status_of(&one, "/a").await) && is_hit(status_of(&two, "/a").await)) {
            assert!(std::time::Instant::now() < deadline, "nothing is stored");
        }
        assert_eq!(purge(&one, order).await.text(), shared);
        while is_hit(status_of(&two, "/a").await) {
            assert!(std::time::Instant::now() < deadline, "{order} does not reach the other");
        }
    }
}

#[tokio::test]
async fn what_one_gateway_has_stored_is_a_hit_of_the_other() {
    let redis = Redis::start();
    let settings = format!("cache.redis_url = \"{}\"", redis.url());
    let one = start(tagged().await, &settings).await;
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let two = start(nowhere, &settings).await;
    let deadline = std::time::Instant::now() + DEADLINE;
    for target in (0..).map(|nth| format!("/{nth}")) {
        one.get(&target).await;
        // It has no upstream to ask.
        let answer = two.get(&target).await;
        if answer.status == 200 {
            assert_eq!(answer.text(), "ok");
            break;
        }
        assert!(std::time::Instant::now() < deadline, "nothing is shared");
    }
}

#[tokio::test]
async fn every_way_to_write_the_host_is_one_uri() {
    for host in ["a.example", "A.EXAMPLE", "a.example:80", "a.example:"] {
        let gateway = start(tagged().await, TOKEN).await;
        let ask = format!("GET /a?b=1 HTTP/1.1\r\nHost: {host}\r\n\r\n");
        gateway.ask(&ask).await;
        assert!(gateway.ask(&ask).await.header("cache-status").unwrap().contains("hit"));
        purge(&gateway, r#"{"uri":"http://a.example/a?b=1"}"#).await;
        let status = gateway.ask(&ask).await;
        assert!(status.header("cache-status").unwrap().contains("fwd=uri-miss"), "{host}");
    }
}

#[tokio::test]
async fn no_way_to_write_its_path_goes_by_the_token() {
    let gateway = filled(TOKEN).await;
    let body = r#"{"all":true}"#;
    for target in [
        "/.bartizan/purge",
        "/.bartizan/purge?x",
        "http://a.example/.bartizan/purge",
        "/.bartizan/purge.",
        "/.bartizan/purge/",
        "//.bartizan/purge",
        "/%2ebartizan/purge",
        "/./.bartizan/purge",
    ] {
        let head = format!("POST {target} HTTP/1.1\r\nHost: a.example\r\n");
        let answer = gateway.ask(&format!("{head}Content-Length: 12\r\n\r\n{body}")).await;
        assert!(answer.status == 401 || answer.text() == "ok", "{target}: {}", answer.text());
        assert!(status_of(&gateway, "/a").await.contains("hit"), "{target}");
    }
}
