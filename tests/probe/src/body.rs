use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;

/// What a [`Scripted`] body does next.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// Gives a data frame.
    Data(Bytes),
    /// Gives a trailers frame.
    Trailers(HeaderMap),
    /// Fails with [`ScriptedError`]; the body is at its end then.
    Error,
    /// Panics; the body is at its end then.
    Panic,
    /// Is pending once and wakes its task itself.
    Pending,
    /// Is pending for ever and wakes nobody.
    Hang,
}

/// A body that plays a list of [`Step`]s, then ends.
///
/// Its size is unknown unless [`with_known_size`](Self::with_known_size) was called.
///
/// # Panics
///
/// When it is polled again after it has ended: after `None`, an error or a panic.
#[derive(Debug)]
pub struct Scripted {
    steps: VecDeque<Step>,
    size_is_known: bool,
    ended: bool,
    seen: Arc<Seen>,
}

/// Watches a [`Scripted`] body that was handed away.
#[derive(Clone, Debug)]
pub struct Watch(Arc<Seen>);

/// The error of [`Step::Error`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ScriptedError;

#[derive(Debug, Default)]
struct Seen {
    dropped: AtomicBool,
    polls_after_end: AtomicUsize,
}

impl Scripted {
    /// Makes a body that plays `steps`.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            size_is_known: false,
            ended: false,
            seen: Arc::default(),
        }
    }

    /// Declares the sum of the data steps to come as the exact size, even if an error comes first.
    #[must_use]
    pub const fn with_known_size(mut self) -> Self {
        self.size_is_known = true;
        self
    }

    /// Returns a handle that goes on to watch the body.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.seen))
    }

    /// Ends the body: what the script still holds is never played.
    fn end(&mut self) {
        self.ended = true;
        self.steps.clear();
    }
}

impl Watch {
    /// Tells whether the body was dropped.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.0.dropped.load(Ordering::SeqCst)
    }

    /// Counts the polls after the end, each of which panicked.
    #[must_use]
    pub fn polls_after_end(&self) -> usize {
        self.0.polls_after_end.load(Ordering::SeqCst)
    }
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = ScriptedError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ScriptedError>>> {
        if self.ended {
            self.seen.polls_after_end.fetch_add(1, Ordering::SeqCst);
            panic!("the scripted body was polled after its end");
        }
        match self.steps.pop_front() {
            Some(Step::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Step::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Some(Step::Error) => {
                self.end();
                Poll::Ready(Some(Err(ScriptedError)))
            }
            Some(Step::Panic) => {
                self.end();
                panic!("the scripted body panics as its script says");
            }
            Some(Step::Pending) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Step::Hang) => {
                self.steps.push_front(Step::Hang);
                Poll::Pending
            }
            None => {
                self.end();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        if !self.size_is_known {
            return SizeHint::default();
        }
        let sizes = self.steps.iter().map(|step| match step {
            Step::Data(data) => data.len() as u64,
            _ => 0,
        });
        SizeHint::with_exact(sizes.sum())
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.seen.dropped.store(true, Ordering::SeqCst);
    }
}

impl fmt::Display for ScriptedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the scripted body failed")
    }
}

impl Error for ScriptedError {}

/// Reads a body to its end: its bytes, and its trailers if it had any.
///
/// # Errors
///
/// The body's own error; what came before it is thrown away.
pub async fn read<B: Body>(body: B) -> Result<(Bytes, Option<HeaderMap>), B::Error> {
    let collected = body.collect().await?;
    let trailers = collected.trailers().cloned();
    Ok((collected.to_bytes(), trailers))
}
