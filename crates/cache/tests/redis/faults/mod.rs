//! Whatever happens to Redis: no error reaches a caller whose loader did not fail, no call takes
//! longer than the store's timeout for each question it asks, nothing is served that the instance
//! has invalidated or that is past its lifetime, and within five seconds after it is over all
//! instances agree.

mod damage;
mod full;
mod instance;
mod source;
mod trial;

use std::time::Duration;

use bartizan_probe::{Redis, RedisCluster};
use bartizan_redis_link::Link;
use tokio::time::sleep;

use crate::proxy::Proxy;
use crate::support::{link, tell, until};
use trial::endure;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_not_there_at_first() {
    let mut redis = Redis::start();
    redis.kill();
    let seen = endure(&redis.url(), async || {
        sleep(Duration::from_secs(1)).await;
        redis.restart();
    })
    .await;
    assert!(seen.shared == 0 && seen.queued > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_killed_and_comes_back_empty() {
    let mut redis = Redis::start();
    let seen = endure(&redis.url(), async || {
        redis.kill();
        sleep(Duration::from_secs(2)).await;
        redis.restart();
    })
    .await;
    assert!(seen.queued > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_restarted_again_and_again() {
    let mut redis = Redis::start();
    endure(&redis.url(), async || {
        for _ in 0..5 {
            redis.restart();
            sleep(Duration::from_millis(fastrand::u64(..400))).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_hangs_for_five_seconds() {
    let mut redis = Redis::start();
    let seen = endure(&redis.url(), async || {
        redis.pause();
        sleep(Duration::from_secs(5)).await;
        redis.resume();
    })
    .await;
    assert!(seen.queued > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_emptied() {
    let redis = Redis::start();
    let admin = link(&redis.url()).await;
    endure(&redis.url(), async || {
        for _ in 0..10 {
            tell(&admin, &["FLUSHALL"]).await;
            sleep(Duration::from_millis(fastrand::u64(..200))).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_full() {
    let redis = Redis::start();
    let admin = link(&redis.url()).await;
    let seen = endure(&redis.url(), async || {
        tell(&admin, &["CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1"]).await;
        sleep(Duration::from_secs(2)).await;
        tell(&admin, &["CONFIG", "SET", "maxmemory", "0"]).await;
    })
    .await;
    assert!(seen.shared > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_becomes_a_replica_of_nobody() {
    let redis = Redis::start();
    let admin = link(&redis.url()).await;
    let seen = endure(&redis.url(), async || {
        tell(&admin, &["REPLICAOF", "127.0.0.1", "1"]).await;
        sleep(Duration::from_secs(2)).await;
        tell(&admin, &["REPLICAOF", "NO", "ONE"]).await;
    })
    .await;
    assert!(seen.queued > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_becomes_a_replica_of_one_that_knows_nothing() {
    let (redis, primary) = (Redis::start(), Redis::start());
    let port = primary.url().rsplit(':').next().unwrap().to_owned();
    let admin = link(&redis.url()).await;
    let seen = endure(&redis.url(), async || {
        tell(&admin, &["REPLICAOF", "127.0.0.1", &port]).await;
        until("replicated", async || {
            let info = tell(&admin, &["INFO", "replication"]).await;
            info.as_str().unwrap().contains("master_link_status:up")
        })
        .await;
        sleep(Duration::from_secs(1)).await;
        tell(&admin, &["REPLICAOF", "NO", "ONE"]).await;
    })
    .await;
    assert!(seen.queued > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_answers_after_200_ms() {
    let redis = Redis::start();
    let proxy = Proxy::before(&redis.url());
    endure(&proxy.url(), async || {
        proxy.delay(Duration::from_millis(200));
        sleep(Duration::from_secs(3)).await;
        proxy.delay(Duration::ZERO);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_answers_too_late() {
    let redis = Redis::start();
    let proxy = Proxy::before(&redis.url());
    let seen = endure(&proxy.url(), async || {
        // Done is what was asked nevertheless.
        proxy.delay(Duration::from_millis(600));
        sleep(Duration::from_secs(3)).await;
        proxy.delay(Duration::ZERO);
    })
    .await;
    assert!(seen.queued > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_break() {
    let redis = Redis::start();
    let admin = link(&redis.url()).await;
    endure(&redis.url(), async || {
        for round in 0..10 {
            let kind = if round % 2 == 0 { "pubsub" } else { "normal" };
            tell(&admin, &["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"]).await;
            sleep(Duration::from_millis(fastrand::u64(..300))).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_are_forgotten() {
    let redis = Redis::start();
    let admin = link(&redis.url()).await;
    endure(&redis.url(), async || {
        for _ in 0..100 {
            tell(&admin, &["SCRIPT", "FLUSH"]).await;
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_a_cluster_hangs() {
    let mut cluster = RedisCluster::start(3);
    endure(&cluster.url(), async || {
        cluster.pause(1);
        sleep(Duration::from_secs(3)).await;
        cluster.resume(1);
        settled(&cluster).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_of_a_cluster_is_lost_in_turn() {
    let mut cluster = RedisCluster::start(3);
    endure(&cluster.url(), async || {
        for node in 0..3 {
            cluster.kill(node);
            sleep(Duration::from_secs(1)).await;
            cluster.restart(node);
        }
        settled(&cluster).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_a_cluster_fails_over_to_its_replica() {
    let mut cluster = RedisCluster::start(4);
    let mut nodes = Vec::new();
    for url in cluster.urls() {
        nodes.push(link(&url).await);
    }
    // The last one gives its slots to the one before, and follows the first.
    let slots = ["12288", "16383"];
    tell(&nodes[3], &["CLUSTER", "FLUSHSLOTS"]).await;
    for change in ["DELSLOTSRANGE", "ADDSLOTSRANGE"] {
        tell(&nodes[2], &["CLUSTER", change, slots[0], slots[1]]).await;
    }
    tell(&nodes[2], &["CLUSTER", "BUMPEPOCH"]).await;
    serve(&nodes, "cluster_size:3\r\n").await;
    let first = tell(&nodes[0], &["CLUSTER", "MYID"]).await;
    tell(&nodes[3], &["CLUSTER", "REPLICATE", first.as_str().unwrap()]).await;
    until("it follows", async || {
        let info = tell(&nodes[3], &["INFO", "replication"]).await;
        info.as_str().unwrap().contains("master_link_status:up")
    })
    .await;

    let seen = endure(&cluster.url(), async || {
        cluster.kill(0);
        until("it leads", async || {
            let info = tell(&nodes[3], &["INFO", "replication"]).await;
            info.as_str().unwrap().contains("role:master")
        })
        .await;
        serve(&nodes[1..], "cluster_size:3\r\n").await;
    })
    .await;
    assert!(seen.queued > 0, "{seen:?}");
}

/// A fault is over when every node says so.
async fn settled(cluster: &RedisCluster) {
    for url in cluster.urls() {
        serve(&[link(&url).await], "").await;
    }
}

/// Waits until every node says that the cluster serves, and something else.
async fn serve(nodes: &[Link], also: &str) {
    for node in nodes {
        until("the cluster serves", async || {
            let info = tell(node, &["CLUSTER", "INFO"]).await;
            let info = info.as_str().unwrap();
            info.contains("cluster_state:ok\r\n") && info.contains(also)
        })
        .await;
    }
}
