//! The accept loop and the drain that ends it.

mod connection;
mod listener;
mod service;
mod stop;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time;
use tower::Service;

use self::connection::Connections;
use crate::config::{Config, DrainTimes};
use crate::proxy::Tunnels;
use crate::telemetry::TARGET;

pub(crate) use self::listener::bind;
pub use self::stop::{StopHandle, StopSignal, stop_on_signals};

type BoxError = Box<dyn Error + Send + Sync>;

/// The times that bound connections and the drain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServeOptions {
    drain: DrainTimes,
    first_request: Duration,
    idle: Duration,
    /// How long a connection without a request is kept once the listener is closed.
    grace: Duration,
    access: Access,
}

/// Whether each request is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Logged,
    Unlogged,
}

impl ServeOptions {
    pub(crate) const fn new(config: &Config) -> Self {
        Self {
            drain: config.drain,
            first_request: config.client.first_request,
            idle: config.client.idle,
            // It was accepted, so its request may be on the way; a pool's spare one has none.
            grace: Duration::from_millis(250),
            access: if config.log.access { Access::Logged } else { Access::Unlogged },
        }
    }
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
/// Connections are accepted for the drain's delay more, so that whoever balances the load has time
/// to look elsewhere; HTTP/1 answers carry `Connection: close`. Then the listener closes, idle
/// connections too, and requests in flight and tunnels are waited for.
pub(crate) async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    options: ServeOptions,
    tunnels: Tunnels,
    mut stop: StopSignal,
) -> Drained
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (closing, closes) = watch::channel(());
    let is_draining = Arc::new(AtomicBool::new(false));
    let connections = Connections::new(service, options, Arc::clone(&is_draining), closes);
    let mut running = JoinSet::new();

    accept_until(&listener, &connections, &mut running, stop.requested()).await;

    is_draining.store(true, Ordering::Relaxed);
    tracing::info!(target: TARGET, connections = running.len(), "draining");
    let delay = time::sleep(options.drain.delay);
    let delay_or_force = async {
        tokio::select! { () = delay => {} () = stop.forced() => {} }
    };
    accept_until(&listener, &connections, &mut running, delay_or_force).await;

    accept_waiting(listener, &connections, &mut running);
    drop(connections);
    drop(closing);
    let all = async {
        join_all(&mut running).await;
        tunnels.ended().await;
    };
    tokio::select! {
        biased;
        () = all => {}
        () = stop.forced() => {}
        () = time::sleep(options.drain.timeout) => {}
    }

    match running.len().saturating_add(tunnels.cut()) {
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
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
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
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
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
