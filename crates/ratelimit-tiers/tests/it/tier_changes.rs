//! What becomes of the consumption when the quota of a subject changes.

use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Algorithm, Limit, Manage, Mode, Override, Quota, TierChange, Timestamp,
};
use proptest::prelude::*;

use crate::support::{
    ALGORITHMS, CLASS, Caller, HOUR, MINUTE, OTHER, SECOND, START, Taken, algorithms,
    assert_conforms, assert_exact_waits, cases, histories, most_in_aligned_window,
    most_in_any_window, nanos, only, play, quotas, ready, retry_after, waits,
};

fn per_minute(limit: u32, algorithm: Algorithm) -> Quota {
    Quota::per_minute(limit).unwrap().counted_by(algorithm)
}

/// Each algorithm with each, in a small entry and in a large one.
fn pairs() -> impl Iterator<Item = (Algorithm, Algorithm, fn(Quota, u64) -> Caller)> {
    let callers: [fn(Quota, u64) -> Caller; 2] = [Caller::new, Caller::large];
    ALGORITHMS.into_iter().flat_map(move |from| {
        ALGORITHMS
            .into_iter()
            .flat_map(move |to| callers.into_iter().map(move |caller| (from, to, caller)))
    })
}

fn limit(quota: Quota, change: TierChange) -> Limit {
    Limit::new(CLASS, quota).with_change(change)
}

fn left(caller: &Caller, limit: Limit) -> u32 {
    only(&caller.peek_for(&[limit.with_cost(0)])).remaining()
}

fn drain(caller: &Caller, limit: Limit) -> u32 {
    let admitted = (0..1_000).take_while(|_| caller.ask_for(&[limit]).is_admitted());
    u32::try_from(admitted.count()).unwrap()
}

// One change.

#[test]
fn keeping_makes_20_of_20_to_20_of_100() {
    for (from, to, caller) in pairs() {
        let caller = caller(per_minute(20, from), START);
        assert_eq!(caller.drain(100), 20);
        let after = limit(per_minute(100, to), TierChange::Keep);
        assert_eq!(left(&caller, after), 80, "{from:?} to {to:?}");
        assert_eq!(drain(&caller, after), 80, "{from:?} to {to:?}");
    }
}

#[test]
fn keeping_counts_units_whatever_the_period() {
    for (from, to, caller) in pairs() {
        let caller = caller(per_minute(20, from), START);
        assert!(caller.ask(13).is_admitted());
        let hourly = Quota::per_hour(100).unwrap().counted_by(to);
        assert_eq!(drain(&caller, limit(hourly, TierChange::Keep)), 87, "{from:?} to {to:?}");
    }
}

#[test]
fn proportions_make_20_of_20_to_100_of_100() {
    for (from, to, caller) in pairs() {
        let caller = caller(per_minute(20, from), START);
        assert_eq!(caller.drain(100), 20);
        let after = limit(per_minute(100, to), TierChange::Proportional);
        assert_eq!(left(&caller, after), 0, "{from:?} to {to:?}");
        assert_eq!(drain(&caller, after), 0, "{from:?} to {to:?}");
    }
}

#[test]
fn proportions_are_rounded_up() {
    for (from, to, caller) in pairs() {
        let caller = caller(per_minute(3, from), START);
        assert!(caller.ask(1).is_admitted());
        // A third of 100 is 33.3.
        let after = limit(per_minute(100, to), TierChange::Proportional);
        assert_eq!(left(&caller, after), 66, "{from:?} to {to:?}");
        assert_eq!(drain(&caller, after), 66, "{from:?} to {to:?}");
    }
}

#[test]
fn resetting_frees_everything() {
    for (from, to, caller) in pairs() {
        let caller = caller(per_minute(20, from), START);
        assert_eq!(caller.drain(100), 20);
        let after = limit(per_minute(100, to), TierChange::Reset);
        assert_eq!(drain(&caller, after), 100, "{from:?} to {to:?}");
    }
}

