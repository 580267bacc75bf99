//! A hit allocates nothing. Counts are exact, so they are tested and not measured.

#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test fails the test")]

use std::alloc::System;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use bartizan_cache::{Cache, Caches, Item, KeyOf, Load, Looked, Lookup, Observer};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

type Value = Arc<u64>;

/// Enough that moka puts its house in order several times.
const HITS: u64 = 1_000;

fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("what is in memory does not wait"),
    }
}

async fn load(_: Load<Value>) -> Result<Value, Infallible> {
    Ok(Arc::new(0))
}

fn allocations(mut act: impl FnMut()) -> usize {
    let region = Region::new(ALLOCATOR);
    act();
    let change = region.change();
    change.allocations + change.reallocations
}

/// What so many hits by each way allocate.
fn hits<K, Q: KeyOf<K> + ?Sized>(caches: &Caches, name: &str, key: &Q) -> [usize; 3] {
    let cache: Cache<K, Value> = caches.cache(name).build().expect("a valid cache");
    let item = Item::new(Value::default()).with_tag("workflows").with_tag("location");
    at_once(cache.set(key, item));
    let repeat = |hit: &dyn Fn() -> bool| {
        // The first lets the thread and moka make what they keep.
        (0..HITS).for_each(|_| assert!(hit()));
        allocations(|| (0..HITS).for_each(|_| assert!(hit())))
    };
    let allocated = [
        repeat(&|| cache.peek(key).is_some()),
        repeat(&|| at_once(cache.get(key)).is_some()),
        repeat(&|| at_once(cache.get_or_load(key, load)).is_ok()),
    ];
    assert_eq!((cache.stats().memory_hits, cache.stats().misses), (6 * HITS, 0));
    allocated
}

#[derive(Clone, Debug, Default)]
struct Counted(Arc<AtomicU64>);

impl Observer for Counted {
    fn looked(&self, event: &Looked<'_>) {
        if event.outcome == Lookup::MemoryHit {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// One test: the counter counts every thread.
#[test]
fn a_hit_by_a_borrowed_key_allocates_nothing() {
    let counted = Counted::default();
    let observed = Caches::builder().with_observer(counted.clone()).build();
    let unwatched = Caches::builder().with_observer(()).build();
    for caches in [Caches::in_memory(), unwatched, observed] {
        assert_eq!(hits::<String, str>(&caches, "one", "wf_1"), [0; 3]);
        assert_eq!(hits::<(String, String), _>(&caches, "two", &("loc_1", "wf_1")), [0; 3]);
        assert_eq!(hits::<(String, u32), _>(&caches, "number", &("loc_1", 7)), [0; 3]);
        // One part of a reserved byte, and the longest key that needs no room of its own.
        assert_eq!(hits::<String, str>(&caches, "escaped", "a:b"), [0; 3]);
        assert_eq!(hits::<String, str>(&caches, "long", &"k".repeat(160)), [0; 3]);
    }
    assert_eq!(counted.0.load(Ordering::Relaxed), 5 * 6 * HITS);

    let longer = hits::<String, str>(&Caches::in_memory(), "longer", &"k".repeat(161));
    assert!(longer.iter().all(|count| *count > 0), "the counter counts nothing");
}
