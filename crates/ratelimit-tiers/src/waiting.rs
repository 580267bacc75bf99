use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;

use crate::gates::Permit;
use crate::sync::{Arc, AtomicUsize};

/// How many requests of a class are being delayed.
#[derive(Clone, Debug)]
pub(crate) struct WaitingRoom(Arc<AtomicUsize>);

/// A request that is being delayed, for the class and for its subject; dropping it frees both.
#[derive(Debug)]
#[expect(dead_code, reason = "held for what their drops do")]
pub(crate) struct Waiting {
    pub(crate) seat: Seat,
    pub(crate) permit: Permit,
}

/// A seat in the room; dropping it frees it.
#[derive(Debug)]
pub(crate) struct Seat(Arc<AtomicUsize>);

/// One subject takes at most this part of the seats, so that one caller does not keep all others
/// from waiting.
pub(crate) const OF_ONE: usize = 4;

impl WaitingRoom {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(0)))
    }

    /// Takes a seat, unless so many are taken.
    pub(crate) fn sit(&self, most: NonZeroUsize) -> Option<Seat> {
        let more = |taken: usize| (taken < most.get()).then_some(taken + 1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Seat(Arc::clone(&self.0)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(all(test, bartizan_loom))]
mod model {
    use super::*;

    #[test]
    fn seats_are_never_overbooked_and_all_come_back() {
        loom::model(|| {
            let room = WaitingRoom::new();
            let most = NonZeroUsize::MIN;
            let other = room.clone();
            let thread = loom::thread::spawn(move || other.sit(most));
            let mine = room.sit(most);
            let theirs = thread.join().expect("the other thread ends");
            assert!(mine.is_some() ^ theirs.is_some());
            drop((mine, theirs));
            assert!(room.sit(most).is_some());
        });
    }
}
