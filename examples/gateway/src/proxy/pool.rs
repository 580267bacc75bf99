//! Connections to the upstream.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use super::failure::Failure;
use super::heard::{Heard, Listening};
use super::upload::{Gauge, Upload};
use crate::config::{Config, UpstreamUrl};
use crate::telemetry::TARGET;

/// Connects, and keeps what is free for the next request.
#[derive(Debug)]
pub(super) struct Pool {
    url: UpstreamUrl,
    connect: Duration,
    /// How long the rest of a request may pause after the end of its answer.
    pause: Duration,
    most: usize,
    keep: Duration,
    /// The one used last stands last and is taken first, so that the others may grow old.
    idle: Mutex<VecDeque<Idle>>,
}

#[derive(Debug)]
struct Idle {
    lease: Lease,
    since: Instant,
}

/// A connection that one request has for itself.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) sender: SendRequest<Upload>,
    pub(super) heard: Heard,
    task: AbortHandle,
}

impl Pool {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            url: config.upstream.url.clone(),
            connect: config.timeouts.connect,
            pause: config.timeouts.response,
            most: config.upstream.idle_connections,
            keep: config.upstream.idle,
            idle: Mutex::default(),
        }
    }

    /// Takes a connection that is free.
    pub(super) fn take(&self) -> Option<Lease> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(Idle { lease, since }) = idle.pop_back() {
            if since.elapsed() >= self.keep {
                // All before it have waited for longer.
                idle.clear();
                return None;
            }
            if lease.sender.is_ready() {
                return Some(lease);
            }
        }
        None
    }

    /// Makes a connection.
    pub(super) async fn connect(&self) -> Result<Lease, Failure> {
        let connecting = TcpStream::connect((self.url.host(), self.url.port()));
        let stream = timeout(self.connect, connecting)
            .await
            .map_err(|_| Failure::ConnectTimeout)?
            .map_err(Failure::Unreachable)?;
        // A failure costs latency only.
        let _ = stream.set_nodelay(true);
        let heard = Heard::default();
        let io = TokioIo::new(Listening::new(stream, heard.clone()));
        let (sender, connection) = http1::handshake(io).await.map_err(Failure::Broken)?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                let error = &error as &dyn Error;
                tracing::debug!(target: TARGET, error, "a connection to the upstream failed");
            }
        });
        Ok(Lease { sender, heard, task: task.abort_handle() })
    }

    /// Keeps a connection whose response has ended, as soon as it is free. The gauge is that of its
    /// request.
    pub(super) fn give_back(self: &Arc<Self>, lease: Lease, gauge: Option<Gauge>) {
        if lease.sender.is_ready() {
            self.put(lease);
        } else if !lease.sender.is_closed() {
            // Its request may still be under way, or its task has not run since.
            let pool = Arc::clone(self);
            tokio::spawn(async move { pool.wait_for(lease, gauge.as_ref()).await });
        }
    }

    /// Waits for the rest of a request. Once it rests, whether the client sends no more or the
    /// upstream takes no more, the connection is closed: neither is waited for by anybody else.
    async fn wait_for(&self, mut lease: Lease, gauge: Option<&Gauge>) {
        loop {
            match timeout(self.pause, lease.sender.ready()).await {
                Ok(Ok(())) => return self.put(lease),
                Ok(Err(_)) => return,
                Err(_) => {
                    let moved = gauge.map(|gauge| gauge.read().moved);
                    if moved.is_none_or(|moved| moved.elapsed() >= self.pause) {
                        return lease.task.abort();
                    }
                }
            }
        }
    }

    fn put(&self, lease: Lease) {
        let since = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while idle.front().is_some_and(|idle| idle.since.elapsed() >= self.keep) {
            idle.pop_front();
        }
        if idle.len() < self.most {
            idle.push_back(Idle { lease, since });
        }
    }
}
