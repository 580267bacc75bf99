//! A store that is away, slow, full or read-only: every operation goes on, in bounded time.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bartizan_cache::test_util::{
    Chaos, ChaosControl, Fault, LocalStore, Operation, Scope, TokioClock,
};
use bartizan_cache::{Cache, Caches, Json, Options, Reach, StoreErrorKind, TracingObserver};
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt};

use super::support::{
    HOUR, Instance, MINUTE, SECOND, SOON, Users, World, at, cluster, fail_safe, load, load_tagged,
    settle, spare,
};

/// Half a second, if nothing is said.
const TIMEOUT: Duration = Duration::from_millis(500);

/// Does everything once, and tells how long the slowest took.
async fn everything(users: &Users, round: usize) -> Duration {
    let key = |name: &str| format!("{name} {round}");
    let mut slowest = Duration::ZERO;
    let mut begun = Instant::now();
    let mut took = || {
        slowest = slowest.max(begun.elapsed());
        begun = Instant::now();
    };
    assert_eq!(load(users, &key("loaded"), "Ann").await, "Ann");
    took();
    assert_eq!(load(users, &key("loaded"), "Bea").await, "Ann");
    took();
    assert_eq!(load_tagged(users, &key("tagged"), "Cid", "staff").await, "Cid");
    took();
    users.set(key("set").as_str(), "Dan".to_owned()).await;
    assert_eq!(at(users, &key("set")).await.as_deref(), Some("Dan"));
    took();
    assert_eq!(at(users, &key("nothing")).await, None);
    took();
    let many = users.get_many([key("set"), key("loaded"), key("nothing")].iter()).await;
    assert_eq!(many.iter().flatten().count(), 2);
    took();
    users.remove(key("set").as_str()).await;
    assert_eq!(at(users, &key("set")).await, None);
    took();
    users.expire(key("loaded").as_str()).await;
    assert_eq!(spare(users, &key("loaded")).await.as_deref(), Some("Ann"));
    took();
    users.remove_tag("staff").await;
    assert_eq!(spare(users, &key("tagged")).await, None);
    took();
    users.expire_tag("guests").await;
    took();
    users.expire_all().await;
    took();
    users.clear().await;
    assert_eq!(spare(users, &key("loaded")).await, None);
    took();
    slowest
}

