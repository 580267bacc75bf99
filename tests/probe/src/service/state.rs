use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What a call's future is told to do.
pub(super) enum Answer<Res, E> {
    Result(Result<Res, E>),
    Panic(String),
}

/// What the clones of a controlled service, their futures and the control share.
pub(super) struct State<E> {
    readiness: Mutex<Readiness<E>>,
    counts: Mutex<Counts>,
}

struct Readiness<E> {
    pending: bool,
    error: Option<E>,
    waiting: Vec<Waker>,
}

/// How many calls came and what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) calls: usize,
    pub(super) completed: usize,
    pub(super) cancelled: usize,
}

impl Counts {
    pub(super) const fn in_flight(&self) -> usize {
        self.calls - self.completed - self.cancelled
    }
}

impl<E> State<E> {
    pub(super) fn set_ready(&self) {
        lock(&self.readiness).pending = false;
        self.wake();
    }

    pub(super) fn set_pending(&self) {
        lock(&self.readiness).pending = true;
    }

    pub(super) fn fail_ready(&self, error: E) {
        lock(&self.readiness).error = Some(error);
        self.wake();
    }

    pub(super) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        let mut readiness = lock(&self.readiness);
        if let Some(error) = readiness.error.take() {
            return Poll::Ready(Err(error));
        }
        if !readiness.pending {
            return Poll::Ready(Ok(()));
        }
        // Clones may wait in different tasks, so every waker is kept, once.
        if !readiness.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            readiness.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    pub(super) fn counts(&self) -> Counts {
        *lock(&self.counts)
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut lock(&self.counts));
    }

    /// Wakes outside the lock, since a waker may poll at once.
    fn wake(&self) {
        let waiting = std::mem::take(&mut lock(&self.readiness).waiting);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl<E> Default for State<E> {
    fn default() -> Self {
        let readiness = Readiness { pending: false, error: None, waiting: Vec::new() };
        Self { readiness: Mutex::new(readiness), counts: Mutex::default() }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
