//! The same random requests and corrections in the same virtual time, to the store in memory and to
//! the one in Redis: both say the same.

use std::collections::HashMap;
use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Algorithm, Ask, ClassId, Clock, Limit, Manage, MemoryStore, Mode, Outcome, Override, Part,
    Penalty, Quota, RedisStore, Subject, TierChange, Timestamp, Verdict,
};
use fastrand::Rng;

use crate::support::{ClockKey, SECRET, Stopped, decide, server};

const STEPS: usize = 5_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_and_redis_say_the_same() {
    let (_redis, link) = server().await;
    let clocks = ["clock-0", "clock-1", "clock-2", "clock-3"];
    let runs = clocks.into_iter().enumerate().map(|(index, key)| {
        let link = link.clone();
        tokio::spawn(async move {
            let first = std::env::var("SEED").map_or(0, |seed| seed.parse().unwrap());
            let seed = first + index as u64;
            let redis = RedisStore::new(link.clone(), SECRET).with_prefix(&format!("{key}:"));
            let redis = redis.without_deny_cache().with_clock_key(key);
            let mut run = Run::new(redis, ClockKey { link, key }, seed);
            for step in 0..STEPS {
                run.step(step).await;
            }
            assert_eq!(run.redis.stats().unreadable, 0);
            assert!(run.admitted > STEPS / 10 && run.refused > STEPS / 10);
        })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap();
    }
}

struct Run {
    memory: MemoryStore<Stopped>,
    redis: RedisStore,
    time: Stopped,
    key: ClockKey,
    rng: Rng,
    seed: u64,
    quotas: HashMap<(u128, ClassId), Quota>,
    /// The one that asked last, and the wait in microseconds that it was told.
    latest: (Subject, u64),
    /// What each subject asked for last.
    classes: HashMap<Subject, Vec<ClassId>>,
    /// What may be given back.
    taken: Vec<(Subject, Vec<Limit>, Timestamp)>,
    admitted: usize,
    refused: usize,
}

const CLASSES: [ClassId; 4] =
    [ClassId::of("a"), ClassId::of("b"), ClassId::of("c"), ClassId::of("d")];

const SUBJECTS: u128 = 8;

const LIMITS: [u32; 9] = [1, 2, 3, 10, 12, 60, 1_000, 40_000_000, 2_000_000_000];

/// No key expires within the real time of the test.
const HOUR: Duration = Duration::from_secs(3_600);

impl Run {
    fn new(redis: RedisStore, key: ClockKey, seed: u64) -> Self {
        let time = Stopped::new();
        let memory = MemoryStore::with_capacity_and_clock(64 << 20, time.clone()).unwrap();
        Self {
            memory,
            redis,
            time,
            key,
            rng: Rng::with_seed(seed),
            seed,
            quotas: HashMap::new(),
            latest: (Subject::from_u128(1), 0),
            classes: HashMap::new(),
            taken: Vec::new(),
            admitted: 0,
            refused: 0,
        }
    }

    async fn step(&mut self, step: usize) {
        let pause = self.pause();
        self.time.advance(pause);
        self.key.set(self.time.now()).await;
        let other = Subject::from_u128(self.rng.u128(..SUBJECTS) << 60 | 1);
        let subject = if self.rng.bool() { self.latest.0 } else { other };
        let class = *self.rng.choice(&CLASSES).unwrap();
        match self.rng.u32(..100) {
            0..80 => self.ask(subject, step).await,
            80..85 => self.look(subject, step).await,
            85..90 => self.refund().await,
            90 => {
                self.reset(subject, class).await;
                self.outlast_lateness();
            }
            91 => self.block(subject, class).await,
            92 => self.penalise(subject, class, step).await,
            93 => {
                self.set_override(subject, class).await;
                self.outlast_lateness();
            }
            _ => {
                self.change_quota(subject, class);
                self.outlast_lateness();
            }
        }
    }

    /// Redis also gives back to a group that was opened within a second after what is given back was
    /// taken. Only one that a change or a request after a reset has opened may be the wrong one.
    fn outlast_lateness(&self) {
        self.time.advance(Duration::from_secs(2));
    }

    fn pause(&mut self) -> Duration {
        let micros = match self.rng.u32(..12) {
            0..4 => self.rng.u64(..1_000),
            4..6 => self.rng.u64(..600_000_000),
            6..8 => self.rng.u64(..7_200_000_000),
            8 => self.rng.u64(..200_000_000_000),
            // A group of an hour spans less than this.
            9 => self.rng.u64(1..=12) * 300_000_000 - self.rng.u64(..2),
            edge => {
                let wait = if self.latest.1 < 200_000_000_000 { self.latest.1 } else { 0 };
                wait.saturating_sub(u64::from(edge == 10))
            }
        };
        Duration::from_micros(micros)
    }

    /// By another quota, half of the time of the same windows.
    fn change_quota(&mut self, subject: Subject, class: ClassId) {
        let (other, limit) = (self.quota(), *self.rng.choice(&LIMITS).unwrap());
        let same = self.rng.bool();
        let quota = self.quotas.entry((subject.as_u128(), class)).or_insert(other);
        let counted = matches!(quota.algorithm(), Algorithm::Strict | Algorithm::SlidingWindow);
        *quota = if same && counted {
            Quota::new(limit, quota.period()).unwrap().counted_by(quota.algorithm())
        } else {
            other
        };
    }

    fn quota(&mut self) -> Quota {
        let limit: u32 = *self.rng.choice(&LIMITS).unwrap();
        let periods = [1, 2, 24, 24 * 7, 24 * 365 * 99];
        let period = HOUR * *self.rng.choice(&periods).unwrap();
        let quota = Quota::new(limit, period).unwrap();
        match self.rng.u32(..8) {
            0..3 => quota.strict(),
            3 => quota.counted_by(Algorithm::FixedWindow),
            4 => quota.counted_by(Algorithm::SlidingWindow),
            _ => {
                // Whole microseconds for each unit, so that both stores count in the same.
                let interval = u64::try_from(period.as_micros() / u128::from(limit)).unwrap();
                let period = Duration::from_micros(interval.max(1)) * limit;
                let quota = Quota::new(limit, period).unwrap();
                let burst = self.rng.u32(1..=20);
                if self.rng.bool() { quota } else { quota.with_burst(burst).unwrap_or(quota) }
            }
        }
    }

    fn limit(&mut self, subject: Subject, class: ClassId) -> Limit {
        let fresh = self.quota();
        let quota = *self.quotas.entry((subject.as_u128(), class)).or_insert(fresh);
        let burst = quota.burst();
        let costs = [0, 1, 1, 1, 1, 1, 2, burst / 2, burst / 3, burst, u32::MAX];
        let cost = *self.rng.choice(&costs).unwrap();
        let mode = if self.rng.u32(..5) == 0 { Mode::Shadow } else { Mode::Enforce };
        let changes = [TierChange::Keep, TierChange::Reset, TierChange::Proportional];
        let change = *self.rng.choice(&changes).unwrap();
        Limit::new(class, quota).with_cost(cost).with_mode(mode).with_change(change)
    }

    fn limits(&mut self, subject: Subject) -> Vec<Limit> {
        let mut classes = CLASSES;
        self.rng.shuffle(&mut classes);
        let fresh = classes[..self.rng.usize(1..=3)].to_vec();
        let again = self.rng.u32(..3) > 0;
        let classes = self.classes.get(&subject).filter(|_| again).cloned().unwrap_or(fresh);
        self.classes.insert(subject, classes.clone());
        classes.into_iter().map(|class| self.limit(subject, class)).collect()
    }

    async fn ask(&mut self, subject: Subject, step: usize) {
        let limits = self.limits(subject);
        let parts = [Part { subject, limits: &limits }];
        let in_memory = decide(&self.memory, &Ask::new(&parts)).await.unwrap();
        let in_redis = decide(&self.redis, &Ask::new(&parts)).await.unwrap();
        self.same(&in_memory, &in_redis, step, &limits);
        let waits = in_redis.outcomes().iter().map(Outcome::retry_after);
        self.latest = (subject, micros(waits.max().unwrap_or_default()));
        if in_redis.is_admitted() {
            self.admitted += 1;
            let consumed = limits.iter().zip(in_redis.outcomes());
            let consumed = consumed.filter(|(_, outcome)| outcome.is_admitted());
            let consumed = consumed.map(|(limit, _)| *limit).collect();
            self.taken.push((subject, consumed, in_redis.now()));
        } else {
            self.refused += 1;
        }
    }

    async fn look(&mut self, subject: Subject, step: usize) {
        let limits = self.limits(subject);
        let parts = [Part { subject, limits: &limits }];
        let in_memory = self.memory.peek(&Ask::new(&parts)).await.unwrap();
        let in_redis = self.redis.peek(&Ask::new(&parts)).await.unwrap();
        self.same(&in_memory, &in_redis, step, &limits);
    }

    fn same(&self, memory: &Verdict, redis: &Verdict, step: usize, limits: &[Limit]) {
        let seen = |verdict: &Verdict| {
            let outcomes = verdict.outcomes().iter().map(|outcome| {
                let (reset, retry) = (micros(outcome.reset_after()), micros(outcome.retry_after()));
                (*outcome.quota(), outcome.remaining(), reset, retry)
            });
            (verdict.is_admitted(), verdict.now(), outcomes.collect::<Vec<_>>())
        };
        let (memory, redis) = (seen(memory), seen(redis));
        assert_eq!(memory, redis, "seed {}, step {step}: {limits:#?}", self.seed);
    }

    async fn refund(&mut self) {
        if self.taken.is_empty() {
            return;
        }
        let index = self.rng.usize(..self.taken.len());
        let (subject, limits, taken) = self.taken.swap_remove(index);
        let parts = [Part { subject, limits: &limits }];
        self.memory.refund(&Ask::new(&parts), taken).await.unwrap();
        self.redis.refund(&Ask::new(&parts), taken).await.unwrap();
    }

    async fn reset(&mut self, subject: Subject, class: ClassId) {
        let class = self.rng.bool().then_some(class);
        self.memory.reset(subject, class).await.unwrap();
        self.redis.reset(subject, class).await.unwrap();
    }

    fn later(&mut self, most: u64) -> Timestamp {
        let wait = Duration::from_micros(self.rng.u64(..most));
        self.time.now().saturating_add(wait)
    }

    async fn block(&mut self, subject: Subject, class: ClassId) {
        let class = self.rng.bool().then_some(class);
        let until = self.later(3_600_000_000);
        self.memory.block_until(subject, class, until).await.unwrap();
        self.redis.block_until(subject, class, until).await.unwrap();
    }

    async fn penalise(&mut self, subject: Subject, class: ClassId, step: usize) {
        let penalty = Penalty::doubling(HOUR, HOUR * 24, HOUR * 48);
        let in_memory = self.memory.penalty(subject, class, &penalty).await.unwrap();
        let in_redis = self.redis.penalty(subject, class, &penalty).await.unwrap();
        assert_eq!(in_memory, in_redis, "seed {}, step {step}", self.seed);
    }

    async fn set_override(&mut self, subject: Subject, class: ClassId) {
        let until = self.later(100_000_000_000);
        let own = Override { quota: self.quota(), until: self.rng.bool().then_some(until) };
        let own = self.rng.bool().then_some(own);
        self.memory.set_override(subject, class, own).await.unwrap();
        self.redis.set_override(subject, class, own).await.unwrap();
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000)).unwrap()
}
