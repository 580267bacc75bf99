//! Several instances on one Redis, while it is stopped, killed, restarted and robbed of its scripts
//! and connections. The merged log of what they admitted keeps the bound in every window.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bartizan_probe::{Redis, RedisCluster};
use bartizan_ratelimit_tiers::{
    Caller, Class, FellBack, Head, Limits, Observer, Quota, RateLimitLayer, RedisStore, Tier, Tiers,
};
use bartizan_redis_link::{Command, Config, Link, LinkState};
use http::{Request, Response};
use tokio::time::sleep;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{PATIENCE, SECRET, until};

const INSTANCES: u32 = 3;
const SUBJECTS: usize = 4;
const LIMIT: u32 = 30;
const WINDOW: Duration = Duration::from_secs(1);

/// How long a command may take; the breaker opens after a few that take longer.
const TIMEOUT: Duration = Duration::from_millis(100);

/// When and for whom a request was admitted.
type Log = Arc<Mutex<Vec<(Instant, usize)>>>;

/// Counts decisions that Redis did not make.
#[derive(Clone, Debug, Default)]
struct Fallbacks(Arc<AtomicU64>);

impl Observer for Fallbacks {
    fn fell_back(&self, _: &FellBack<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a run has seen.
struct Run {
    admitted: Vec<(Instant, usize)>,
    latencies: Vec<(Instant, Duration)>,
    /// From the first sign of a fault until all instances are connected again.
    faults: Vec<(Instant, Instant)>,
    fallbacks: u64,
}

/// Limits that are divided among the instances while Redis is away.
fn limits() -> Limits {
    let quota = Quota::new(LIMIT, WINDOW).unwrap().strict();
    let tier = Tier::new("free").with_quota("api", quota).divided_in_fallback();
    Limits::new(Tiers::new([tier]).unwrap())
        .with_class(Class::new("api"))
        .with_instances(NonZeroU32::new(INSTANCES).unwrap())
}

fn config(url: &str) -> Config {
    let config = Config::from_url(url).unwrap().with_command_timeout(TIMEOUT);
    config.with_reconnect_delay(Duration::from_millis(10), Duration::from_millis(100))
}

/// Loads the instances while `faults` does its worst.
async fn run<F, Fut>(url: &str, faults: F) -> Run
where
    F: FnOnce(Vec<Link>, Arc<Mutex<Vec<(Instant, Instant)>>>) -> Fut,
    Fut: Future<Output = ()>,
{
    let log = Log::default();
    let latencies = Arc::new(Mutex::new(Vec::new()));
    let fallbacks = Fallbacks::default();
    let mut links = Vec::new();
    let mut load = Vec::new();
    for _ in 0..INSTANCES {
        let link = Link::connect(&config(url));
        link.ready(PATIENCE).await.unwrap();
        let store = RedisStore::new(link.clone(), SECRET);
        links.push(link);
        let layer = RateLimitLayer::new(store, limits())
            .unwrap()
            .with_observer(fallbacks.clone())
            .with_resolver(|head: &Head<'_>| {
                Some(Caller::new(head.subject("account", head.uri().path())))
            });
        for task in 0..8 {
            let subject = task % SUBJECTS;
            let log = Arc::clone(&log);
            let service = layer.layer(service_fn(move |_: Request<()>| {
                log.lock().unwrap().push((Instant::now(), subject));
                async {
                    Ok::<_, Infallible>(Response::new(http_body_util::Empty::<bytes::Bytes>::new()))
                }
            }));
            let latencies = Arc::clone(&latencies);
            load.push(tokio::spawn(async move {
                loop {
                    let request = Request::get(format!("/{subject}")).body(()).unwrap();
                    let begin = Instant::now();
                    service.clone().oneshot(request).await.unwrap();
                    latencies.lock().unwrap().push((begin, begin.elapsed()));
                    sleep(Duration::from_millis(5)).await;
                }
            }));
        }
    }
    let marked = Arc::default();
    faults(links, Arc::clone(&marked)).await;
    load.iter().for_each(tokio::task::JoinHandle::abort);
    let admitted = log.lock().unwrap().clone();
    let latencies = latencies.lock().unwrap().clone();
    let faults = marked.lock().unwrap().clone();
    Run { admitted, latencies, faults, fallbacks: fallbacks.0.load(Ordering::Relaxed) }
}

async fn all_connected(links: &[Link]) {
    until("all instances are connected", || async {
        links.iter().all(|link| link.state() == LinkState::Connected)
    })
    .await;
}

impl Run {
    /// Checks every window that ends with an admission, of every subject.
    fn check(&self) {
        // One instance's part while Redis is away, and what a Redis without its data forgot.
        let divided = LIMIT.div_ceil(INSTANCES) * INSTANCES;
        for subject in 0..SUBJECTS {
            let mut times: Vec<Instant> =
                self.admitted.iter().filter(|(_, of)| *of == subject).map(|(at, _)| *at).collect();
            times.sort();
            assert!(times.len() > LIMIT as usize, "there was no load");
            let mut begin = 0;
            for (end, at) in times.iter().enumerate() {
                // What is logged is a little later than what Redis decided.
                while times[begin] + COUNTED <= *at {
                    begin += 1;
                }
                let window = (times[begin], *at);
                let faults = self
                    .faults
                    .iter()
                    .filter(|(from, until)| *from < window.1 && window.0 < *until + WINDOW);
                let faults = u32::try_from(faults.count()).unwrap();
                let bound = LIMIT + faults * (divided + LIMIT);
                let admitted = u32::try_from(end - begin + 1).unwrap();
                assert!(
                    admitted <= bound,
                    "{admitted} of subject {subject} in a window with {faults} faults"
                );
            }
        }
        self.check_latency();
    }

