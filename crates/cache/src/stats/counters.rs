use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::threads::{OWNERS, thread_number};
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
    /// Written by one thread alone, so that it need not lock the bus to add.
    owned: Looked,
    /// Written by the threads that own no stripe.
    shared: Looked,
}

/// What callers do.
#[derive(Debug, Default)]
struct Looked {
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
const MOST_STRIPES: usize = OWNERS;

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
        self.count(|looked| &looked.memory_hits);
    }

    #[inline]
    pub(crate) fn hit_store(&self) {
        self.count(|looked| &looked.store_hits);
    }

    #[inline]
    pub(crate) fn hit_stale(&self) {
        self.count(|looked| &looked.stale);
    }

    #[inline]
    pub(crate) fn miss(&self) {
        self.count(|looked| &looked.misses);
    }

    #[inline]
    pub(crate) fn coalesced(&self) {
        self.count(|looked| &looked.coalesced);
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
        let sum = |counter: fn(&Looked) -> &AtomicU64| {
            self.stripes
                .iter()
                .flat_map(|stripe| [&stripe.owned, &stripe.shared])
                .fold(0, |sum: u64, looked| sum.saturating_add(read(counter(looked))))
        };
        CacheStats {
            memory_hits: sum(|looked| &looked.memory_hits),
            store_hits: sum(|looked| &looked.store_hits),
            stale: sum(|looked| &looked.stale),
            misses: sum(|looked| &looked.misses),
            coalesced: sum(|looked| &looked.coalesced),
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
    fn count(&self, counter: impl FnOnce(&Looked) -> &AtomicU64) {
        let number = thread_number();
        if let Some(stripe) = self.stripes.get(number) {
            let counter = counter(&stripe.owned);
            counter.store(read(counter).wrapping_add(1), Ordering::Relaxed);
        } else {
            // Always some: the count of stripes is a power of two.
            let mask = self.stripes.len().wrapping_sub(1);
            if let Some(stripe) = self.stripes.get(number & mask) {
                increment(counter(&stripe.shared));
            }
        }
    }
}

/// Enough for one each, and for the thread that waits for them, as a power of two.
fn stripes_for(threads: usize) -> usize {
    threads.saturating_add(1).clamp(2, MOST_STRIPES).next_power_of_two()
}

// Relaxed: a counter says nothing of any other memory.
#[inline]
fn increment(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[inline]
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
    fn owners_count_on_their_stripes_and_others_beside_them() {
        let counters = Counters::with_stripes(4);
        let numbers: Vec<_> = (0..40)
            .map(|_| {
                let count = || {
                    counters.hit_store();
                    thread_number()
                };
                thread::scope(|scope| scope.spawn(count).join().unwrap())
            })
            .collect();
        let count = |is_so: &dyn Fn(usize) -> bool| {
            numbers.iter().filter(|number| is_so(**number)).count() as u64
        };
        for (index, stripe) in counters.stripes.iter().enumerate() {
            let owned = count(&|number| number == index);
            let shared = count(&|number| number >= 4 && number % 4 == index);
            assert_eq!(read(&stripe.owned.store_hits), owned);
            assert_eq!(read(&stripe.shared.store_hits), shared);
        }
        assert_eq!(counters.snapshot().store_hits, 40);
    }

    #[test]
    fn nothing_is_lost_when_threads_end_and_others_take_their_stripes() {
        const ROUNDS: u64 = 200;
        const EACH: u64 = 500;
        let counters = Counters::with_stripes(2);
        for _ in 0..ROUNDS {
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..EACH).for_each(|_| counters.hit_memory()));
                }
            });
        }
        assert_eq!(counters.snapshot().memory_hits, ROUNDS * 4 * EACH);
    }

    #[test]
    fn there_are_more_stripes_than_threads_run_but_at_most_sixteen() {
        let cases =
            [(0, 2), (1, 2), (2, 4), (3, 4), (4, 8), (7, 8), (8, 16), (17, 16), (usize::MAX, 16)];
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
