use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bartizan_probe::Redis;
use bartizan_redis_link::{
    BreakerClosed, BreakerHalfOpened, BreakerOpened, Command, CommandDone, Connected, Disconnected,
    Link, LinkState, Observer,
};

use crate::support::{PATIENCE, TIMEOUT, config, ping, until, until_refused, until_served};

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn see(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Seen {
    fn connected(&self, event: &Connected) {
        self.see(format!("connected {}", event.epoch));
    }

    fn disconnected(&self, event: &Disconnected) {
        self.see(format!("disconnected {}", event.outage.as_str()));
    }

    fn breaker_opened(&self, _: &BreakerOpened) {
        self.see("opened");
    }

    fn breaker_half_opened(&self, _: &BreakerHalfOpened) {
        self.see("half opened");
    }

    fn breaker_closed(&self, _: &BreakerClosed) {
        self.see("closed");
    }

    fn command_done(&self, event: &CommandDone) {
        let waited = if event.elapsed >= TIMEOUT { " after the timeout" } else { "" };
        self.see(format!("{}{waited}", event.outcome.as_str()));
    }
}

/// Panics at everything, and counts how often.
#[derive(Clone, Default)]
struct Panics(Arc<AtomicUsize>);

impl Panics {
    fn panic(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("an observer that panics, as it is to");
    }
}

impl Observer for Panics {
    fn connected(&self, _: &Connected) {
        self.panic();
    }

    fn disconnected(&self, _: &Disconnected) {
        self.panic();
    }

    fn breaker_opened(&self, _: &BreakerOpened) {
        self.panic();
    }

    fn breaker_half_opened(&self, _: &BreakerHalfOpened) {
        self.panic();
    }

    fn breaker_closed(&self, _: &BreakerClosed) {
        self.panic();
    }

    fn command_done(&self, _: &CommandDone) {
        self.panic();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_that_panics_ends_neither_the_link_nor_a_call() {
    let mut redis = Redis::start();
    let panics = Panics::default();
    let link = Link::connect_observed(&config(&redis.url()), panics.clone());
    link.ready(PATIENCE).await.unwrap();
    ping(&link).await.unwrap();
    redis.pause();
    until_refused(&link).await;
    redis.resume();
    until_served(&link).await;
    for _ in 0..2 {
        redis.kill();
        until("the loss is known", || async { link.state() != LinkState::Connected }).await;
        assert!(ping(&link).await.unwrap_err().is_disconnected());
        redis.restart();
        until_served(&link).await;
    }
    assert!(panics.0.load(Ordering::Relaxed) > 10, "{panics:?}", panics = panics.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_and_change_is_seen_once() {
    let mut redis = Redis::start();
    let seen = Seen::default();
    let link = Link::connect_observed(&config(&redis.url()), seen.clone());
    link.ready(PATIENCE).await.unwrap();
    until("it is seen", || async { seen.0.lock().unwrap().len() == 1 }).await;
    ping(&link).await.unwrap();
    link.command(Command::new("NOSUCH")).await.unwrap_err();
    assert_eq!(seen.take(), ["connected 1", "replied", "server_error"]);

    redis.pause();
    tokio::time::timeout(TIMEOUT / 10, ping(&link)).await.unwrap_err();
    for _ in 0..4 {
        ping(&link).await.unwrap_err();
    }
    redis.resume();
    until_served(&link).await;
    let mut all = seen.take();
    all.dedup();
    let expected = [
        "cancelled",
        "timeout after the timeout",
        "opened",
        "timeout after the timeout",
        "breaker_open",
        "half opened",
        "closed",
        "replied",
    ];
    assert_eq!(all, expected);

    redis.kill();
    until("the loss is known", || async {
        ping(&link).await.is_err_and(|it| it.is_disconnected())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let all = seen.take();
    assert_eq!(all.iter().filter(|it| *it == "disconnected lost").count(), 1, "{all:?}");
    assert!(all.contains(&"disconnected".to_owned()), "{all:?}");
}
