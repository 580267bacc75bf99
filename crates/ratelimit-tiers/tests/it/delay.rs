//! Slowing down before refusing, on a clock that the test advances.

use std::num::NonZeroUsize;
use std::time::Duration;

use bartizan_ratelimit_tiers::{Class, Delay, Limits, MemoryStore, RateLimitLayer};
use tokio::time::Instant;

use crate::asking::{
    ByAccount, Hand, Seen, ask, by_account, free, of, request, statuses, store, waits,
};

const MS: Duration = Duration::from_millis(1);

fn delay(free: f64, first: u64, longest: u64, waiters: usize) -> Delay {
    let millis = Duration::from_millis;
    let waiters = NonZeroUsize::new(waiters).unwrap();
    Delay::doubling(free, millis(first), millis(longest), waiters).unwrap()
}

fn layer(
    limit: u32,
    delay: Delay,
    seen: &Seen,
) -> RateLimitLayer<MemoryStore<Hand>, ByAccount, Seen> {
    let limits = Limits::new(free(limit, 60)).with_class(Class::new("api").with_delay(delay));
    RateLimitLayer::new(store().0, limits)
        .unwrap()
        .with_resolver(by_account as ByAccount)
        .with_observer(seen.clone())
}

#[test]
fn the_wait_doubles_above_the_free_share_up_to_the_longest() {
    // Ten at once, five of them free, 100 ms first, 1 s at most.
    let delay = delay(0.5, 100, 1_000, 1);
    let waits = (0..=10).map(|consumed| delay.of(10, 10 - consumed).as_millis());
    assert_eq!(waits.collect::<Vec<_>>(), [0, 0, 0, 0, 0, 0, 100, 200, 400, 800, 1_000]);
    // A share of no whole number: 2.5 of 5 are free, so the third waits.
    let delay = self::delay(0.5, 100, 10_000, 1);
    let waits = (0..=5).map(|consumed| delay.of(5, 5 - consumed).as_millis());
    assert_eq!(waits.collect::<Vec<_>>(), [0, 0, 0, 100, 200, 400]);
    // So many doublings that no time holds them.
    let delay = self::delay(0.0, 1, u64::MAX, 1);
    assert!(delay.of(u32::MAX, 0) >= Duration::from_secs(1 << 40));
    assert_eq!(delay.of(u32::MAX, u32::MAX), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn requests_above_half_of_the_quota_wait_twice_as_long_each_time() {
    let seen = Seen::default();
    let layer = layer(8, delay(0.5, 100, 500, 1), &seen);
    let mut waited = Vec::new();
    for _ in 0..8 {
        let begin = Instant::now();
        assert_eq!(ask(&layer, of("ada")).await.status, 200);
        waited.push(begin.elapsed().as_millis());
    }
    // The clock of the runtime ticks in milliseconds, and a sleep ends with the tick after.
    assert_eq!(waited, [0, 0, 0, 0, 100, 200, 400, 500]);
    let delayed: Vec<_> =
        seen.take().into_iter().filter(|event| event.contains("delayed")).collect();
    assert_eq!(
        delayed,
        [
            "api free delayed 100ms",
            "api free delayed 200ms",
            "api free delayed 400ms",
            "api free delayed 500ms"
        ]
    );
    // A refusal does not wait.
    let begin = Instant::now();
    statuses(&layer, || of("ada"), &[429]).await;
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_request_is_passed_on_when_its_time_has_come_and_not_before() {
    let layer = layer(2, delay(0.5, 100, 100, 1), &Seen::default());
    assert_eq!(ask(&layer, of("ada")).await.status, 200);
    let mut call = Box::pin(ask(&layer, of("ada")));
    waits(call.as_mut());
    tokio::time::advance(99 * MS).await;
    waits(call.as_mut());
    tokio::time::advance(2 * MS).await;
    assert_eq!(call.await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn no_more_wait_than_there_are_seats_and_the_others_are_refused() {
    let seen = Seen::default();
    let layer = layer(4, delay(0.25, 1_000, 1_000, 2), &seen);
    let mut calls = Vec::new();
    for account in ["ada", "eve"] {
        statuses(&layer, || of(account), &[200]).await;
        let mut call = Box::pin(ask(&layer, of(account)));
        waits(call.as_mut());
        calls.push(call);
    }
    // Another caller finds its own quota free, and sits nowhere.
    statuses(&layer, || of("bob"), &[200]).await;
    seen.take();
    let refused = ask(&layer, of("bob")).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    assert!(refused.text().contains(r#""retryAfter":1,"#));
    assert_eq!(seen.take(), ["api free allowed", "api free crowded"]);
    // Whoever gives up makes room.
    drop(calls.pop());
    let mut call = Box::pin(ask(&layer, of("bob")));
    waits(call.as_mut());
    tokio::time::advance(1_001 * MS).await;
    assert_eq!(calls.pop().unwrap().await.status, 200);
    assert_eq!(call.await.status, 200);
    // All seats are free again.
    for account in ["ada", "eve", "bob"] {
        assert_eq!(ask(&layer, of(account)).await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_class_in_shadow_delays_nobody() {
    let limits = Limits::new(free(2, 60))
        .with_class(Class::new("api").with_delay(delay(0.0, 1_000, 1_000, 1)).in_shadow());
    let layer = RateLimitLayer::new(store().0, limits).unwrap();
    let begin = Instant::now();
    statuses(&layer, || request("GET", "/", &[]), &[200, 200, 200]).await;
    assert_eq!(begin.elapsed(), Duration::ZERO);
}
