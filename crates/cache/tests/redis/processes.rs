//! Several processes, each with its own caches: this test binary, started again as one of them.
//!
//! A process is told what to do line by line on its standard input, and answers on its output.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bartizan_cache::{Cache, Caches, Item, Json, Options, Reach, RedisStore};
use bartizan_probe::Redis;
use bartizan_redis_link::{Command as RedisCommand, Config, Link};
use tokio::task::JoinSet;

use crate::support::{MINUTE, PATIENCE, number, store, tell};

/// Where a process finds Redis.
const URL: &str = "BARTIZAN_TEST_REDIS";

/// What its answers begin with, among what the test harness writes.
const ANSWER: &str = "answer: ";

/// No instance serves what was invalidated before, from so long after the call has returned.
const CONVERGENCE: Duration = Duration::from_secs(1);

/// A process, and the end of it.
#[derive(Debug)]
struct Process {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a test of this module in a process of its own.
    fn start(test: &str, redis: &Redis) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", &format!("processes::{test}"), "--ignored", "--nocapture"])
            .env(URL, redis.url())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut process = Self { input: child.stdin.take().unwrap(), output, child };
        assert_eq!(process.answer(), "ready");
        process
    }

    fn tell(&mut self, what: &str) {
        writeln!(self.input, "{what}").unwrap();
    }

    fn answer(&mut self) -> String {
        loop {
            let line = self.output.next().expect("the process has ended").unwrap();
            // The harness does not end its own line first.
            if let Some((_, answer)) = line.split_once(ANSWER) {
                return answer.to_owned();
            }
        }
    }

    fn ask(&mut self, what: &str) -> String {
        self.tell(what);
        self.answer()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Says what a process has to say.
fn answer(what: impl std::fmt::Display) {
    println!("{ANSWER}{what}");
}

/// What a process is told; none after its parent has ended.
fn told() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line).unwrap();
    (read > 0).then(|| line.trim_end().to_owned())
}

/// A cache of this process; none if it was not started by a test.
async fn child() -> Option<(Link, Caches, Cache<u32, u64>)> {
    let url = env::var(URL).ok()?;
    let config = Config::from_url(&url).unwrap().with_command_timeout(PATIENCE);
    let link = Link::connect(&config.with_queue(10_000.try_into().unwrap()));
    let (caches, cache) = caches(link.clone()).await;
    Some((link, caches, cache))
}

async fn caches(link: Link) -> (Caches, Cache<u32, u64>) {
    let store = RedisStore::new(link);
    let caches = Caches::builder().with_store(store).with_store_timeout(PATIENCE).build();
    let options = Options::new(MINUTE * 60).with_tag("all");
    let cache = caches.cache("numbers").with_options(options).build_tiered(Json).unwrap();
    assert!(caches.ready(PATIENCE).await);
    (caches, cache)
}

async fn increment(link: &Link, key: &str) -> u64 {
    let counted = link.command(RedisCommand::new("INCR").key(key)).await.unwrap();
    counted.as_integer().unwrap().try_into().unwrap()
}

