//! What a cache has done since it was made, counted without locks.

mod counters;
mod threads;

use std::time::Duration;

use serde::{Serialize, Serializer};

pub(crate) use counters::Counters;

/// What a cache has done since it was made, and what it holds.
///
/// Each number is exact once the calls that it counts have returned; between them the numbers are
/// not of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CacheStats {
    /// Callers that were given a fresh value from memory.
    pub memory_hits: u64,
    /// Callers that were given a fresh value from the store.
    pub store_hits: u64,
    /// Callers that were given a stale value, from either.
    pub stale: u64,
    /// Callers that found none, whether a loader then made one or not.
    pub misses: u64,
    /// Callers that waited for the loader of another.
    pub coalesced: u64,
    /// Loaders that ended, however they did.
    pub loads: u64,
    /// Loaders that ended with an error or a panic, or were dropped because they took too long.
    pub load_failures: u64,
    /// The time of all loaders together. Serialised in seconds, as `loadSeconds`.
    #[serde(rename = "loadSeconds", serialize_with = "in_seconds")]
    pub load_time: Duration,
    /// Calls of the store or the backplane that failed.
    pub store_errors: u64,
    /// Entries of the store that were no entries.
    pub undecodable: u64,
    /// Values that were not kept, or not in every level.
    pub not_stored: u64,
    /// Invalidations that this instance asked for.
    pub invalidations_here: u64,
    /// Invalidations that others asked for.
    pub invalidations_elsewhere: u64,
    /// Entries in memory.
    pub entries: u64,
    /// Their weight together.
    pub weight: u64,
    /// The greatest weight that they may have.
    pub capacity: u64,
    /// Operations that wait for the store to be back.
    pub queued: u64,
    /// Loaders that have not ended.
    pub in_flight: u64,
}

impl CacheStats {
    /// Callers that were given a value that was there, fresh or stale.
    #[must_use]
    pub const fn hits(&self) -> u64 {
        self.memory_hits.saturating_add(self.store_hits).saturating_add(self.stale)
    }

    /// Callers that asked for a value.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.hits().saturating_add(self.misses)
    }

    /// Which part of the callers, from 0 to 1, was given a value that was there; none if nobody has
    /// asked.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the first 16 digits of a ratio are enough")]
    pub fn hit_ratio(&self) -> Option<f64> {
        match self.requests() {
            0 => None,
            requests => Some(self.hits() as f64 / requests as f64),
        }
    }
}

fn in_seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_values_are_hits() {
        let stats = CacheStats {
            memory_hits: 5,
            store_hits: 3,
            stale: 1,
            misses: 3,
            ..CacheStats::default()
        };
        assert_eq!(stats.hits(), 9);
        assert_eq!(stats.requests(), 12);
        assert_eq!(stats.hit_ratio(), Some(0.75));
    }

    #[test]
    fn nobody_has_asked_so_there_is_no_ratio() {
        assert_eq!(CacheStats::default().hit_ratio(), None);
        let stats = CacheStats { misses: 1, ..CacheStats::default() };
        assert_eq!(stats.hit_ratio(), Some(0.0));
    }

    #[test]
    fn sums_stop_at_the_greatest_number() {
        let stats = CacheStats { memory_hits: u64::MAX, misses: 2, ..CacheStats::default() };
        assert_eq!(stats.requests(), u64::MAX);
        assert_eq!(stats.hit_ratio(), Some(1.0));
    }

    #[test]
    fn json_has_the_documented_names() {
        let stats = CacheStats {
            memory_hits: 1,
            store_hits: 2,
            stale: 3,
            misses: 4,
            coalesced: 5,
            loads: 6,
            load_failures: 7,
            load_time: Duration::from_millis(8250),
            store_errors: 9,
            undecodable: 10,
            not_stored: 11,
            invalidations_here: 12,
            invalidations_elsewhere: 13,
            entries: 14,
            weight: 15,
            capacity: 16,
            queued: 17,
            in_flight: 18,
        };
        let expected = "{\"memoryHits\":1,\"storeHits\":2,\"stale\":3,\"misses\":4,\
            \"coalesced\":5,\"loads\":6,\"loadFailures\":7,\"loadSeconds\":8.25,\
            \"storeErrors\":9,\"undecodable\":10,\"notStored\":11,\"invalidationsHere\":12,\
            \"invalidationsElsewhere\":13,\"entries\":14,\"weight\":15,\"capacity\":16,\
            \"queued\":17,\"inFlight\":18}";
        assert_eq!(serde_json::to_string(&stats).unwrap(), expected);
    }
}
