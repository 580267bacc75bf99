//! A reduced store that counts by the `governor` crate.

use std::collections::HashMap;
use std::fmt;
use std::future::Ready;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use governor::RateLimiter;
use governor::clock::Clock as Ticking;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use smallvec::SmallVec;

use super::{Answer, Ask, ClassId, Limit, Outcome, Store, Verdict};
use crate::time::{Clock, SystemClock, Timestamp};
use crate::{Algorithm, Quota, StoreError, StoreErrorKind, Subject, SubjectHasher};

/// Counts within the process by the `governor` crate: fixed quotas, cost only.
///
/// It knows [`Algorithm::Gcra`]; other quotas fail with [`StoreErrorKind::Unsupported`], so that
/// the class's [`Outage`](crate::Outage) decides. It does not implement
/// [`Manage`](crate::Manage). Each quota of a class has counts of its own: whoever changes its
/// tier starts afresh. The time until the whole quota is free is rounded up to whole units.
///
/// Several limits of one request are tested first and then taken. Another request may take the
/// last unit between the two: what was taken before then stays consumed though the request is
/// refused.
///
/// Each quota of a class holds so many subjects at most. Idle ones are forgotten as new ones come;
/// when none is idle, newcomers are limited as one subject.
///
/// Cloning shares the store.
pub struct GovernorStore<C: Clock = SystemClock> {
    shared: Arc<Shared<C>>,
}

struct Shared<C: Clock> {
    limiters: RwLock<Limiters<C>>,
    subjects: NonZeroUsize,
    hasher: SubjectHasher,
    clock: Arc<C>,
}

type Limiters<C> = HashMap<(ClassId, Quota), Arc<Limiter<C>>>;

/// One quota of a class.
struct Limiter<C: Clock> {
    rate: RateLimiter<Key, Times, Ticks<C>, StateInformationMiddleware>,
    quota: Quota,
    subjects: usize,
    /// Idle subjects are looked for at this size, and not before this time.
    sweep_at: AtomicUsize,
    sweep_after: AtomicU64,
}

/// Whose time is read, and whether it is written.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    subject: Subject,
    taking: bool,
}

/// When each subject has nothing consumed any more.
struct Times {
    most: usize,
    times: Mutex<HashMap<Subject, Nanos>>,
}

struct Ticks<C>(Arc<C>);

/// The subject of all who find no room.
const OVERFLOW: Subject = Subject::from_u128(0);

/// A table smaller than that is not worth a sweep.
const SMALL: usize = 1_024;
/// How long a table is left in peace after a sweep, in nanoseconds.
const PEACE: u64 = 1_000_000_000;

impl GovernorStore {
    /// Holds so many subjects in each quota of a class at most.
    #[must_use]
    pub fn new(subjects: NonZeroUsize) -> Self {
        Self::with_clock(subjects, SystemClock::new())
    }
}

impl<C: Clock> GovernorStore<C> {
    /// Holds so many subjects in each quota of a class at most, and tells the time by this clock.
    #[must_use]
    pub fn with_clock(subjects: NonZeroUsize, clock: C) -> Self {
        let limiters = RwLock::default();
        let (hasher, clock) = (SubjectHasher::random(), Arc::new(clock));
        Self { shared: Arc::new(Shared { limiters, subjects, hasher, clock }) }
    }

    /// How many subjects it holds now, over all quotas.
    #[must_use]
    pub fn subjects(&self) -> usize {
        let limiters = self.shared.limiters.read().unwrap_or_else(PoisonError::into_inner);
        limiters.values().map(|limiter| limiter.rate.len()).sum()
    }

    fn decide_now(&self, ask: &Ask<'_>) -> Result<Verdict, StoreError> {
        let now = self.shared.clock.now();
        let limits: SmallVec<[_; 4]> = ask
            .parts()
            .iter()
            .flat_map(|part| part.limits.iter().map(|limit| (part.subject, limit)))
            .collect();
        let limiters: SmallVec<[_; 4]> =
            limits.iter().map(|(_, limit)| self.limiter(limit)).collect::<Result<_, _>>()?;
        let each = || limiters.iter().zip(&limits);
        let is_one = limits.len() == 1;
        let mut outcomes: SmallVec<[Outcome; 4]> = each()
            .map(|(limiter, (subject, limit))| limiter.decide(*subject, limit.cost(), now, is_one))
            .collect();
        let mut admitted =
            !limits.iter().zip(&outcomes).any(|((_, limit), outcome)| outcome.refuses(limit));
        if admitted && !is_one {
            for ((limiter, (subject, limit)), outcome) in each().zip(&mut outcomes) {
                if outcome.is_admitted() {
                    *outcome = limiter.decide(*subject, limit.cost(), now, true);
                }
                if outcome.refuses(limit) {
                    admitted = false;
                    break;
                }
            }
        }
        Ok(Verdict::new(admitted, now, outcomes))
    }

    /// The limiter of a quota, made when it is asked for the first time.
    fn limiter(&self, limit: &Limit) -> Result<Arc<Limiter<C>>, StoreError> {
        let Shared { limiters, subjects, clock, .. } = &*self.shared;
        let (class, quota) = (limit.class(), *limit.quota());
        let known = limiters.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(limiter) = known.get(&(class, quota)) {
            return Ok(Arc::clone(limiter));
        }
        drop(known);
        let limiter = Limiter::new(quota, subjects.get(), clock)?;
        let mut limiters = limiters.write().unwrap_or_else(PoisonError::into_inner);
        // Those of quotas that are configured no more, once nothing is consumed in them.
        limiters.retain(|_, old| {
            old.rate.retain_recent();
            // Whoever holds one is about to count in it.
            Arc::strong_count(old) > 1 || !old.rate.is_empty()
        });
        let limiter = limiters.entry((class, quota)).or_insert_with(|| Arc::new(limiter));
        Ok(Arc::clone(limiter))
    }
}

