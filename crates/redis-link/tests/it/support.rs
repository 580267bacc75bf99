use std::future::Future;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::{Duration, Instant};

use bartizan_probe::Redis;
use bartizan_redis_link::{BreakerConfig, Command, Config, Link, LinkError, Value};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The command timeout of the tests.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(200);

/// The failures in a row that open the breaker in tests.
pub(crate) const FAILURES: u32 = 3;

pub(crate) const OPEN_FOR: Duration = Duration::from_millis(400);

/// A configuration for a server, which comes back quickly.
pub(crate) fn config(url: &str) -> Config {
    Config::from_url(url)
        .unwrap()
        .with_command_timeout(TIMEOUT)
        .with_connect_timeout(Duration::from_secs(1))
        .with_reconnect_delay(Duration::from_millis(10), Duration::from_millis(50))
        .with_queue(NonZeroUsize::new(256).unwrap())
        .with_breaker(breaker())
}

/// A configuration whose commands have all the time of the test, for tests of something else.
pub(crate) fn patient(url: &str) -> Config {
    config(url).with_command_timeout(PATIENCE)
}

pub(crate) fn breaker() -> BreakerConfig {
    let failures = NonZeroU32::new(FAILURES).unwrap();
    BreakerConfig::new().with_failures(failures).with_open_for(OPEN_FOR)
}

/// A link that is connected.
pub(crate) async fn connected(config: &Config) -> Link {
    let link = Link::connect(config);
    link.ready(PATIENCE).await.unwrap();
    link
}

/// A server, and a link to it that is connected.
pub(crate) async fn server() -> (Redis, Link) {
    let redis = Redis::start();
    let link = connected(&config(&redis.url())).await;
    (redis, link)
}

/// Sends a command that is to end, one way or the other.
pub(crate) async fn ping(link: &Link) -> Result<Value, LinkError> {
    let ping = link.command(Command::new("PING"));
    tokio::time::timeout(PATIENCE, ping).await.expect("a call that never ends")
}

pub(crate) async fn get(link: &Link, key: &str) -> Option<i64> {
    link.command(Command::new("GET").key(key)).await.unwrap().as_integer()
}

/// Waits until a question is answered by yes.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let begin = Instant::now();
    while !ask().await {
        assert!(begin.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Calls until calls succeed, and returns after how long.
pub(crate) async fn until_served(link: &Link) -> Duration {
    let begin = Instant::now();
    until("a call is served", || async { ping(link).await.is_ok() }).await;
    begin.elapsed()
}

/// Calls until the breaker opens or the connection is gone.
pub(crate) async fn until_refused(link: &Link) {
    until("a call is refused", || async {
        ping(link).await.is_err_and(|error| error.is_breaker_open() || error.is_disconnected())
    })
    .await;
}

/// The lines of `CLIENT LIST`, each of one connection.
pub(crate) async fn clients(link: &Link) -> Vec<String> {
    let list = link.command(Command::new("CLIENT").arg("LIST")).await.unwrap();
    list.as_str().unwrap().lines().map(str::to_owned).collect()
}
