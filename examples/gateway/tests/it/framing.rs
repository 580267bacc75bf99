//! No request is read as another one by the upstream (RFC 9112, sections 3.2, 6.1 and 11.2).

use crate::support::{Raw, echo, start, upstream, values};

#[tokio::test]
async fn two_lengths_that_differ_are_refused() {
    let gateway = start(echo().await, "").await;
    let requests = [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
    ];
    for request in requests {
        assert_eq!(gateway.ask(request).await.status, 400, "{request}");
    }
}

#[tokio::test]
async fn what_is_both_chunked_and_of_a_length_reaches_the_upstream_as_one_of_them() {
    for fields in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
    ] {
        let gateway = start(echo().await, "").await;
        let mut client = gateway.connect().await;
        let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
        client
            .send(&format!("POST /first HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{smuggled}"))
            .await;
        let answer = client.answer().await;
        if answer.status == 200 {
            let seen = answer.text();
            assert!(seen.starts_with("POST /first HTTP/1.1\r\n"), "{seen}");
            assert!(values(seen, "content-length").iter().all(|length| *length == "0"), "{seen}");
            assert!(!seen.contains("smuggled"), "{seen}");
        } else {
            assert_eq!(answer.status, 400);
        }
    }
}

#[tokio::test]
async fn the_target_of_an_absolute_form_is_the_host() {
    let gateway = start(echo().await, "").await;
    let answer =
        gateway.ask("GET http://real.example:8/p?q HTTP/1.1\r\nHost: fake.example\r\n\r\n").await;
    assert!(answer.text().starts_with("GET /p?q HTTP/1.1\r\n"), "{}", answer.text());
    assert_eq!(values(answer.text(), "host"), ["real.example:8"]);
}

#[tokio::test]
async fn a_request_has_one_host_that_is_one() {
    let gateway = start(echo().await, "").await;
    for fields in [
        "",
        "Host: a\r\nHost: a\r\n",
        "Host:\r\n",
        "Host: a/b\r\n",
        "Host: a b\r\n",
        "Host: user@a\r\n",
        "Host: a:x\r\n",
        "Host: a:80x\r\n",
        "Host: [::1]x\r\n",
    ] {
        let answer = gateway.ask(&format!("GET / HTTP/1.1\r\n{fields}\r\n")).await;
        assert_eq!(answer.status, 400, "{fields}");
        assert_eq!(answer.code(), "BAD_REQUEST");
    }
    for request in [
        "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a:x/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\n\r\n",
        // Forms of a target that are of other methods (RFC 9112, section 3.2).
        "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a HTTP/1.0\r\nHost: a\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        assert_eq!(gateway.ask(request).await.status, 400, "{request}");
    }
}

#[tokio::test]
async fn a_question_to_the_whole_server_is_passed_on() {
    let gateway = start(echo().await, "").await;
    let answer = gateway.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(answer.text().starts_with("OPTIONS * HTTP/1.1\r\n"), "{}", answer.text());
}

#[tokio::test]
async fn a_client_too_old_for_a_host_is_given_the_upstreams() {
    let upstream = echo().await;
    let answer = start(upstream, "").await.ask("GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(values(answer.text(), "host"), [upstream.to_string()]);
}

#[tokio::test]
async fn no_tunnel_is_opened() {
    let gateway = start(echo().await, "").await;
    let answer = gateway.ask("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n").await;
    assert_eq!((answer.status, answer.code().as_str()), (501, "NOT_IMPLEMENTED"));
}

#[tokio::test]
async fn path_and_query_reach_the_upstream_as_they_are() {
    let gateway = start(echo().await, "").await;
    for target in ["/a%2fb/../c;d?x=1&x=%00", "//a//b", "/%E2%82%AC?", "/a?b?c"] {
        let answer = gateway.get(target).await;
        let line = format!("GET {target} HTTP/1.1\r\n");
        assert!(answer.text().starts_with(&line), "{}", answer.text());
    }
    let answer = gateway.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(answer.text().starts_with("OPTIONS * HTTP/1.1\r\n"), "{}", answer.text());
}

#[tokio::test]
async fn a_response_that_is_both_chunked_and_of_a_length_has_one_framing() {
    let address = upstream(|_, mut raw: Raw| async move {
        raw.head().await;
        raw.send(
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n\
             2\r\nok\r\n0\r\n\r\n",
        )
        .await;
        raw.rest().await;
    })
    .await;
    let answer = start(address, "").await.get("/").await;
    // Refused, or passed on as what the chunks say.
    if answer.status == 200 {
        assert_eq!((answer.header("content-length"), answer.text()), (None, "ok"));
    } else {
        assert_eq!(answer.status, 502);
    }
}

#[tokio::test]
async fn what_the_upstream_sends_beyond_a_response_reaches_nobody() {
    let address = upstream(|number, mut raw: Raw| async move {
        while raw.try_head().await.is_some() {
            let extra =
                if number == 0 { "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil" } else { "" };
            raw.try_send(&format!("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood{extra}")).await;
        }
    })
    .await;
    let gateway = start(address, "").await;
    for _ in 0..3 {
        assert_eq!(gateway.get("/").await.text(), "good");
    }
}

#[tokio::test]
async fn a_transfer_coding_that_would_stay_in_the_body_is_refused() {
    let gateway = start(echo().await, "").await;
    for coding in ["gzip, chunked", "chunked, chunked", "gzip\r\nTransfer-Encoding: chunked"] {
        let fields = format!("Host: a\r\nTransfer-Encoding: {coding}\r\n\r\n");
        let answer = gateway.ask(&format!("POST / HTTP/1.1\r\n{fields}0\r\n\r\n")).await;
        assert_eq!((answer.status, answer.code().as_str()), (501, "NOT_IMPLEMENTED"), "{coding}");
    }
    for answer in [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    ] {
        let address = upstream(move |_, mut raw: Raw| async move {
            raw.head().await;
            raw.send(answer).await;
        })
        .await;
        assert_eq!(start(address, "").await.get("/").await.status, 502, "{answer}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_reaches_the_upstream_whatever_the_method() {
    let gateway = start(echo().await, "").await;
    for method in ["GET", "POST", "DELETE"] {
        let request = format!(
            "{method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n\
             4\r\nbody\r\n0\r\n\r\n"
        );
        let answer = gateway.ask(&request).await;
        assert_eq!(values(answer.text(), "transfer-encoding"), ["chunked"], "{method}");
        assert!(answer.text().ends_with("\r\n\r\nbody"), "{}", answer.text());
    }
}

#[tokio::test]
async fn an_answer_that_has_no_body_has_none() {
    for (method, status) in
        [("GET", "204 No Content"), ("GET", "304 Not Modified"), ("HEAD", "200 OK")]
    {
        let address = upstream(move |_, mut raw: Raw| async move {
            while let Some(head) = raw.try_head().await {
                let status = if head.contains("/next") { "200 OK" } else { status };
                raw.try_send(&format!("HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nbody")).await;
            }
        })
        .await;
        let gateway = start(address, "").await;
        let mut client = gateway.connect().await;
        client.send(&format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert_eq!(client.answer_to(method).await.text(), "");
        // Neither on this connection nor on the upstream's is there a byte too much.
        client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let next = client.answer().await;
        assert_eq!((next.status, next.text()), (200, "body"), "{method} {status}");
    }
}
