//! The memory keeps what moka would keep.

#![expect(clippy::expect_used, reason = "a helper of a test fails the test")]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bartizan_benches::Zipf;
use bartizan_cache::{Cache, Caches};

const KEYS: u32 = 100_000;
const CAPACITY: u64 = 10_000;
const DRAWS: usize = 400_000;

fn at_once<F: Future>(future: F) {
    let poll = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(poll, Poll::Ready(_)));
}

/// Hits of so many draws, in percent. What is not there is put in.
fn hit_ratio(mut is_there: impl FnMut(usize) -> bool, mut insert: impl FnMut(usize)) -> f64 {
    let (mut hits, mut all) = (0_u32, 0_u32);
    for key in Zipf::new(KEYS, 0.99, 1).take(DRAWS) {
        all += 1;
        if is_there(key) {
            hits += 1;
        } else {
            insert(key);
        }
    }
    100.0 * f64::from(hits) / f64::from(all)
}

fn raw_moka() -> f64 {
    let moka = moka::sync::Cache::<usize, u64>::new(CAPACITY);
    hit_ratio(|key| moka.get(&key).is_some(), |key| moka.insert(key, 0))
}

fn ours() -> Cache<usize, u64> {
    Caches::in_memory().cache("bench").with_capacity(CAPACITY).build().expect("a cache")
}

#[test]
fn under_a_skewed_load_as_much_is_found_as_in_raw_moka() {
    let moka = raw_moka();
    assert!((50.0..99.0).contains(&moka), "{moka} %: the load is not what it should be");
    let cache = ours();
    let set = hit_ratio(|key| cache.peek(&key).is_some(), |key| at_once(cache.set(&key, 0)));
    assert!((set - moka).abs() <= 1.0, "{set} % and not {moka} %");
    let expected = cache.stats().hit_ratio().unwrap() * 100.0;
    assert!((set - expected).abs() < 1e-9, "{expected} % were counted");
}

#[tokio::test(flavor = "current_thread")]
async fn loading_finds_as_much_as_setting() {
    let moka = raw_moka();
    let cache = ours();
    for key in Zipf::new(KEYS, 0.99, 1).take(DRAWS) {
        let load = |_| async { Ok::<_, std::convert::Infallible>(0_u64) };
        cache.get_or_load(&key, load).await.unwrap();
    }
    let loaded = cache.stats().hit_ratio().unwrap() * 100.0;
    assert!((loaded - moka).abs() <= 1.0, "{loaded} % and not {moka} %");
}
