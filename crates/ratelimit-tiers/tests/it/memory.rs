//! The store within the process: its cap, its threads, and a clock that misbehaves.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Algorithm, Limit, MemoryStore, Part, Quota, Store, SystemClock, TierChange, Timestamp,
};
use proptest::prelude::*;

use crate::support::{
    ALGORITHMS, Bounds, CLASS, Caller, DAY, HOUR, MINUTE, ManualClock, OTHER, SECOND, START, Taken,
    algorithms, assert_bound, cases, decide, histories, only, play, retry_after, subject,
    subject_in,
};

fn per_minute(limit: u32) -> Quota {
    Quota::per_minute(limit).unwrap()
}

fn of(bytes: usize) -> (MemoryStore<ManualClock>, ManualClock) {
    let clock = ManualClock::at(START);
    (MemoryStore::with_capacity_and_clock(bytes, clock.clone()).unwrap(), clock)
}

fn ask(store: &MemoryStore<ManualClock>, number: u64, limit: Limit) -> bool {
    let part = Part { subject: subject(number), limits: &[limit] };
    decide(store, &[part]).is_admitted()
}

// The cap.

/// A million subjects in 64 MB are 64 bytes each.
#[test]
fn two_hundred_thousand_subjects_take_their_share_of_64_megabytes() {
    let (store, _) = of(64_000_000);
    for number in 0..200_000 {
        assert!(ask(&store, number, Limit::new(CLASS, per_minute(20))));
    }
    let stats = store.stats();
    assert_eq!(stats.subjects, 200_000);
    assert_eq!((stats.evicted, stats.overflowed), (0, 0));
    assert!(stats.bytes <= 200_000 * 64, "{} bytes", stats.bytes);
}

#[test]
fn a_flood_stays_under_the_cap_and_frees_no_exhausted_subject() {
    for algorithm in ALGORITHMS {
        let (store, clock) = of(256 << 10);
        let limit = Limit::new(CLASS, per_minute(20).counted_by(algorithm));
        let exhausted = 0..30;
        for number in exhausted.clone() {
            assert!(ask(&store, number, limit.with_cost(20)));
        }
        for number in 1_000..21_000 {
            ask(&store, number, limit);
            if number % 500 == 0 {
                let bytes = store.stats().bytes;
                assert!(bytes <= 256 << 10, "{bytes} bytes by {algorithm:?}");
                clock.advance(1_000_000);
            }
        }
        assert!(store.stats().evicted > 0);
        for number in exhausted {
            assert!(!ask(&store, number, limit), "{number} by {algorithm:?}");
        }
    }
}

#[test]
fn entries_that_grow_stay_under_the_cap() {
    let (store, clock) = of(256 << 10);
    let limits = [Limit::new(CLASS, per_minute(20).strict()), Limit::new(OTHER, per_minute(20))];
    // Each subject comes in each twelfth of the window, so it is remembered in many groups.
    for _ in 0..24 {
        for number in 0..1_500 {
            ask(&store, number, limits[0]);
        }
        clock.advance(5 * SECOND);
        let bytes = store.stats().bytes;
        assert!(bytes <= 256 << 10, "{bytes} bytes");
    }
}

#[test]
fn large_entries_among_small_ones_stay_under_the_cap() {
    let (store, _) = of(256 << 10);
    for number in 0..8_000 {
        ask(&store, number, Limit::new(CLASS, per_minute(20)));
    }
    for number in 8_000..16_000 {
        ask(&store, number, Limit::new(CLASS, per_minute(20).strict()));
        if number % 50 == 0 {
            let bytes = store.stats().bytes;
            assert!(bytes <= 256 << 10, "{bytes} bytes");
        }
    }
}

#[test]
fn idle_subjects_go_as_new_ones_come() {
    for algorithm in ALGORITHMS {
        let (store, clock) = of(8 << 20);
        let limit = Limit::new(CLASS, per_minute(20).counted_by(algorithm));
        for number in 0..5_000 {
            ask(&store, number, limit);
        }
        assert_eq!(store.stats().subjects, 5_000);
        clock.advance(5 * MINUTE);
        for number in 5_000..10_000 {
            ask(&store, number, limit);
        }
        // Each new one looks at two others.
        let left = store.stats().subjects;
        assert!(left < 6_500, "{left} by {algorithm:?}");
        assert_eq!(store.stats().evicted, 0);
    }
}

