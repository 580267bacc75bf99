//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time;
use tower::Service;

use super::service::{PerConnection, Shared};
use super::{Access, BoxError, ServeOptions};
use crate::telemetry::TARGET;

/// How often an HTTP/2 client is asked whether it is still there, and how long it may take.
const PING: Duration = Duration::from_secs(20);

/// How many bytes of an answer may wait for an HTTP/2 client that takes them slowly, per stream.
const SEND_BUFFER: usize = 64 << 10;

/// What every connection starts from.
pub(super) struct Connections<S> {
    service: S,
    options: ServeOptions,
    is_draining: Arc<AtomicBool>,
    closes: watch::Receiver<()>,
    http: auto::Builder<TokioExecutor>,
}

impl<S, B> Connections<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    /// Connections close once the sender of `closes` is dropped.
    pub(super) fn new(
        service: S,
        options: ServeOptions,
        is_draining: Arc<AtomicBool>,
        closes: watch::Receiver<()>,
    ) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new());
        // hyper's timer for a head runs from the last answer on, so it is the idle timeout too.
        http.http1().timer(TokioTimer::new()).header_read_timeout(options.idle);
        http.http2().timer(TokioTimer::new()).keep_alive_interval(PING).keep_alive_timeout(PING);
        http.http2().max_send_buf_size(SEND_BUFFER);
        Self { service, options, is_draining, closes, http }
    }

    /// Serves one connection to its end.
    pub(super) fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> impl Future<Output = ()> + Send + use<S, B> {
        let is_draining = Arc::clone(&self.is_draining);
        let shared = Arc::new(Shared { began: Notify::new(), is_draining });
        let ServeOptions { first_request, grace, access, .. } = self.options;
        let service = PerConnection::new(self.service.clone(), peer, Arc::clone(&shared), access);
        let http = self.http.clone();
        let mut closes = self.closes.clone();

        async move {
            // A failure costs latency only.
            let _ = stream.set_nodelay(true);
            let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
            let mut connection = pin!(connection);

            // hyper has no timeout for the bytes that tell HTTP/1 from HTTP/2, and a graceful
            // shutdown before them drops the connection. So the first request is waited for here.
            let began = time::timeout(first_request, shared.began.notified());
            let last_call = async {
                closing(&mut closes).await;
                time::sleep(grace).await;
            };
            tokio::select! {
                biased;
                ended = connection.as_mut() => return log_end(peer, ended),
                began = began => if began.is_err() {
                    tracing::debug!(target: TARGET, %peer, "closed a connection without a request");
                    return;
                },
                () = last_call => return,
            }

            // Polled first, so a request that has arrived is begun before the connection closes.
            tokio::select! {
                biased;
                ended = connection.as_mut() => return log_end(peer, ended),
                () = closing(&mut closes) => {}
            }
            connection.as_mut().graceful_shutdown();
            log_end(peer, connection.await);
        }
    }
}

impl Access {
    pub(super) const fn is_on(self) -> bool {
        matches!(self, Self::Logged)
    }
}

async fn closing(closes: &mut watch::Receiver<()>) {
    // Nothing is sent, so the only change is the end of the sender.
    let _ = closes.changed().await;
}

fn log_end(peer: SocketAddr, ended: Result<(), BoxError>) {
    if let Err(error) = ended {
        let error = error.as_ref() as &dyn std::error::Error;
        tracing::debug!(target: TARGET, %peer, error, "a connection failed");
    }
}
