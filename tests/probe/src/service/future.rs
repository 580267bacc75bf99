use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::state::{Answer, State};

/// The future of a [`Controlled`](crate::Controlled) service: waits for what the test answers.
///
/// # Panics
///
/// When the test said so, and when it is polled after it has completed.
pub struct ResponseFuture<Res, E> {
    answer: oneshot::Receiver<Answer<Res, E>>,
    state: Arc<State<E>>,
    completed: bool,
}

impl<Res, E> ResponseFuture<Res, E> {
    /// Counts the call, so that each future is counted in and out exactly once.
    pub(super) fn new(answer: oneshot::Receiver<Answer<Res, E>>, state: Arc<State<E>>) -> Self {
        state.count(|counts| counts.calls += 1);
        Self { answer, state, completed: false }
    }
}

impl<Res, E> Future for ResponseFuture<Res, E> {
    type Output = Result<Res, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.completed, "the response future was polled after it had completed");
        let Ok(answer) = ready!(Pin::new(&mut self.answer).poll(cx)) else {
            // The test dropped the call: it is never answered.
            return Poll::Pending;
        };
        self.completed = true;
        self.state.count(|counts| counts.completed += 1);
        match answer {
            Answer::Result(result) => Poll::Ready(result),
            Answer::Panic(words) => panic!("{words}"),
        }
    }
}

impl<Res, E> Drop for ResponseFuture<Res, E> {
    fn drop(&mut self) {
        if !self.completed {
            self.state.count(|counts| counts.cancelled += 1);
        }
    }
}

impl<Res, E> fmt::Debug for ResponseFuture<Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("completed", &self.completed).finish_non_exhaustive()
    }
}
