//! The response's body on its way to the client.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::headers;
use super::pool::{Lease, Pool};
use super::upload::Gauge;
use crate::telemetry::TARGET;

/// The upstream's body. At its end the connection goes back; when it breaks or is dropped before, the
/// connection is closed.
#[derive(Debug)]
pub(crate) struct Download {
    /// `None` once it has ended or broken.
    body: Option<Incoming>,
    lease: Option<Borrowed>,
    patience: Duration,
    deadline: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the timer runs for the piece that is waited for.
    is_waiting: bool,
}

/// A connection, where it belongs, and how far the request is that it carries.
#[derive(Debug)]
pub(super) struct Borrowed {
    pub(super) pool: Arc<Pool>,
    pub(super) lease: Lease,
    pub(super) gauge: Option<Gauge>,
}

impl Download {
    pub(super) fn new(
        body: Incoming,
        lease: Borrowed,
        patience: Duration,
        deadline: Option<Instant>,
    ) -> Self {
        let mut download = Self {
            body: Some(body),
            lease: Some(lease),
            patience,
            deadline,
            timer: None,
            is_waiting: false,
        };
        download.release_at_end();
        download
    }

    /// A body of a response that has none, such as 101.
    pub(super) const fn none() -> Self {
        let (body, lease, deadline, timer) = (None, None, None, None);
        Self { body, lease, patience: Duration::ZERO, deadline, timer, is_waiting: false }
    }

    fn release_at_end(&mut self) {
        if self.body.as_ref().is_none_or(Body::is_end_stream)
            && let Some(Borrowed { pool, lease, gauge }) = self.lease.take()
        {
            pool.give_back(lease, gauge);
        }
    }

    fn poll_timeout(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now())));
        if !self.is_waiting {
            let until = Instant::now() + self.patience;
            timer.as_mut().reset(self.deadline.map_or(until, |deadline| deadline.min(until)));
            self.is_waiting = true;
        }
        timer.as_mut().poll(cx)
    }

    fn fail(&mut self, error: DownloadError) -> DownloadError {
        (self.body, self.lease) = (None, None);
        let told = &error as &dyn Error;
        tracing::warn!(target: TARGET, error = told, "the upstream's body broke off");
        error
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = DownloadError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, DownloadError>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        match Pin::new(body).poll_frame(cx) {
            Poll::Ready(Some(Ok(mut frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    headers::leave_trailers(trailers);
                }
                this.is_waiting = false;
                this.release_at_end();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                Poll::Ready(Some(Err(this.fail(DownloadError::Broken(error)))))
            }
            Poll::Ready(None) => {
                // A chunked body does not say in advance that it is at its end.
                this.body = None;
                this.release_at_end();
                Poll::Ready(None)
            }
            Poll::Pending => match this.poll_timeout(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(this.fail(DownloadError::TimedOut)))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

/// Why a body that had begun has no end.
#[derive(Debug)]
pub(crate) enum DownloadError {
    Broken(hyper::Error),
    TimedOut,
}

impl fmt::Display for DownloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broken(_) => "the upstream's body ended early",
            Self::TimedOut => "the upstream's body took too long",
        })
    }
}

impl Error for DownloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Broken(source) => Some(source),
            Self::TimedOut => None,
        }
    }
}
