use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::Timestamp;

/// Remembers for a while which keys brought nothing that is stored, so that requests for them need
/// not wait for one another (hit-for-miss). It may forget: a place is shared by many keys.
pub(crate) struct Passes {
    places: Box<[AtomicU64]>,
}

const PLACES: usize = 4_096;
/// The time of a mark is counted in seconds, in so many of the lower bits.
const TIME_BITS: u32 = 20;
const TIMES: u64 = (1 << TIME_BITS) - 1;
/// Whether it was the size: the bit after them.
const SIZE: u64 = 1 << TIME_BITS;

/// Why something was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unstored {
    /// By what its header section says.
    Terms,
    /// By the size of its body, of which its header section may say nothing.
    Size,
}

/// How long a mark counts.
const LASTS: Duration = Duration::from_secs(30);

impl Passes {
    pub(super) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Asks for the time only where there is a mark.
    #[inline]
    pub(crate) fn contains(&self, key: u64, now: impl FnOnce() -> Timestamp) -> bool {
        let mark = self.place(key).load(Ordering::Relaxed);
        if !is_of(mark, key) {
            return false;
        }
        let left = (mark & TIMES).wrapping_sub(seconds(now())) & TIMES;
        left > 0 && left <= LASTS.as_secs()
    }

    /// Whether it was a size that was too large.
    pub(crate) fn is_of_size(&self, key: u64) -> bool {
        let mark = self.place(key).load(Ordering::Relaxed);
        is_of(mark, key) && mark & SIZE != 0
    }

    pub(crate) fn insert(&self, key: u64, why: Unstored, now: Timestamp) {
        let until = (seconds(now) + LASTS.as_secs()) & TIMES;
        let size = if why == Unstored::Size { SIZE } else { 0 };
        self.place(key).store(tag(key) | size | until, Ordering::Relaxed);
    }

    pub(crate) fn remove(&self, key: u64) {
        let place = self.place(key);
        if is_of(place.load(Ordering::Relaxed), key) {
            place.store(0, Ordering::Relaxed);
        }
    }

    fn place(&self, key: u64) -> &AtomicU64 {
        #[expect(clippy::cast_possible_truncation, reason = "the lower bits are what is wanted")]
        let index = key as usize % PLACES;
        #[expect(clippy::indexing_slicing, reason = "there are as many places as the modulus")]
        &self.places[index]
    }
}

/// Never zero, so that no key is found in an empty place.
const fn tag(key: u64) -> u64 {
    (key | 1 << 63) & !(TIMES | SIZE)
}

const fn is_of(mark: u64, key: u64) -> bool {
    mark & !(TIMES | SIZE) == tag(key)
}

const fn seconds(moment: Timestamp) -> u64 {
    moment.as_nanos() / 1_000_000_000
}
