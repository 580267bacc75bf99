use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many commands are in flight, and how many may be.
#[derive(Debug)]
pub(crate) struct Queue {
    limit: NonZeroUsize,
    taken: AtomicUsize,
}

impl Queue {
    pub(crate) const fn new(limit: NonZeroUsize) -> Self {
        Self { limit, taken: AtomicUsize::new(0) }
    }

    pub(crate) const fn limit(&self) -> usize {
        self.limit.get()
    }

    /// Takes a place, which is given back when it is dropped; nothing when all are taken.
    pub(crate) fn enter(&self) -> Option<Place<'_>> {
        let place = Place(self);
        // Counted before it is compared, so that two callers cannot both take the last place.
        (self.taken.fetch_add(1, Ordering::Relaxed) < self.limit()).then_some(place)
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

/// A place in the queue.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a Queue);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}
