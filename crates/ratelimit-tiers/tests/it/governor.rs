//! The reduced store: what it admits, what it says, and what it cannot do.

use std::num::NonZeroUsize;
use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Algorithm, Answer, Ask, Class, ClassId, GovernorStore, Limit, Limits, Mode, Outcome, Part,
    Quota, RateLimitLayer, Store, StoreError, StoreErrorKind, Subject, Tier, Verdict,
};

use crate::asking::{Hand, Seen, api, ask, by_account, free, of, quota, statuses, tiers};

fn store(subjects: usize) -> (GovernorStore<Hand>, Hand) {
    let clock = Hand::new();
    (GovernorStore::with_clock(NonZeroUsize::new(subjects).unwrap(), clock.clone()), clock)
}

const API: ClassId = ClassId::of("api");
const OTHER: ClassId = ClassId::of("other");

fn decide(
    store: &GovernorStore<Hand>,
    subject: u128,
    limits: &[Limit],
) -> Result<Verdict, StoreError> {
    let parts = [Part { subject: Subject::from_u128(subject), limits }];
    match store.decide(&Ask::new(&parts)) {
        Answer::Now(verdict) => verdict,
        Answer::Later(_) => panic!("it answers at once"),
    }
}

/// Admitted, remaining, reset and wait of the first limit in seconds.
fn seen(verdict: &Verdict) -> (bool, u32, f64, f64) {
    let [outcome, ..] = verdict.outcomes() else { panic!("no outcome") };
    let seconds = |duration: Duration| duration.as_secs_f64();
    (
        verdict.is_admitted(),
        outcome.remaining(),
        seconds(outcome.reset_after()),
        seconds(outcome.retry_after()),
    )
}

#[test]
fn it_admits_the_burst_and_then_one_unit_each_interval() {
    let (store, clock) = store(10);
    let limit = [Limit::new(API, quota(6, 60).with_burst(3).unwrap())];
    let ask = |subject| seen(&decide(&store, subject, &limit).unwrap());
    assert_eq!(ask(1), (true, 2, 10.0, 0.0));
    assert_eq!(ask(1), (true, 1, 20.0, 0.0));
    assert_eq!(ask(1), (true, 0, 30.0, 0.0));
    assert_eq!(ask(1), (false, 0, 30.0, 10.0));
    // A refusal consumes nothing.
    clock.advance(Duration::from_millis(9_999));
    assert!(!ask(1).0);
    clock.advance(Duration::from_millis(1));
    assert_eq!(ask(1), (true, 0, 30.0, 0.0));
    assert_eq!(ask(2), (true, 2, 10.0, 0.0));
    clock.advance_secs(15);
    // 15 of 30 seconds have come back: one unit and a half, of which the half is not told.
    assert_eq!(ask(1), (true, 0, 30.0, 0.0));
    assert_eq!(ask(1), (false, 0, 25.0, 5.0));
}

#[test]
fn a_cost_is_taken_whole_and_counts_as_the_burst_at_most() {
    let (store, _) = store(10);
    let cost = |cost| [Limit::new(API, quota(10, 100)).with_cost(cost)];
    let ask = |subject, units| seen(&decide(&store, subject, &cost(units)).unwrap());
    assert_eq!(ask(1, 0), (true, 10, 0.0, 0.0));
    assert_eq!(ask(1, 7), (true, 3, 70.0, 0.0));
    assert_eq!(ask(1, 4), (false, 3, 70.0, 10.0));
    assert_eq!(ask(1, 0), (true, 3, 70.0, 0.0));
    assert_eq!(ask(1, u32::MAX), (false, 3, 70.0, 70.0));
    assert_eq!(ask(1, 3), (true, 0, 100.0, 0.0));
    assert_eq!(ask(1, 0), (true, 0, 100.0, 0.0));
    assert_eq!(ask(2, u32::MAX), (true, 0, 100.0, 0.0));
}

#[test]
fn several_limits_are_taken_together_or_not_at_all() {
    let (store, _) = store(10);
    let limits = [Limit::new(API, quota(5, 60)), Limit::new(OTHER, quota(2, 60))];
    assert!(decide(&store, 1, &limits).unwrap().is_admitted());
    assert!(decide(&store, 1, &limits).unwrap().is_admitted());
    for _ in 0..3 {
        let verdict = decide(&store, 1, &limits).unwrap();
        let admitted: Vec<_> = verdict.outcomes().iter().map(Outcome::is_admitted).collect();
        assert_eq!((verdict.is_admitted(), admitted), (false, vec![true, false]));
    }
    let first = decide(&store, 1, &limits[..1]).unwrap();
    assert_eq!(first.outcomes()[0].remaining(), 2);

    // What is in shadow refuses nobody, and does not take.
    let shadow = [limits[0], limits[1].with_mode(Mode::Shadow)];
    let verdict = decide(&store, 1, &shadow).unwrap();
    assert!(verdict.is_admitted() && !verdict.outcomes()[1].is_admitted());
    assert_eq!(verdict.outcomes()[0].remaining(), 1);
    let alone = decide(&store, 1, &shadow[1..]).unwrap();
    assert!(alone.is_admitted() && !alone.outcomes()[0].is_admitted());
}

