//! Measures decisions per second of the store in Redis from 64 tasks, beside a script that does
//! nothing, by turns, and what a decision costs the server: `cargo run --release -p bartizan-ratelimit-tiers --features redis --example
//! redis_throughput`.

#![expect(clippy::unwrap_used, reason = "a measurement that fails has nothing to say")]

use std::time::{Duration, Instant};

use bartizan_probe::Redis;
use bartizan_ratelimit_tiers::{
    Answer, Ask, ClassId, Leases, Limit, Part, Quota, RedisStore, Store, Subject,
};
use bartizan_redis_link::{Command, Config, Link, Script};
use bytes::Bytes;

type Boxed = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

const TASKS: usize = 64;
const TURNS: usize = 5;
const TURN: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() {
    let redis = Redis::start();
    let link = Link::connect(&Config::from_url(&redis.url()).unwrap());
    link.ready(Duration::from_secs(5)).await.unwrap();
    let store = RedisStore::new(link.clone(), b"secret");
    let leasing = store.clone().with_leases(Leases::new());
    let quota = Quota::per_day(4_000_000).unwrap();
    let limits = ["a", "b", "c"].map(|class| Limit::new(ClassId::of(class), quota));
    let strict = ["d", "e"].map(|class| {
        Limit::new(ClassId::of(class), Quota::per_minute(1_000_000_000).unwrap().strict())
    });
    let trivial = Script::new("return ARGV[1]");
    for _ in 0..TURNS {
        let (bare, script) = (link.clone(), trivial.clone());
        let nothing = rate(move |task| {
            let (link, trivial) = (bare.clone(), script.clone());
            async move {
                let key = Bytes::from(format!("rl:{task:032x}"));
                link.run(&trivial, [key], [Bytes::from_static(&[0; 87])]).await.unwrap();
            }
        });
        let nothing = nothing.await;
        reset(&link).await;
        let three = rate(of(&store, 0, limits)).await;
        let three_cost = cost(&link).await;
        reset(&link).await;
        let two = rate(of(&store, 1_000, strict)).await;
        let two_cost = cost(&link).await;
        let leased = rate(of(&leasing, 2_000, limits)).await;
        println!(
            "bare script {nothing:>7.0}/s, three GCRA {three:>7.0}/s ({:.2}, {three_cost}), \
             two strict {two:>7.0}/s ({:.2}, {two_cost}), three GCRA leased {leased:>8.0}/s",
            three / nothing,
            two / nothing,
        );
    }
}

fn of<const N: usize>(
    store: &RedisStore,
    first: usize,
    limits: [Limit; N],
) -> impl Fn(usize) -> Boxed + Clone + Send + 'static {
    let store = store.clone();
    move |task| Box::pin(decide(store.clone(), first + task, limits))
}

async fn decide<const N: usize>(store: RedisStore, task: usize, limits: [Limit; N]) {
    let parts = [Part { subject: Subject::from_u128(task as u128), limits: &limits }];
    let verdict = match store.decide(&Ask::new(&parts)) {
        Answer::Now(verdict) => verdict,
        Answer::Later(verdict) => verdict.await,
    };
    assert!(verdict.unwrap().is_admitted());
}

async fn reset(link: &Link) {
    link.command(Command::new("CONFIG").arg("RESETSTAT")).await.unwrap();
}

/// What the server says that a script costs.
async fn cost(link: &Link) -> String {
    let info = link.command(Command::new("INFO").arg("commandstats")).await.unwrap();
    let info = info.as_str().unwrap();
    let told = info.lines().find(|line| line.starts_with("cmdstat_evalsha")).unwrap();
    let (_, cost) = told.split_once("usec_per_call=").unwrap();
    format!("{} us", cost.split(',').next().unwrap())
}

/// Calls from many tasks for one turn, and returns how many calls a second ended.
async fn rate<F>(call: impl Fn(usize) -> F + Clone + Send + 'static) -> f64
where
    F: Future<Output = ()> + Send,
{
    let begin = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let call = call.clone();
            tokio::spawn(async move {
                let mut calls = 0_u32;
                while begin.elapsed() < TURN {
                    call(task).await;
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    let mut calls = 0;
    for task in tasks {
        calls += task.await.unwrap();
    }
    f64::from(calls) / begin.elapsed().as_secs_f64()
}