#[test]
fn after_a_downgrade_no_more_than_the_new_burst_is_consumed() {
    for (from, to, caller) in pairs() {
        for change in [TierChange::Keep, TierChange::Proportional] {
            let caller = caller(per_minute(100, from), START);
            assert_eq!(caller.drain(200), 100);
            let after = limit(per_minute(20, to), change);
            assert_eq!(left(&caller, after), 0, "{from:?} to {to:?}, {change:?}");
            let refused = only(&caller.ask_for(&[after]));
            assert!(refused.retry_after() > Duration::ZERO);
            // Never longer than the longer of what both algorithms remember.
            assert!(nanos(refused.reset_after()) <= 2 * MINUTE, "{from:?} to {to:?}, {change:?}");
        }
    }
}

#[test]
fn after_a_downgrade_the_wait_that_is_told_is_kept() {
    for (from, to, caller) in pairs() {
        for change in [TierChange::Keep, TierChange::Proportional] {
            let caller = caller(per_minute(100, from), START);
            assert_eq!(caller.drain(200), 100);
            let after = limit(per_minute(20, to), change);
            let told = retry_after(&caller.ask_for(&[after]));
            caller.clock.advance(told - 1);
            assert!(!caller.ask_for(&[after]).is_admitted(), "{from:?} to {to:?}, {change:?}");
            caller.clock.advance(1);
            assert!(caller.ask_for(&[after]).is_admitted(), "{from:?} to {to:?}, {change:?}");
        }
    }
}

fn changes() -> impl Strategy<Value = TierChange> {
    prop::sample::select(vec![TierChange::Keep, TierChange::Proportional])
}

proptest! {
    #![proptest_config(cases(800))]

    #[test]
    fn waits_are_exact_under_another_quota(
        (quota, start, steps) in histories(false),
        other in quotas(),
        change in changes(),
        cost in 0..60_u32,
        large: bool,
    ) {
        let caller = if large { Caller::large(quota, start) } else { Caller::new(quota, start) };
        play(&caller, &steps, |_, _| ());
        let other = limit(other, change).with_cost(cost);
        assert_exact_waits(&caller, other);
        caller.ask_for(&[other]);
        assert_exact_waits(&caller, other);
    }

    /// Nothing is lost by what another tier refuses, looks at or only counts in the shadow.
    #[test]
    fn a_request_that_consumes_nothing_carries_nothing_to_its_quota(
        (quota, start, steps) in histories(false),
        other in quotas(),
        change in prop::sample::select(
            vec![TierChange::Keep, TierChange::Proportional, TierChange::Reset],
        ),
        large: bool,
    ) {
        let caller = if large { Caller::large(quota, start) } else { Caller::new(quota, start) };
        let other = limit(other, change);
        play(&caller, &steps, |caller, limit| {
            let before = only(&caller.peek_for(&[limit]));
            caller.peek_for(&[other]);
            assert!(caller.ask_for(&[other.with_cost(0)]).is_admitted());
            if !caller.peek_for(&[other]).is_admitted() {
                assert!(!caller.ask_for(&[other]).is_admitted());
                assert!(caller.ask_for(&[other.with_mode(Mode::Shadow)]).is_admitted());
            }
            assert_eq!(only(&caller.peek_for(&[limit])), before);
        });
    }
}

// Many changes.

#[derive(Clone, Copy, Debug)]
struct Toggle {
    upper: bool,
    cost: u32,
    wait: crate::support::Wait,
}

fn toggles() -> impl Strategy<Value = Vec<Toggle>> {
    let toggle = (any::<bool>(), prop_oneof![4 => Just(1_u32), 1 => 0..60_u32], waits())
        .prop_map(|(upper, cost, wait)| Toggle { upper, cost, wait });
    let calm = (any::<bool>(), 0..30_u32).prop_map(|(upper, cost)| Toggle {
        upper,
        cost,
        wait: crate::support::Wait::OfPeriod(0),
    });
    prop::collection::vec(prop_oneof![1 => toggle, 2 => calm], 1..150)
}