    fn check_latency(&self) {
        let slow = self.latencies.iter().filter(|(_, took)| *took >= TIMEOUT / 2).count();
        let all = self.latencies.len();
        assert!(slow * 20 < all, "{slow} of {all} requests waited: the breaker did not open");
        let worst = self.latencies.iter().map(|(_, took)| *took).max().unwrap();
        assert!(worst < Duration::from_secs(2), "a request waited {worst:?}");
    }
}

/// The part of a window that is checked: a decision is logged when the inner service is called, which
/// may be a little later for the first than for the last.
const COUNTED: Duration = Duration::from_millis(850);

/// Does something to Redis and waits until the instances have got over it.
async fn fault(marked: &Mutex<Vec<(Instant, Instant)>>, links: &[Link], doing: impl AsyncFnOnce()) {
    let from = Instant::now();
    doing().await;
    all_connected(links).await;
    // Breakers let one call through at a time before they close.
    sleep(Duration::from_secs(1)).await;
    marked.lock().unwrap().push((from, Instant::now()));
    sleep(WINDOW * 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_instances_keep_the_bound_whatever_happens_to_redis() {
    let mut redis = Redis::start();
    let url = redis.url();
    let run = run(&url.clone(), async |links, marked| {
        let admin = Link::connect(&Config::from_url(&url).unwrap());
        admin.ready(PATIENCE).await.unwrap();
        sleep(WINDOW * 2).await;
        // Losing the script is no fault: the bound holds through it.
        admin.command(Command::new("SCRIPT").arg("FLUSH")).await.unwrap();
        sleep(WINDOW).await;
        fault(&marked, &links, async || {
            let kill = Command::new("CLIENT").arg("KILL").arg("TYPE").arg("normal");
            admin.command(kill.arg("SKIPME").arg("yes")).await.unwrap();
        })
        .await;
        fault(&marked, &links, async || {
            redis.pause();
            sleep(Duration::from_secs(2)).await;
            redis.resume();
        })
        .await;
        fault(&marked, &links, async || {
            redis.kill();
            sleep(Duration::from_secs(1)).await;
            redis.restart();
        })
        .await;
    })
    .await;
    assert!(run.fallbacks > 0, "Redis was never missed");
    run.check();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_instances_keep_the_bound_on_a_cluster_that_loses_a_node() {
    let mut cluster = RedisCluster::start(3);
    let url = cluster.url();
    let run = run(&url, async |links, marked| {
        sleep(WINDOW * 2).await;
        for node in cluster.urls() {
            let admin = Link::connect(&Config::from_url(&node).unwrap());
            admin.ready(PATIENCE).await.unwrap();
            admin.command(Command::new("SCRIPT").arg("FLUSH")).await.unwrap();
        }
        sleep(WINDOW).await;
        fault(&marked, &links, async || {
            cluster.pause(1);
            sleep(Duration::from_secs(2)).await;
            cluster.resume(1);
        })
        .await;
        fault(&marked, &links, async || {
            cluster.kill(0);
            sleep(Duration::from_secs(1)).await;
            cluster.restart(0);
        })
        .await;
    })
    .await;
    run.check();
}
