use std::cell::Cell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::{CacheStats, LoadOutcome, Origin};

/// Counts what a cache does.
///
/// What callers do is counted on stripes, one for each thread as far as they go, so that threads
/// do not take a cache line from one another. What comes with a loader, a call of the store or a
/// message costs more than that by itself, and is counted in one place. 128 bytes a stripe, so at
/// most 2 KiB for a cache, and 256 more.
#[derive(Debug)]
pub(crate) struct Counters {
    stripes: Box<[Stripe]>,
    rare: Rare,
}

/// Counters on cache lines of their own: two, since processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe {
    memory_hits: AtomicU64,
    store_hits: AtomicU64,
    stale: AtomicU64,
    misses: AtomicU64,
    coalesced: AtomicU64,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Rare {
    loads: AtomicU64,
    load_failures: AtomicU64,
    load_nanos: AtomicU64,
    store_errors: AtomicU64,
    undecodable: AtomicU64,
    not_stored: AtomicU64,
    invalidations_here: AtomicU64,
    invalidations_elsewhere: AtomicU64,
}

/// More threads than that share stripes: beyond, memory costs more than the sharing.
const MOST_STRIPES: usize = 16;

impl Counters {
    pub(crate) fn new() -> Self {
        // Asking the system reads files, and a program may make many caches.
        static STRIPES: LazyLock<usize> =
            LazyLock::new(|| stripes_for(thread::available_parallelism().map_or(1, Into::into)));
        Self::with_stripes(*STRIPES)
    }

    fn with_stripes(count: usize) -> Self {
        let stripes = (0..count).map(|_| Stripe::default()).collect();
        Self { stripes, rare: Rare::default() }
    }

    #[inline]
    pub(crate) fn hit_memory(&self) {
        self.count(|stripe| &stripe.memory_hits);
    }

    #[inline]
    pub(crate) fn hit_store(&self) {
        self.count(|stripe| &stripe.store_hits);
    }

    #[inline]
    pub(crate) fn hit_stale(&self) {
        self.count(|stripe| &stripe.stale);
    }

    #[inline]
    pub(crate) fn miss(&self) {
        self.count(|stripe| &stripe.misses);
    }

    #[inline]
    pub(crate) fn coalesced(&self) {
        self.count(|stripe| &stripe.coalesced);
    }

    pub(crate) fn loaded(&self, elapsed: Duration, outcome: LoadOutcome) {
        increment(&self.rare.loads);
        match outcome {
            LoadOutcome::Value | LoadOutcome::Absent | LoadOutcome::NotModified => {}
            LoadOutcome::Failed | LoadOutcome::Panicked | LoadOutcome::Abandoned => {
                increment(&self.rare.load_failures);
            }
        }
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let add = |total: u64| Some(total.saturating_add(nanos));
        let _ = self.rare.load_nanos.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(crate) fn store_failed(&self) {
        increment(&self.rare.store_errors);
    }

    pub(crate) fn not_decoded(&self) {
        increment(&self.rare.undecodable);
    }

    pub(crate) fn not_kept(&self) {
        increment(&self.rare.not_stored);
    }

    pub(crate) fn invalidated(&self, origin: Origin) {
        increment(match origin {
            Origin::Here => &self.rare.invalidations_here,
            Origin::Elsewhere => &self.rare.invalidations_elsewhere,
        });
    }

    /// What was counted. The cache adds what it holds.
    pub(crate) fn snapshot(&self) -> CacheStats {
        let sum = |counter: fn(&Stripe) -> &AtomicU64| {
            self.stripes.iter().map(counter).fold(0, |sum: u64, one| sum.saturating_add(read(one)))
        };
        CacheStats {
            memory_hits: sum(|stripe| &stripe.memory_hits),
            store_hits: sum(|stripe| &stripe.store_hits),
            stale: sum(|stripe| &stripe.stale),
            misses: sum(|stripe| &stripe.misses),
            coalesced: sum(|stripe| &stripe.coalesced),
            loads: read(&self.rare.loads),
            load_failures: read(&self.rare.load_failures),
            load_time: Duration::from_nanos(read(&self.rare.load_nanos)),
            store_errors: read(&self.rare.store_errors),
            undecodable: read(&self.rare.undecodable),
            not_stored: read(&self.rare.not_stored),
            invalidations_here: read(&self.rare.invalidations_here),
            invalidations_elsewhere: read(&self.rare.invalidations_elsewhere),
            ..CacheStats::default()
        }
    }

    #[inline]
    fn count(&self, counter: impl FnOnce(&Stripe) -> &AtomicU64) {
        // Always some: the count of stripes is a power of two.
        let mask = self.stripes.len().wrapping_sub(1);
        if let Some(stripe) = self.stripes.get(thread_number() & mask) {
            increment(counter(stripe));
        }
    }
}

/// Enough for one each, as a power of two.
fn stripes_for(threads: usize) -> usize {
    threads.clamp(1, MOST_STRIPES).next_power_of_two()
}

/// The threads that count, numbered in the order of their first time.
#[inline]
fn thread_number() -> usize {
    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(UNKNOWN) };
    }
    const UNKNOWN: usize = usize::MAX;
    let number = NUMBER.get();
    if number != UNKNOWN {
        return number;
    }
    let number = next_number();
    NUMBER.set(number);
    number
}

#[cold]
fn next_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

