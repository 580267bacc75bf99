//! Each algorithm keeps the bound it states, in any window, and tells exact waits.

use std::time::Duration;

use bartizan_ratelimit_tiers::{Algorithm, ClassId, Limit, Mode, Part, Quota, Verdict};
use proptest::prelude::*;

use crate::support::{
    ALGORITHMS, Bounds, Caller, DAY, HOUR, MINUTE, SECOND, START, Step, Taken, Wait, algorithms,
    assert_bound, assert_exact_waits, beginnings, cases, costs, decide, histories,
    most_in_any_window, only, peek, play, quotas, quotas_by, reset_after, retry_after, subject,
    waits,
};

proptest! {
    #![proptest_config(cases(1_200))]

    #[test]
    fn any_history_keeps_the_bound_of_its_algorithm(
        (quota, start, steps) in histories(false),
        large: bool,
    ) {
        let caller = if large { Caller::large(quota, start) } else { Caller::new(quota, start) };
        assert_bound(&play(&caller, &steps, |_, _| ()), &quota);
    }

    #[test]
    fn large_and_small_entries_decide_alike((quota, start, steps) in histories(true)) {
        let (small, large) = (Caller::new(quota, start), Caller::large(quota, start));
        prop_assert_eq!(play(&small, &steps, |_, _| ()), play(&large, &steps, |_, _| ()));
        prop_assert_eq!(only(&small.peek(1)), only(&large.peek(1)));
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn waits_are_exact_after_any_history((quota, start, steps) in histories(true)) {
        let caller = Caller::new(quota, start);
        play(&caller, &steps, assert_exact_waits);
    }

    #[test]
    fn remaining_is_what_one_more_request_may_cost((quota, start, steps) in histories(true)) {
        let caller = Caller::new(quota, start);
        play(&caller, &steps, |caller, _| {
            let left = caller.remaining();
            assert!(left <= quota.burst());
            assert!(caller.peek(left).is_admitted(), "{left} are left");
            if left < quota.burst() {
                assert!(!caller.peek(left + 1).is_admitted(), "only {left} are left");
            }
        });
    }

    #[test]
    fn remaining_is_how_many_requests_are_admitted_now((quota, start, steps) in histories(true)) {
        let caller = Caller::new(quota, start);
        play(&caller, &steps, |_, _| ());
        let left = caller.remaining();
        prop_assert_eq!(caller.drain(300), left.min(300));
    }

    #[test]
    fn a_peek_agrees_with_the_decision_that_follows((quota, start, steps) in histories(true)) {
        let caller = Caller::new(quota, start);
        play(&caller, &steps, |caller, limit| {
            let peeked = only(&caller.peek_for(&[limit]));
            assert_eq!(peeked, only(&caller.peek_for(&[limit])), "a peek consumes nothing");
            let twin = caller.store.clone();
            let decided = decide(&twin, &[Part { subject: caller.subject, limits: &[limit] }]);
            assert_eq!(peeked, only(&decided));
            // What was decided here is given back, so that the history goes on as it was.
            if decided.is_admitted() {
                caller.refund_for(&[limit], caller.clock.nanos());
            }
        });
    }

    #[test]
    fn a_request_that_costs_nothing_consumes_nothing((quota, start, steps) in histories(true)) {
        let caller = Caller::new(quota, start);
        play(&caller, &steps, |caller, _| {
            let before = only(&caller.peek(1));
            let looked = caller.ask(0);
            assert!(looked.is_admitted());
            assert_eq!(before, only(&caller.peek(1)));
        });
    }

    #[test]
    fn a_refusal_changes_nothing((quota, start, steps) in histories(true)) {
        let caller = Caller::new(quota, start);
        play(&caller, &steps, |caller, limit| {
            if !caller.peek_for(&[limit]).is_admitted() {
                let before = [only(&caller.peek(0)), only(&caller.peek(1))];
                assert!(!caller.ask_for(&[limit]).is_admitted());
                assert_eq!(before, [only(&caller.peek(0)), only(&caller.peek(1))]);
            }
        });
    }

    #[test]
    fn a_cost_above_the_burst_counts_as_the_burst(quota in quotas(), over in 1..1_000_u32) {
        let caller = Caller::new(quota, START);
        let verdict = caller.ask(quota.burst().saturating_add(over));
        prop_assert!(verdict.is_admitted());
        prop_assert_eq!(only(&verdict).remaining(), 0);
    }
}

// The generic cell rate algorithm.

/// Time credit that grows with the clock up to a full burst: the same promise, written the other
/// way round.
struct Bucket {
    credit: u128,
    at: u64,
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn gcra_is_a_bucket_that_fills_evenly(
        (quota, start) in (quotas_by(Algorithm::Gcra), beginnings()),
        asks in prop::collection::vec((waits(), any::<u32>(), 0..4_u8), 1..80),
    ) {
        let Bounds { burst, interval, .. } = Bounds::of(&quota);
        let capacity = u128::from(burst) * u128::from(interval);
        let mut bucket = Bucket { credit: capacity, at: start };
        let caller = Caller::new(quota, start);
        let mut told = 0;
        for (wait, cost, kind) in asks {
            let cost = if kind == 0 { cost % (quota.burst().saturating_add(3)) } else { cost % 3 };
            caller.clock.advance(wait.nanos(caller.clock.nanos(), told, &quota, &[]));
            let now = caller.clock.nanos();
            bucket.credit = capacity.min(bucket.credit + u128::from(now - bucket.at));
            bucket.at = now;
            let price = u128::from(cost.min(quota.burst())) * u128::from(interval);
            let missing = price.saturating_sub(bucket.credit);
            if missing == 0 {
                bucket.credit -= price;
            }
            let verdict = caller.ask(cost);
            told = retry_after(&verdict);
            prop_assert_eq!(u128::from(told), missing);
            prop_assert_eq!(verdict.is_admitted(), missing == 0);
            prop_assert_eq!(u128::from(reset_after(&verdict)), capacity - bucket.credit);
            let left = u128::from(only(&verdict).remaining());
            prop_assert_eq!(left, bucket.credit / u128::from(interval));
        }
    }

    #[test]
    fn gcra_gives_a_greedy_client_the_promised_rate(
        quota in quotas_by(Algorithm::Gcra),
        waits in 1..200_u32,
    ) {
        let Bounds { limit, period, interval, .. } = Bounds::of(&quota);
        // Within the time that a clock can tell.
        prop_assume!(interval < 366 * DAY);
        let caller = Caller::new(quota, START);
        prop_assert!(caller.ask(quota.burst()).is_admitted());
        for _ in 0..waits {
            let told = retry_after(&caller.ask(1));
            prop_assert_eq!(told, interval);
            caller.clock.advance(told);
            prop_assert!(caller.ask(1).is_admitted());
        }
        // A unit comes back less than a nanosecond later than the division says.
        let elapsed = u128::from(caller.clock.nanos() - START);
        let promised = u128::from(waits) * u128::from(period) / u128::from(limit);
        prop_assert!(elapsed >= promised && elapsed <= promised + u128::from(waits));
    }
}

#[test]
fn gcra_admits_one_less_than_twice_the_limit_in_a_window() {
    let caller = Caller::new(Quota::per_minute(20).unwrap(), START);
    assert_eq!(caller.drain(100), 20);
    let mut admitted = 20;
    for _ in 1..60 * 1_000 {
        caller.clock.advance(SECOND / 1_000);
        admitted += caller.drain(100);
    }
    assert_eq!(admitted, 39);
}

#[test]
fn gcra_with_a_burst_admits_it_at_once_and_then_the_rate() {
    let caller = Caller::new(Quota::per_second(10).unwrap().with_burst(25).unwrap(), START);
    assert_eq!(caller.drain(100), 25);
    caller.clock.advance(SECOND);
    assert_eq!(caller.drain(100), 10);
    caller.clock.advance(HOUR);
    assert_eq!(caller.drain(100), 25);
}

// Never more than the limit in any window.

proptest! {
    #![proptest_config(cases(800))]

    #[test]
    fn strict_gives_each_unit_back_between_one_period_and_thirteen_twelfths(
        (quota, start) in (quotas_by(Algorithm::Strict), beginnings()),
        asks in prop::collection::vec((waits(), any::<u32>(), 0..4_u8), 1..80),
    ) {
        let Bounds { limit, period, .. } = Bounds::of(&quota);
        let caller = Caller::new(quota, start);
        let mut taken: Vec<Taken> = Vec::new();
        let mut told = 0;
        for (wait, cost, kind) in asks {
            let cost = if kind == 0 { cost % (quota.limit().saturating_add(3)) } else { cost % 3 };
            caller.clock.advance(wait.nanos(caller.clock.nanos(), told, &quota, &taken));
            let now = caller.clock.nanos();
            let units = u64::from(cost.min(quota.limit()));
            let since = |elapsed: &dyn Fn(u128) -> bool| -> u64 {
                let counts = taken.iter().filter(|taken| elapsed((now - taken.at).into()));
                counts.map(|taken| taken.units).sum()
            };
            let period = u128::from(period);
            let surely = since(&|elapsed| elapsed < period);
            let perhaps = since(&|elapsed| elapsed * 12 < period * 13);
            let verdict = caller.ask(cost);
            told = retry_after(&verdict);
            if verdict.is_admitted() {
                prop_assert!(surely + units <= limit, "{surely} and {units} more");
                if cost > 0 {
                    taken.push(Taken { at: now, units });
                }
            } else {
                prop_assert!(perhaps + units > limit, "only {perhaps} and {units} more");
            }
        }
        prop_assert!(most_in_any_window(&taken, period) <= limit);
    }
}

#[test]
fn strict_tells_a_burst_to_wait_one_whole_period() {
    let caller = Caller::new(Quota::per_minute(20).unwrap().strict(), START + 12_345);
    assert_eq!(caller.drain(100), 20);
    let refused = caller.ask(1);
    assert_eq!(only(&refused).retry_after(), Duration::from_secs(60));
    assert_eq!(only(&refused).reset_after(), Duration::from_secs(60));
    caller.clock.advance(MINUTE - 1);
    assert_eq!(caller.drain(100), 0);
    caller.clock.advance(1);
    assert_eq!(caller.drain(100), 20);
}

#[test]
fn strict_keeps_a_unit_for_at_most_a_twelfth_longer() {
    let caller = Caller::new(Quota::per_minute(2).unwrap().strict(), START);
    assert!(caller.ask(1).is_admitted());
    // 5 s is a twelfth: a request just before still belongs to the same group.
    caller.clock.advance(5 * SECOND - 1);
    assert!(caller.ask(1).is_admitted());
    assert_eq!(retry_after(&caller.ask(1)), MINUTE);
    caller.clock.set(START + MINUTE);
    assert_eq!(retry_after(&caller.ask(1)), 5 * SECOND - 1);
    caller.clock.set(START + 65 * SECOND - 1);
    assert_eq!(caller.drain(100), 2);
}

#[test]
fn strict_begins_a_new_group_after_a_twelfth() {
    let caller = Caller::new(Quota::per_minute(2).unwrap().strict(), START);
    assert!(caller.ask(1).is_admitted());
    caller.clock.advance(5 * SECOND);
    assert!(caller.ask(1).is_admitted());
    assert_eq!(retry_after(&caller.ask(1)), 55 * SECOND);
    caller.clock.set(START + MINUTE);
    assert_eq!(caller.drain(100), 1);
}

#[test]
fn strict_serves_an_even_client_twelve_thirteenths_of_the_rate_at_least() {
    let caller = Caller::new(Quota::per_minute(60).unwrap().strict(), START);
    let admitted = (0..13 * 60).filter(|_| {
        caller.clock.advance(SECOND);
        caller.ask(1).is_admitted()
    });
    assert!(admitted.count() >= 12 * 60);
}

// Windows of the calendar.

#[test]
fn a_day_begins_at_midnight_utc() {
    let quota = Quota::per_day(3).unwrap().counted_by(Algorithm::FixedWindow);
    // 2026-03-14T23:59:59.999999999Z: 72 whole days after the new year, and the 73rd but 1 ns.
    let caller = Caller::new(quota, START + 73 * DAY - 1);
    assert_eq!(caller.drain(10), 3);
    assert_eq!(retry_after(&caller.ask(1)), 1);
    caller.clock.advance(1);
    assert_eq!(caller.drain(10), 3);
    assert_eq!(retry_after(&caller.ask(1)), DAY);
    assert_eq!(reset_after(&caller.ask(1)), DAY);
}

#[test]
fn two_fixed_windows_meet_with_twice_the_limit() {
    let quota = Quota::per_minute(20).unwrap().counted_by(Algorithm::FixedWindow);
    let caller = Caller::new(quota, START + MINUTE - 1);
    assert_eq!(caller.drain(100), 20);
    caller.clock.advance(1);
    assert_eq!(caller.drain(100), 20);
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn a_fixed_window_counts_what_was_taken_in_it(
        (quota, start) in (quotas_by(Algorithm::FixedWindow), beginnings()),
        asks in prop::collection::vec((waits(), any::<u32>(), 0..4_u8), 1..80),
    ) {
        let Bounds { limit, period, .. } = Bounds::of(&quota);
        let caller = Caller::new(quota, start);
        let (mut window, mut count) = (0, 0);
        let mut told = 0;
        for (wait, cost, kind) in asks {
            let cost = if kind == 0 { cost % (quota.limit().saturating_add(3)) } else { cost % 3 };
            caller.clock.advance(wait.nanos(caller.clock.nanos(), told, &quota, &[]));
            let now = caller.clock.nanos();
            if now / period != window {
                (window, count) = (now / period, 0);
            }
            let units = u64::from(cost).min(limit);
            let fits = count + units <= limit;
            count += if fits { units } else { 0 };
            let end = period - now % period;
            let verdict = caller.ask(cost);
            told = retry_after(&verdict);
            prop_assert_eq!(verdict.is_admitted(), fits);
            prop_assert_eq!(told, if fits { 0 } else { end });
            prop_assert_eq!(reset_after(&verdict), if count == 0 { 0 } else { end });
            prop_assert_eq!(u64::from(only(&verdict).remaining()), limit - count);
        }
    }

    #[test]
    fn a_sliding_window_weighs_the_window_before(
        (quota, start) in (quotas_by(Algorithm::SlidingWindow), beginnings()),
        asks in prop::collection::vec((waits(), any::<u32>(), 0..4_u8), 1..80),
    ) {
        let Bounds { limit, period, .. } = Bounds::of(&quota);
        let caller = Caller::new(quota, start);
        let mut taken: Vec<Taken> = Vec::new();
        let mut told = 0;
        for (wait, cost, kind) in asks {
            let cost = if kind == 0 { cost % (quota.limit().saturating_add(3)) } else { cost % 3 };
            caller.clock.advance(wait.nanos(caller.clock.nanos(), told, &quota, &[]));
            let now = caller.clock.nanos();
            let in_window = |window: u64| -> u128 {
                let units = taken.iter().filter(|taken| taken.at / period == window);
                units.map(|taken| u128::from(taken.units)).sum()
            };
            let units = u64::from(cost).min(limit);
            let covered = u128::from(period - now % period);
            // present + cost + before * covered / period <= limit, without a division.
            let weighed = in_window(now / period - 1) * covered;
            let counted = in_window(now / period) + u128::from(units);
            let fits = counted * u128::from(period) + weighed
                <= u128::from(limit) * u128::from(period);
            let verdict = caller.ask(cost);
            told = retry_after(&verdict);
            // Looking is always allowed.
            prop_assert_eq!(verdict.is_admitted(), fits || units == 0);
            if verdict.is_admitted() && units > 0 {
                taken.push(Taken { at: now, units });
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(60))]

    /// Evenness takes effect when the window before was even as a whole: whoever begins late in a
    /// window fills it in the rest of it, as evenly as one likes.
    #[test]
    fn a_sliding_window_admits_the_limit_once_requests_came_evenly_for_two_windows(
        limit in 1..=30_u32,
        period in prop_oneof![Just(MINUTE), Just(997), 100..10_000_u64],
        share in 1..3_000_u64,
        offset in any::<u64>(),
    ) {
        let quota = Quota::new(limit, Duration::from_nanos(period)).unwrap();
        let quota = quota.counted_by(Algorithm::SlidingWindow);
        let first = START.next_multiple_of(period) + offset % period;
        let gap = (period * share / 1_000 / u64::from(limit)).max(period / 500).max(1);
        let caller = Caller::new(quota, first);
        let mut taken = Vec::new();
        while caller.clock.nanos() < first + 6 * period {
            if caller.ask(1).is_admitted() {
                taken.push(Taken { at: caller.clock.nanos(), units: 1 });
            }
            caller.clock.advance(gap);
        }
        let even: Vec<Taken> =
            taken.iter().filter(|taken| taken.at >= first + 2 * period).copied().collect();
        prop_assert!(most_in_any_window(&even, period) <= u64::from(limit));
    }
}

#[test]
fn a_sliding_window_admits_one_less_than_twice_the_limit_at_worst() {
    let quota = Quota::per_minute(20).unwrap().counted_by(Algorithm::SlidingWindow);
    let caller = Caller::new(quota, START + MINUTE - 1);
    let mut admitted = caller.drain(100);
    for _ in 1..60 * 100 {
        caller.clock.advance(SECOND / 100);
        admitted += caller.drain(100);
    }
    assert_eq!(admitted, 39);
}

// All or nothing.

#[derive(Clone, Copy, Debug)]
struct Asked {
    subject: usize,
    limits: [u32; 3],
    wait: Wait,
}

fn asked() -> impl Strategy<Value = Vec<[Option<Asked>; 3]>> {
    let one = |subject| {
        (costs(10), costs(10), costs(10), waits(), any::<bool>()).prop_map(
            move |(first, second, third, wait, asks)| {
                asks.then_some(Asked { subject, limits: [first, second, third], wait })
            },
        )
    };
    prop::collection::vec((one(0), one(1), one(2)).prop_map(|(a, b, c)| [a, b, c]), 1..40)
}

const CLASSES: [ClassId; 3] =
    [ClassId::of("requests"), ClassId::of("writes"), ClassId::of("bytes")];

proptest! {
    #![proptest_config(cases(300))]

    /// Each limit of each subject is also counted apart, in a store of its own.
    #[test]
    fn limits_of_several_subjects_consume_together_or_not_at_all(
        asks in asked(),
        by in (algorithms(), algorithms(), algorithms()),
    ) {
        let quotas = [
            Quota::per_minute(10).unwrap().counted_by(by.0),
            Quota::per_minute(7).unwrap().counted_by(by.1),
            Quota::per_hour(30).unwrap().counted_by(by.2),
        ];
        let together = Caller::new(quotas[0], START);
        let apart: Vec<Caller> = (0..9).map(|at| Caller::new(quotas[at % 3], START)).collect();
        for parts in asks {
            let asked: Vec<Asked> = parts.into_iter().flatten().collect();
            let Some(first) = asked.first() else { continue };
            let wait = first.wait.nanos(together.clock.nanos(), 0, &quotas[0], &[]);
            together.clock.advance(wait);
            let limits: Vec<[Limit; 3]> = asked.iter().map(|asked| {
                std::array::from_fn(|at| {
                    Limit::new(CLASSES[at], quotas[at]).with_cost(asked.limits[at])
                })
            }).collect();
            let parts: Vec<Part<'_>> = asked.iter().zip(&limits).map(|(asked, limits)| {
                Part { subject: subject(asked.subject as u64), limits }
            }).collect();
            let each = || asked.iter().flat_map(|asked| {
                (0..3).map(|at| (&apart[asked.subject * 3 + at], asked.limits[at]))
            });
            for caller in &apart {
                caller.clock.set(together.clock.nanos());
            }
            let expected: Vec<_> = each().map(|(caller, cost)| only(&caller.peek(cost))).collect();
            let admitted = expected.iter().all(|found| found.retry_after().is_zero());
            let peeked = peek(&together.store, &parts);
            prop_assert_eq!(peeked.outcomes(), &expected[..]);
            let verdict: Verdict = decide(&together.store, &parts);
            prop_assert_eq!(verdict.is_admitted(), admitted);
            prop_assert_eq!(verdict.outcomes(), &expected[..]);
            if admitted {
                for (caller, cost) in each() {
                    prop_assert!(caller.ask(cost).is_admitted());
                }
            }
        }
    }

    #[test]
    fn a_shadow_limit_counts_and_never_refuses(
        (quota, start, steps) in histories(false),
    ) {
        let shadowed = Caller::new(quota, start);
        let enforced = Caller::new(quota, start);
        for step in steps {
            match step {
                Step::Ask(cost) => {
                    let limit = shadowed.limit(cost).with_mode(Mode::Shadow);
                    let verdict = shadowed.ask_for(&[limit]);
                    prop_assert!(verdict.is_admitted());
                    prop_assert_eq!(only(&verdict), only(&enforced.ask(cost)));
                }
                Step::Wait(wait) => {
                    let wait = wait.nanos(enforced.clock.nanos(), 0, &quota, &[]);
                    shadowed.clock.advance(wait);
                    enforced.clock.advance(wait);
                }
                Step::Refund(_) => {}
            }
        }
    }
}

#[test]
fn a_refusal_by_the_last_limit_gives_the_first_nothing_to_forget() {
    for algorithm in ALGORITHMS {
        let wide = Quota::per_minute(100).unwrap().counted_by(algorithm);
        let narrow = Quota::per_minute(1).unwrap().counted_by(algorithm);
        let caller = Caller::new(wide, START);
        let limits = [Limit::new(CLASSES[0], wide), Limit::new(CLASSES[1], narrow)];
        assert!(caller.ask_for(&limits).is_admitted());
        for _ in 0..10 {
            assert!(!caller.ask_for(&limits).is_admitted());
        }
        assert_eq!(caller.remaining(), 99, "{algorithm:?}");
        assert!(!caller.peek(100).is_admitted());
    }
}