#[test]
fn what_it_cannot_count_is_unsupported_and_consumes_nothing() {
    let (store, _) = store(10);
    for algorithm in [Algorithm::Strict, Algorithm::FixedWindow, Algorithm::SlidingWindow] {
        let other = quota(5, 60).counted_by(algorithm);
        let limits = [Limit::new(API, quota(5, 60)), Limit::new(OTHER, other)];
        let error = decide(&store, 1, &limits).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unsupported, "{algorithm:?}");
    }
    assert_eq!(store.subjects(), 0);
    // What governor would wrap: 214,000 days are 2^64 nanoseconds and more. No quota is so long.
    let daily = Quota::new(1, Duration::from_secs(86_400)).unwrap();
    assert!(daily.with_burst(214_000).is_err());
    let longest = Quota::new(u32::MAX, Duration::from_secs(100 * 366 * 86_400)).unwrap();
    let limit = [Limit::new(API, longest).with_cost(u32::MAX)];
    assert!(decide(&store, 1, &limit).unwrap().is_admitted());
    assert!(!decide(&store, 1, &limit).unwrap().is_admitted());
}

#[test]
fn idle_subjects_are_forgotten_and_busy_ones_bounded() {
    let (store, clock) = store(2_000);
    let limit = [Limit::new(API, quota(1, 60))];
    for round in 0..20_u128 {
        for subject in 0..1_000 {
            assert!(decide(&store, round * 1_000 + subject + 1, &limit).unwrap().is_admitted());
        }
        clock.advance_secs(200);
    }
    assert!(store.subjects() <= 2_048, "{}", store.subjects());

    // A flood of newcomers at one moment: the table is full, and they are one subject.
    clock.advance_secs(10_000);
    let admitted = (1_000_000..1_010_000_u128)
        .filter(|subject| decide(&store, *subject, &limit).unwrap().is_admitted())
        .count();
    assert_eq!(admitted, 2_001);
    assert_eq!(store.subjects(), 2_001);
    // Who is known is still limited by itself.
    assert!(!decide(&store, 1_000_000, &limit).unwrap().is_admitted());
    clock.advance_secs(61);
    assert!(decide(&store, 1_000_000, &limit).unwrap().is_admitted());
}

#[tokio::test]
async fn a_layer_over_it_limits_and_is_told_of_what_it_cannot_do() {
    let (store, _) = store(10);
    let layer = RateLimitLayer::new(store, api(free(2, 60))).unwrap().with_resolver(by_account);
    let heard = ask(&layer, of("ada")).await;
    assert_eq!(heard.header("ratelimit"), r#""api";r=1;t=30"#);
    statuses(&layer, || of("ada"), &[200]).await;
    let heard = ask(&layer, of("ada")).await;
    assert_eq!((heard.status, heard.header("retry-after")), (429, "30"));

    let events = Seen::default();
    let strict = tiers([Tier::new("free").with_quota("api", quota(2, 60).strict())]);
    let layer =
        RateLimitLayer::new(self::store(10).0, Limits::new(strict).with_class(Class::new("api")))
            .unwrap()
            .with_observer(events.clone());
    statuses(&layer, || of("ada"), &[200, 200, 429]).await;
    assert_eq!(events.take()[0], "api local_fallback unsupported");
    assert!(format!("{layer:?}").contains("RateLimitLayer"));
}

#[test]
fn its_counts_are_shared_by_clones_and_threads() {
    let store = GovernorStore::new(NonZeroUsize::new(100).unwrap());
    let limit = Limit::new(API, quota(100, 3_600));
    let admitted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                scope.spawn(move || {
                    let ask = || {
                        let limits = [limit];
                        let parts = [Part { subject: Subject::from_u128(7), limits: &limits }];
                        match store.decide(&Ask::new(&parts)) {
                            Answer::Now(verdict) => verdict.unwrap().is_admitted(),
                            Answer::Later(_) => panic!("it answers at once"),
                        }
                    };
                    (0..50).filter(|_| ask()).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // One unit comes back every 36 seconds.
    assert_eq!(admitted, 100);
}
