//! Where another implementation of the generic cell rate algorithm promises the same, it decides
//! the same: quotas whose interval is a whole number of nanoseconds, costs up to the burst.

use std::num::NonZeroU32;
use std::time::Duration;

use bartizan_ratelimit_tiers::Quota;
use governor::clock::{Clock, FakeRelativeClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota as RivalQuota, RateLimiter};
use proptest::prelude::*;

use crate::support::{Caller, DAY, SECOND, START, cases, nanos, only, retry_after};

type Rival = RateLimiter<
    NotKeyed,
    InMemoryState,
    FakeRelativeClock,
    NoOpMiddleware<<FakeRelativeClock as Clock>::Instant>,
>;

struct Both {
    ours: Caller,
    rival: Rival,
    clock: FakeRelativeClock,
}

/// What both say: nothing when they admit, else the wait.
type Said = Option<u64>;

impl Both {
    fn new(limit: u32, interval: u64, burst: u32) -> Self {
        let period = Duration::from_nanos(interval * u64::from(limit));
        let quota = Quota::new(limit, period).unwrap().with_burst(burst).unwrap();
        let clock = FakeRelativeClock::default();
        let rival = RivalQuota::with_period(Duration::from_nanos(interval)).unwrap();
        let rival = rival.allow_burst(NonZeroU32::new(burst).unwrap());
        let rival = RateLimiter::direct_with_clock(rival, clock.clone());
        Self { ours: Caller::new(quota, START), rival, clock }
    }

    fn advance(&self, nanos: u64) {
        self.ours.clock.advance(nanos);
        self.clock.advance(Duration::from_nanos(nanos));
    }

    fn ask(&self, cost: NonZeroU32) -> (Said, Said) {
        let verdict = self.ours.ask(cost.get());
        let ours = (!verdict.is_admitted()).then(|| nanos(only(&verdict).retry_after()));
        let rival = self.rival.check_n(cost).unwrap();
        let rival = rival.err().map(|until| nanos(until.wait_time_from(self.clock.now())));
        (ours, rival)
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn admits_and_waits_as_governor_does(
        (limit, interval) in (
            1..=100_u32,
            prop_oneof![1..100_u64, 1..10 * SECOND, Just(SECOND), Just(DAY)],
        ),
        (burst, asks) in (1..=100_u32).prop_flat_map(|burst| {
            let cost = prop_oneof![3 => Just(1), 1 => 1..=burst];
            // Thousandths of an interval, the wait that was told, or a nanosecond less.
            let wait = prop_oneof![2 => Just(0), 3 => 0..3_000_u64, 1 => Just(5_000), 1 => Just(5_001)];
            (Just(burst), prop::collection::vec((cost, wait), 1..100))
        }),
    ) {
        let both = Both::new(limit, interval, burst);
        let mut told = 0;
        for (cost, wait) in asks {
            both.advance(match wait {
                5_000 => told,
                5_001 => told.saturating_sub(1),
                share => interval * share / 1_000,
            });
            let (ours, rival) = both.ask(NonZeroU32::new(cost).unwrap());
            prop_assert_eq!(ours, rival);
            told = ours.unwrap_or(0);
        }
    }
}

#[test]
fn admits_no_more_than_a_large_burst_of_a_long_period() {
    // 64 bits of nanoseconds are too few for 214,000 days, and such a burst is refused when the
    // quota is made.
    let daily = Quota::per_day(1).unwrap();
    assert!(daily.with_burst(214_000).is_err());
    let caller = Caller::new(daily.with_burst(36_600).unwrap(), START);
    assert!(caller.ask(36_600).is_admitted());
    assert_eq!(retry_after(&caller.ask(1)), DAY);
}

#[test]
fn refuses_what_governor_admits_by_rounding_down() {
    // 7 a second: every 142,857,142.857 ns.
    let caller = Caller::new(Quota::per_second(7).unwrap(), START);
    assert!(caller.ask(7).is_admitted());
    assert_eq!(retry_after(&caller.ask(7)), 7 * 142_857_143);
    let rival = RivalQuota::per_second(NonZeroU32::new(7).unwrap());
    assert_eq!(nanos(rival.replenish_interval()), 142_857_142);
}
