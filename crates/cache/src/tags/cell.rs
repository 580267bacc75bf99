use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Mark, Marks, Timestamp};

/// What is known of one tag, or of all entries of a cache.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    name: Box<str>,
    /// The later of the two that follow: what a hit compares.
    touched: AtomicU64,
    removed_at: AtomicU64,
    expired_at: AtomicU64,
    /// When the entries became stale, in nanoseconds of the clock.
    stale_since: AtomicU64,
    learnt: Mutex<Learnt>,
}

/// What the backplane has said under a connection.
#[derive(Debug, Default)]
struct Learnt {
    connection: u64,
    marks: Marks,
    complete: bool,
}

/// Whether marks are all there are, or only the last that was heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Complete {
    Yes,
    No,
}

/// What has happened to the entries since a moment of the sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    Removed,
    Expired(Timestamp),
}

impl Cell {
    /// Of a tag of which nothing is known but that it may have been removed up to `floor`.
    pub(crate) fn new(name: &str, floor: u64) -> Self {
        Self {
            name: name.into(),
            touched: AtomicU64::new(floor),
            removed_at: AtomicU64::new(floor),
            ..Self::default()
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether nothing has happened since; the answer for nearly every hit.
    #[inline]
    pub(crate) fn is_untouched_since(&self, sequence: u64) -> bool {
        self.touched.load(Ordering::Acquire) <= sequence
    }

    /// Where the sequence stood after the last invalidation.
    pub(crate) fn touched(&self) -> u64 {
        self.touched.load(Ordering::Acquire)
    }

    pub(crate) fn touched_since(&self, sequence: u64) -> Option<Touched> {
        if self.removed_at.load(Ordering::Acquire) > sequence {
            Some(Touched::Removed)
        } else if self.expired_at.load(Ordering::Acquire) > sequence {
            Some(Touched::Expired(Timestamp::from_nanos(self.stale_since.load(Ordering::Acquire))))
        } else {
            None
        }
    }

    /// Notes an invalidation of this number in the sequence.
    pub(crate) fn touch(&self, mark: Mark, sequence: u64, now: Timestamp) {
        match mark {
            Mark::Remove => {
                self.removed_at.fetch_max(sequence, Ordering::AcqRel);
            }
            Mark::Expire => {
                self.stale_since.store(now.as_nanos(), Ordering::Release);
                self.expired_at.fetch_max(sequence, Ordering::AcqRel);
            }
        }
        // Last: who sees it sees the others.
        self.touched.fetch_max(sequence, Ordering::AcqRel);
    }

    /// Whether something may have happened in this part of the sequence: of what has happened
    /// since, nobody knows whether it was the first.
    pub(crate) fn touched_between(&self, after: u64, until: u64) -> bool {
        after < until && !self.is_untouched_since(after)
    }

    /// Notes what the backplane says under a connection. Only ever rises, as long as that lasts: the
    /// next one may lead to a store that was emptied, whose generations begin anew. Tells whether
    /// marks that were thought complete have risen.
    pub(crate) fn learn(&self, connection: u64, marks: Marks, all: Complete) -> bool {
        let mut learnt = self.learnt();
        if connection < learnt.connection {
            return false;
        }
        if learnt.connection != connection {
            *learnt = Learnt { connection, ..Learnt::default() };
        }
        let known = learnt.marks;
        learnt.marks = known.max(marks);
        let has_risen = learnt.complete && learnt.marks != known;
        learnt.complete |= all == Complete::Yes;
        has_risen
    }

    /// The marks, if they are completely known under this connection.
    pub(crate) fn marks(&self, connection: u64) -> Option<Marks> {
        let learnt = self.learnt();
        (learnt.connection == connection && learnt.complete).then_some(learnt.marks)
    }

    /// The marks, as far as was ever heard.
    pub(crate) fn last(&self) -> Marks {
        self.learnt().marks
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
