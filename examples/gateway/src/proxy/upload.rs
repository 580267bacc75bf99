//! The request's body on its way to the upstream.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::time::Instant;

use super::headers;

type BoxError = Box<dyn Error + Send + Sync>;

/// No body, or one that is counted and watched.
#[derive(Debug)]
pub(super) enum Upload {
    Empty,
    Streaming { body: UnsyncBoxBody<Bytes, BoxError>, left: u64, gauge: Gauge },
}

/// How far the body has come, for whoever waits for the response meanwhile.
#[derive(Clone, Debug)]
pub(super) struct Gauge(Arc<Mutex<Reading>>);

#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) at: Stage,
    /// When it last moved.
    pub(super) moved: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The upstream is to take what has arrived, or all of it has.
    WithUpstream,
    /// The client is to send more.
    WithClient,
    TooLarge,
    Aborted,
}

impl Upload {
    /// Wraps a body that may have `limit` bytes, if there is one.
    pub(super) fn new<B>(body: B, limit: Option<u64>) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if body.is_end_stream() {
            return Self::Empty;
        }
        let reading = Reading { at: Stage::WithUpstream, moved: Instant::now() };
        Self::Streaming {
            body: body.map_err(Into::into).boxed_unsync(),
            left: limit.unwrap_or(u64::MAX),
            gauge: Gauge(Arc::new(Mutex::new(reading))),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    pub(super) fn gauge(&self) -> Option<Gauge> {
        match self {
            Self::Empty => None,
            Self::Streaming { gauge, .. } => Some(gauge.clone()),
        }
    }
}

impl Gauge {
    pub(super) fn read(&self) -> Reading {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, at: Stage, moved: Option<Instant>) {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.at = at;
        reading.moved = moved.unwrap_or(reading.moved);
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Self::Streaming { body, left, gauge } = self.get_mut() else {
            return Poll::Ready(None);
        };
        match Pin::new(body).poll_frame(cx) {
            Poll::Pending => {
                gauge.set(Stage::WithClient, None);
                Poll::Pending
            }
            Poll::Ready(Some(Ok(mut frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    headers::leave_trailers(trailers);
                }
                let len = frame.data_ref().map_or(0, Bytes::len) as u64;
                let Some(rest) = left.checked_sub(len) else {
                    gauge.set(Stage::TooLarge, None);
                    return Poll::Ready(Some(Err(TooLarge.into())));
                };
                *left = rest;
                gauge.set(Stage::WithUpstream, Some(Instant::now()));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                gauge.set(Stage::Aborted, None);
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                gauge.set(Stage::WithUpstream, Some(Instant::now()));
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Streaming { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Streaming { body, .. } => body.size_hint(),
        }
    }
}

#[derive(Debug)]
struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body exceeds the limit")
    }
}

impl Error for TooLarge {}
