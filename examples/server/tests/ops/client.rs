//! A server on a free port and clients that see what happens to each connection.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, Request, StatusCode};
use bartizan_server::config::DrainTimes;
use bartizan_server::readiness::{self, Readiness};
use bartizan_server::serve::{Drained, ServeOptions, StopHandle, StopSignal, bind, serve};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Far longer than any test takes.
pub(crate) const LONG: Duration = Duration::from_mins(1);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: StopHandle,
    pub(crate) ended: JoinHandle<Drained>,
}

pub(crate) fn options(delay: Duration, timeout: Duration) -> ServeOptions {
    ServeOptions::new(DrainTimes { delay, timeout })
}

/// Serves `router` with the probes beside it.
pub(crate) fn start(router: Router, options: ServeOptions) -> Server {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let readiness = Readiness::new();
    let router = router.merge(readiness::routes(readiness.clone()));
    readiness.ready();
    let (stop, signal) = StopSignal::new();
    let ended = tokio::spawn(serve(listener, router, options, readiness, signal));
    Server { address, stop, ended }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn closes(&self) -> bool {
        self.headers.get("connection").is_some_and(|value| value == "close")
    }
}

async fn answer(
    response: hyper::Result<hyper::Response<hyper::body::Incoming>>,
) -> hyper::Result<Answer> {
    let (head, body) = response?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Answer { status: head.status, headers: head.headers, body })
}

fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::builder().uri(path).header("host", "server").body(Empty::new()).unwrap()
}

pub(crate) struct Http1(http1::SendRequest<Empty<Bytes>>);

impl Http1 {
    pub(crate) async fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    pub(crate) async fn get(&mut self, path: &str) -> hyper::Result<Answer> {
        self.0.ready().await?;
        answer(self.0.send_request(get(path)).await).await
    }
}

pub(crate) struct Http2(http2::SendRequest<Empty<Bytes>>);

impl Http2 {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let io = TokioIo::new(stream);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    pub(crate) async fn get(&mut self, path: &str) -> hyper::Result<Answer> {
        self.0.ready().await?;
        let uri = format!("http://server{path}");
        let request = Request::builder().uri(uri).body(Empty::new()).unwrap();
        answer(self.0.send_request(request).await).await
    }
}
