//! A clock that is set by hand, callers of one subject, and oracles that count everything again.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Algorithm, Answer, Ask, ClassId, Clock, Limit, Manage, MemoryStore, Outcome, Override, Part,
    Quota, Store, Subject, Timestamp, Verdict,
};
use proptest::prelude::*;
use proptest::test_runner::Config;

/// 2026-01-01T00:00:00Z: a multiple of a second, a minute, an hour and a day.
pub(crate) const START: u64 = 1_767_225_600 * SECOND;
pub(crate) const SECOND: u64 = 1_000_000_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

pub(crate) const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Gcra, Algorithm::Strict, Algorithm::FixedWindow, Algorithm::SlidingWindow];

pub(crate) fn cases(cases: u32) -> Config {
    Config { cases, max_shrink_iters: 1_000, failure_persistence: None, ..Config::default() }
}

/// Stands still until it is set.
#[derive(Clone, Debug)]
pub(crate) struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    pub(crate) fn at(nanos: u64) -> Self {
        Self(Arc::new(AtomicU64::new(nanos)))
    }

    pub(crate) fn set(&self, nanos: u64) {
        self.0.store(nanos, Ordering::SeqCst);
    }

    pub(crate) fn advance(&self, nanos: u64) {
        self.0.fetch_add(nanos, Ordering::SeqCst);
    }

    pub(crate) fn nanos(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.nanos())
    }
}

/// The output of a future of the memory store, which never waits.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the memory store answers at once"),
    }
}