/// All instances have, in the end, what one of them sets.
async fn agree(members: &[(Instance, Users)]) {
    for (index, (_, users)) in members.iter().enumerate() {
        let value = index.to_string();
        assert_eq!(users.set("agreed", value.clone()).await, Reach::Shared);
        settle().await;
        for (_, users) in members {
            assert_eq!(at(users, "agreed").await.as_ref(), Some(&value));
            assert_eq!(users.stats().queued, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_costs_no_time_and_no_operation() {
    let (_world, members) = cluster(2, &fail_safe()).await;
    let (instance, users) = &members[0];
    for round in 0..3 {
        instance.control.down();
        assert_eq!(everything(users, round).await, Duration::ZERO);
        assert_eq!(users.set("7", "Ann".to_owned()).await, Reach::Queued);
        tokio::time::sleep(MINUTE).await;
        instance.control.up();
        tokio::time::sleep(SOON).await;
        agree(&members).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_at_the_start_is_used_as_soon_as_it_is_there() {
    let world = World::new();
    let control = ChaosControl::new();
    control.down();
    let instance = world.start_under(control);
    let users = instance.builder("users").with_options(fail_safe()).build_tiered(Json).unwrap();
    assert!(!instance.caches.ready(SECOND).await);
    assert_eq!(everything(&users, 0).await, Duration::ZERO);
    assert_eq!(instance.seen.events()[0], "away, unavailable");
    tokio::time::sleep(HOUR).await;
    instance.control.up();
    assert!(instance.caches.ready(SECOND).await);
    tokio::time::sleep(SOON).await;
    let other = world.instance().await;
    let there = other.open(other.builder("users").with_options(fail_safe())).await;
    agree(&[(instance, users), (other, there)]).await;
}

/// Nobody asks for anything, and nothing ever answers.
#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_is_told_of_once() {
    for hangs in [false, true] {
        let world = World::new();
        let control = ChaosControl::new();
        if hangs {
            control.hang();
        } else {
            control.disconnect_listeners();
        }
        let instance = world.start_under(control);
        let _users = instance.builder("users").build_tiered(Json).unwrap();
        tokio::time::sleep(HOUR).await;
        assert_eq!(instance.seen.events(), ["away, unavailable"]);
        instance.control.heal();
        assert!(instance.caches.ready(SECOND).await);
        let events = instance.seen.events();
        assert_eq!(events, ["away, unavailable", "connected, again false", "back"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_costs_its_timeout_for_each_call() {
    let (_world, members) = cluster(2, &fail_safe()).await;
    let (instance, users) = &members[0];
    instance.control.hang();
    // A read, marks and a write after the value was given: of these a caller waits for the first.
    let begun = Instant::now();
    assert_eq!(load(users, "7", "Ann").await, "Ann");
    assert!(begun.elapsed() <= TIMEOUT + Duration::from_millis(2), "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert_eq!(at(users, "8").await, None);
    assert!(begun.elapsed() <= TIMEOUT + Duration::from_millis(2));
    let begun = Instant::now();
    assert_eq!(users.set("7", "Bea".to_owned()).await, Reach::Queued);
    assert!(begun.elapsed() <= TIMEOUT + Duration::from_millis(2));
    let slowest = everything(users, 0).await;
    // At most the invalidation and the look behind it.
    assert!(slowest <= 2 * TIMEOUT + Duration::from_millis(5), "{slowest:?}");
    instance.control.release();
    tokio::time::sleep(SECOND).await;
    agree(&members).await;
}

#[tokio::test(start_paused = true)]
async fn the_timeout_is_that_of_the_caches() {
    let world = World::new();
    let instance = world.start_with(ChaosControl::new(), |builder| {
        builder.with_store_timeout(Duration::from_millis(20))
    });
    let users = instance.users().await;
    instance.control.hang();
    let begun = Instant::now();
    assert_eq!(at(&users, "7").await, None);
    assert!(begun.elapsed() <= Duration::from_millis(21), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn errors_of_every_kind_on_any_calls_fail_no_operation() {
    use StoreErrorKind::{Full, Protocol, ReadOnly, Timeout, Unavailable, Unsupported};
    let scopes = [
        Scope::All,
        Scope::Store,
        Scope::Backplane,
        Scope::Questions,
        Scope::Changes,
        Scope::Only(Operation::Read),
        Scope::Only(Operation::ReadMany),
        Scope::Only(Operation::Write),
        Scope::Only(Operation::Issue),
        Scope::Only(Operation::Mark),
        Scope::Only(Operation::Marks),
        Scope::Only(Operation::Announce),
        Scope::Only(Operation::Open),
    ];
    for kind in [Unavailable, Timeout, Protocol, Full, ReadOnly, Unsupported] {
        for scope in scopes {
            let (_world, members) = cluster(2, &fail_safe()).await;
            let (instance, users) = &members[0];
            for (round, fault) in [Fault::error(kind), Fault::lost_answer()].into_iter().enumerate()
            {
                instance.control.inject(fault.on(scope));
                assert_eq!(everything(users, round).await, Duration::ZERO, "{kind:?} {scope:?}");
                tokio::time::sleep(SECOND).await;
                instance.control.heal();
                tokio::time::sleep(SOON).await;
                agree(&members).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn errors_now_and_then_fail_no_operation_and_are_caught_up_with() {
    for seed in 0..40 {
        let (_world, members) = cluster(2, &fail_safe()).await;
        let (instance, users) = &members[0];
        let fault = Fault::error(StoreErrorKind::Timeout).with_chance(0.3, seed);
        instance.control.inject(fault);
        for round in 0..3 {
            everything(users, round).await;
        }
        instance.control.heal();
        tokio::time::sleep(SOON).await;
        agree(&members).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_store_costs_its_time_and_memory_hits_none() {
    let (_world, members) = cluster(2, &fail_safe()).await;
    let (instance, users) = &members[0];
    let slow = Duration::from_millis(200);
    instance.control.inject(Fault::slow(slow));
    let begun = Instant::now();
    assert_eq!(load(users, "7", "Ann").await, "Ann");
    assert!((slow..slow + Duration::from_millis(5)).contains(&begun.elapsed()));
    let begun = Instant::now();
    assert_eq!(load(users, "7", "Bea").await, "Ann");
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let begun = Instant::now();
    // A generation, the write and the message.
    assert_eq!(users.set("8", "Ann".to_owned()).await, Reach::Shared);
    assert!((3 * slow..3 * slow + Duration::from_millis(5)).contains(&begun.elapsed()));
    everything(users, 0).await;
    tokio::time::sleep(SECOND).await;
    agree(&members).await;
}

#[tokio::test(start_paused = true)]
async fn what_happens_to_the_store_is_told_once() {
    let (_world, members) = cluster(1, &Options::new(HOUR)).await;
    let (instance, users) = &members[0];
    let seen = &instance.seen;
    assert_eq!(seen.take(), ["connected, again false"]);
    instance.control.down();
    for _ in 0..10 {
        users.get("7").await;
        load(users, "8", "Ann").await;
    }
    users.remove("7").await;
    users.remove("7").await;
    users.remove_tag("staff").await;
    let told = ["away, unavailable", "queued 1", "queued 1", "queued 2"];
    assert_eq!(seen.take(), told);
    tokio::time::sleep(HOUR).await;
    assert!(seen.take().is_empty());
    instance.control.up();
    tokio::time::sleep(SOON).await;
    let mut events = seen.take();
    events.sort();
    assert_eq!(events, ["back", "connected, again true", "recovered 2, left 0"]);
    tokio::time::sleep(HOUR).await;
    assert!(seen.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn while_the_store_fails_the_keeper_does_not_spin() {
    let (_world, members) = cluster(1, &Options::new(HOUR)).await;
    let (instance, users) = &members[0];
    instance.control.inject(Fault::error(StoreErrorKind::ReadOnly).on(Scope::Changes));
    users.remove("7").await;
    settle().await;
    let failures = || instance.seen.failures.load(Ordering::Relaxed);
    let before = failures();
    tokio::time::sleep(10 * SECOND).await;
    // Four times a second.
    assert!((35..=45).contains(&(failures() - before)), "{}", failures() - before);
    // Whoever asks more does not make it try more often.
    let before = failures();
    for key in 0..1_000 {
        users.remove(key.to_string().as_str()).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(failures() - before <= 1_000 + 10, "{}", failures() - before);
}

#[tokio::test(start_paused = true)]
async fn messages_missed_in_a_disconnection_are_made_up_for() {
    let (_world, members) = cluster(2, &fail_safe()).await;
    let [(first, one), (_, other)] = &members[..] else { unreachable!() };
    for key in ["1", "2", "3", "4"] {
        load_tagged(one, key, "old", "staff").await;
    }
    load(one, "5", "kept").await;
    settle().await;
    first.control.disconnect_listeners();
    settle().await;
    other.remove("1").await;
    other.set("2", "new".to_owned()).await;
    other.expire("3").await;
    other.remove_tag("staff").await;
    first.control.reconnect_listeners();
    tokio::time::sleep(SOON).await;
    assert_eq!(spare(one, "1").await, None);
    assert_eq!(at(one, "2").await.as_deref(), Some("new"));
    for key in ["3", "4"] {
        assert_eq!(at(one, key).await, None);
        assert_eq!(spare(one, key).await, None);
    }
    let source = one.get("5").await.map(|found| found.source());
    assert_eq!(source, Some(bartizan_cache::Source::Cached(bartizan_cache::Level::Store)));
}

/// Connections that come and go, while the cache asks where it stands.
#[tokio::test(start_paused = true)]
async fn connections_in_quick_succession_leave_the_cache_open_and_right() {
    for gap in 0..12 {
        let (_world, members) = cluster(2, &fail_safe()).await;
        let [(first, one), (_, other)] = &members[..] else { unreachable!() };
        load_tagged(one, "7", "old", "staff").await;
        settle().await;
        let slow = Duration::from_millis(5);
        first.control.inject(Fault::slow(slow).on(Scope::Only(Operation::Open)));
        for turn in 0..5 {
            first.control.disconnect_listeners();
            settle().await;
            if turn == 2 {
                other.remove_tag("staff").await;
            }
            first.control.reconnect_listeners();
            tokio::time::sleep(Duration::from_millis(gap)).await;
        }
        assert!(first.caches.ready(SECOND).await);
        tokio::time::sleep(SOON).await;
        assert_eq!(at(one, "7").await, None, "{gap}");
        assert_eq!(spare(one, "7").await, None, "{gap}");
        agree(&members).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_message_of_a_whole_cache_is_noticed_in_the_next_round() {
    let (_world, members) = cluster(2, &Options::new(HOUR)).await;
    let [(first, one), (_, other)] = &members[..] else { unreachable!() };
    load(one, "7", "old").await;
    settle().await;
    first.control.inject(Fault::lost_message());
    other.clear().await;
    // Every half a minute.
    tokio::time::sleep(31 * SECOND).await;
    assert_eq!(at(one, "7").await, None);
}

#[tokio::test(start_paused = true)]
async fn an_emptied_store_gets_what_was_set_during_the_outage() {
    let (world, members) = cluster(2, &Options::new(HOUR)).await;
    let [(first, one), (second, other)] = &members[..] else { unreachable!() };
    load(one, "7", "old").await;
    settle().await;
    for instance in [first, second] {
        instance.control.down();
    }
    one.set("8", "new".to_owned()).await;
    other.remove("7").await;
    world.store.flush();
    tokio::time::sleep(SECOND).await;
    for instance in [second, first] {
        instance.control.up();
        tokio::time::sleep(SOON).await;
    }
    for users in [one, other] {
        assert_eq!(at(users, "7").await, None);
        assert_eq!(at(users, "8").await.as_deref(), Some("new"));
    }
}

/// Keeps what is logged on this thread as a warning or worse.
#[derive(Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            *self.0 = format!("{value:?}");
        }
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() <= tracing::Level::WARN {
            let mut line = String::new();
            event.record(&mut Line(&mut line));
            self.0.lock().unwrap().push(line);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_one_warning_in_the_log_at_the_start_as_well_as_later() {
    for at_start in [true, false] {
        let log = Log::default();
        let lines = Arc::clone(&log.0);
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log));
        let clock = TokioClock::new();
        let control = ChaosControl::new();
        if at_start {
            control.down();
        }
        let caches = Caches::builder()
            .with_clock(clock.clone())
            .with_observer(TracingObserver::new())
            .with_store(Chaos::new(LocalStore::new(clock), &control))
            .build();
        let builder = caches.cache("users").with_options(Options::new(HOUR));
        let users: Cache<String, String> = builder.build_tiered(Json).unwrap();
        assert_eq!(caches.ready(SECOND).await, !at_start);
        control.down();
        for key in 0..100 {
            let key = key.to_string();
            load(&users, &key, "Ann").await;
            users.remove(key.as_str()).await;
        }
        tokio::time::sleep(HOUR).await;
        assert_eq!(*lines.lock().unwrap(), ["the store does not answer"]);
    }
}