#[test]
fn what_is_not_idle_yet_stays() {
    let (store, clock) = of(8 << 20);
    let limit = Limit::new(CLASS, per_minute(20));
    for number in 0..2_000 {
        ask(&store, number, limit.with_cost(20));
    }
    clock.advance(MINUTE - 1);
    for number in 2_000..10_000 {
        ask(&store, number, limit);
    }
    assert_eq!(store.stats().subjects, 10_000);
}

/// Fills the first shard of a store with exhausted subjects.
fn exhausted(limit: Limit) -> Caller {
    let caller = Caller { subject: subject_in(0, 1), ..Caller::new(*limit.quota(), START) };
    for number in 0..5_000 {
        let part = Part { subject: subject_in(0, 1_000 + number), limits: &[limit.with_cost(20)] };
        decide(&caller.store, &[part]);
    }
    caller
}

#[test]
fn newcomers_are_limited_together_when_everybody_is_exhausted() {
    for algorithm in ALGORITHMS {
        let limit = Limit::new(CLASS, per_minute(20).counted_by(algorithm));
        let caller = Caller::new(*limit.quota(), START);
        let admitted = (0..20_000).filter(|number| {
            let part = Part { subject: subject_in(0, *number), limits: &[limit.with_cost(20)] };
            decide(&caller.store, &[part]).is_admitted()
        });
        // Each that has an entry, and one for all others.
        let admitted = admitted.count();
        let stats = caller.store.stats();
        assert_eq!(admitted, stats.subjects + 1, "{algorithm:?}");
        assert!(stats.overflowed > 1_000);
    }
}

#[test]
fn newcomers_are_limited_together_when_they_ask_with_others() {
    let limit = Limit::new(CLASS, per_minute(20));
    let caller = exhausted(limit);
    assert!(caller.store.stats().overflowed > 0);
    let known = subject_in(1, 1);
    let wide = Limit::new(CLASS, per_minute(1_000_000));
    let admitted = (10_000..10_500).filter(|number| {
        let parts = [
            Part { subject: known, limits: &[wide] },
            Part { subject: subject_in(0, *number), limits: &[limit] },
        ];
        decide(&caller.store, &parts).is_admitted()
    });
    let admitted = u32::try_from(admitted.count()).unwrap();
    assert!(admitted <= 20, "{admitted} newcomers");
    // Who was refused with them has consumed nothing.
    let known = Caller { subject: known, quota: per_minute(1_000_000), ..caller };
    assert_eq!(known.remaining(), 1_000_000 - admitted);
}

#[test]
fn newcomers_of_two_tiers_do_not_free_each_other() {
    let free = Limit::new(CLASS, per_minute(20)).with_change(TierChange::Reset);
    let pro = Limit::new(CLASS, per_minute(100)).with_change(TierChange::Reset);
    let caller = exhausted(free);
    let admitted = (10_000..11_000).filter(|number| {
        let limits = [if number % 2 == 0 { free } else { pro }];
        let part = Part { subject: subject_in(0, *number), limits: &limits };
        decide(&caller.store, &[part]).is_admitted()
    });
    let admitted = admitted.count();
    assert!(admitted <= 100, "{admitted} newcomers");
}

#[test]
fn newcomers_find_room_when_the_exhausted_have_recovered() {
    let limit = Limit::new(CLASS, per_minute(20));
    let caller = exhausted(limit);
    caller.clock.advance(MINUTE);
    let overflowed = caller.store.stats().overflowed;
    for number in 10_000..10_020 {
        let part = Part { subject: subject_in(0, number), limits: &[limit.with_cost(20)] };
        assert!(decide(&caller.store, &[part]).is_admitted());
    }
    assert_eq!(caller.store.stats().overflowed, overflowed);
}

#[test]
fn a_refused_newcomer_leaves_no_entry() {
    let (store, _) = of(8 << 20);
    let exhausted = Limit::new(CLASS, per_minute(20)).with_cost(20);
    assert!(ask(&store, 1, exhausted));
    for number in 100..200 {
        let parts = [
            Part { subject: subject(number), limits: &[exhausted] },
            Part { subject: subject(1), limits: &[exhausted] },
        ];
        assert!(!decide(&store, &parts).is_admitted());
    }
    assert_eq!(store.stats().subjects, 1);
}

// Sharing.

#[test]
fn clones_share_what_they_count() {
    let caller = Caller::new(per_minute(20), START);
    let clone = Caller {
        clock: caller.clock.clone(),
        store: caller.store.clone(),
        subject: caller.subject,
        quota: caller.quota,
    };
    assert_eq!(caller.drain(7), 7);
    assert_eq!(clone.drain(100), 13);
    assert_eq!(clone.store.stats(), caller.store.stats());
    let name = b"somebody";
    assert_eq!(
        caller.store.hasher().subject("account", name),
        clone.store.hasher().subject("account", name)
    );
}

