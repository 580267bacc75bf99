//! Bodies flow both ways, and their end is the end that they had.

use tokio::sync::mpsc;

use crate::support::{Raw, answering, echo, start, upstream, values};

#[tokio::test]
async fn the_first_piece_of_a_response_is_not_held_back() {
    let (go, wait) = mpsc::channel::<()>(1);
    let wait = std::sync::Arc::new(tokio::sync::Mutex::new(wait));
    let address = upstream(move |_, mut raw: Raw| {
        let wait = wait.clone();
        async move {
            raw.head().await;
            raw.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n").await;
            wait.lock().await.recv().await;
            raw.send("4\r\nlast\r\n0\r\n\r\n").await;
            raw.rest().await;
        }
    })
    .await;
    let gateway = start(address, "").await;
    let mut client = gateway.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let head = client.head().await;
    assert_eq!(values(&head, "transfer-encoding"), ["chunked"]);
    assert_eq!(client.through("first\r\n").await.unwrap(), "5\r\nfirst\r\n");
    go.send(()).await.unwrap();
    assert_eq!(client.through("0\r\n\r\n").await.unwrap(), "4\r\nlast\r\n0\r\n\r\n");
}

#[tokio::test]
async fn the_first_piece_of_a_request_is_not_held_back() {
    let (told, mut said) = mpsc::channel(1);
    let address = upstream(move |_, mut raw: Raw| {
        let told = told.clone();
        async move {
            raw.head().await;
            told.send(raw.through("first\r\n").await.unwrap()).await.unwrap();
            raw.through("0\r\n\r\n").await.unwrap();
            raw.send("HTTP/1.1 204 No Content\r\n\r\n").await;
            raw.rest().await;
        }
    })
    .await;
    let gateway = start(address, "").await;
    let mut client = gateway.connect().await;
    client
        .send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        .await;
    assert_eq!(said.recv().await.unwrap(), "5\r\nfirst\r\n");
    client.send("0\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 204);
}

#[tokio::test]
async fn a_body_that_ends_early_is_never_a_whole_one() {
    let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    ];
    for answer in answers {
        let address = upstream(move |_, mut raw: Raw| async move {
            raw.head().await;
            raw.send(answer).await;
        })
        .await;
        let gateway = start(address, "").await;
        let mut client = gateway.connect().await;
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let seen = client.rest().await;
        // Where the head was still waiting for the first piece, both may be missing.
        assert!(seen.is_empty() || seen.starts_with("HTTP/1.1 200 OK\r\n"), "{seen}");
        assert!(!seen.ends_with("0\r\n\r\n"), "{seen}");
        let is_chunked = !values(&seen, "transfer-encoding").is_empty();
        let lengths = values(&seen, "content-length");
        assert!(seen.is_empty() || is_chunked || lengths == ["10"], "{seen}");
    }
}

#[tokio::test]
async fn a_body_that_a_client_breaks_off_is_never_a_whole_one_for_the_upstream() {
    let (told, mut said) = mpsc::channel(2);
    let address = upstream(move |_, mut raw: Raw| {
        let told = told.clone();
        async move {
            raw.through("abc").await.unwrap();
            told.send(String::new()).await.unwrap();
            told.send(raw.rest().await).await.unwrap();
        }
    })
    .await;
    let gateway = start(address, "").await;
    for body in ["Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "Content-Length: 10\r\n\r\nabc"]
    {
        let mut client = gateway.connect().await;
        client.send(&format!("POST / HTTP/1.1\r\nHost: a\r\n{body}")).await;
        said.recv().await.unwrap();
        drop(client);
        let seen = said.recv().await.unwrap();
        assert!(!seen.ends_with("0\r\n\r\n"), "{seen}");
    }
}

#[tokio::test]
async fn trailers_are_kept_both_ways() {
    let (told, mut said) = mpsc::channel(1);
    let address = upstream(move |_, mut raw: Raw| {
        let told = told.clone();
        async move {
            let head = raw.head().await;
            let body = raw.body_of(&head, true).await.unwrap();
            told.send((head, String::from_utf8(body).unwrap())).await.unwrap();
            raw.send(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
                 2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n",
            )
            .await;
            raw.rest().await;
        }
    })
    .await;
    let gateway = start(address, "").await;
    let answer = gateway
        .ask(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\
             Connection: TE\r\nTrailer: X-Sum\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 5\r\n\r\n",
        )
        .await;
    let (head, body) = said.recv().await.unwrap();
    assert_eq!(values(&head, "trailer"), ["X-Sum"]);
    assert_eq!(body.to_lowercase(), "hix-sum: 5");
    assert_eq!(answer.header("trailer"), Some("X-Sum"));
    assert_eq!(answer.text().to_lowercase(), "okx-sum: 7");
}

#[tokio::test]
async fn a_request_without_a_body_carries_none() {
    let gateway = start(echo().await, "").await;
    for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
        let mut client = gateway.connect().await;
        client.send(&format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        let answer = client.answer_to(method).await;
        assert_eq!(answer.status, 200);
        let seen = answer.text();
        assert!(values(seen, "transfer-encoding").is_empty(), "{seen}");
        assert!(values(seen, "content-length").is_empty(), "{seen}");
    }
}

#[tokio::test]
async fn a_body_keeps_its_framing() {
    let gateway = start(echo().await, "").await;
    let answer = gateway.ask("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").await;
    assert_eq!(values(answer.text(), "content-length"), ["5"]);
    assert!(answer.text().ends_with("\r\n\r\nhello"), "{}", answer.text());
    let answer = gateway
        .ask("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        .await;
    assert_eq!(values(answer.text(), "transfer-encoding"), ["chunked"]);
    assert!(answer.text().ends_with("\r\n\r\nhello"), "{}", answer.text());
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let gateway = start(echo().await, "").await;
    let mut client = gateway.connect().await;
    client
        .send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .await;
    assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hi").await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().ends_with("\r\n\r\nhi"), "{}", answer.text());
}

#[tokio::test]
async fn the_answer_to_head_has_the_length_and_no_body() {
    let address = upstream(|_, mut raw: Raw| async move {
        while raw.try_head().await.is_some() {
            raw.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: \"a\"\r\n\r\n").await;
        }
    })
    .await;
    let gateway = start(address, "").await;
    let mut client = gateway.connect().await;
    for _ in 0..2 {
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let answer = client.answer_to("HEAD").await;
        assert_eq!((answer.status, answer.header("content-length")), (200, Some("1234")));
    }
}

#[tokio::test]
async fn informational_answers_of_the_upstream_are_passed_over() {
    let address = answering(
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    )
    .await;
    assert_eq!(start(address, "").await.get("/").await.text(), "ok");
}