impl<C: Clock> Store for GovernorStore<C> {
    type Future = Ready<Result<Verdict, StoreError>>;

    fn decide(&self, ask: &Ask<'_>) -> Answer<Self::Future> {
        Answer::Now(self.decide_now(ask))
    }

    fn hasher(&self) -> &SubjectHasher {
        &self.shared.hasher
    }
}

impl<C: Clock> Limiter<C> {
    fn new(quota: Quota, subjects: usize, clock: &Arc<C>) -> Result<Self, StoreError> {
        let unsupported = || StoreError::new(StoreErrorKind::Unsupported);
        if quota.algorithm() != Algorithm::Gcra {
            return Err(unsupported());
        }
        // governor multiplies the two in 64 bits and wraps.
        let burst = NonZeroU32::new(quota.burst()).ok_or_else(unsupported)?;
        let interval = quota.interval_nanos();
        interval.checked_mul(burst.get().into()).ok_or_else(unsupported)?;
        let fixed = governor::Quota::with_period(Duration::from_nanos(interval))
            .ok_or_else(unsupported)?
            .allow_burst(burst);
        let times = Times { most: subjects, times: Mutex::default() };
        Ok(Self {
            rate: RateLimiter::new(fixed, times, Ticks(Arc::clone(clock))),
            quota,
            subjects,
            sweep_at: AtomicUsize::new(SMALL.min(subjects)),
            sweep_after: AtomicU64::new(0),
        })
    }

    fn decide(&self, subject: Subject, cost: u32, now: Timestamp, taking: bool) -> Outcome {
        let (quota, interval) = (self.quota, self.quota.interval_nanos());
        let whole = u64::from(quota.burst()) * interval;
        // governor cannot ask for nothing: it looks what one unit would do.
        let units = NonZeroU32::new(cost.min(quota.burst()));
        let key = Key { subject, taking: taking && units.is_some() };
        let asked = units.unwrap_or(NonZeroU32::MIN);
        let outcome = match self.rate.check_key_n(&key, asked) {
            Ok(Ok(after)) => {
                let left = after.remaining_burst_capacity();
                let left = if units.is_none() { left.saturating_add(1) } else { left };
                let reset = u64::from(quota.burst().saturating_sub(left)) * interval;
                Outcome::new(quota, left, Duration::from_nanos(reset), Duration::ZERO)
            }
            Ok(Err(refusal)) => {
                let wait = refusal.wait_time_from(Nanos::from(now.as_nanos()));
                // So much of the burst must come back, beside what was asked.
                let beside = u64::from(quota.burst().saturating_sub(asked.get())) * interval;
                let reset = wait.saturating_add(Duration::from_nanos(beside));
                let left = whole.saturating_sub(crate::time::saturating_nanos(reset)) / interval;
                let left = u32::try_from(left).unwrap_or(u32::MAX);
                let wait = if units.is_none() { Duration::ZERO } else { wait };
                Outcome::new(quota, left, reset, wait)
            }
            // The cost is at most the burst, so this never happens; it would never be admitted.
            Err(_) => Outcome::new(quota, 0, quota.period(), quota.period()),
        };
        if key.taking {
            self.sweep(now.as_nanos());
        }
        outcome
    }

    /// Forgets idle subjects when there are twice as many as the last time.
    fn sweep(&self, now: u64) {
        let size = self.rate.len();
        if size < self.sweep_at.load(Ordering::Relaxed)
            || now < self.sweep_after.load(Ordering::Relaxed)
        {
            return;
        }
        self.rate.retain_recent();
        let twice = self.rate.len().saturating_mul(2);
        self.sweep_at.store(twice.max(SMALL).min(self.subjects), Ordering::Relaxed);
        self.sweep_after.store(now.saturating_add(PEACE), Ordering::Relaxed);
    }
}

impl Times {
    /// A panic under the lock would have left a whole table.
    fn lock(&self) -> MutexGuard<'_, HashMap<Subject, Nanos>> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Times {
    type Key = Key;

    fn measure_and_replace<T, F, E>(&self, key: &Key, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut times = self.lock();
        let has_room = times.len() < self.most || times.contains_key(&key.subject);
        let subject = if has_room { key.subject } else { OVERFLOW };
        let (decided, time) = decide(times.get(&subject).copied())?;
        if key.taking {
            times.insert(subject, time);
        }
        Ok(decided)
    }
}

impl ShrinkableKeyedStateStore<Key> for Times {
    fn retain_recent(&self, drop_below: Nanos) {
        self.lock().retain(|_, time| *time > drop_below);
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl<C: Clock> Ticking for Ticks<C> {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.now().as_nanos().into()
    }
}

impl<C: Clock> Clone for GovernorStore<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<C: Clock> fmt::Debug for GovernorStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subjects = self.shared.subjects;
        f.debug_struct("GovernorStore").field("subjects", &subjects).finish_non_exhaustive()
    }
}
