use std::collections::HashSet;

use bartizan_probe::RedisCluster;
use bartizan_redis_link::{Command, Event, Link, Script};

use crate::support::{PATIENCE, config, connected, until};

/// Where `key:<n>` lies, asked from the cluster itself.
async fn counts(cluster: &RedisCluster) -> Vec<i64> {
    let mut counts = Vec::new();
    for url in cluster.urls() {
        let node = connected(&config(&url)).await;
        counts.push(node.command(Command::new("DBSIZE")).await.unwrap().as_integer().unwrap());
    }
    counts
}

async fn flush_scripts(cluster: &RedisCluster) {
    for url in cluster.urls() {
        let node = connected(&config(&url)).await;
        node.command(Command::new("SCRIPT").arg("FLUSH")).await.unwrap();
    }
}

/// How many nodes had to send a command elsewhere.
async fn redirections(cluster: &RedisCluster) -> usize {
    let mut nodes = 0;
    for url in cluster.urls() {
        let node = connected(&config(&url)).await;
        let stats = node.command(Command::new("INFO").arg("errorstats")).await.unwrap();
        nodes += usize::from(stats.as_str().unwrap().contains("errorstat_MOVED"));
    }
    nodes
}

async fn count_all(link: &Link, script: &Script) {
    for key in 0..60 {
        let key = format!("key:{key}");
        link.run(script, [&key], [""; 0]).await.unwrap();
        link.command(Command::new("INCR").key(key)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_by_key_reloads_scripts_and_follows_moved_slots_and_outlives_a_node() {
    let mut cluster = RedisCluster::start(3);
    let link = connected(&config(&cluster.url())).await;
    let script = Script::new("return redis.call('INCRBY', KEYS[1], 10)");

    // Scripts and commands reach the node of their key, which does not know the script at first.
    count_all(&link, &script).await;
    let counts = counts(&cluster).await;
    assert_eq!(counts.iter().sum::<i64>(), 60);
    assert!(counts.iter().all(|count| *count > 5), "{counts:?}");
    flush_scripts(&cluster).await;
    count_all(&link, &script).await;
    assert_eq!(redirections(&cluster).await, 0, "each went to the right node at once");
    for key in 0..60 {
        let value = link.command(Command::new("GET").key(format!("key:{key}"))).await.unwrap();
        assert_eq!(value.as_integer(), Some(22));
    }
    let apart = link.run(&script, ["key:1", "key:2"], [""; 0]).await.unwrap_err();
    assert_eq!(apart.code(), Some("CROSSSLOT"));

    // A slot that moved: the redirection is followed, once, whatever the kind of call.
    let moved = move_slot(&cluster, "moving").await;
    assert_eq!(link.run(&script, ["moving"], [""; 0]).await.unwrap().as_integer(), Some(10));
    assert_eq!(
        moved.command(Command::new("GET").key("moving")).await.unwrap().as_integer(),
        Some(10)
    );

    // Messages of any node are heard.
    let mut subscription = link.subscribe(["channel"]);
    assert_eq!(subscription.next().await, Some(Event::Subscribed));
    let mut heard = HashSet::new();
    for url in cluster.urls() {
        connected(&config(&url)).await.publish("channel", url).await.unwrap();
        match tokio::time::timeout(PATIENCE, subscription.next()).await.unwrap() {
            Some(Event::Message { payload, .. }) => heard.insert(payload),
            event => panic!("{event:?}"),
        };
    }
    assert_eq!(heard.len(), 3);

    // A node that is killed, and comes back.
    let epoch = link.epoch();
    cluster.kill(1);
    until("the loss is known", || async {
        let error = link.run(&script, ["key:1"], [""; 0]).await.err();
        error.is_some_and(|error| error.is_disconnected())
    })
    .await;
    cluster.restart(1);
    until("all keys are served", || async {
        for key in 0..60 {
            if link.run(&script, [format!("key:{key}")], [""; 0]).await.is_err() {
                return false;
            }
        }
        true
    })
    .await;
    assert!(link.epoch() > epoch);
}

/// Gives the empty slot of a key to another node, and returns a link to that one.
async fn move_slot(cluster: &RedisCluster, key: &'static str) -> Link {
    let mut nodes = Vec::new();
    for url in cluster.urls() {
        nodes.push(connected(&config(&url)).await);
    }
    let slot = Command::new("CLUSTER").arg("KEYSLOT").arg(key);
    let slot = nodes[0].command(slot).await.unwrap().as_integer().unwrap();
    let mut owner = nodes.len();
    for (index, node) in nodes.iter().enumerate() {
        if node.command(Command::new("GET").key(key)).await.is_ok() {
            owner = index;
        }
    }
    let target = (owner + 1) % nodes.len();
    let id = nodes[target].command(Command::new("CLUSTER").arg("MYID")).await.unwrap();
    let id = id.as_str().unwrap().to_owned();
    // The new owner first, so that nobody is sent in circles.
    for node in [target, owner] {
        let set = Command::new("CLUSTER").arg("SETSLOT").arg(slot).arg("NODE").arg(id.as_str());
        nodes[node].command(set).await.unwrap();
    }
    nodes.swap_remove(target)
}
