//! The accept loop and the drain that ends it.

mod connection;
mod listener;
mod service;
mod stop;

use std::error::Error;
use std::io;
use std::time::Duration;

use axum::http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time;
use tower::Service;

use self::connection::Connections;
use crate::config::DrainTimes;
use crate::readiness::Readiness;
use crate::telemetry::TARGET;

pub use self::listener::{BindError, bind};
pub use self::stop::{StopHandle, StopSignal, stop_on_signals};

/// What may fail in a service or a body under it.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The times that bound connections and the drain.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ServeOptions {
    /// How long a drain takes.
    pub drain: DrainTimes,
    /// How long a new connection may take until its first request has a complete head.
    pub first_request: Duration,
    /// How long a connection may take from one answer to the next complete head.
    pub idle: Duration,
    /// How long a connection without a request is kept once the listener is closed.
    pub grace: Duration,
}

impl ServeOptions {
    /// Takes the drain as configured and the rest as it suits a server behind a proxy.
    #[must_use]
    pub const fn new(drain: DrainTimes) -> Self {
        Self {
            drain,
            first_request: Duration::from_secs(15),
            // Longer than the 60 s of nginx: whoever closes first must not be the one who
            // answers, or the proxy sends a request into a closing connection.
            idle: Duration::from_secs(75),
            // It was accepted, so its request may be on the way; a pool's spare one has none.
            grace: Duration::from_millis(250),
        }
    }
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every request was answered.
    Completely,
    /// Connections were cut, by the timeout or by a second request to stop.
    CutShort {
        /// How many.
        connections: usize,
    },
}

/// Serves until `stop` says otherwise, then drains.
///
/// A drain turns `readiness` at once. Connections are accepted for the drain's delay more,
/// so that whoever balances the load has time to look elsewhere; HTTP/1 answers carry
/// `Connection: close`. Then the listener closes, idle connections too, and requests in
/// flight are waited for.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    options: ServeOptions,
    readiness: Readiness,
    mut stop: StopSignal,
) -> Drained
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let (closing, closes) = watch::channel(());
    let connections = Connections::new(service, options, readiness.clone(), closes);
    let mut running = JoinSet::new();

    accept_until(&listener, &connections, &mut running, stop.requested()).await;

    readiness.drain();
    tracing::info!(target: TARGET, connections = running.len(), "draining");
    let delay = time::sleep(options.drain.delay);
    let delay_or_force = async {
        tokio::select! { () = delay => {} () = stop.forced() => {} }
    };
    accept_until(&listener, &connections, &mut running, delay_or_force).await;

    accept_waiting(listener, &connections, &mut running);
    drop(connections);
    drop(closing);
    tokio::select! {
        biased;
        () = join_all(&mut running) => {}
        () = stop.forced() => {}
        () = time::sleep(options.drain.timeout) => {}
    }

    match running.len() {
        0 => Drained::Completely,
        connections => {
            tracing::warn!(target: TARGET, connections, "cut connections that had not ended");
            Drained::CutShort { connections }
        }
    }
}

async fn accept_until<S, B>(
    listener: &TcpListener,
    connections: &Connections<S>,
    running: &mut JoinSet<()>,
    end: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => return,
            (stream, peer) = listener::accept(listener) => {
                running.spawn(connections.serve(stream, peer));
            }
            Some(ended) = running.join_next() => log_panic(ended),
        }
    }
}

/// Accepts what the operating system has accepted already, then closes the listener.
///
/// Closing resets the connections that wait, and their clients have had no refusal.
fn accept_waiting<S, B>(
    listener: TcpListener,
    connections: &Connections<S>,
    running: &mut JoinSet<()>,
) where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let waiting = || -> io::Result<()> {
        let listener = listener.into_std()?;
        loop {
            // Ends with `WouldBlock`: the listener does not block.
            let (stream, peer) = listener.accept()?;
            stream.set_nonblocking(true)?;
            let stream = tokio::net::TcpStream::from_std(stream)?;
            running.spawn(connections.serve(stream, peer));
        }
    };
    if let Err(error) = waiting()
        && error.kind() != io::ErrorKind::WouldBlock
    {
        tracing::warn!(target: TARGET, %error, "closed the listener early");
    }
}

async fn join_all(running: &mut JoinSet<()>) {
    while let Some(ended) = running.join_next().await {
        log_panic(ended);
    }
}

fn log_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        let error = &error as &dyn Error;
        tracing::error!(target: TARGET, error, "a connection's task failed");
    }
}