// Relaxed: a counter says nothing of any other memory.
#[inline]
fn increment(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn counted(act: impl Fn(&Counters)) -> CacheStats {
        let counters = Counters::new();
        act(&counters);
        counters.snapshot()
    }

    #[test]
    fn each_method_counts_its_own_number_and_no_other() {
        let none = CacheStats::default();
        assert_eq!(counted(|_| ()), none);
        assert_eq!(counted(Counters::hit_memory), CacheStats { memory_hits: 1, ..none });
        assert_eq!(counted(Counters::hit_store), CacheStats { store_hits: 1, ..none });
        assert_eq!(counted(Counters::hit_stale), CacheStats { stale: 1, ..none });
        assert_eq!(counted(Counters::miss), CacheStats { misses: 1, ..none });
        assert_eq!(counted(Counters::coalesced), CacheStats { coalesced: 1, ..none });
        assert_eq!(counted(Counters::store_failed), CacheStats { store_errors: 1, ..none });
        assert_eq!(counted(Counters::not_decoded), CacheStats { undecodable: 1, ..none });
        assert_eq!(counted(Counters::not_kept), CacheStats { not_stored: 1, ..none });
        let here = counted(|counters| counters.invalidated(Origin::Here));
        assert_eq!(here, CacheStats { invalidations_here: 1, ..none });
        let elsewhere = counted(|counters| counters.invalidated(Origin::Elsewhere));
        assert_eq!(elsewhere, CacheStats { invalidations_elsewhere: 1, ..none });
    }

    #[test]
    fn loaders_that_fail_panic_or_never_end_are_failures() {
        let load_time = Duration::from_nanos(3);
        for (outcome, load_failures) in [
            (LoadOutcome::Value, 0),
            (LoadOutcome::Absent, 0),
            (LoadOutcome::NotModified, 0),
            (LoadOutcome::Failed, 1),
            (LoadOutcome::Panicked, 1),
            (LoadOutcome::Abandoned, 1),
        ] {
            let expected =
                CacheStats { loads: 1, load_failures, load_time, ..CacheStats::default() };
            assert_eq!(counted(|counters| counters.loaded(load_time, outcome)), expected);
        }
    }

    #[test]
    fn the_time_of_loaders_adds_up_and_stops_at_the_greatest() {
        let load = |counters: &Counters, time| counters.loaded(time, LoadOutcome::Value);
        let counters = Counters::new();
        load(&counters, Duration::from_millis(1500));
        load(&counters, Duration::from_millis(250));
        assert_eq!(counters.snapshot().load_time, Duration::from_millis(1750));
        load(&counters, Duration::MAX);
        load(&counters, Duration::MAX);
        assert_eq!(counters.snapshot().load_time, Duration::from_nanos(u64::MAX));
        assert_eq!(counters.snapshot().loads, 4);
    }

    #[test]
    fn nothing_is_lost_when_threads_count_at_once() {
        const THREADS: usize = 8;
        const EACH: u64 = 100_000;
        for stripes in [1, 2, 16] {
            let counters = Counters::with_stripes(stripes);
            let barrier = Barrier::new(THREADS);
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        barrier.wait();
                        for _ in 0..EACH {
                            counters.hit_memory();
                            counters.miss();
                        }
                        counters.loaded(Duration::from_nanos(1), LoadOutcome::Failed);
                    });
                }
            });
            let threads = THREADS as u64;
            let expected = CacheStats {
                memory_hits: threads * EACH,
                misses: threads * EACH,
                loads: threads,
                load_failures: threads,
                load_time: Duration::from_nanos(threads),
                ..CacheStats::default()
            };
            assert_eq!(counters.snapshot(), expected);
        }
    }

    #[test]
    fn a_thread_keeps_its_number_and_no_other_has_it() {
        let here = thread_number();
        assert_eq!(thread_number(), here);
        let barrier = Barrier::new(20);
        let mut numbers: Vec<_> = thread::scope(|scope| {
            let number = || {
                barrier.wait();
                thread_number()
            };
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(number)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        numbers.push(here);
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 21);
    }

    #[test]
    fn threads_use_stripes_in_turn() {
        let counters = Counters::with_stripes(4);
        let numbers: Vec<_> = (0..6)
            .map(|_| {
                thread::scope(|scope| {
                    let count = || {
                        counters.hit_store();
                        thread_number()
                    };
                    scope.spawn(count).join().unwrap()
                })
            })
            .collect();
        let on = |index: usize| numbers.iter().filter(|number| *number % 4 == index).count();
        let expected = [on(0), on(1), on(2), on(3)].map(|count| count as u64);
        let stripes: Vec<_> =
            counters.stripes.iter().map(|stripe| read(&stripe.store_hits)).collect();
        assert_eq!(stripes, expected);
    }

    #[test]
    fn there_are_as_many_stripes_as_threads_run_but_at_most_sixteen() {
        let cases =
            [(0, 1), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (16, 16), (17, 16), (usize::MAX, 16)];
        for (threads, stripes) in cases {
            assert_eq!(stripes_for(threads), stripes, "{threads}");
        }
        let threads = thread::available_parallelism().unwrap().get();
        assert!(Counters::new().stripes.len() >= threads.min(16));
    }

    #[test]
    fn a_cache_costs_the_documented_bytes() {
        assert_eq!(size_of::<Stripe>(), 128);
        assert_eq!(align_of::<Stripe>(), 128);
        assert_eq!(size_of::<Stripe>() * MOST_STRIPES, 2048);
        assert_eq!(size_of::<Counters>(), 256);
    }
}