/// What a store decides about limits of several subjects.
pub(crate) fn decide<C: Clock>(store: &MemoryStore<C>, parts: &[Part<'_>]) -> Verdict {
    match store.decide(&Ask::new(parts)) {
        Answer::Now(verdict) => verdict.unwrap(),
        Answer::Later(_) => unreachable!("the memory store answers at once"),
    }
}

pub(crate) fn peek(store: &MemoryStore<ManualClock>, parts: &[Part<'_>]) -> Verdict {
    ready(store.peek(&Ask::new(parts))).unwrap()
}

/// A subject whose hash is spread over all bits.
pub(crate) fn subject(number: u64) -> Subject {
    let spread =
        u128::from(number).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    Subject::from_u128(spread ^ (spread >> 61))
}

/// A subject in a shard of its own choosing.
pub(crate) fn subject_in(shard: u8, number: u64) -> Subject {
    Subject::from_u128(u128::from(shard) << 64 | subject(number).as_u128() & u128::from(u64::MAX))
}

pub(crate) const CLASS: ClassId = ClassId::of("requests");
pub(crate) const OTHER: ClassId = ClassId::of("other");

/// One subject, mostly asking one quota.
pub(crate) struct Caller {
    pub(crate) clock: ManualClock,
    pub(crate) store: MemoryStore<ManualClock>,
    pub(crate) subject: Subject,
    pub(crate) quota: Quota,
}

impl Caller {
    pub(crate) fn new(quota: Quota, now: u64) -> Self {
        let clock = ManualClock::at(now);
        let store = MemoryStore::with_capacity_and_clock(1 << 20, clock.clone()).unwrap();
        Self { clock, store, subject: subject(7), quota }
    }

    /// In an entry with room for everything, which counts by the same rules in another place.
    pub(crate) fn large(quota: Quota, now: u64) -> Self {
        let caller = Self::new(quota, now);
        let own = Override { quota, until: None };
        ready(caller.store.set_override(caller.subject, OTHER, Some(own))).unwrap();
        caller
    }

    pub(crate) fn limit(&self, cost: u32) -> Limit {
        Limit::new(CLASS, self.quota).with_cost(cost)
    }

    pub(crate) fn ask(&self, cost: u32) -> Verdict {
        self.ask_for(&[self.limit(cost)])
    }

    pub(crate) fn ask_for(&self, limits: &[Limit]) -> Verdict {
        decide(&self.store, &[Part { subject: self.subject, limits }])
    }

    pub(crate) fn peek(&self, cost: u32) -> Verdict {
        self.peek_for(&[self.limit(cost)])
    }

    pub(crate) fn peek_for(&self, limits: &[Limit]) -> Verdict {
        peek(&self.store, &[Part { subject: self.subject, limits }])
    }

    /// What would be said that much later.
    pub(crate) fn peek_after(&self, wait: u64, limit: Limit) -> Verdict {
        let now = self.clock.nanos();
        self.clock.set(now + wait);
        let verdict = self.peek_for(&[limit]);
        self.clock.set(now);
        verdict
    }

    pub(crate) fn refund(&self, cost: u32, taken: u64) {
        self.refund_for(&[self.limit(cost)], taken);
    }

    pub(crate) fn refund_for(&self, limits: &[Limit], taken: u64) {
        let parts = [Part { subject: self.subject, limits }];
        ready(self.store.refund(&Ask::new(&parts), Timestamp::from_nanos(taken))).unwrap();
    }

    /// Units that are left now.
    pub(crate) fn remaining(&self) -> u32 {
        only(&self.peek(0)).remaining()
    }

    /// How many requests of one unit are admitted at this very moment, up to `most`.
    pub(crate) fn drain(&self, most: u32) -> u32 {
        let mut admitted = 0;
        while admitted < most && self.ask(1).is_admitted() {
            admitted += 1;
        }
        admitted
    }
}

/// The one outcome of a verdict.
pub(crate) fn only(verdict: &Verdict) -> Outcome {
    assert_eq!(verdict.outcomes().len(), 1, "one limit was asked");
    *verdict.outcomes().first().unwrap()
}

pub(crate) fn retry_after(verdict: &Verdict) -> u64 {
    nanos(only(verdict).retry_after())
}

pub(crate) fn reset_after(verdict: &Verdict) -> u64 {
    nanos(only(verdict).reset_after())
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap()
}

/// Asserts that the wait of a refusal and the time to a full quota are exact, when nobody else
/// comes.
pub(crate) fn assert_exact_waits(caller: &Caller, limit: Limit) {
    let found = only(&caller.peek_for(&[limit]));
    let retry_after = nanos(found.retry_after());
    if retry_after > 0 {
        let early = caller.peek_after(retry_after - 1, limit);
        assert!(!early.is_admitted(), "admitted 1 ns before {retry_after}");
        let exact = caller.peek_after(retry_after, limit);
        assert!(exact.is_admitted(), "refused after {retry_after}: {:?}", only(&exact));
    }
    let look = limit.with_cost(0);
    let found = only(&caller.peek_for(&[look]));
    let reset_after = nanos(found.reset_after());
    let burst = found.quota().burst();
    if reset_after > 0 {
        let early = only(&caller.peek_after(reset_after - 1, look));
        assert!(early.remaining() < burst, "full 1 ns before {reset_after}");
    }
    let exact = only(&caller.peek_after(reset_after, look));
    assert_eq!(exact.remaining(), burst, "not full after {reset_after}");
    assert_eq!(exact.reset_after(), Duration::ZERO);
}

/// What a quota allows, as numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) limit: u64,
    pub(crate) burst: u64,
    pub(crate) period: u64,
    pub(crate) interval: u64,
}

impl Bounds {
    pub(crate) fn of(quota: &Quota) -> Self {
        let period = nanos(quota.period());
        let limit = u64::from(quota.limit());
        let interval = period.div_ceil(limit);
        Self { limit, burst: quota.burst().into(), period, interval }
    }
}

/// An admitted request that was not refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) at: u64,
    pub(crate) units: u64,
}

/// The most units in any half-open window of this length.
pub(crate) fn most_in_any_window(taken: &[Taken], window: u64) -> u64 {
    let in_window = |first: &Taken| {
        let in_it = |other: &&Taken| other.at >= first.at && other.at - first.at < window;
        taken.iter().filter(in_it).map(|other| other.units).sum()
    };
    taken.iter().map(in_window).max().unwrap_or(0)
}

