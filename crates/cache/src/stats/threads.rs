//! Numbers of threads, so that the first few have something of their own.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many threads at a time have a number below this.
pub(super) const OWNERS: usize = 16;

/// Which numbers below [`OWNERS`] are taken, a bit each.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static NUMBER: Cell<usize> = const { Cell::new(UNKNOWN) };
    static LEASE: Lease = const { Lease };
}

const UNKNOWN: usize = usize::MAX;

/// Gives the number back when the thread ends.
struct Lease;

/// The number of this thread: below [`OWNERS`] if no other thread that lives has it, and what a
/// former one wrote under it is seen.
#[inline]
pub(super) fn thread_number() -> usize {
    let number = NUMBER.get();
    if number == UNKNOWN { first_number() } else { number }
}

#[cold]
fn first_number() -> usize {
    // Once the lease is gone, the thread is ending and would not give a number back.
    let number = LEASE.try_with(|_| take()).ok().flatten().unwrap_or_else(shared_number);
    NUMBER.set(number);
    number
}

/// The lowest number that is free.
fn take() -> Option<usize> {
    let lowest = |taken: usize| {
        let number = taken.trailing_ones() as usize;
        (number < OWNERS).then_some(taken | 1 << number)
    };
    let taken = TAKEN.fetch_update(Ordering::Acquire, Ordering::Relaxed, lowest).ok()?;
    Some(taken.trailing_ones() as usize)
}

/// A number that others may have as well.
fn shared_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    OWNERS + NEXT.fetch_add(1, Ordering::Relaxed) % OWNERS
}

impl Drop for Lease {
    fn drop(&mut self) {
        let number = NUMBER.replace(OWNERS);
        if number < OWNERS {
            TAKEN.fetch_and(!(1 << number), Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    /// The numbers of so many threads that live at once.
    fn numbers(threads: usize) -> Vec<usize> {
        let barrier = Barrier::new(threads);
        let number = || {
            let number = thread_number();
            assert_eq!(thread_number(), number);
            barrier.wait();
            number
        };
        let mut numbers: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(number)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn no_two_threads_that_live_own_the_same_number() {
        let here = thread_number();
        let mut numbers = numbers(OWNERS + 4);
        numbers.push(here);
        let (mut owned, shared): (Vec<_>, Vec<_>) =
            numbers.into_iter().partition(|number| *number < OWNERS);
        let count = owned.len();
        owned.sort_unstable();
        owned.dedup();
        assert_eq!(owned.len(), count);
        assert!(shared.len() >= 5, "{shared:?}");
        assert!(shared.iter().all(|number| *number < 2 * OWNERS));
    }

    #[test]
    fn threads_that_end_give_their_numbers_back() {
        // Other tests have threads as well, so not every round finds one free.
        let owned = (0..100 * OWNERS).filter(|_| numbers(1) < vec![OWNERS]).count();
        assert!(owned > OWNERS, "{owned}");
    }
}
