//! A refund gives back what still counts, and never more than if it had not been taken.

use bartizan_ratelimit_tiers::{Algorithm, Limit, Quota};
use proptest::prelude::*;

use crate::support::{
    ALGORITHMS, Caller, HOUR, MINUTE, OTHER, SECOND, START, Step, assert_bound, assert_exact_waits,
    beginnings, cases, costs, histories, only, play, quotas, retry_after,
};

proptest! {
    #![proptest_config(cases(1_200))]

    #[test]
    fn what_was_not_refunded_keeps_the_bound((quota, start, steps) in histories(true)) {
        let caller = Caller::new(quota, start);
        assert_bound(&play(&caller, &steps, |_, _| ()), &quota);
    }

    #[test]
    fn what_was_not_refunded_keeps_the_bound_in_a_large_entry(
        (quota, start, steps) in histories(true),
    ) {
        let caller = Caller::large(quota, start);
        assert_bound(&play(&caller, &steps, |_, _| ()), &quota);
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn a_refund_at_the_same_instant_gives_everything_back(
        (quota, start, steps) in histories(false),
        cost in any::<u32>(),
    ) {
        let caller = Caller::new(quota, start);
        play(&caller, &steps, |_, _| ());
        let before = caller.remaining();
        let cost = cost % quota.burst().saturating_add(2);
        if caller.ask(cost).is_admitted() {
            caller.refund(cost, caller.clock.nanos());
        }
        prop_assert_eq!(caller.remaining(), before);
    }

    #[test]
    fn refunding_all_of_a_burst_leaves_the_whole_quota(
        (quota, start) in (quotas(), beginnings()),
        asks in prop::collection::vec(costs(20), 1..20),
    ) {
        let caller = Caller::new(quota, start);
        let taken: Vec<u32> =
            asks.into_iter().filter(|cost| caller.ask(*cost).is_admitted()).collect();
        for cost in taken {
            caller.refund(cost, start);
        }
        prop_assert_eq!(caller.remaining(), quota.burst());
    }

    /// The same history without the request that is refunded admits at least as much. Not so of
    /// the strict algorithm, whose groups begin elsewhere without it: a unit that came back sooner
    /// may stay up to a twelfth of the period longer.
    #[test]
    fn a_refunded_request_leaves_no_more_than_if_it_had_not_been(
        (quota, start, steps) in histories(false),
    ) {
        prop_assume!(quota.algorithm() != Algorithm::Strict);
        let caller = Caller::new(quota, start);
        let without = Caller::new(quota, start);
        let mut first = None;
        for step in &steps {
            match *step {
                Step::Ask(cost) if first.is_none() => {
                    if caller.ask(cost).is_admitted() {
                        first = Some((cost, caller.clock.nanos()));
                    }
                }
                Step::Ask(cost) => {
                    if caller.ask(cost).is_admitted() {
                        prop_assert!(without.ask(cost).is_admitted());
                    }
                }
                Step::Wait(wait) => {
                    let wait = wait.nanos(caller.clock.nanos(), 0, &quota, &[]);
                    caller.clock.advance(wait);
                    without.clock.advance(wait);
                }
                Step::Refund(_) => {}
            }
        }
        if let Some((cost, taken)) = first {
            caller.refund(cost, taken);
        }
        prop_assert!(caller.remaining() <= without.remaining());
        assert_exact_waits(&caller, caller.limit(1));
    }
}

#[test]
fn gcra_gives_back_the_cost_less_what_has_leaked_out() {
    // A unit comes back every 3 s.
    let caller = Caller::new(Quota::per_minute(20).unwrap(), START);
    assert!(caller.ask(20).is_admitted());
    caller.clock.advance(6 * SECOND);
    assert_eq!(caller.remaining(), 2);
    caller.refund(20, START);
    assert_eq!(caller.remaining(), 20);

    let caller = Caller::new(Quota::per_minute(20).unwrap(), START);
    assert!(caller.ask(10).is_admitted());
    assert!(caller.ask(10).is_admitted());
    caller.clock.advance(6 * SECOND);
    // 2 units may have been of this one.
    caller.refund(10, START);
    assert_eq!(caller.remaining(), 10);
}

#[test]
fn gcra_gives_nothing_back_once_the_cost_has_leaked_out() {
    let caller = Caller::new(Quota::per_minute(20).unwrap(), START);
    assert!(caller.ask(1).is_admitted());
    caller.clock.advance(3 * SECOND);
    assert!(caller.ask(20).is_admitted());
    caller.refund(1, START);
    assert_eq!(retry_after(&caller.ask(1)), 3 * SECOND);
}

#[test]
fn a_refund_from_a_window_that_is_over_gives_nothing_back() {
    for algorithm in [Algorithm::FixedWindow, Algorithm::SlidingWindow, Algorithm::Strict] {
        let quota = Quota::per_minute(20).unwrap().counted_by(algorithm);
        let caller = Caller::new(quota, START);
        assert!(caller.ask(20).is_admitted());
        caller.clock.advance(2 * MINUTE);
        assert!(caller.ask(20).is_admitted());
        caller.refund(20, START);
        assert_eq!(caller.remaining(), 0, "{algorithm:?}");
    }
}

#[test]
fn a_sliding_window_gives_back_its_share_of_the_window_before() {
    let quota = Quota::per_minute(20).unwrap().counted_by(Algorithm::SlidingWindow);
    let caller = Caller::new(quota, START);
    assert!(caller.ask(20).is_admitted());
    caller.clock.advance(MINUTE + 30 * SECOND);
    assert_eq!(caller.remaining(), 10);
    caller.refund(10, START);
    assert_eq!(caller.remaining(), 15);
}

#[test]
fn strict_gives_back_to_the_group_that_was_taken_in() {
    let caller = Caller::new(Quota::per_minute(20).unwrap().strict(), START);
    assert!(caller.ask(15).is_admitted());
    caller.clock.advance(30 * SECOND);
    let second = caller.clock.nanos();
    assert!(caller.ask(5).is_admitted());
    caller.refund(5, second);
    assert_eq!(caller.remaining(), 5);
    assert!(caller.ask(5).is_admitted());
    caller.refund(15, START);
    assert_eq!(caller.remaining(), 15);
    assert!(caller.ask(15).is_admitted());
    assert_eq!(retry_after(&caller.ask(1)), MINUTE);
}

#[test]
fn a_refund_of_more_than_the_burst_gives_back_the_burst_that_was_counted() {
    for algorithm in ALGORITHMS {
        let quota = Quota::per_minute(20).unwrap().counted_by(algorithm);
        let caller = Caller::new(quota, START);
        assert!(caller.ask(1_000).is_admitted());
        caller.refund(1_000, START);
        assert_eq!(caller.remaining(), 20, "{algorithm:?}");
        assert_eq!(caller.drain(100), 20, "{algorithm:?}");
    }
}

#[test]
fn a_refund_changes_no_other_class_and_no_other_subject() {
    for algorithm in ALGORITHMS {
        let quota = Quota::per_hour(20).unwrap().counted_by(algorithm);
        let caller = Caller::new(quota, START);
        let other = Limit::new(OTHER, quota).with_cost(20);
        assert!(caller.ask_for(&[caller.limit(20), other]).is_admitted());
        caller.clock.advance(HOUR / 100);
        caller.refund(20, START);
        let left = only(&caller.peek_for(&[other.with_cost(0)])).remaining();
        assert_eq!(left, 0, "{algorithm:?}");
        assert_eq!(caller.remaining(), 20, "{algorithm:?}");
    }
}

#[test]
fn refunding_a_subject_that_is_not_known_makes_no_entry() {
    let caller = Caller::new(Quota::per_minute(20).unwrap(), START);
    caller.refund(5, START);
    assert_eq!(caller.store.stats().subjects, 0);
    assert_eq!(caller.remaining(), 20);
}
