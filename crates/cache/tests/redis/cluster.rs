//! All of it over a cluster: entries and caches on every node.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bartizan_cache::{
    About, Backplane, Change, Mark, Marks, Message, Record, RedisStore, Signal, Store,
    StoreErrorKind, Written,
};
use bartizan_probe::RedisCluster;

use crate::support::{
    MINUTE, config, connect, entry, generation, keys, kind, link, marks, next, record, tell, until,
};

const NODES: usize = 3;

/// The node of each key.
async fn places(cluster: &RedisCluster) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for (index, url) in cluster.urls().into_iter().enumerate() {
        let node = link(&url).await;
        places.extend(keys(&node).await.into_iter().map(|key| (key, index)));
    }
    places
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_are_on_every_node() {
    let mut cluster = RedisCluster::start(NODES);
    let store = RedisStore::new(link(&cluster.url()).await);
    let names: Vec<_> = (0..200).map(|number| format!("workflow:{number}")).collect();
    for name in names.iter().skip(1) {
        assert_eq!(store.write(name, &record(5, name)).await.unwrap(), Written::Stored);
    }
    let places = places(&cluster).await;
    assert_eq!(places.len(), 199);
    assert_eq!(places.values().collect::<BTreeSet<_>>().len(), NODES);

    let asked: Vec<_> = names.iter().chain(&names).map(String::as_str).collect();
    let expected: Vec<_> =
        asked.iter().map(|name| (*name != names[0]).then(|| entry(5, name))).collect();
    assert_eq!(store.read_many(&asked).await.unwrap(), expected);
    // It has learnt by now that keys are scattered.
    for url in cluster.urls() {
        tell(&link(&url).await, &["CONFIG", "RESETSTAT"]).await;
    }
    assert_eq!(store.read_many(&asked).await.unwrap(), expected);
    for url in cluster.urls() {
        let errors = tell(&link(&url).await, &["INFO", "errorstats"]).await;
        assert!(!errors.as_str().unwrap().contains("CROSSSLOT"), "{errors:?}");
    }
    for name in &asked[1..100] {
        let there = Written::Superseded(entry(5, name));
        assert_eq!(store.write(name, &record(4, "older")).await.unwrap(), there);
        assert_eq!(store.read(name).await.unwrap(), Some(entry(5, name)));
    }

    let mut tasks = tokio::task::JoinSet::new();
    for name in &names {
        for number in [7, 9, 6, 8] {
            let (store, name) = (store.clone(), name.clone());
            tasks.spawn(async move { store.write(&name, &record(number, "raced")).await.unwrap() });
        }
    }
    tasks.join_all().await;
    for found in store.read_many(&asked).await.unwrap() {
        assert_eq!(Record::generation_of(&found.unwrap()), Some(generation(9)));
    }

    // A busy machine does not answer hundreds of commands in a second.
    let few = &asked[..30];
    let impatient = config(&cluster.url()).with_command_timeout(Duration::from_secs(1));
    let store = RedisStore::new(connect(&impatient).await);
    until("read", async || store.read_many(few).await.is_ok()).await;
    cluster.kill(1);
    until("noticed", async || {
        kind(store.read_many(few).await) == Some(StoreErrorKind::Unavailable)
    })
    .await;
    cluster.restart(1);
    until("back", async || store.read_many(few).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caches_are_on_every_node_each_with_all_its_tags() {
    let cluster = RedisCluster::start(NODES);
    let store = RedisStore::new(link(&cluster.url()).await).with_namespace("ns").unwrap();
    let other = RedisStore::new(link(&cluster.url()).await).with_namespace("ns").unwrap();
    let names: Vec<_> = (0..40).map(|number| format!("tag {number}")).collect();
    let tags: Vec<_> = names.iter().map(String::as_str).chain(["{a}", "", "}{"]).collect();
    let mut listener = other.listen();
    assert_eq!(next(&mut listener).await, Signal::Connected);

    for number in 0..30 {
        let cache = format!("cache-{number}");
        let opened = store.open(&cache).await.unwrap();
        let founded = Marks { removed: opened.generation, expired: opened.generation };
        assert_eq!(opened.marks, founded);
        let founded = vec![marks(7, 0); tags.len()];
        assert_eq!(store.marks(&cache, &tags, generation(7)).await.unwrap(), founded);

        let issued = other.issue(&cache).await.unwrap();
        assert!(issued > opened.generation);
        let mut last = issued;
        for tag in [Some("{a}"), None] {
            let given = store.mark(&cache, tag, Mark::Expire).await.unwrap();
            assert!(given > last);
            last = given;
            let about = match tag {
                Some(tag) => About::Tag { tag: tag.to_owned(), mark: Mark::Expire },
                None => About::All(Mark::Expire),
            };
            let (instance, cache) = (store.instance(), cache.clone());
            let message = Message { instance, cache, generation: given, about };
            assert_eq!(next(&mut listener).await, Signal::Message(message));
        }
        let told = other.marks(&cache, &["{a}", "}{"], generation(9)).await.unwrap();
        assert_eq!(told[0].removed, generation(7));
        assert!(told[0].expired > issued && told[0].expired < last);
        assert_eq!(told[1], marks(7, 0));
        let opened = other.open(&cache).await.unwrap();
        assert_eq!((opened.generation, opened.marks.expired), (last, last));

        let about = About::Key { key: "k".to_owned(), change: Change::Set };
        let message = Message { instance: 1, cache: cache.clone(), generation: last, about };
        store.announce(&message).await.unwrap();
        assert_eq!(next(&mut listener).await, Signal::Message(message));

        assert!(store.lock(&cache, 1, MINUTE).await.unwrap());
        assert!(!other.lock(&cache, 2, MINUTE).await.unwrap());
        other.unlock(&cache, 2).await.unwrap();
        assert!(!other.lock(&cache, 2, MINUTE).await.unwrap());
        store.unlock(&cache, 1).await.unwrap();
        assert!(other.lock(&cache, 2, MINUTE).await.unwrap());
    }
    let places = places(&cluster).await;
    let of_caches: BTreeSet<_> =
        places.iter().filter(|(key, _)| key.ends_with("}:marks")).map(|(_, node)| node).collect();
    assert_eq!(of_caches.len(), NODES);
}
