//! Looking into a store and correcting it by hand.

use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Block, Limit, Manage, Mode, Override, Part, Penalty, Quota, StoreErrorKind, Timestamp,
};

use crate::support::{
    ALGORITHMS, CLASS, Caller, HOUR, MINUTE, OTHER, SECOND, START, decide, only, ready,
    retry_after, subject, subject_in,
};

fn caller() -> Caller {
    Caller::new(Quota::per_minute(20).unwrap(), START)
}

fn at(nanos: u64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

/// In this class, else in all.
fn block(caller: &Caller, class: Option<bartizan_ratelimit_tiers::ClassId>, until: u64) {
    ready(caller.store.block_until(caller.subject, class, at(until))).unwrap();
}

fn penalise(caller: &Caller, penalty: &Penalty) -> Block {
    ready(caller.store.penalty(caller.subject, CLASS, penalty)).unwrap()
}

// Peek.

#[test]
fn a_peek_makes_no_entry() {
    for algorithm in ALGORITHMS {
        let caller = Caller::new(Quota::per_minute(20).unwrap().counted_by(algorithm), START);
        for _ in 0..100 {
            let peeked = caller.peek(1);
            assert!(peeked.is_admitted());
            assert_eq!(only(&peeked).remaining(), 19);
        }
        assert_eq!(caller.store.stats().subjects, 0);
        assert_eq!(caller.drain(100), 20, "{algorithm:?}");
    }
}

#[test]
fn a_verdict_tells_when_it_was_made() {
    let caller = caller();
    assert_eq!(caller.ask(1).now(), at(START));
    caller.clock.advance(17);
    assert_eq!(caller.peek(1).now(), at(START + 17));
    assert_eq!(caller.store.now(), at(START + 17));
}

// Reset.

#[test]
fn a_reset_frees_one_class_or_all() {
    for algorithm in ALGORITHMS {
        let quota = Quota::per_hour(5).unwrap().counted_by(algorithm);
        let limits = [CLASS, OTHER].map(|class| Limit::new(class, quota).with_cost(5));
        let caller = Caller::new(quota, START);
        assert!(caller.ask_for(&limits).is_admitted());
        ready(caller.store.reset(caller.subject, Some(CLASS))).unwrap();
        assert!(caller.peek_for(&limits[..1]).is_admitted(), "{algorithm:?}");
        assert!(!caller.peek_for(&limits[1..]).is_admitted(), "{algorithm:?}");
        assert!(caller.ask_for(&limits[..1]).is_admitted());
        ready(caller.store.reset(caller.subject, None)).unwrap();
        assert!(caller.ask_for(&limits).is_admitted(), "{algorithm:?}");
    }
}

#[test]
fn a_reset_lifts_blocks_and_forgets_penalties() {
    let caller = caller();
    let penalty = Penalty::doubling(
        Duration::from_secs(60),
        Duration::from_secs(600),
        Duration::from_secs(600),
    );
    assert_eq!(penalise(&caller, &penalty).strikes, 1);
    caller.clock.advance(MINUTE);
    assert_eq!(penalise(&caller, &penalty).strikes, 2);
    ready(caller.store.reset(caller.subject, Some(CLASS))).unwrap();
    assert!(caller.ask(1).is_admitted());
    assert_eq!(penalise(&caller, &penalty).strikes, 1);
    block(&caller, None, START + HOUR);
    ready(caller.store.reset(caller.subject, None)).unwrap();
    assert!(caller.ask(1).is_admitted());
}

#[test]
fn a_reset_of_one_class_leaves_the_block_of_all() {
    let caller = caller();
    block(&caller, None, START + HOUR);
    ready(caller.store.reset(caller.subject, Some(CLASS))).unwrap();
    assert!(!caller.ask(1).is_admitted());
}

#[test]
fn a_reset_leaves_overrides() {
    let caller = caller();
    let own = Quota::per_minute(50).unwrap();
    let overriding = Override { quota: own, until: None };
    ready(caller.store.set_override(caller.subject, CLASS, Some(overriding))).unwrap();
    assert_eq!(caller.drain(100), 50);
    ready(caller.store.reset(caller.subject, None)).unwrap();
    assert_eq!(caller.drain(100), 50);
}

#[test]
fn a_reset_of_an_unknown_subject_makes_no_entry() {
    let caller = caller();
    ready(caller.store.reset(caller.subject, None)).unwrap();
    assert_eq!(caller.store.stats().subjects, 0);
}

// Blocks.

#[test]
fn a_block_of_a_class_is_over_at_its_end_and_not_before() {
    for algorithm in ALGORITHMS {
        let caller = Caller::new(Quota::per_minute(20).unwrap().counted_by(algorithm), START);
        block(&caller, Some(CLASS), START + HOUR);
        assert_eq!(retry_after(&caller.ask(1)), HOUR);
        let other = Limit::new(OTHER, caller.quota);
        assert!(caller.ask_for(&[other]).is_admitted());
        caller.clock.advance(HOUR - 1);
        assert_eq!(retry_after(&caller.ask(1)), 1);
        caller.clock.advance(1);
        assert_eq!(caller.drain(100), 20, "{algorithm:?}");
    }
}

#[test]
fn a_block_of_all_classes_refuses_each() {
    let caller = caller();
    block(&caller, None, START + HOUR);
    for class in [CLASS, OTHER] {
        assert_eq!(retry_after(&caller.ask_for(&[Limit::new(class, caller.quota)])), HOUR);
    }
    let neighbour = Caller { subject: subject(8), ..caller };
    assert!(neighbour.ask(1).is_admitted());
}

#[test]
fn a_time_that_has_passed_lifts_a_block() {
    for class in [Some(CLASS), None] {
        let caller = caller();
        block(&caller, class, START + HOUR);
        assert!(!caller.ask(1).is_admitted());
        block(&caller, class, START);
        assert!(caller.ask(1).is_admitted());
    }
}

#[test]
fn the_longer_of_a_block_and_the_quota_is_told() {
    let caller = caller();
    assert_eq!(caller.drain(100), 20);
    block(&caller, Some(CLASS), START + SECOND);
    assert_eq!(retry_after(&caller.ask(1)), 3 * SECOND);
    block(&caller, None, START + 10 * SECOND);
    assert_eq!(retry_after(&caller.ask(1)), 10 * SECOND);
}

#[test]
fn a_block_consumes_nothing_and_tells_what_is_left() {
    for algorithm in ALGORITHMS {
        let caller = Caller::new(Quota::per_minute(20).unwrap().counted_by(algorithm), START);
        assert!(caller.ask(5).is_admitted());
        block(&caller, Some(CLASS), START + SECOND);
        for _ in 0..10 {
            let refused = caller.ask(1);
            assert!(!refused.is_admitted());
            assert_eq!(only(&refused).remaining(), 15, "{algorithm:?}");
        }
        caller.clock.advance(SECOND);
        assert_eq!(caller.drain(100), 15, "{algorithm:?}");
    }
}

#[test]
fn a_shadow_limit_does_not_refuse_a_blocked_subject() {
    let caller = caller();
    block(&caller, None, START + HOUR);
    let verdict = caller.ask_for(&[caller.limit(1).with_mode(Mode::Shadow)]);
    assert!(verdict.is_admitted());
    assert!(!only(&verdict).is_admitted());
    assert_eq!(retry_after(&verdict), HOUR);
}

#[test]
fn a_blocked_subject_refuses_the_whole_request() {
    let caller = caller();
    block(&caller, None, START + HOUR);
    let limits = [caller.limit(1)];
    let other = subject(8);
    let parts = [
        Part { subject: other, limits: &limits },
        Part { subject: caller.subject, limits: &limits },
    ];
    for _ in 0..5 {
        assert!(!decide(&caller.store, &parts).is_admitted());
    }
    let other = Caller { subject: other, ..caller };
    assert_eq!(other.remaining(), 20);
}

// Penalties.

#[test]
fn penalties_double_up_to_the_longest() {
    let caller = caller();
    let penalty = Penalty::doubling(
        Duration::from_secs(10),
        Duration::from_secs(60),
        Duration::from_secs(3_600),
    );
    for (strikes, seconds) in [(1, 10), (2, 20), (3, 40), (4, 60), (5, 60), (6, 60)] {
        let now = caller.clock.nanos();
        let stands = penalise(&caller, &penalty);
        assert_eq!(stands, Block { until: at(now + seconds * SECOND), strikes });
        assert_eq!(retry_after(&caller.ask(1)), seconds * SECOND);
        caller.clock.advance(seconds * SECOND);
        assert!(caller.ask(1).is_admitted());
        assert_eq!(penalty.block(strikes), Duration::from_secs(seconds));
    }
}

#[test]
fn penalties_are_forgotten_when_a_block_was_over_for_as_long_as_is_remembered() {
    let penalty = Penalty::doubling(
        Duration::from_secs(10),
        Duration::from_secs(60),
        Duration::from_secs(100),
    );
    for (wait, strikes) in [(110 * SECOND - 1, 2), (110 * SECOND, 1)] {
        let caller = caller();
        assert_eq!(penalise(&caller, &penalty).strikes, 1);
        caller.clock.advance(wait);
        assert_eq!(penalise(&caller, &penalty).strikes, strikes);
    }
}

#[test]
fn a_penalty_does_not_shorten_a_longer_block() {
    let caller = caller();
    block(&caller, Some(CLASS), START + HOUR);
    let penalty = Penalty::doubling(
        Duration::from_secs(10),
        Duration::from_secs(60),
        Duration::from_secs(100),
    );
    assert_eq!(penalise(&caller, &penalty).until, at(START + HOUR));
    assert_eq!(retry_after(&caller.ask(1)), HOUR);
}

#[test]
fn penalties_without_end_do_not_overflow() {
    let penalty = Penalty::doubling(Duration::from_secs(1), Duration::MAX, Duration::MAX);
    assert_eq!(penalty.block(0), Duration::from_secs(1));
    assert_eq!(penalty.block(32), Duration::from_secs(1 << 31));
    assert!(penalty.block(u32::MAX) >= penalty.block(32));
    let caller = caller();
    for _ in 0..100 {
        penalise(&caller, &penalty);
    }
    assert!(!caller.ask(1).is_admitted());
}

// A flood.

/// Fills one shard of a small store with subjects that are exhausted.
fn flood(caller: &Caller) {
    for number in 0..5_000 {
        let part =
            Part { subject: subject_in(0, 1_000 + number), limits: &[caller.limit(u32::MAX)] };
        decide(&caller.store, &[part]);
    }
}

fn in_the_flood() -> Caller {
    Caller { subject: subject_in(0, 1), ..caller() }
}

#[test]
fn a_blocked_subject_survives_a_flood() {
    let caller = in_the_flood();
    block(&caller, None, START + HOUR);
    flood(&caller);
    caller.clock.advance(5 * MINUTE);
    flood(&caller);
    assert_eq!(retry_after(&caller.ask(1)), 55 * MINUTE);
}

#[test]
fn a_penalised_subject_survives_a_flood() {
    let caller = in_the_flood();
    let penalty = Penalty::doubling(
        Duration::from_secs(10),
        Duration::from_secs(60),
        Duration::from_secs(3_600),
    );
    penalise(&caller, &penalty);
    caller.clock.advance(5 * MINUTE);
    flood(&caller);
    assert_eq!(penalise(&caller, &penalty).strikes, 2);
}

#[test]
fn an_overridden_subject_survives_a_flood() {
    let caller = in_the_flood();
    let own = Override { quota: Quota::per_minute(50).unwrap(), until: None };
    ready(caller.store.set_override(caller.subject, CLASS, Some(own))).unwrap();
    flood(&caller);
    caller.clock.advance(5 * MINUTE);
    flood(&caller);
    assert_eq!(caller.drain(100), 50);
}

#[test]
fn a_flood_leaves_no_room_for_a_block_and_says_so() {
    let caller = in_the_flood();
    flood(&caller);
    let error = ready(caller.store.block_until(caller.subject, None, at(START + HOUR)));
    let error = error.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full);
    assert_eq!(error.to_string(), "the store of the limits has no room");
}

#[test]
fn a_reset_needs_no_room() {
    for class in [Some(CLASS), None] {
        let caller = in_the_flood();
        assert_eq!(caller.drain(100), 20);
        flood(&caller);
        assert!(!caller.ask(1).is_admitted());
        ready(caller.store.reset(caller.subject, class)).unwrap();
        assert!(caller.ask(1).is_admitted());
    }
}
