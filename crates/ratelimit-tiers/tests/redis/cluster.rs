//! Over a cluster: each subject on its node, several subjects over several nodes, a node that ends and comes back.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bartizan_probe::RedisCluster;
use bartizan_ratelimit_tiers::{Ask, Part, Quota, RedisStore, Subject, Verdict};

use crate::support::{PATIENCE, SECRET, ask, decide, keys, limit, link, subject, try_ask, until};

const SUBJECTS: usize = 300;

/// The node of each key.
async fn places(cluster: &RedisCluster) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for (index, url) in cluster.urls().into_iter().enumerate() {
        let node = link(&url, PATIENCE).await;
        places.extend(keys(&node).await.into_iter().map(|key| (key, index)));
    }
    places
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_over_all_nodes_and_outlives_one() {
    let mut cluster = RedisCluster::start(3);
    let store = RedisStore::new(link(&cluster.url(), Duration::from_millis(300)).await, SECRET);
    let store = store.without_deny_cache();
    let callers: Vec<_> =
        (0..SUBJECTS).map(|number| subject(&store, &number.to_string())).collect();
    let limits = [limit(Quota::per_hour(3).unwrap().strict())];

    for left in [2, 1] {
        for caller in &callers {
            assert_eq!(ask(&store, *caller, &limits).await.outcomes()[0].remaining(), left);
        }
    }
    let places = places(&cluster).await;
    assert_eq!(places.len(), SUBJECTS);
    let place = |caller: &Subject| places[&format!("rl:{:032x}", caller.as_u128())];
    for node in 0..3 {
        let share = callers.iter().filter(|caller| place(caller) == node).count();
        assert!(share > SUBJECTS / 6, "{share} on node {node}");
    }

    // One that admits before one that refuses, on different nodes: nothing is consumed.
    let on = |node| callers.iter().copied().find(move |caller| place(caller) == node).unwrap();
    let [first, second, third] = [on(0), on(1), on(2)];
    assert!(ask(&store, third, &limits).await.is_admitted());
    let several = async |callers: &[Subject]| -> Result<Verdict, _> {
        let parts: Vec<_> =
            callers.iter().map(|subject| Part { subject: *subject, limits: &limits }).collect();
        decide(&store, &Ask::new(&parts)).await
    };
    let left = async |caller| {
        let look = [limits[0].with_cost(0)];
        ask(&store, caller, &look).await.outcomes()[0].remaining()
    };
    assert!(!several(&[first, second, third]).await.unwrap().is_admitted());
    assert_eq!((left(first).await, left(second).await, left(third).await), (1, 1, 0));

    cluster.kill(1);
    until("the loss is known", || async { try_ask(&store, second, &limits).await.is_err() }).await;
    let begin = Instant::now();
    for caller in &callers {
        // While the link has no full connection, it may refuse for the other nodes too.
        let said = try_ask(&store, *caller, &limits.map(|limit| limit.with_cost(0))).await;
        assert!(said.is_ok_and(|said| said.is_admitted()) <= (place(caller) != 1));
    }
    assert!(several(&[first, second]).await.is_err());
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());

    cluster.restart(1);
    until("all are served", || async {
        try_ask(&store, first, &limits).await.is_ok()
            && try_ask(&store, second, &limits).await.is_ok()
    })
    .await;
    assert_eq!(left(third).await, 0);
}
