use std::sync::atomic::{AtomicU64, Ordering};

/// What a store has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisStats {
    /// Scripts sent to Redis.
    pub round_trips: u64,
    /// Requests refused from what an earlier refusal said.
    pub refused_at_hand: u64,
    /// Requests admitted out of a lease.
    pub admitted_at_hand: u64,
    /// Records in Redis that could not be read, and were forgotten.
    pub unreadable: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) round_trips: AtomicU64,
    pub(super) refused_at_hand: AtomicU64,
    pub(super) admitted_at_hand: AtomicU64,
    pub(super) unreadable: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> RedisStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RedisStats {
            round_trips: read(&self.round_trips),
            refused_at_hand: read(&self.refused_at_hand),
            admitted_at_hand: read(&self.admitted_at_hand),
            unreadable: read(&self.unreadable),
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