const CALLERS: usize = 2_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of another test"]
async fn many_callers() {
    let Some((link, _caches, cache)) = child().await else { return };
    answer("ready");
    while let Some(key) = told() {
        let key: u32 = key.parse().unwrap();
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (cache, link) = (cache.clone(), link.clone());
            callers.spawn(async move {
                let options = cache.options().clone();
                let options = options.with_distributed_single_flight(MINUTE, MINUTE);
                let load = move |_| async move {
                    let count = increment(&link, "loads").await;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    Ok::<_, ()>(count)
                };
                *cache.get_or_load_with(&key, &options, load).await.unwrap()
            });
        }
        let values = callers.join_all().await;
        assert_eq!(values.len(), CALLERS);
        let first = values[0];
        assert!(values.iter().all(|value| *value == first));
        answer(first);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_callers_in_four_processes_load_once() {
    let (redis, link, _) = store().await;
    let mut processes: Vec<_> = (0..4).map(|_| Process::start("many_callers", &redis)).collect();
    for round in 1..=5 {
        for process in &mut processes {
            process.tell(&round.to_string());
        }
        let answers: Vec<_> = processes.iter_mut().map(Process::answer).collect();
        assert_eq!(answers, vec![round.to_string(); 4]);
        assert_eq!(number(&link, "loads").await, round);
    }
}

/// The version of the source is a number in Redis, which the writer increments.
const SOURCE: &str = "source";

/// The oldest version of all reads that began since it was forgotten last.
#[derive(Debug)]
struct Oldest {
    /// How often it was forgotten.
    since: u64,
    version: u64,
}

impl Oldest {
    fn note(&mut self, since: u64, version: u64) {
        if since == self.since {
            self.version = self.version.min(version);
        }
    }
}

/// How many read at once in each process.
const CROWD: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of another test"]
async fn a_crowd_of_readers() {
    let Some((link, _caches, cache)) = child().await else { return };
    let on = Arc::new(AtomicBool::new(true));
    let mut crowd = JoinSet::new();
    let oldest = Arc::new(Mutex::new(Oldest { since: 0, version: u64::MAX }));
    for reader in 0..CROWD {
        let (link, cache) = (link.clone(), cache.clone());
        let (on, oldest) = (Arc::clone(&on), Arc::clone(&oldest));
        crowd.spawn(async move {
            let mut reads = 0_u64;
            while on.load(Ordering::Relaxed) {
                let since = oldest.lock().unwrap().since;
                let seen = if reader % 2 == 0 {
                    let link = link.clone();
                    let load = move |_| async move { Ok::<_, ()>(number(&link, SOURCE).await) };
                    Some(*cache.get_or_load(&1, load).await.unwrap())
                } else {
                    cache.get(&1).await.map(bartizan_cache::Cached::into_value)
                };
                if let Some(version) = seen {
                    oldest.lock().unwrap().note(since, version);
                }
                reads += 1;
                // A memory hit never waits, and others have to come to their turn.
                tokio::task::yield_now().await;
            }
            reads
        });
    }
    answer("ready");
    while let Some(line) = tokio::task::spawn_blocking(told).await.unwrap() {
        match line.as_str() {
            "forget" => {
                let mut oldest = oldest.lock().unwrap();
                *oldest = Oldest { since: oldest.since + 1, version: u64::MAX };
                answer("forgotten");
            }
            _ => answer(oldest.lock().unwrap().version),
        }
    }
    on.store(false, Ordering::Relaxed);
    assert!(crowd.join_all().await.into_iter().all(|reads| reads > 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_of_two_processes_sees_what_was_invalidated() {
    let (redis, link, _) = store().await;
    tell(&link, &["SET", SOURCE, "0"]).await;
    let (_caches, cache) = caches(link.clone()).await;
    let mut processes: Vec<_> =
        (0..2).map(|_| Process::start("a_crowd_of_readers", &redis)).collect();
    let mut slowest = Duration::ZERO;
    for round in 0..60 {
        let version = increment(&link, SOURCE).await;
        let reach = match round % 6 {
            0 => cache.remove(&1).await,
            1 => cache.set(&1, Item::new(version)).await,
            2 => cache.remove_tag("all").await,
            3 => cache.clear().await,
            4 => cache.expire(&1).await,
            _ => cache.expire_tag("all").await,
        };
        assert_eq!(reach, Reach::Shared);
        let begin = Instant::now();
        for process in &mut processes {
            loop {
                assert_eq!(process.ask("forget"), "forgotten");
                // A few reads.
                std::thread::sleep(Duration::from_millis(2));
                let oldest: u64 = process.ask("oldest").parse().unwrap();
                if (version..u64::MAX).contains(&oldest) {
                    break;
                }
                assert!(begin.elapsed() < CONVERGENCE, "{oldest} instead of {version}");
            }
        }
        slowest = slowest.max(begin.elapsed());
        // From then on never again.
        for process in &mut processes {
            assert_eq!(process.ask("oldest"), version.to_string(), "round {round}");
        }
    }
    eprintln!("the crowd agreed after {slowest:?} at the latest");
}
