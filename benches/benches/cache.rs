//! What a cache with expiry, tags, statistics and single-flight costs beside those without.
//!
//! `cargo bench -p bartizan-benches --bench cache`, in CPU time of the thread:
//!
//! - `cache/hit_*`: a hit, with two tags in the entry. `_1` and `_2` are the parts of the key; both
//!   sides read it from the same place.
//! - `cache/miss` and `cache/insert`: a key that is not there, and one that is put in over and over.
//! - `cache/single_flight`: ten thousand callers on one cold key, whose loader sleeps 10 ms, on one
//!   thread.
//! - `cache/away`: calls while the store is away, beside a cache without one.
//! - `cache/two_threads`: hits of two threads, in wall time.
//!
//! Ratios are better taken in one run: see `cache_ratios.rs`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench that cannot be set up ends"
)]

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bartizan_benches::ThreadCpuTime;
use bartizan_cache::test_util::{Chaos, ChaosControl, LocalStore};
use bartizan_cache::{Cache, Caches, Item, Json, KeyOf, Load, SystemClock};
use criterion::measurement::Measurement;
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Runtime;

type Value = Arc<u64>;
type Moka = moka::sync::Cache<String, Value>;
type Quick = quick_cache::sync::Cache<String, Value>;

/// Room for all.
const CAPACITY: usize = 200_000;

/// The outcome of a future that need not wait.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("what is in memory does not wait"),
    }
}

fn in_memory<K>() -> Cache<K, Value> {
    let builder = Caches::in_memory().cache("bench").with_capacity(CAPACITY as u64);
    builder.build().expect("a valid cache")
}

fn item(value: u64) -> Item<Value> {
    Item::new(Arc::new(value)).with_tag("workflows").with_tag("location")
}

/// Some loader that a hit does not need.
async fn load(_: Load<Value>) -> Result<Value, Infallible> {
    Ok(Arc::new(0))
}

/// Keys in an order that no processor could guess: a multiplicative walk (Knuth).
fn walk(count: usize) -> impl FnMut() -> usize {
    let mut at = 0_u64;
    move || {
        at += 1;
        let step = usize::try_from(at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20);
        step.unwrap_or_default() % count
    }
}

fn hits(c: &mut Criterion<ThreadCpuTime>) {
    for count in [1_000, 50_000] {
        let names: Vec<_> = (0..count).map(|key| format!("workflow_{key:08}")).collect();
        let keys: Vec<_> = names.iter().map(String::as_str).collect();
        let texts: Vec<_> =
            (0..count).map(|key| format!("loc_{:02}:wf_{key:06}", key % 100)).collect();
        let pairs: Vec<_> = texts.iter().filter_map(|text| text.split_once(':')).collect();
        rivals(c, count, &names);
        ours::<String, _>(c, 1, &keys);
        ours::<(String, String), _>(c, 2, &pairs);
    }
}

fn rivals(c: &mut Criterion<ThreadCpuTime>, count: usize, names: &[String]) {
    let mut group = c.benchmark_group(format!("cache/hit_{count}"));
    let hour = Duration::from_secs(3_600);
    let bounded = || Moka::builder().max_capacity(CAPACITY as u64);
    let mokas = [("moka", bounded().build()), ("moka_ttl", bounded().time_to_live(hour).build())];
    for (title, moka) in mokas {
        for name in names {
            moka.insert(name.clone(), Value::default());
        }
        moka.run_pending_tasks();
        let mut next = walk(count);
        group.bench_function(title, |b| b.iter(|| moka.get(names[next()].as_str())));
    }
    let hasher = foldhash::quality::RandomState::default();
    let moka = bounded().build_with_hasher(hasher);
    for name in names {
        moka.insert(name.clone(), Value::default());
    }
    moka.run_pending_tasks();
    let mut next = walk(count);
    group.bench_function("moka_foldhash", |b| b.iter(|| moka.get(names[next()].as_str())));
    let quick = Quick::new(CAPACITY);
    for name in names {
        quick.insert(name.clone(), Value::default());
    }
    let mut next = walk(count);
    group.bench_function("quick_cache", |b| b.iter(|| quick.get(names[next()].as_str())));
    group.finish();
}