/// The most units in any window that begins at a multiple of its length since the epoch.
pub(crate) fn most_in_aligned_window(taken: &[Taken], window: u64) -> u64 {
    let in_window = |first: &Taken| {
        let in_it = |other: &&Taken| other.at / window == first.at / window;
        taken.iter().filter(in_it).map(|other| other.units).sum()
    };
    taken.iter().map(in_window).max().unwrap_or(0)
}

/// Asserts that no span of time holds more than a burst and what comes back in it.
pub(crate) fn assert_conforms(taken: &[Taken], burst: u64, limit: u64, period: u64) {
    for (index, first) in taken.iter().enumerate() {
        let mut units = 0_u128;
        for last in taken.iter().skip(index) {
            units += u128::from(last.units);
            let span = u128::from(last.at - first.at);
            // units <= burst + span * limit / period
            let allowed = u128::from(burst) * u128::from(period) + span * u128::from(limit);
            assert!(
                units * u128::from(period) <= allowed,
                "{units} units in {span} ns, burst {burst}, {limit} per {period} ns"
            );
        }
    }
}

/// Asserts what the documentation of the quota's algorithm promises of any window.
pub(crate) fn assert_bound(taken: &[Taken], quota: &Quota) {
    let Bounds { limit, burst, period, interval } = Bounds::of(quota);
    match quota.algorithm() {
        Algorithm::Gcra => {
            assert_conforms(taken, burst, limit, period);
            assert_conforms(taken, burst, 1, interval);
        }
        Algorithm::Strict => {
            let most = most_in_any_window(taken, period);
            assert!(most <= limit, "{most} in a window, limit {limit}");
        }
        Algorithm::FixedWindow => {
            let most = most_in_aligned_window(taken, period);
            assert!(most <= limit, "{most} in an aligned window, limit {limit}");
        }
        Algorithm::SlidingWindow => {
            let most = most_in_any_window(taken, period);
            assert!(most < 2 * limit, "{most} in a window, limit {limit}");
            let most = most_in_aligned_window(taken, period);
            assert!(most <= limit, "{most} in an aligned window, limit {limit}");
        }
        other => unreachable!("no bound is stated for {other:?}"),
    }
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Ask(u32),
    Wait(Wait),
    /// Gives back one of the requests that were admitted and not given back yet.
    Refund(u16),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    OneNanosecond,
    /// Thousandths of the time that one unit takes to come back.
    OfInterval(u16),
    /// Thousandths of the period.
    OfPeriod(u16),
    /// As long as the last refusal said.
    Told,
    /// A nanosecond less.
    AlmostTold,
    /// Until the next aligned window begins.
    Boundary,
    /// A nanosecond less.
    AlmostBoundary,
    /// A period after the first request that is remembered.
    PeriodAfterTaken,
}

impl Wait {
    pub(crate) fn nanos(self, now: u64, told: u64, quota: &Quota, taken: &[Taken]) -> u64 {
        let Bounds { period, interval, .. } = Bounds::of(quota);
        let boundary = period - now % period;
        match self {
            Self::OneNanosecond => 1,
            Self::OfInterval(share) => thousandths(interval, share),
            Self::OfPeriod(share) => thousandths(period, share),
            Self::Told => told,
            Self::AlmostTold => told.saturating_sub(1),
            Self::Boundary => boundary,
            Self::AlmostBoundary => boundary - 1,
            Self::PeriodAfterTaken => taken
                .iter()
                .map(|taken| (taken.at + period).saturating_sub(now))
                .find(|wait| *wait > 0)
                .unwrap_or(0),
        }
    }
}

fn thousandths(whole: u64, share: u16) -> u64 {
    u64::try_from(u128::from(whole) * u128::from(share) / 1_000).unwrap()
}

pub(crate) fn waits() -> impl Strategy<Value = Wait> {
    prop_oneof![
        1 => Just(Wait::OneNanosecond),
        3 => (0..3_000_u16).prop_map(Wait::OfInterval),
        2 => (0..1_200_u16).prop_map(Wait::OfPeriod),
        2 => Just(Wait::Told),
        2 => Just(Wait::AlmostTold),
        1 => Just(Wait::Boundary),
        2 => Just(Wait::AlmostBoundary),
        1 => Just(Wait::PeriodAfterTaken),
    ]
}

