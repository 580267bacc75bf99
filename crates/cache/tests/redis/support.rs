use std::time::{Duration, Instant};

use bartizan_cache::{Generation, Listen, Marks, Record, RedisStore, Signal, StoreErrorKind};
use bartizan_probe::Redis;
use bartizan_redis_link::{Command, Config, Link, Value};
use bytes::Bytes;
use tokio::time::timeout;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// A link that waits as long as it takes.
pub(crate) async fn link(url: &str) -> Link {
    connect(&config(url)).await
}

pub(crate) fn config(url: &str) -> Config {
    let config = Config::from_url(url).unwrap().with_command_timeout(PATIENCE);
    config.with_reconnect_delay(Duration::from_millis(10), Duration::from_millis(50))
}

pub(crate) async fn connect(config: &Config) -> Link {
    let link = Link::connect(config);
    link.ready(PATIENCE).await.unwrap();
    link
}

/// A server, a link to it, and a store over that.
pub(crate) async fn store() -> (Redis, Link, RedisStore) {
    let redis = Redis::start();
    let link = link(&redis.url()).await;
    let store = RedisStore::new(link.clone());
    (redis, link, store)
}

pub(crate) const fn generation(number: u64) -> Generation {
    Generation::from_u64(number)
}

pub(crate) const fn marks(removed: u64, expired: u64) -> Marks {
    Marks { removed: generation(removed), expired: generation(expired) }
}

/// The bytes of an entry as far as a store knows them.
pub(crate) fn entry(generation: u64, value: &str) -> Bytes {
    [b"BZ\x01\x00", &generation.to_be_bytes()[..], value.as_bytes()].concat().into()
}

pub(crate) fn record(generation: u64, value: &str) -> Record {
    bartizan_cache::test_util::record(
        Generation::from_u64(generation),
        MINUTE,
        entry(generation, value),
    )
}

/// Sends a command in words.
pub(crate) async fn tell(link: &Link, words: &[&str]) -> Value {
    let command = Command::new(words[0].to_owned()).args(words[1..].iter().copied());
    link.command(command).await.unwrap()
}

pub(crate) async fn get(link: &Link, key: &str) -> Option<Bytes> {
    link.command(Command::new("GET").key(key)).await.unwrap().into_bytes()
}

pub(crate) async fn set(link: &Link, key: &str, value: impl Into<bartizan_redis_link::Arg>) {
    assert!(link.command(Command::new("SET").key(key).arg(value)).await.unwrap().is_ok());
}

pub(crate) async fn delete(link: &Link, key: &str) {
    let deleted = link.command(Command::new("DEL").key(key)).await.unwrap();
    assert_eq!(deleted.as_integer(), Some(1), "{key}");
}

/// The number that a key holds.
pub(crate) async fn number(link: &Link, key: &str) -> u64 {
    std::str::from_utf8(&get(link, key).await.unwrap()).unwrap().parse().unwrap()
}

/// Milliseconds until a key expires; -1 for never, -2 for no key.
pub(crate) async fn expiry(link: &Link, key: &str) -> i64 {
    link.command(Command::new("PTTL").key(key)).await.unwrap().as_integer().unwrap()
}

pub(crate) async fn keys(link: &Link) -> Vec<String> {
    let keys = tell(link, &["KEYS", "*"]).await;
    let keys = keys.as_array().unwrap();
    let mut keys: Vec<_> = keys.iter().map(|key| key.as_str().unwrap().to_owned()).collect();
    keys.sort();
    keys
}

/// Microseconds of the server's clock.
pub(crate) async fn server_time(link: &Link) -> u64 {
    let time = tell(link, &["TIME"]).await;
    let [seconds, micros] = time.as_array().unwrap() else { panic!("{time:?}") };
    let both = seconds.as_integer().unwrap() * 1_000_000 + micros.as_integer().unwrap();
    both.try_into().unwrap()
}

/// A number that `INFO` tells of a command, since the last `CONFIG RESETSTAT`.
pub(crate) async fn calls(link: &Link, command: &str) -> u64 {
    let info = tell(link, &["INFO", "commandstats"]).await;
    let head = format!("cmdstat_{command}:calls=");
    let told = info.as_str().unwrap().lines().find_map(|line| line.strip_prefix(&head));
    told.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
}

pub(crate) fn kind<T>(result: Result<T, bartizan_cache::StoreError>) -> Option<StoreErrorKind> {
    result.err().map(|error| error.kind())
}

/// The next signal of a listener, which comes.
pub(crate) async fn next(listener: &mut Box<dyn Listen>) -> Signal {
    timeout(PATIENCE, listener.next()).await.expect("a signal comes").unwrap()
}

/// Waits until a question is answered by yes.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut question: impl FnMut() -> F) {
    let begin = Instant::now();
    while !question().await {
        assert!(begin.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
