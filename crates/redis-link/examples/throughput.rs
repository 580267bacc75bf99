//! Measures scripts per second of the link beside the bare client with the same settings, by turns,
//! over one private Redis: `cargo run --release -p bartizan-redis-link --example throughput`.

#![expect(clippy::unwrap_used, reason = "a measurement that fails has nothing to say")]

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use bartizan_probe::Redis;
use bartizan_redis_link::{Config, Link, Script};
use bytes::Bytes;
use fred::clients::Client;
use fred::interfaces::{ClientLike, LuaInterface};
use fred::types::config::{ConnectionConfig, PerformanceConfig, TcpConfig};
use fred::types::{RespVersion, Value};

const TASKS: usize = 64;
const TURNS: u8 = 61;
const TURN: Duration = Duration::from_millis(200);

/// About what a rate limiter sends: one key, some numbers.
const SCRIPT: &str = "redis.call('INCRBY', KEYS[1], ARGV[1]) return ARGV[2]";

#[tokio::main]
async fn main() {
    let redis = Redis::start();
    let config = Config::from_url(&redis.url()).unwrap();
    let link = Link::connect(&config.with_queue(NonZeroUsize::new(1024).unwrap()));
    link.ready(Duration::from_secs(5)).await.unwrap();
    let client = bare(&redis.url()).await;
    let script = Script::new(SCRIPT);
    link.run(&script, ["key"], ["1", "2"]).await.unwrap();

    let mut ratios = Vec::new();
    let (mut bare_sum, mut link_sum) = (0.0, 0.0);
    for turn in 0..TURNS {
        // The order changes, so that a machine that gets faster or slower favours neither.
        let (bare, linked) = if turn % 2 == 0 {
            let bare = bare_turn(&client, script.sha()).await;
            (bare, link_turn(&link, &script).await)
        } else {
            let linked = link_turn(&link, &script).await;
            (bare_turn(&client, script.sha()).await, linked)
        };
        ratios.push(linked / bare);
        bare_sum += bare;
        link_sum += linked;
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).unwrap();
    let [bare, linked] = [bare_sum, link_sum].map(|sum| sum / f64::from(TURNS));
    println!("bare {bare:.0}/s, link {linked:.0}/s, median ratio {median:.3}");
}

async fn bare(url: &str) -> Client {
    let mut config = fred::types::config::Config::from_url(url).unwrap();
    config.version = RespVersion::RESP3;
    let performance = PerformanceConfig {
        default_command_timeout: Duration::from_millis(250),
        ..PerformanceConfig::default()
    };
    let connection = ConnectionConfig {
        max_command_attempts: 1,
        tcp: TcpConfig { nodelay: Some(true), ..TcpConfig::default() },
        ..ConnectionConfig::default()
    };
    let client = Client::new(config, Some(performance), Some(connection), None);
    client.init().await.unwrap();
    client
}

async fn bare_turn(client: &Client, sha: &str) -> f64 {
    let (client, sha) = (client.clone(), sha.to_owned());
    measure(move || {
        let (client, sha) = (client.clone(), sha.clone());
        async move {
            let args = vec![Value::from_static_str("1"), Value::from_static_str("2")];
            let _: Value = client.evalsha(sha, "key", args).await.unwrap();
        }
    })
    .await
}

async fn link_turn(link: &Link, script: &Script) -> f64 {
    let (link, script) = (link.clone(), script.clone());
    measure(move || {
        let (link, script) = (link.clone(), script.clone());
        async move {
            let args = [Bytes::from_static(b"1"), Bytes::from_static(b"2")];
            link.run(&script, [Bytes::from_static(b"key")], args).await.unwrap();
        }
    })
    .await
}

/// Calls from many tasks for one turn, and returns how many calls a second ended.
async fn measure<C, F>(call: C) -> f64
where
    C: Fn() -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let begin = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let call = call.clone();
            tokio::spawn(async move {
                let mut calls = 0_u32;
                while begin.elapsed() < TURN {
                    call().await;
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