#[test]
fn threads_admit_no_more_than_one_would() {
    for algorithm in ALGORITHMS {
        let (store, _) = of(1 << 20);
        let limit = Limit::new(CLASS, Quota::per_hour(5_000).unwrap().counted_by(algorithm));
        let admitted = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        let passes = u32::from(ask(&store, 1, limit));
                        admitted.fetch_add(passes, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(admitted.into_inner(), 5_000, "{algorithm:?}");
    }
}

#[test]
fn threads_that_ask_for_two_subjects_in_turn_do_not_wait_for_each_other() {
    let (store, _) = of(1 << 20);
    let limits = [Limit::new(CLASS, Quota::per_hour(5_000).unwrap())];
    let admitted = AtomicU32::new(0);
    thread::scope(|scope| {
        for order in [[1, 2], [2, 1]] {
            let (store, limits, admitted) = (&store, &limits, &admitted);
            scope.spawn(move || {
                for _ in 0..5_000 {
                    let parts = order.map(|number| Part { subject: subject(number), limits });
                    let passes = u32::from(decide(store, &parts).is_admitted());
                    admitted.fetch_add(passes, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(admitted.into_inner(), 5_000);
}

#[test]
fn threads_under_the_real_clock_keep_the_strict_limit() {
    let store = MemoryStore::with_capacity(1 << 20).unwrap();
    let quota = Quota::new(50, Duration::from_millis(20)).unwrap().strict();
    let limits = [Limit::new(CLASS, quota)];
    let mut taken = thread::scope(|scope| {
        let ask = || {
            let mut taken = Vec::new();
            for _ in 0..20_000 {
                let part = Part { subject: subject(1), limits: &limits };
                let verdict = decide::<SystemClock>(&store, &[part]);
                if verdict.is_admitted() {
                    taken.push(Taken { at: verdict.now().as_nanos(), units: 1 });
                }
            }
            taken
        };
        let threads = [scope.spawn(ask), scope.spawn(ask)];
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    taken.sort_by_key(|taken| taken.at);
    assert_bound(&taken, &quota);
}

// The clock.

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_clock_set_back_admits_no_more_and_blocks_no_longer(
        (quota, start, steps) in histories(false),
        back in prop_oneof![Just(HOUR), Just(1), 1..DAY],
    ) {
        let caller = Caller::new(quota, start);
        play(&caller, &steps, |_, _| ());
        let before = caller.remaining();
        caller.clock.set(caller.clock.nanos() - back);
        prop_assert!(caller.remaining() <= before, "{} after {before}", caller.remaining());
        caller.ask(1);
        // A burst comes back within its capacity, a window within two of them.
        let Bounds { burst, interval, period, .. } = Bounds::of(&quota);
        let longest = (burst * interval).max(2 * period);
        caller.ask(quota.burst());
        // A second or less is taken for threads that read the clock in another order.
        caller.clock.advance(longest + SECOND);
        prop_assert_eq!(caller.remaining(), quota.burst());
    }
}

#[test]
fn a_clock_set_back_a_little_frees_no_unit_early() {
    let caller = Caller::new(per_minute(20).strict(), START + SECOND / 2);
    assert_eq!(caller.drain(19), 19);
    // Two threads may read the clock in one order and count in the other.
    caller.clock.set(START);
    assert_eq!(caller.drain(100), 1);
    caller.clock.set(START + MINUTE);
    assert!(caller.drain(100) <= 1);
}

#[test]
fn the_system_clock_does_not_go_back() {
    use bartizan_ratelimit_tiers::Clock;
    let clock = SystemClock::new();
    let mut before = clock.now();
    assert!(before > Timestamp::from_nanos(START));
    for _ in 0..1_000 {
        let now = clock.now();
        assert!(now >= before);
        before = now;
    }
}

// Extremes.

#[test]
fn the_largest_quotas_count_exactly() {
    let year = Duration::from_secs(365 * 86_400);
    for algorithm in ALGORITHMS {
        let quota = Quota::new(u32::MAX, year).unwrap().counted_by(algorithm);
        let caller = Caller::new(quota, START);
        assert!(caller.ask(u32::MAX - 1).is_admitted());
        assert_eq!(caller.remaining(), 1, "{algorithm:?}");
        assert!(!caller.ask(2).is_admitted(), "{algorithm:?}");
        assert!(caller.ask(1).is_admitted());
        assert!(!caller.ask(1).is_admitted(), "{algorithm:?}");
        assert!(!caller.ask(u32::MAX).is_admitted(), "{algorithm:?}");
    }
}

#[test]
fn the_largest_burst_is_admitted_at_once_and_comes_back_at_the_rate() {
    let quota = Quota::per_second(1_000_000_000).unwrap().with_burst(u32::MAX).unwrap();
    let caller = Caller::new(quota, START);
    assert!(caller.ask(u32::MAX).is_admitted());
    assert_eq!(retry_after(&caller.ask(1)), 1);
    assert_eq!(retry_after(&caller.ask(u32::MAX)), u64::from(u32::MAX));
}

#[test]
fn a_period_of_100_years_is_counted_to_its_end() {
    let century = 100 * 366 * DAY;
    for algorithm in ALGORITHMS {
        let quota = Quota::new(2, Duration::from_nanos(century)).unwrap().counted_by(algorithm);
        let caller = Caller::new(quota, START);
        assert!(caller.ask(1).is_admitted());
        // 90 years later there may be one more, and a hundred after it both again.
        caller.clock.advance(90 * 366 * DAY);
        assert!(caller.ask(1).is_admitted(), "{algorithm:?}");
        assert!(only(&caller.ask(2)).retry_after() > Duration::ZERO);
        assert!(retry_after(&caller.ask(2)) <= 2 * century);
        caller.clock.advance(century + century / 12);
        assert!(caller.ask(1).is_admitted(), "{algorithm:?}");
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn any_quota_that_can_be_made_can_be_used(
        limit: u32,
        period: u64,
        burst in prop::option::of(any::<u32>()),
        by in algorithms(),
        costs in prop::collection::vec((any::<u32>(), 0..u64::MAX / 100), 1..20),
    ) {
        let Ok(quota) = Quota::new(limit, Duration::from_nanos(period)) else { return Ok(()) };
        let quota = match burst {
            Some(burst) => match quota.with_burst(burst) {
                Ok(quota) => quota,
                Err(_) => return Ok(()),
            },
            None => quota.counted_by(by),
        };
        let caller = Caller::new(quota, START);
        for (cost, wait) in costs {
            let verdict = caller.ask(cost);
            prop_assert!(verdict.is_admitted() || retry_after(&verdict) > 0);
            caller.clock.advance(wait % (3 * 366 * DAY));
        }
    }
}

fn said<T>(made: Result<T, bartizan_ratelimit_tiers::ConfigError>) -> String {
    made.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_quota_that_means_nothing_is_refused_by_name() {
    let second = Duration::from_secs(1);
    assert_eq!(said(Quota::new(0, second)), "limit is 0, expected at least 1");
    assert_eq!(
        said(Quota::new(1, Duration::ZERO)),
        "period is 0ns, expected more than 0 and at most 100 years"
    );
    assert_eq!(
        said(Quota::new(1, Duration::from_secs(100 * 366 * 86_400 + 1))),
        "period is 3162240001s, expected more than 0 and at most 100 years"
    );
    assert_eq!(
        said(Quota::new(u32::MAX, Duration::from_nanos(100))),
        "limit is 4294967295, expected at most one a nanosecond"
    );
    assert_eq!(said(per_minute(1).with_burst(0)), "burst is 0, expected at least 1");
    assert_eq!(
        said(Quota::per_day(1).unwrap().with_burst(u32::MAX)),
        "burst is 4294967295, expected few enough to be refilled within 100 years"
    );
    assert!(Quota::new(1, Duration::from_secs(100 * 366 * 86_400)).is_ok());
    assert!(Quota::new(100, Duration::from_nanos(100)).is_ok());
    for made in [Quota::per_second(0), Quota::per_minute(0), Quota::per_hour(0), Quota::per_day(0)]
    {
        assert_eq!(said(made), "limit is 0, expected at least 1");
    }
}

#[test]
fn a_store_without_room_is_refused_by_name() {
    assert_eq!(
        said(MemoryStore::with_capacity(65_535)),
        "capacity is 65535, expected at least 65536 bytes"
    );
    assert!(MemoryStore::with_capacity(65_536).is_ok());
}

#[test]
fn a_quota_is_told_as_it_was_meant() {
    assert_eq!(per_minute(20).to_string(), "20 per 60s");
    assert_eq!(per_minute(20).with_burst(5).unwrap().to_string(), "20 per 60s, burst 5");
    assert_eq!(per_minute(20).strict().to_string(), "20 per 60s, strict");
    let daily = Quota::per_day(9).unwrap().counted_by(Algorithm::FixedWindow);
    assert_eq!(daily.to_string(), "9 per 86400s, fixed-window");
}
