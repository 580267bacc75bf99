//! The application behind a real socket, and connections to it.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use bartizan_server::config::DrainTimes;
use bartizan_server::readiness::Readiness;
use bartizan_server::serve::{ServeOptions, StopHandle, StopSignal, bind, serve};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};
use tower::Service;

use super::Answer;

/// Serves as long as the test runs.
pub(super) fn serving<S>(service: S) -> (SocketAddr, StopHandle)
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let (handle, stop) = StopSignal::new();
    let drain = DrainTimes { delay: std::time::Duration::ZERO, timeout: std::time::Duration::ZERO };
    tokio::spawn(serve(listener, service, ServeOptions::new(drain), Readiness::new(), stop));
    (address, handle)
}

/// One HTTP/1.1 connection that is kept.
pub(crate) struct Connection(SendRequest<Body>);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> std::io::Result<Self> {
        Self::over(TcpStream::connect(address).await?).await
    }

    /// Opens one from an address of this host.
    pub(crate) async fn open_from(from: Ipv4Addr, address: SocketAddr) -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        Self::over(socket.connect(address).await?).await
    }

    async fn over(stream: TcpStream) -> std::io::Result<Self> {
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    pub(crate) async fn get(&mut self, path: &str) -> hyper::Result<Answer> {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Sends a request; an answer counts only when it is complete.
    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> hyper::Result<Answer> {
        request.headers_mut().insert("host", "server".parse().unwrap());
        self.0.ready().await?;
        Answer::read(self.0.send_request(request).await?).await
    }
}
