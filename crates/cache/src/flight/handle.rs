use std::fmt;
use std::sync::PoisonError;
use std::task::{Poll, Waker};

use super::wait::Wait;
use super::wakers::{Place, Wakers};
use crate::sync::{Arc, Mutex, MutexGuard};

/// One run of a loader, for those who wait for it. Cloning shares it.
pub(crate) struct Flight<T>(Arc<Shared<T>>);

/// How a flight has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Landed<T> {
    /// With this.
    Outcome(T),
    /// Its leader was dropped: the work was aborted, or panicked, or its runtime is gone.
    Abandoned,
}

struct Shared<T> {
    began: u64,
    progress: Mutex<Progress<T>>,
}

enum Progress<T> {
    Flying(Wakers),
    /// Shared, so that an outcome is cloned and dropped outside of the lock.
    Landed(Landed<Arc<T>>),
}

impl<T> Flight<T> {
    pub(super) fn new(began: u64) -> Self {
        let progress = Mutex::new(Progress::Flying(Wakers::default()));
        Self(Arc::new(Shared { began, progress }))
    }

    /// The number it was begun with.
    pub(crate) fn began(&self) -> u64 {
        self.0.began
    }

    /// Waits for its end. The flight knows nothing of it until it is polled.
    pub(crate) fn wait(&self) -> Wait<T> {
        Wait::new(self.clone())
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// From now on the flight has ended for whoever asks. Who waits is yet to be woken.
    #[must_use]
    pub(super) fn end(&self, landed: Landed<T>) -> Wakers {
        let landed = Progress::Landed(landed.map(Arc::new));
        match std::mem::replace(&mut *self.lock(), landed) {
            Progress::Flying(wakers) => wakers,
            Progress::Landed(_) => Wakers::default(),
        }
    }

    /// Forgets who waited at this place.
    pub(super) fn leave(&self, place: Place) {
        let mut progress = self.lock();
        let waker = match &mut *progress {
            Progress::Flying(wakers) => wakers.leave(place),
            Progress::Landed(_) => None,
        };
        // A waker may be the last of its task, and the task may wait here too.
        drop(progress);
        drop(waker);
    }

    /// A panic under the lock has changed nothing: a waker is cloned before it is written.
    fn lock(&self) -> MutexGuard<'_, Progress<T>> {
        self.0.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(all(test, not(bartizan_loom)))]
    pub(super) fn is_locked(&self) -> bool {
        self.0.progress.try_lock().is_err()
    }
}

impl<T: Clone> Flight<T> {
    /// How it has ended, if it has.
    #[cfg(test)]
    pub(crate) fn outcome(&self) -> Option<Landed<T>> {
        let landed = match &*self.lock() {
            Progress::Flying(_) => return None,
            Progress::Landed(landed) => landed.clone(),
        };
        Some(landed.map(|outcome| T::clone(&outcome)))
    }

    /// Leaves the waker at a place if the flight goes on, else gives the place back.
    pub(super) fn poll(&self, place: &mut Option<Place>, waker: &Waker) -> Poll<Landed<T>> {
        let mut progress = self.lock();
        match &mut *progress {
            Progress::Flying(wakers) => {
                let known = if let Some(place) = place {
                    wakers.renew(place, waker)
                } else {
                    *place = Some(wakers.enter(waker.clone()));
                    None
                };
                drop(progress);
                drop(known);
                Poll::Pending
            }
            Progress::Landed(landed) => {
                let landed = landed.clone();
                drop(progress);
                *place = None;
                Poll::Ready(landed.map(|outcome| T::clone(&outcome)))
            }
        }
    }
}

impl<T> Clone for Flight<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Flight<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").field("began", &self.0.began).finish_non_exhaustive()
    }
}

impl<T> Landed<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Landed<U> {
        match self {
            Self::Outcome(outcome) => Landed::Outcome(change(outcome)),
            Self::Abandoned => Landed::Abandoned,
        }
    }
}

#[cfg(all(test, not(bartizan_loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_panic_under_the_lock_spoils_nothing() {
        let flight = Flight::new(1);
        let panics = || {
            let _progress = flight.lock();
            panic!("on purpose");
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(flight.outcome(), None);
        flight.end(Landed::Outcome(7)).wake();
        assert_eq!(flight.outcome(), Some(Landed::Outcome(7)));
    }
}