fn ours<K, Q: KeyOf<K>>(c: &mut Criterion<ThreadCpuTime>, parts: u8, keys: &[Q]) {
    let mut group = c.benchmark_group(format!("cache/hit_{}", keys.len()));
    let cache: Cache<K, Value> = in_memory();
    for (value, key) in (0..).zip(keys) {
        at_once(cache.set(key, item(value)));
    }
    let mut next = walk(keys.len());
    group.bench_function(format!("peek_{parts}"), |b| b.iter(|| cache.peek(&keys[next()])));
    group.bench_function(format!("get_{parts}"), |b| {
        b.iter(|| at_once(cache.get(&keys[next()])));
    });
    group.bench_function(format!("get_or_load_{parts}"), |b| {
        b.iter(|| at_once(cache.get_or_load(&keys[next()], load)));
    });
    assert_eq!(cache.stats().misses, 0);
    group.finish();
}

fn changes(c: &mut Criterion<ThreadCpuTime>) {
    let names: Vec<_> = (0..1_000).map(|key| format!("workflow_{key:08}")).collect();
    let (moka, quick, ours) = (Moka::new(CAPACITY as u64), Quick::new(CAPACITY), in_memory());
    let ours: Cache<String, Value> = ours;
    let mut next = walk(names.len());
    let mut group = c.benchmark_group("cache/miss");
    group.bench_function("moka", |b| b.iter(|| moka.get(names[next()].as_str())));
    group.bench_function("quick_cache", |b| b.iter(|| quick.get(names[next()].as_str())));
    group.bench_function("peek", |b| b.iter(|| ours.peek(names[next()].as_str())));
    group.finish();
    let mut group = c.benchmark_group("cache/insert");
    let value = Value::default();
    group.bench_function("moka", |b| {
        b.iter(|| moka.insert(names[next()].clone(), Arc::clone(&value)));
    });
    group.bench_function("quick_cache", |b| {
        b.iter(|| quick.insert(names[next()].clone(), Arc::clone(&value)));
    });
    group.bench_function("set", |b| {
        b.iter(|| at_once(ours.set(&names[next()], Arc::clone(&value))));
    });
    group.bench_function("set_2_tags", |b| {
        b.iter(|| {
            let item = Item::new(Arc::clone(&value)).with_tag("workflows").with_tag("location");
            at_once(ours.set(&names[next()], item))
        });
    });
    group.finish();
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime")
}

const CALLERS: usize = 10_000;

/// CPU time of so many callers, each in a task, on one thread.
fn crowd<F>(runtime: &Runtime, caller: impl Fn() -> F) -> Duration
where
    F: Future<Output = Value> + Send + 'static,
{
    let began = ThreadCpuTime.start();
    runtime.block_on(async {
        let callers: Vec<_> = (0..CALLERS).map(|_| tokio::spawn(caller())).collect();
        for caller in callers {
            black_box(caller.await.expect("a value"));
        }
    });
    ThreadCpuTime.end(began)
}

