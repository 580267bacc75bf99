//! Who answers, when the upstream does not or not well.

use crate::support::{Raw, answering, start, upstream};

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_bad_gateway() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let gateway = start(address, "").await;
    let answer = gateway.get("/").await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "BAD_GATEWAY"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let id = answer.header("x-request-id").unwrap();
    let body: serde_json::Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!(body["error"]["requestId"], id);
    // What the operating system said is for the log.
    assert!(!answer.text().contains("refused"), "{}", answer.text());

    let problem =
        gateway.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept: application/problem+json\r\n\r\n").await;
    assert_eq!(problem.header("content-type"), Some("application/problem+json"));
}

#[tokio::test]
async fn what_is_no_http_is_a_bad_gateway() {
    for answer in [
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-",
        "",
    ] {
        let address = upstream(move |_, mut raw: Raw| async move {
            raw.head().await;
            raw.send(answer).await;
        })
        .await;
        let seen = start(address, "").await.get("/").await;
        assert_eq!((seen.status, seen.code().as_str()), (502, "BAD_GATEWAY"), "{answer}");
    }
}

#[tokio::test]
async fn errors_of_the_upstream_are_its_own_unless_told() {
    let plain = "HTTP/1.1 500 Oh\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nsecret";
    let address = answering(plain).await;
    let answer = start(address, "").await.get("/").await;
    assert_eq!((answer.status, answer.text()), (500, "secret"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    let answer = start(address, "upstream.errors = \"envelope\"").await.get("/").await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "INTERNAL_ERROR"));
    assert!(!answer.text().contains("secret"), "{}", answer.text());
}
