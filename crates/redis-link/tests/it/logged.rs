use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::Once;
use std::time::Duration;

use bartizan_probe::Redis;
use bartizan_redis_link::{Connected, Disconnected, Link, Observer};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::support::{PATIENCE, config, ping, until, until_served};

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what is logged on each thread. One subscriber serves the whole process: a subscriber per
/// thread would race for the interest that `tracing` caches per call site.
struct Recorder;

/// Records from now on what is logged on this thread.
fn record() {
    static RECORDER: Once = Once::new();
    RECORDER.call_once(|| {
        let recorder = tracing_subscriber::registry().with(Recorder);
        tracing::subscriber::set_global_default(recorder).unwrap();
    });
    LINES.take();
}

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = Line(format!("{} {}", metadata.level(), metadata.target()));
        event.record(&mut line);
        LINES.with_borrow_mut(|lines| lines.push(line.0));
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

/// The lines of the link above DEBUG, only level and message.
fn heads(lines: &[String]) -> Vec<String> {
    let ours = lines.iter().filter(|line| line.contains(" bartizan::redis_link "));
    let ours = ours.filter(|line| !line.starts_with("DEBUG"));
    ours.map(|line| {
        let (level, rest) = line.split_once(' ').unwrap();
        let message = rest.split("message=").nth(1).unwrap();
        let message = message.split(" server=").next().unwrap().split(" open_for=").next().unwrap();
        format!("{level} {message}")
    })
    .collect()
}

/// In a runtime of one thread, where all tasks log.
#[tokio::test]
async fn an_outage_is_logged_once_and_its_end_too_and_no_password_ever() {
    record();
    let mut redis = Redis::start();
    redis.stop();
    let url = redis.url().replace("redis://", "redis://default:s3cr3t@");
    let link = Link::connect(&config(&url));
    tokio::time::sleep(Duration::from_millis(300)).await;
    redis.restart();
    link.ready(PATIENCE).await.unwrap();
    redis.kill();
    until("the loss is known", || async {
        ping(&link).await.is_err_and(|it| it.is_disconnected())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    redis.restart();
    link.ready(PATIENCE).await.unwrap();
    until_served(&link).await;
    redis.pause();
    until("it opens", || async { ping(&link).await.is_err_and(|it| it.is_breaker_open()) }).await;
    redis.resume();
    until_served(&link).await;

    let lines = LINES.take();
    assert_eq!(
        heads(&lines),
        [
            "WARN Redis connection failed",
            "INFO Redis connected successfully",
            "WARN Redis connection failed",
            "INFO Redis is back",
            "WARN Redis does not answer, breaker opened",
            "INFO Redis answers again, breaker closed",
        ]
    );
    let all = lines.join("\n");
    assert!(all.contains("Redis is still away"), "attempts are visible for debugging");
    assert!(!all.contains("s3cr3t"));
}

struct Panics;

impl Observer for Panics {
    fn connected(&self, _: &Connected) {
        panic!("an observer that panics, as it is to");
    }

    fn disconnected(&self, _: &Disconnected) {
        panic!("an observer that panics, as it is to");
    }
}

#[tokio::test]
async fn an_observer_that_panics_is_logged_once() {
    record();
    let mut redis = Redis::start();
    let link = Link::connect_observed(&config(&redis.url()), Panics);
    link.ready(PATIENCE).await.unwrap();
    redis.restart();
    until("it is back", || async { link.epoch().as_u64() == 2 }).await;
    assert_eq!(
        heads(&LINES.take()),
        [
            "INFO Redis connected successfully",
            "ERROR the observer of Redis panicked, and was ignored",
            "WARN Redis connection failed",
            "INFO Redis is back",
        ]
    );
}