/// Costs from nothing to a little more than can ever be admitted, mostly small.
pub(crate) fn costs(burst: u32) -> impl Strategy<Value = u32> {
    prop_oneof![
        6 => Just(1_u32),
        2 => 0..=burst.saturating_add(2),
        2 => 0..=(burst / 4).max(2),
        1 => burst.saturating_sub(1)..=burst.saturating_add(2),
    ]
}

pub(crate) fn steps(burst: u32, refunds: bool) -> impl Strategy<Value = Vec<Step>> {
    let refunds = if refunds { 3 } else { 0 };
    let step = prop_oneof![
        6 => costs(burst).prop_map(Step::Ask),
        3 => waits().prop_map(Step::Wait),
        refunds => any::<u16>().prop_map(Step::Refund),
    ];
    prop::collection::vec(step, 1..120)
}

pub(crate) fn periods() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(SECOND),
        Just(MINUTE),
        Just(HOUR),
        Just(DAY),
        1_u64..200,
        1_u64..10 * SECOND,
        1_u64..10 * 366 * DAY,
    ]
}

fn limits() -> impl Strategy<Value = u32> {
    prop_oneof![16 => 1..=50_u32, 2 => 51..=5_000_u32, 1 => any::<u32>(), 1 => u32::MAX - 2..=u32::MAX]
}

/// Quotas that can be made, of one algorithm.
pub(crate) fn quotas_by(algorithm: Algorithm) -> impl Strategy<Value = Quota> {
    (limits(), periods(), 1..=300_u32).prop_map(move |(limit, period, percent)| {
        let limit = limit.clamp(1, u32::try_from(period).unwrap_or(u32::MAX));
        let quota = Quota::new(limit, Duration::from_nanos(period)).unwrap();
        if algorithm != Algorithm::Gcra {
            return quota.counted_by(algorithm);
        }
        let burst = u64::from(limit) * u64::from(percent) / 100;
        let burst = u32::try_from(burst.max(1)).unwrap_or(u32::MAX);
        quota.with_burst(if percent < 200 { burst } else { limit }).unwrap()
    })
}

pub(crate) fn algorithms() -> impl Strategy<Value = Algorithm> {
    prop::sample::select(ALGORITHMS.to_vec())
}

pub(crate) fn quotas() -> impl Strategy<Value = Quota> {
    algorithms().prop_flat_map(quotas_by)
}

/// A quota, a moment to begin at, and what happens.
pub(crate) fn histories(refunds: bool) -> impl Strategy<Value = (Quota, u64, Vec<Step>)> {
    (quotas(), beginnings()).prop_flat_map(move |(quota, start)| {
        (Just(quota), Just(start), steps(quota.burst(), refunds))
    })
}

/// Moments in the year 2026, some of them round.
pub(crate) fn beginnings() -> impl Strategy<Value = u64> {
    prop_oneof![Just(START), (0..366 * DAY).prop_map(|after| START + after)]
}

/// Plays a history, and gives what was admitted and not refunded, in order.
pub(crate) fn play(
    caller: &Caller,
    steps: &[Step],
    mut look: impl FnMut(&Caller, Limit),
) -> Vec<Taken> {
    let quota = caller.quota;
    let mut taken: Vec<Taken> = Vec::new();
    let mut told = 0;
    for step in steps {
        let now = caller.clock.nanos();
        match *step {
            Step::Wait(wait) => caller.clock.advance(wait.nanos(now, told, &quota, &taken)),
            Step::Refund(which) => {
                if !taken.is_empty() {
                    let which = taken.remove(usize::from(which) % taken.len());
                    caller.refund(u32::try_from(which.units).unwrap(), which.at);
                }
            }
            Step::Ask(cost) => {
                look(caller, caller.limit(cost));
                let verdict = caller.ask(cost);
                told = retry_after(&verdict);
                if verdict.is_admitted() && cost > 0 {
                    taken.push(Taken { at: now, units: cost.min(quota.burst()).into() });
                }
            }
        }
    }
    taken
}
