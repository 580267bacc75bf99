//! What the cache promises beside raw moka, as ratios of one run.
//!
//! `cargo bench -p bartizan-benches --bench cache_ratios` prints, in half a minute:
//!
//! - a hit, beside moka's `get`: the subjects take turns, 21 times 200,000 hits each, in CPU time
//!   of the thread, after as many that are not timed; a ratio is the median over the turns. Keys come in no order that a processor
//!   could guess, and both read them from the same place. Entries carry two tags.
//! - the hit ratio under a skewed load, beside moka's and `quick_cache`'s;
//! - what a store that is away adds to a call, in wall time: the median over the calls.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench that cannot be set up ends"
)]

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bartizan_benches::{ThreadCpuTime, Zipf};
use bartizan_cache::test_util::{Chaos, ChaosControl, LocalStore};
use bartizan_cache::{Cache, Caches, Item, Json, KeyOf, Load, SystemClock};
use criterion::measurement::Measurement;

type Value = Arc<u64>;
type Moka<S = std::hash::RandomState> = moka::sync::Cache<String, Value, S>;

const TURNS: usize = 21;
const HITS: usize = 200_000;

/// The outcome of a future that need not wait.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("a hit does not wait"),
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Places in an order that no processor could guess: a multiplicative walk (Knuth).
fn walk(count: usize) -> Vec<usize> {
    let step = |at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let at = |at| usize::try_from(step(at)).unwrap_or_default() % count;
    (0..1 << 16).map(at).collect()
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn cost_of_a_hit(run: &mut dyn FnMut()) -> f64 {
    let began = ThreadCpuTime.start();
    run();
    ThreadCpuTime.to_f64(&ThreadCpuTime.end(began)) / HITS as f64
}

/// The first subject is what the others are compared with.
fn compare(title: &str, subjects: &mut [(&str, &mut dyn FnMut())]) {
    let mut costs = vec![Vec::new(); subjects.len()];
    for _ in 0..TURNS {
        for ((_, run), costs) in subjects.iter_mut().zip(&mut costs) {
            // The others have filled the caches of the processor.
            run();
            costs.push(cost_of_a_hit(run));
        }
    }
    let base = costs.first().cloned().unwrap_or_default();
    for ((name, _), costs) in subjects.iter().zip(costs) {
        let ratio = median(costs.iter().zip(&base).map(|(cost, base)| cost / base).collect());
        println!("{title}  {name:<16}{:>7.0} ns   {ratio:.2} of moka", median(costs));
    }
}

fn in_memory<K>(capacity: u64) -> Cache<K, Value> {
    Caches::in_memory().cache("bench").with_capacity(capacity).build().expect("a valid cache")
}

fn moka_of<S>(texts: &[String], hasher: S) -> Moka<S>
where
    S: std::hash::BuildHasher + Clone + Send + Sync + 'static,
{
    let moka = Moka::builder().max_capacity(CAPACITY).build_with_hasher(hasher);
    let values = values(texts.len());
    for (value, text) in values.iter().zip(texts) {
        moka.insert(text.clone(), Arc::clone(value));
    }
    moka.run_pending_tasks();
    moka
}

/// Values as loaders bring them: made before there is a place for them.
fn values(count: usize) -> Vec<Value> {
    (0..).take(count).map(Arc::new).collect()
}

/// Room for all.
const CAPACITY: u64 = 200_000;

fn hits<K, Q: KeyOf<K>>(title: &str, texts: &[String], keys: &[Q]) {
    let walk = walk(keys.len());
    let walk = || walk.iter().cycle().take(HITS).copied();
    let moka = moka_of(texts, std::hash::RandomState::new());
    let ours: Cache<K, Value> = in_memory(CAPACITY);
    let values = values(keys.len());
    for (value, key) in values.iter().zip(keys) {
        let item = Item::new(Arc::clone(value)).with_tag("workflows").with_tag("location");
        at_once(ours.set(key, item));
    }
    let load = |_: Load<Value>| async { Ok::<_, Infallible>(Arc::new(0)) };
    compare(
        title,
        &mut [
            ("moka", &mut || {
                for at in walk() {
                    black_box(moka.get(texts[at].as_str()).expect("there"));
                }
            }),
            ("peek", &mut || {
                for at in walk() {
                    black_box(ours.peek(&keys[at]).expect("there"));
                }
            }),
            ("get", &mut || {
                for at in walk() {
                    black_box(at_once(ours.get(&keys[at])).expect("there"));
                }
            }),
            ("get_or_load", &mut || {
                for at in walk() {
                    black_box(at_once(ours.get_or_load(&keys[at], load)).expect("there"));
                }
            }),
        ],
    );
    let hits = ours.stats().memory_hits;
    assert_eq!(hits, 6 * u64::try_from(TURNS * HITS).expect("it fits"), "each hit is counted");
}

fn hashers(title: &str, texts: &[String]) {
    let walk = walk(texts.len());
    let walk = || walk.iter().cycle().take(HITS).copied();
    let moka = moka_of(texts, std::hash::RandomState::new());
    let other = moka_of(texts, foldhash::quality::RandomState::default());
    compare(
        title,
        &mut [
            ("moka", &mut || {
                for at in walk() {
                    black_box(moka.get(texts[at].as_str()).expect("there"));
                }
            }),
            ("moka, foldhash", &mut || {
                for at in walk() {
                    black_box(other.get(texts[at].as_str()).expect("there"));
                }
            }),
        ],
    );
}

/// The part of the draws, in percent, whose key was there. The others are put in.
fn hit_ratio(
    draws: impl Iterator<Item = usize>,
    mut is_there: impl FnMut(usize) -> bool,
    mut insert: impl FnMut(usize),
) -> f64 {
    let (mut hits, mut all) = (0_u32, 0_u32);
    for key in draws {
        all += 1;
        if is_there(key) {
            hits += 1;
        } else {
            insert(key);
        }
    }
    100.0 * f64::from(hits) / f64::from(all)
}

fn hit_ratios() {
    let names: Vec<String> = (0..100_000).map(|key| format!("key_{key}")).collect();
    let value = Value::default();
    for seed in 1..=3 {
        let draws = || Zipf::new(100_000, 0.99, seed).take(2_000_000);
        let moka = Moka::new(10_000);
        let of_moka = hit_ratio(
            draws(),
            |key| moka.get(names[key].as_str()).is_some(),
            |key| moka.insert(names[key].clone(), Arc::clone(&value)),
        );
        let ours: Cache<String, Value> = in_memory(10_000);
        let of_ours = hit_ratio(
            draws(),
            |key| ours.peek(&names[key]).is_some(),
            |key| {
                at_once(ours.set(&names[key], Arc::clone(&value)));
            },
        );
        let quick = quick_cache::sync::Cache::new(10_000);
        let of_quick = hit_ratio(
            draws(),
            |key| quick.get(names[key].as_str()).is_some(),
            |key| quick.insert(names[key].clone(), Arc::clone(&value)),
        );
        println!(
            "hit ratio, draw {seed}: ours {of_ours:.2} %, moka {of_moka:.2} %, \
             quick_cache {of_quick:.2} %"
        );
    }
}

/// How many calls are timed, one by one.
const CALLS: usize = 100_000;

fn away() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(async {
        let control = ChaosControl::new();
        let store = Chaos::new(LocalStore::new(SystemClock::new()), &control);
        let tiered = Caches::builder().with_store(store).build();
        let there: Cache<String, u64> =
            tiered.cache("bench").with_capacity(CAPACITY).build_tiered(Json).expect("a cache");
        assert!(tiered.ready(Duration::from_secs(5)).await, "the store is there at first");
        let alone: Cache<String, u64> =
            Caches::in_memory().cache("bench").with_capacity(CAPACITY).build().expect("a cache");
        control.down();
        for (name, fresh) in [("hit", false), ("miss and load", true)] {
            let mut times = [const { Vec::new() }; 2];
            for call in 0..CALLS {
                let key = if fresh { format!("{call}") } else { "one".to_owned() };
                for (cache, times) in [&alone, &there].into_iter().zip(&mut times) {
                    let began = Instant::now();
                    let load = |_: Load<u64>| async { Ok::<_, Infallible>(7) };
                    black_box(cache.get_or_load(key.as_str(), load).await.expect("loaded"));
                    times.push(began.elapsed().as_secs_f64() * 1e9);
                }
            }
            let [alone, there] = times.map(median);
            let added = there - alone;
            println!(
                "{name}: {alone:.0} ns in memory alone, {there:.0} ns with a store that is away, \
                 {added:.0} ns added"
            );
        }
    });
}

fn main() {
    for count in [1_000, 50_000] {
        let texts: Vec<_> =
            (0..count).map(|key| format!("loc_{:02}:wf_{key:06}", key % 100)).collect();
        let pairs: Vec<_> = texts.iter().filter_map(|text| text.split_once(':')).collect();
        hits::<(String, String), _>(&format!("{count:>6} entries, 2 parts"), &texts, &pairs);
        let names: Vec<_> = (0..count).map(|key| format!("workflow_{key:08}")).collect();
        let keys: Vec<_> = names.iter().map(String::as_str).collect();
        hits::<String, _>(&format!("{count:>6} entries, 1 part "), &names, &keys);
        hashers(&format!("{count:>6} entries, 1 part "), &names);
    }
    hit_ratios();
    away();
}