/// Lets one subject ask under two quotas in turn.
fn toggle(caller: &Caller, steps: &[Toggle], lower: Limit, upper: Limit) -> Vec<Taken> {
    let mut taken = Vec::new();
    let mut told = 0;
    for step in steps {
        let limit = if step.upper { upper } else { lower };
        let now = caller.clock.nanos();
        caller.clock.advance(step.wait.nanos(now, told, limit.quota(), &taken));
        let verdict = caller.ask_for(&[limit.with_cost(step.cost)]);
        told = retry_after(&verdict);
        if verdict.is_admitted() && step.cost > 0 {
            let units = step.cost.min(limit.quota().burst()).into();
            taken.push(Taken { at: caller.clock.nanos(), units });
        }
    }
    taken
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn toggling_tiers_admits_no_more_than_the_larger_one(
        algorithm in algorithms(),
        (fewer, more) in (1..=20_u32, 20..=60_u32),
        steps in toggles(),
        large: bool,
    ) {
        let (lower, upper) = (per_minute(fewer, algorithm), per_minute(more, algorithm));
        let caller = if large { Caller::large(lower, START) } else { Caller::new(lower, START) };
        let keep = |quota| limit(quota, TierChange::Keep);
        let taken = toggle(&caller, &steps, keep(lower), keep(upper));
        crate::support::assert_bound(&taken, &upper);
    }

    /// Counted in shares of the tier that each was taken under, the whole is never exceeded.
    #[test]
    fn toggling_tiers_in_proportion_admits_no_more_than_the_whole_share(
        algorithm in algorithms(),
        (fewer, more) in (1..=20_u32, 20..=60_u32),
        steps in toggles(),
        large: bool,
    ) {
        let (lower, upper) = (per_minute(fewer, algorithm), per_minute(more, algorithm));
        let caller = if large { Caller::large(lower, START) } else { Caller::new(lower, START) };
        let shared = |quota| limit(quota, TierChange::Proportional);
        let taken = toggle(&caller, &steps, shared(lower), shared(upper));
        crate::support::assert_bound(&taken, &upper);
    }

    /// A fixed window that ends between two changes takes what it counted with it, once in any
    /// window; the rest is the worst of one algorithm.
    #[test]
    fn toggling_algorithms_admits_at_most_three_times_the_larger_limit(
        by in (algorithms(), algorithms()),
        (fewer, more) in (1..=20_u32, 20..=60_u32),
        change in changes(),
        steps in toggles(),
    ) {
        let (lower, upper) = (per_minute(fewer, by.0), per_minute(more, by.1));
        let caller = Caller::new(lower, START);
        let taken = toggle(&caller, &steps, limit(lower, change), limit(upper, change));
        let most = most_in_any_window(&taken, MINUTE);
        prop_assert!(most <= 3 * u64::from(more), "{most} under {lower} and {upper}");
        if !matches!(by, (Algorithm::FixedWindow, _) | (_, Algorithm::FixedWindow)) {
            prop_assert!(most < 2 * u64::from(more), "{most} under {lower} and {upper}");
        }
    }
}

#[test]
fn a_refusal_by_a_lower_tier_frees_nothing_of_the_higher_one() {
    for (from, to, caller) in pairs() {
        let caller = caller(per_minute(100, from), START);
        assert_eq!(caller.drain(200), 100);
        let lower = limit(per_minute(20, to), TierChange::Keep);
        for _ in 0..10 {
            assert!(!caller.ask_for(&[lower]).is_admitted());
            assert!(!caller.ask(1).is_admitted(), "{from:?} to {to:?}");
        }
    }
}

#[test]
fn asking_under_two_tiers_in_turn_is_served_at_half_the_lower_rate_at_least() {
    for algorithm in ALGORITHMS {
        let lower = limit(per_minute(20, algorithm), TierChange::Keep);
        let upper = limit(per_minute(30, algorithm), TierChange::Keep);
        let caller = Caller::new(*lower.quota(), START);
        let mut admitted = 0;
        for tick in 0..10 * 600 {
            let limit = if tick % 2 == 0 { lower } else { upper };
            admitted += u32::from(caller.ask_for(&[limit]).is_admitted());
            caller.clock.advance(SECOND / 10);
        }
        assert!(admitted >= 10 * 10, "{admitted} by {algorithm:?}");
    }
}

