//! Responses over Redis: what one instance has fetched or taken back, as another sees it.

#[path = "../http/support.rs"]
#[expect(dead_code, reason = "the tests of one level need more of it")]
mod http;

use std::time::{Duration, Instant};

use bartizan_cache::{
    Answered, CacheLayer, Caches, Partition, Reach, RedisStore, ResponseCache, Responses,
};
use bartizan_probe::Redis;
use bartizan_redis_link::Link;

use crate::support::{PATIENCE, config, connect, delete, expiry, get as value, keys, link, until};
use http::{Got, Origin, answer, before, get, request, send};

/// A process with a layer before an origin of its own.
struct Gateway {
    _caches: Caches,
    responses: Responses,
    origin: Origin,
    service: ResponseCache<Origin>,
}

impl Gateway {
    async fn new(link: &Link, text: &str, fields: &[(&str, &str)]) -> Self {
        Self::with(link, PATIENCE, text, fields, |layer| layer).await
    }

    async fn with(
        link: &Link,
        timeout: Duration,
        text: &str,
        fields: &[(&str, &str)],
        lay: impl FnOnce(CacheLayer) -> CacheLayer,
    ) -> Self {
        let store = RedisStore::new(link.clone());
        let caches = Caches::builder().with_store(store).with_store_timeout(timeout).build();
        let responses = caches.responses("http").build().unwrap();
        assert!(caches.ready(PATIENCE).await);
        let origin = Origin::new([answer(text, fields)]);
        let service = before(&lay(CacheLayer::new(responses.clone())), &origin);
        Self { _caches: caches, responses, origin, service }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Got {
        send(&self.service, get(path, headers)).await
    }

    /// Waits until something is served.
    async fn serves(&self, path: &str, headers: &[(&str, &str)], text: &str, answer: Answered) {
        until(text, async || {
            let got = self.get(path, headers).await;
            got.text() == text && got.handled.answer == answer
        })
        .await;
    }
}

/// Waits until there are so many entries.
async fn stored(link: &Link, count: usize) {
    until("what was fetched is in Redis", async || names(link).await.len() == count).await;
}

/// The names of entries.
async fn names(link: &Link) -> Vec<String> {
    let entries = keys(link).await.into_iter().filter(|name| name.starts_with("http:"));
    entries.collect()
}

fn uri(path: &str) -> ::http::Uri {
    format!("http://example.com{path}").parse().unwrap()
}

/// A server and two instances of it.
async fn pair(fields: &[(&str, &str)]) -> (Redis, Link, Gateway, Gateway) {
    let redis = Redis::start();
    let link = link(&redis.url()).await;
    let one = Gateway::new(&link, "one", fields).await;
    let two = Gateway::new(&self::link(&redis.url()).await, "two", fields).await;
    (redis, link, one, two)
}

const NEVER: (&str, &str) = ("cache-control", "no-store");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_one_has_fetched_is_served_by_the_other_with_its_age() {
    let fields = [("cache-control", "max-age=600"), ("age", "50"), ("x-a", "1"), ("x-a", "2")];
    let (_redis, link, one, two) = pair(&fields).await;
    let begun = Instant::now();
    one.get("/a", &[]).await;
    stored(&link, 1).await;
    let got = two.get("/a", &[]).await;
    let most = 51 + begun.elapsed().as_secs();
    assert_eq!((got.text(), got.handled.answer), ("one", Answered::Fresh));
    let age: u64 = got.header("age").parse().unwrap();
    assert!((50..=most).contains(&age), "{age}");
    assert_eq!(got.headers.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(two.origin.asked(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_in_redis_say_the_target_and_what_selects_a_variant() {
    let redis = Redis::start();
    let link = link(&redis.url()).await;
    let fields = [("cache-control", "max-age=600"), ("vary", "x-kind"), ("cache-tag", "t1")];
    let lay = |layer: CacheLayer| {
        layer.with_partition(|head| match head.headers().get("x-user") {
            Some(user) => Partition::Of(user.to_str().unwrap().into()),
            None => Partition::Shared,
        })
    };
    let one = Gateway::with(&link, PATIENCE, "one", &fields, lay).await;
    one.get("/a?b=c%3A", &[("x-kind", "k:{1}")]).await;
    stored(&link, 2).await;
    let found = names(&link).await;
    let target = "http:4=http:11=example.com:2=/a:6=b=c%253A";
    assert!(found[0].starts_with(target), "{found:?}");
    assert!(found[1].starts_with(&found[0]), "{found:?}");
    let variant = &found[1][found[0].len()..];
    let (id, selecting) = variant.strip_prefix(':').unwrap().split_once('=').unwrap();
    assert!(id.parse::<u64>().is_ok(), "{variant}");
    assert!(selecting.contains("x-kind") && selecting.contains("k%3a%7b1%7d"), "{variant}");
    let others = keys(&link).await;
    assert!(others.contains(&"bartizan:{http}:tag:t1".to_owned()), "{others:?}");
    let tag = others.iter().any(|name| name.starts_with("bartizan:{http}:tag:uri:"));
    assert!(tag, "{others:?}");
    // No longer than the retention, a week, though an index is kept for longer.
    for (name, least, most) in
        [(&found[0], 500_000_000, 604_800_000), (&found[1], 500_000, 600_000)]
    {
        let left = expiry(&link, name).await;
        assert!((least..=most).contains(&left), "{name} {left}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variants_are_shared_and_those_that_are_lost_are_fetched_again() {
    let fields = [("cache-control", "max-age=600"), ("vary", "x-kind")];
    let (_redis, link, one, two) = pair(&fields).await;
    one.get("/v", &[("x-kind", "a")]).await;
    stored(&link, 2).await;
    assert_eq!(two.get("/v", &[("x-kind", "a")]).await.text(), "one");
    assert_eq!(two.get("/v", &[("x-kind", "b")]).await.text(), "two");
    stored(&link, 3).await;
    assert_eq!(one.get("/v", &[("x-kind", "b")]).await.text(), "two");
    // At once, so that each founds an index.
    let (a, b) = ([("x-kind", "a")], [("x-kind", "b")]);
    tokio::join!(one.get("/w", &a), two.get("/w", &b));
    let least = 3 + 3;
    until("both are in Redis", async || names(&link).await.len() >= least).await;
    one.serves("/w", &a, "one", Answered::Fresh).await;
    two.serves("/w", &b, "two", Answered::Fresh).await;
    let three = Gateway::new(&link, "three", &fields).await;
    for (kind, text) in [(&a, "one"), (&b, "two")] {
        let got = three.get("/w", kind).await;
        assert!([text, "three"].contains(&got.text()), "{}", got.text());
    }
    // All agree on one index again.
    one.get("/w", &[("x-kind", "c")]).await;
    two.serves("/w", &[("x-kind", "c")], "one", Answered::Fresh).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_takes_back_the_other_serves_no_more() {
    let fields = [("cache-control", "max-age=600"), ("vary", "x-kind"), ("cache-tag", "t1")];
    let kind = [("x-kind", "a")];
    for how in ["uri", "tag", "all", "POST"] {
        let (redis, link, one, two) = pair(&fields).await;
        one.get("/a", &kind).await;
        stored(&link, 2).await;
        assert_eq!(two.get("/a", &kind).await.text(), "one", "{how}");
        let reach = match how {
            "uri" => two.responses.purge(&uri("/a")).await.unwrap(),
            "tag" => two.responses.purge_tag("t1").await,
            "all" => two.responses.clear().await,
            method => {
                send(&two.service, request(method, "/a", &[])).await;
                Reach::Shared
            }
        };
        assert_eq!(reach, Reach::Shared);
        assert_eq!(two.get("/a", &kind).await.handled.answer, Answered::Inner, "{how}");
        let later = Gateway::new(&self::link(&redis.url()).await, "later", &[NEVER]).await;
        assert_ne!(later.get("/a", &kind).await.text(), "one", "{how}");
        // As soon as it has heard of it.
        until(how, async || one.get("/a", &kind).await.text() == "two").await;
        assert_eq!(one.origin.asked(), 1, "{how}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_makes_stale_the_other_serves_as_stale_and_renews_for_both() {
    for tag in [false, true] {
        let fields =
            [("cache-control", "max-age=600, stale-while-revalidate=600"), ("cache-tag", "t1")];
        let (_redis, link, one, two) = pair(&fields).await;
        one.get("/a", &[]).await;
        stored(&link, 1).await;
        assert_eq!(two.get("/a", &[]).await.handled.answer, Answered::Fresh);
        if tag {
            assert_eq!(one.responses.expire_tag("t1").await, Reach::Shared);
        } else {
            assert_eq!(one.responses.expire(&uri("/a")).await, Ok(Reach::Shared));
        }
        two.serves("/a", &[], "one", Answered::Stale).await;
        two.serves("/a", &[], "two", Answered::Fresh).await;
        // Until what was fetched in the background is in Redis, the other may fetch it as well.
        until("the other is fresh", async || {
            one.get("/a", &[]).await.handled.answer == Answered::Fresh
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_answered_while_redis_is_stopped_and_nothing_comes_back_afterwards() {
    let fields = [("cache-control", "max-age=600"), ("vary", "x-kind")];
    let (mut redis, link, _, two) = pair(&fields).await;
    let timeout = Duration::from_millis(200);
    let impatient = connect(&config(&redis.url()).with_command_timeout(timeout)).await;
    let one = Gateway::with(&impatient, timeout, "one", &fields, |layer| layer).await;
    let kind = [("x-kind", "a")];
    one.get("/a", &kind).await;
    stored(&link, 2).await;
    assert_eq!(two.get("/a", &kind).await.text(), "one");
    redis.pause();
    let begun = Instant::now();
    assert_eq!(one.get("/a", &kind).await.handled.answer, Answered::Fresh);
    for path in ["/b", "/c", "/a?1"] {
        let begun = Instant::now();
        assert_eq!(one.get(path, &kind).await.text(), "one");
        // The timeout, and what a machine with other things to do adds.
        assert!(begun.elapsed() < timeout + Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    assert_eq!(one.responses.purge(&uri("/a")).await, Ok(Reach::Queued));
    assert!(begun.elapsed() < PATIENCE);
    redis.resume();
    until("the purge is told", async || one.responses.stats().queued == 0).await;
    until("the other has heard", async || two.get("/a", &kind).await.text() == "two").await;
    let later = Gateway::new(&self::link(&redis.url()).await, "later", &[NEVER]).await;
    assert_ne!(later.get("/a", &kind).await.text(), "one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_redis_has_lost_is_fetched_again() {
    let fields = [("cache-control", "max-age=600"), ("vary", "x-kind")];
    let (_redis, link, one, two) = pair(&fields).await;
    one.get("/a", &[("x-kind", "a")]).await;
    stored(&link, 2).await;
    let lost = names(&link).await;
    assert!(value(&link, &lost[0]).await.is_some());
    // The index, so that its variant leads nowhere.
    delete(&link, &lost[0]).await;
    assert_eq!(two.get("/a", &[("x-kind", "a")]).await.text(), "two");
    stored(&link, 3).await;
    assert_eq!(one.get("/a", &[("x-kind", "a")]).await.text(), "one");
}
