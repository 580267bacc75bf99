use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::{mpsc, oneshot};
use tower_service::Service;

use super::future::ResponseFuture;
use super::state::{Answer, State};

/// A service whose readiness and answers are given by hand through its [`Control`].
///
/// Clones share one state. It starts ready, and does not watch its caller: put it into a
/// [`Strict`](crate::Strict) for that.
pub struct Controlled<Req, Res, E> {
    state: Arc<State<E>>,
    calls: mpsc::UnboundedSender<Call<Req, Res, E>>,
}

/// The test's hold on a [`Controlled`] service.
pub struct Control<Req, Res, E> {
    state: Arc<State<E>>,
    calls: mpsc::UnboundedReceiver<Call<Req, Res, E>>,
}

/// One call that waits for its answer; when dropped, the answer never comes.
pub struct Call<Req, Res, E> {
    request: Req,
    answer: oneshot::Sender<Answer<Res, E>>,
}

impl<Req, Res, E> Controlled<Req, Res, E> {
    /// Makes a service and the handle that controls it.
    #[must_use]
    pub fn new() -> (Self, Control<Req, Res, E>) {
        let state = Arc::new(State::default());
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { state: Arc::clone(&state), calls: sender }, Control { state, calls: receiver })
    }
}

impl<Req, Res, E> Control<Req, Res, E> {
    /// Makes the service ready and wakes whoever waits for that.
    pub fn set_ready(&self) {
        self.state.set_ready();
    }

    /// Makes the service pending until [`set_ready`](Self::set_ready).
    pub fn set_pending(&self) {
        self.state.set_pending();
    }

    /// Fails the next `poll_ready`, of whichever clone, and wakes whoever waits for one.
    ///
    /// Only that one fails: afterwards the service is as ready as it was before.
    pub fn fail_ready(&self, error: E) {
        self.state.fail_ready(error);
    }

    /// Counts the calls that were made.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.state.counts().calls
    }

    /// Counts the calls whose future is neither completed nor dropped.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.state.counts().in_flight()
    }

    /// Counts the futures that gave their answer; a panic is one.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.state.counts().completed
    }

    /// Counts the futures dropped before they gave their answer.
    #[must_use]
    pub fn cancelled(&self) -> usize {
        self.state.counts().cancelled
    }

    /// Waits for the next call, oldest first, even if its caller has given it up meanwhile.
    ///
    /// # Panics
    ///
    /// When every clone of the service was dropped.
    pub async fn next_call(&mut self) -> Call<Req, Res, E> {
        let call = self.calls.recv().await;
        call.expect("every clone of the controlled service was dropped, so no call can come")
    }
}

impl<Req, Res, E> Call<Req, Res, E> {
    /// Returns the request.
    pub const fn request(&self) -> &Req {
        &self.request
    }

    /// Returns the request to change it, or to read its body.
    pub const fn request_mut(&mut self) -> &mut Req {
        &mut self.request
    }

    /// Answers the call; without effect when the caller has given it up.
    pub fn respond(self, result: Result<Res, E>) {
        drop(self.answer.send(Answer::Result(result)));
    }

    /// Makes the call's future panic with these words when it is polled.
    pub fn panic(self, words: impl Into<String>) {
        drop(self.answer.send(Answer::Panic(words.into())));
    }
}

impl<Req, Res, E> Service<Req> for Controlled<Req, Res, E> {
    type Response = Res;
    type Error = E;
    type Future = ResponseFuture<Res, E>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.state.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let (sender, receiver) = oneshot::channel();
        let future = ResponseFuture::new(receiver, Arc::clone(&self.state));
        // A test that dropped its control gives no more answers, so the call hangs as one whose
        // `Call` was dropped.
        drop(self.calls.send(Call { request, answer: sender }));
        future
    }
}

impl<Req, Res, E> Clone for Controlled<Req, Res, E> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), calls: self.calls.clone() }
    }
}

impl<Req, Res, E> fmt::Debug for Controlled<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Controlled").field(&self.state.counts()).finish()
    }
}

impl<Req, Res, E> fmt::Debug for Control<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Control").field(&self.state.counts()).finish()
    }
}

impl<Req: fmt::Debug, Res, E> fmt::Debug for Call<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("request", &self.request).finish_non_exhaustive()
    }
}