#[test]
fn two_tiers_of_gcra_keep_a_bound_together() {
    let caller = Caller::new(Quota::per_minute(20).unwrap(), START);
    let (lower, upper) = (per_minute(20, Algorithm::Gcra), per_minute(100, Algorithm::Gcra));
    let mut taken = Vec::new();
    for tick in 0..60_000_u64 {
        let quota = if tick % 3 == 0 { upper } else { lower };
        if caller.ask_for(&[limit(quota, TierChange::Keep)]).is_admitted() {
            taken.push(Taken { at: caller.clock.nanos(), units: 1 });
        }
        caller.clock.advance(SECOND / 500);
    }
    taken.truncate(1_000);
    assert_conforms(&taken, 100, 100, MINUTE);
    assert!(most_in_aligned_window(&taken, MINUTE) < 200);
}

// Overrides.

fn overriding(caller: &Caller, own: Option<Override>) {
    ready(caller.store.set_override(caller.subject, CLASS, own)).unwrap();
}

#[test]
fn an_override_stands_in_for_the_quota_that_is_asked() {
    for (from, to, caller) in pairs() {
        let caller = caller(per_minute(20, from), START);
        assert_eq!(caller.drain(100), 20);
        let own = per_minute(100, to);
        overriding(&caller, Some(Override { quota: own, until: None }));
        let verdict = caller.ask(1);
        assert!(verdict.is_admitted(), "{from:?} to {to:?}");
        assert_eq!(*only(&verdict).quota(), own);
        assert_eq!(only(&verdict).remaining(), 79, "{from:?} to {to:?}");
        assert_eq!(caller.drain(100), 79, "{from:?} to {to:?}");
    }
}

#[test]
fn an_override_is_over_at_its_end_and_not_before() {
    for algorithm in ALGORITHMS {
        let caller = Caller::new(per_minute(20, algorithm), START);
        let until = Timestamp::from_nanos(START + 30 * SECOND);
        let own = per_minute(50, algorithm);
        overriding(&caller, Some(Override { quota: own, until: Some(until) }));
        assert_eq!(caller.drain(30), 30);
        caller.clock.set(until.as_nanos() - 1);
        assert_eq!(*only(&caller.peek(1)).quota(), own);
        caller.clock.advance(1);
        assert_eq!(*only(&caller.peek(1)).quota(), caller.quota, "{algorithm:?}");
    }
}

#[test]
fn taking_an_override_away_keeps_what_was_consumed() {
    for algorithm in ALGORITHMS {
        let caller = Caller::new(per_minute(20, algorithm), START);
        overriding(&caller, Some(Override { quota: per_minute(50, algorithm), until: None }));
        assert_eq!(caller.drain(15), 15);
        overriding(&caller, None);
        assert_eq!(caller.drain(100), 5, "{algorithm:?}");
    }
}

#[test]
fn an_override_is_of_one_class_and_one_subject() {
    let caller = Caller::new(per_minute(20, Algorithm::Gcra), START);
    overriding(&caller, Some(Override { quota: per_minute(50, Algorithm::Gcra), until: None }));
    let other = Limit::new(OTHER, caller.quota);
    assert_eq!(only(&caller.peek_for(&[other])).quota().limit(), 20);
    let neighbour = Caller { subject: crate::support::subject(8), ..caller };
    assert_eq!(only(&neighbour.peek(1)).quota().limit(), 20);
}

#[test]
fn toggling_an_override_frees_nothing() {
    for algorithm in ALGORITHMS {
        let caller = Caller::new(per_minute(20, algorithm), START);
        let own = Override { quota: per_minute(50, algorithm), until: None };
        let mut admitted = 0;
        for _ in 0..20 {
            overriding(&caller, Some(own));
            admitted += caller.drain(100);
            overriding(&caller, None);
            admitted += caller.drain(100);
        }
        assert_eq!(admitted, 50, "{algorithm:?}");
    }
}

#[test]
fn an_override_may_be_lower_than_the_quota() {
    for algorithm in ALGORITHMS {
        let caller = Caller::new(per_minute(20, algorithm), START);
        let own = Quota::per_hour(1).unwrap().counted_by(algorithm);
        overriding(&caller, Some(Override { quota: own, until: None }));
        assert_eq!(caller.drain(100), 1, "{algorithm:?}");
        assert_eq!(retry_after(&caller.ask(1)), {
            match algorithm {
                Algorithm::SlidingWindow => 2 * HOUR,
                _ => HOUR,
            }
        });
    }
}
