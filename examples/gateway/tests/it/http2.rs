//! HTTP/2 with prior knowledge in front, HTTP/1.1 behind.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Version};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::support::{Running, answering, echo, start, values};

type Body = http_body_util::combinators::BoxBody<Bytes, Infallible>;

async fn connect(gateway: &Running) -> SendRequest<Body> {
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn text(response: Response<Incoming>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.into()).unwrap()
}

#[tokio::test]
async fn a_request_of_http2_becomes_one_of_http1() {
    let gateway = start(echo().await, "").await;
    let mut sender = connect(&gateway).await;
    let request = Request::get("http://a.example:81/p?q")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("te", "trailers")
        .body(Empty::new().boxed())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
    assert_eq!(response.headers()["via"], "1.1 bartizan");
    assert!(!response.headers().contains_key("connection"));
    let seen = text(response).await;
    assert!(seen.starts_with("GET /p?q HTTP/1.1\r\n"), "{seen}");
    assert_eq!(values(&seen, "host"), ["a.example:81"]);
    // RFC 9113, section 8.2.3.
    assert_eq!(values(&seen, "cookie"), ["a=1; b=2"]);
    assert_eq!(values(&seen, "te"), ["trailers"]);
    assert_eq!(values(&seen, "via"), ["2.0 bartizan"]);
    assert!(values(&seen, "transfer-encoding").is_empty(), "{seen}");
}

#[tokio::test]
async fn bodies_without_a_length_and_many_streams_pass() {
    let gateway = start(echo().await, "").await;
    let sender = connect(&gateway).await;
    let mut streams = tokio::task::JoinSet::new();
    for nth in 0..16 {
        let mut sender = sender.clone();
        streams.spawn(async move {
            let text = format!("body {nth}");
            let body = Once(Some(Bytes::from(text.clone())));
            let request = Request::post(format!("http://a/{nth}")).body(BodyExt::boxed(body));
            let response = sender.send_request(request.unwrap()).await.unwrap();
            let seen = super::http2::text(response).await;
            assert!(seen.starts_with(&format!("POST /{nth} HTTP/1.1\r\n")), "{seen}");
            assert!(seen.ends_with(&text), "{seen}");
        });
    }
    while let Some(stream) = streams.join_next().await {
        stream.unwrap();
    }
}

/// A body that does not tell its length.
struct Once(Option<Bytes>);

impl http_body::Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[tokio::test]
async fn trailers_of_the_upstream_are_trailers_of_http2() {
    let upstream = answering(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n\
         2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n",
    )
    .await;
    let gateway = start(upstream, "").await;
    let mut sender = connect(&gateway).await;
    let request = Request::get("http://a/").body(Empty::new().boxed()).unwrap();
    let body = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap();
    let mut expected = HeaderMap::new();
    expected.insert("x-sum", "7".parse().unwrap());
    assert_eq!(body.trailers(), Some(&expected));
}

#[tokio::test]
async fn a_host_that_differs_from_the_authority_is_refused() {
    let gateway = start(echo().await, "").await;
    let mut sender = connect(&gateway).await;
    for (host, status) in [("b.example", 400), ("A.example", 200)] {
        let request = Request::get("http://a.example/").header("host", host);
        let request = request.body(Empty::new().boxed()).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn a_body_that_ends_early_resets_the_stream_alone() {
    let upstream = crate::support::upstream(|_, mut raw| async move {
        let head = raw.head().await;
        let framed = match head.split(' ').nth(1) {
            Some("/short") => "Content-Length: 9\r\n\r\nok",
            Some("/unended") => "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
            _ => "Content-Length: 2\r\n\r\nok",
        };
        raw.send(&format!("HTTP/1.1 200 OK\r\n{framed}")).await;
    })
    .await;
    let gateway = start(upstream, "").await;
    let mut sender = connect(&gateway).await;
    let get = |target: &str| Request::get(format!("http://a{target}")).body(Empty::new().boxed());
    for target in ["/short", "/unended"] {
        let response = sender.send_request(get(target).unwrap()).await.unwrap();
        assert!(response.into_body().collect().await.is_err(), "{target}");
    }
    let response = sender.send_request(get("/whole").unwrap()).await.unwrap();
    assert_eq!(text(response).await, "ok");
}

#[tokio::test]
async fn a_drain_lets_streams_end() {
    let (told, mut said) = tokio::sync::mpsc::channel(1);
    let go = std::sync::Arc::new(tokio::sync::Notify::new());
    let wait = std::sync::Arc::clone(&go);
    let upstream = crate::support::upstream(move |_, mut raw| {
        let (told, wait) = (told.clone(), std::sync::Arc::clone(&wait));
        async move {
            raw.head().await;
            told.send(()).await.unwrap();
            wait.notified().await;
            raw.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        }
    })
    .await;
    let gateway = start(upstream, "").await;
    let mut sender = connect(&gateway).await;
    let request = Request::post("http://a/").body(Full::from("x").boxed()).unwrap();
    let response = tokio::spawn(sender.send_request(request));
    said.recv().await.unwrap();
    gateway.stop.stop();
    while TcpStream::connect(gateway.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    go.notify_one();
    assert_eq!(text(response.await.unwrap().unwrap()).await, "ok");
    assert_eq!(gateway.ended.await.unwrap(), bartizan_gateway::Drained::Completely);
}
