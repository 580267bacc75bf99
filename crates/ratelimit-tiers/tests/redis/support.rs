use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bartizan_probe::Redis;
use bartizan_ratelimit_tiers::{
    Answer, Ask, ClassId, Clock, Limit, Part, Quota, RedisStore, Store, StoreError, Subject,
    Timestamp, Verdict,
};
use bartizan_redis_link::{Command, Config, Link};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const SECRET: &[u8] = b"shared by all instances";

pub(crate) const CLASS: ClassId = ClassId::of("api");

/// A server, and a link to it that waits as long as it takes.
pub(crate) async fn server() -> (Redis, Link) {
    let redis = Redis::start();
    let link = link(&redis.url(), PATIENCE).await;
    (redis, link)
}

pub(crate) async fn link(url: &str, timeout: Duration) -> Link {
    let config = Config::from_url(url).unwrap().with_command_timeout(timeout);
    let config = config.with_reconnect_delay(Duration::from_millis(10), Duration::from_millis(50));
    let link = Link::connect(&config);
    link.ready(PATIENCE).await.unwrap();
    link
}

/// A server, and a store that asks it about everything.
pub(crate) async fn store() -> (Redis, Link, RedisStore) {
    let (redis, link) = server().await;
    let store = RedisStore::new(link.clone(), SECRET).without_deny_cache();
    (redis, link, store)
}

pub(crate) fn subject(store: &impl Store, name: &str) -> Subject {
    store.hasher().subject("account", name.as_bytes())
}

pub(crate) fn limit(quota: Quota) -> Limit {
    Limit::new(CLASS, quota)
}

pub(crate) async fn decide<S: Store>(store: &S, ask: &Ask<'_>) -> Result<Verdict, StoreError> {
    match store.decide(ask) {
        Answer::Now(verdict) => verdict,
        Answer::Later(verdict) => verdict.await,
    }
}

pub(crate) async fn ask<S: Store>(store: &S, subject: Subject, limits: &[Limit]) -> Verdict {
    try_ask(store, subject, limits).await.unwrap()
}

pub(crate) async fn try_ask<S: Store>(
    store: &S,
    subject: Subject,
    limits: &[Limit],
) -> Result<Verdict, StoreError> {
    decide(store, &Ask::new(&[Part { subject, limits }])).await
}

/// A number that `INFO` tells of a command, since the last `CONFIG RESETSTAT`.
pub(crate) async fn calls(link: &Link, command: &str) -> u64 {
    let info = link.command(Command::new("INFO").arg("commandstats")).await.unwrap();
    let head = format!("cmdstat_{command}:calls=");
    let told = info.as_str().unwrap().lines().find_map(|line| line.strip_prefix(&head));
    told.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
}

pub(crate) async fn keys(link: &Link) -> Vec<String> {
    let keys = link.command(Command::new("KEYS").arg("*")).await.unwrap();
    let keys = keys.as_array().unwrap();
    keys.iter().map(|key| key.as_str().unwrap().to_owned()).collect()
}

/// Milliseconds until a key expires; -1 for never, -2 for no key.
pub(crate) async fn expiry(link: &Link, key: &str) -> i64 {
    link.command(Command::new("PTTL").key(key)).await.unwrap().as_integer().unwrap()
}

/// Waits until a question is answered by yes.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut question: impl FnMut() -> F) {
    let begin = Instant::now();
    while !question().await {
        assert!(begin.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Time that stands until it is moved.
#[derive(Clone, Debug)]
pub(crate) struct Stopped(Arc<AtomicU64>);

impl Stopped {
    /// A moment of the year 2026, in the middle of everything.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_795_179_514_311_294_000)))
    }

    pub(crate) fn advance(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_nanos()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// A clock that stands in a key of the server.
pub(crate) struct ClockKey {
    pub(crate) link: Link,
    pub(crate) key: &'static str,
}

impl ClockKey {
    pub(crate) async fn set(&self, time: Timestamp) {
        let micros = time.as_nanos() / 1_000;
        self.link.command(Command::new("SET").key(self.key).arg(micros)).await.unwrap();
    }
}
