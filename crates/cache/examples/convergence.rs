//! Measures two promises over a Redis of its own, or over the one at the URL that is given:
//! `cargo run --release -p bartizan-cache --features redis --example convergence [URL]`.
//!
//! - How long after an invalidation in one process another one still serves the old value. The other
//!   process is this program once more.
//! - What a call costs more than one to a cache without a store, while Redis hangs or is away. That
//!   Redis is always its own.

#![expect(clippy::unwrap_used, reason = "a measurement that fails has nothing to say")]

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bartizan_cache::{Cache, Caches, Item, Json, Options, Reach, RedisStore};
use bartizan_probe::Redis;
use bartizan_redis_link::{Config, Link};

const ROUNDS: u64 = 200;

/// How long anything may take before it is not worth measuring.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() {
    let mut arguments = env::args().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(url), Some(_)) => other(&url).await,
        (Some(url), None) => {
            convergence(&url).await;
            outage().await;
        }
        (None, _) => {
            let redis = Redis::start();
            convergence(&redis.url()).await;
            drop(redis);
            outage().await;
        }
    }
}

async fn numbers(url: &str) -> (Caches, Cache<u64, u64>) {
    let link = Link::connect(&Config::from_url(url).unwrap());
    let store = RedisStore::new(link).with_namespace("convergence").unwrap();
    let caches = Caches::builder().with_store(store).build();
    let options = Options::new(PATIENCE * 60).with_tag("all");
    let cache = caches.cache("numbers").with_options(options).build_tiered(Json).unwrap();
    assert!(caches.ready(PATIENCE).await, "no Redis at {url}");
    (caches, cache)
}

/// Both processes read the same clock.
fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

/// Another process, which says when it has lost a value.
struct Other {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(url: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([url, "other"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { input: child.stdin.take().unwrap(), output, child }
    }

    fn answer(&mut self) -> u64 {
        self.output.next().unwrap().unwrap().parse().unwrap()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// For each key that it is told: says that it has it in memory, then since when it has not.
async fn other(url: &str) {
    let (_caches, cache) = numbers(url).await;
    for line in std::io::stdin().lines() {
        let key: u64 = line.unwrap().parse().unwrap();
        while cache.peek(&key).is_none() {
            cache.get(&key).await;
        }
        println!("{key}");
        let watched = cache.clone();
        // On a thread of its own, which looks all the time.
        let lost = tokio::task::spawn_blocking(move || {
            while watched.peek(&key).is_some() {
                std::thread::yield_now();
            }
            now()
        });
        println!("{}", lost.await.unwrap());
    }
}

async fn convergence(url: &str) {
    let (_caches, cache) = numbers(url).await;
    let mut other = Other::start(url);
    for kind in ["remove", "set", "expire", "remove_tag", "clear"] {
        let (mut since_call, mut since_return) = (Vec::new(), Vec::new());
        for key in 0..ROUNDS {
            assert_eq!(cache.set(&key, Item::new(key)).await, Reach::Shared);
            writeln!(other.input, "{key}").unwrap();
            assert_eq!(other.answer(), key);
            let called = now();
            let reach = match kind {
                "remove" => cache.remove(&key).await,
                "set" => cache.set(&key, Item::new(key + 1)).await,
                "expire" => cache.expire(&key).await,
                "remove_tag" => cache.remove_tag("all").await,
                _ => cache.clear().await,
            };
            let returned = now();
            assert_eq!(reach, Reach::Shared);
            let lost = other.answer();
            since_call.push(lost.saturating_sub(called));
            // The other may have heard of it before this one.
            since_return.push(lost.saturating_sub(returned));
        }
        let [call, returned] = [since_call, since_return].map(|mut times| {
            times.sort_unstable();
            let at = |share: usize| times.get(times.len() * share / 100).unwrap() / 1_000;
            format!("min {} median {} p99 {}", at(0), at(50), at(99))
        });
        println!("{kind:10} us since the call: {call}; since it has returned: {returned}");
    }
}

/// What is measured in one turn.
const CALLS: usize = 50_000;
const TURNS: usize = 10;

async fn outage() {
    let mut redis = Redis::start();
    let (_caches, tiered) = numbers(&redis.url()).await;
    let options = tiered.options().clone();
    let alone = Caches::in_memory();
    let alone = alone.cache("numbers").with_options(options).build().unwrap();
    for what in ["hangs", "is away"] {
        if what == "hangs" {
            redis.pause();
        } else {
            redis.kill();
        }
        // Until the breaker is open, or the link knows that there is nobody.
        for key in 0..20 {
            tiered.remove(&key).await;
        }
        let mut times = [[Vec::new(), Vec::new()], [Vec::new(), Vec::new()]];
        for turn in 0..TURNS {
            // The order changes, so that a machine that gets faster or slower favours neither.
            for part in 0..2 {
                let [of_alone, of_tiered] = &mut times;
                let (cache, [hits, misses]) =
                    if (turn + part) % 2 == 0 { (&alone, of_alone) } else { (&tiered, of_tiered) };
                cache.set(&0, 0).await;
                for call in 0..CALLS as u64 {
                    let begin = Instant::now();
                    let hit = cache.get(&0).await;
                    hits.push(begin.elapsed());
                    assert!(hit.is_some());
                    if call % 10 == 0 {
                        let key = 1 + call + turn as u64 * CALLS as u64;
                        let begin = Instant::now();
                        let load = move |_| async move { Ok::<_, ()>(key) };
                        cache.get_or_load(&key, load).await.unwrap();
                        misses.push(begin.elapsed());
                    }
                }
            }
        }
        let [[hit_alone, miss_alone], [hit, miss]] = times.map(|kinds| kinds.map(median));
        println!(
            "Redis {what}: a hit takes {} ns, {} without a store; a miss {} ns, {} without",
            hit.as_nanos(),
            hit_alone.as_nanos(),
            miss.as_nanos(),
            miss_alone.as_nanos(),
        );
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    *times.get(times.len() / 2).unwrap()
}