fn single_flight(c: &mut Criterion<ThreadCpuTime>) {
    static LOADS: AtomicU64 = AtomicU64::new(0);
    async fn slow() -> Value {
        LOADS.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(10)).await;
        Value::default()
    }
    fn repeat(rounds: u64, mut round: impl FnMut(u64) -> Duration) -> Duration {
        let before = LOADS.load(Ordering::Relaxed);
        let spent = (0..rounds).map(&mut round).sum();
        assert_eq!(LOADS.load(Ordering::Relaxed) - before, rounds, "one loader for each cold key");
        spent
    }
    let runtime = runtime();
    let mut group = c.benchmark_group("cache/single_flight");
    group.sample_size(10);
    group.bench_function("moka_get_with", |b| {
        b.iter_custom(|rounds| {
            let cache = moka::future::Cache::<u64, Value>::new(CAPACITY as u64);
            repeat(rounds, |key| {
                crowd(&runtime, || {
                    let cache = cache.clone();
                    async move { cache.get_with(key, slow()).await }
                })
            })
        });
    });
    group.bench_function("get_or_load", |b| {
        b.iter_custom(|rounds| {
            let cache: Cache<u64, Value> = in_memory();
            repeat(rounds, |key| {
                crowd(&runtime, || {
                    let cache = cache.clone();
                    async move {
                        let load = |_| async { Ok::<_, Infallible>(slow().await) };
                        let loaded = cache.get_or_load(&key, load).await;
                        loaded.expect("a value").into_value()
                    }
                })
            })
        });
    });
    group.finish();
}

fn away(c: &mut Criterion<ThreadCpuTime>) {
    let runtime = runtime();
    let control = ChaosControl::new();
    let there = runtime.block_on(async {
        let store = Chaos::new(LocalStore::new(SystemClock::new()), &control);
        let caches = Caches::builder().with_store(store).build();
        let builder = caches.cache("bench").with_capacity(CAPACITY as u64);
        let cache: Cache<u64, u64> = builder.build_tiered(Json).expect("a valid cache");
        assert!(caches.ready(Duration::from_secs(5)).await, "the store is there at first");
        cache
    });
    control.down();
    let builder = Caches::in_memory().cache("bench").with_capacity(CAPACITY as u64);
    let alone: Cache<u64, u64> = builder.build().expect("a valid cache");
    let seven = |_: Load<u64>| async { Ok::<_, Infallible>(7) };
    let mut group = c.benchmark_group("cache/away");
    for (title, cache) in [("memory", alone), ("store_away", there)] {
        at_once(cache.set(&u64::MAX, 1));
        group.bench_function(format!("hit_{title}"), |b| {
            b.iter(|| at_once(cache.get_or_load(black_box(&u64::MAX), seven)));
        });
        let mut key = 0;
        group.bench_function(format!("load_{title}"), |b| {
            b.iter(|| {
                key += 1;
                runtime.block_on(cache.get_or_load(&key, seven))
            });
        });
    }
    group.finish();
}

/// Wall time of `rounds` on each of two threads that begin together.
fn on_two_threads(rounds: u64, hit: impl Fn(usize) + Sync) -> Duration {
    let start = Barrier::new(2);
    let run = || {
        let mut next = walk(1_000);
        start.wait();
        let began = Instant::now();
        (0..rounds).for_each(|_| hit(next()));
        began.elapsed()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(run);
        let mine = run();
        mine.max(other.join().unwrap_or_default())
    })
}

fn two_threads(c: &mut Criterion) {
    let names: Vec<_> = (0..1_000).map(|key| format!("workflow_{key:08}")).collect();
    let (moka, quick) = (Moka::new(CAPACITY as u64), Quick::new(CAPACITY));
    let ours: Cache<String, Value> = in_memory();
    for name in &names {
        moka.insert(name.clone(), Value::default());
        quick.insert(name.clone(), Value::default());
        at_once(ours.set(name, item(0)));
    }
    moka.run_pending_tasks();
    let mut group = c.benchmark_group("cache/two_threads");
    let mut bench = |title: &str, hit: &(dyn Fn(&str) -> bool + Sync)| {
        group.bench_function(title, |b| {
            b.iter_custom(|rounds| {
                on_two_threads(rounds, |at| {
                    black_box(hit(&names[at]));
                })
            });
        });
    };
    bench("moka", &|name| moka.get(name).is_some());
    bench("quick_cache", &|name| quick.get(name).is_some());
    bench("peek", &|name| ours.peek(name).is_some());
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadCpuTime);
    targets = hits, changes, single_flight, away
}
criterion_group!(wall, two_threads);
criterion_main!(benches, wall);
