use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::time::Duration;

use bartizan_probe::Redis;
use bartizan_redis_link::Link;
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
    let recorder = tracing_subscriber::registry().with(Recorder);
    tracing::subscriber::set_global_default(recorder).unwrap();

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
