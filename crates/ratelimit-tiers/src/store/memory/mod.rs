//! The store within the process.

mod large;
mod quotas;
mod shard;
mod small;
mod standing;

use std::future::{Ready, ready};
use std::sync::PoisonError;

use smallvec::SmallVec;

use self::shard::{Aim, Shard};
use super::verdict::{Outcomes, consumed};
use super::{Answer, Ask, Block, ClassId, Limit, Manage, Override, Part, Penalty, Store, Verdict};
use crate::error::ConfigError;
use crate::sync::{Arc, Mutex, MutexGuard, SHARDS};
use crate::time::{Clock, SystemClock, Timestamp};
use crate::{StoreError, StoreErrorKind, Subject, SubjectHasher};

/// Counts within the process, under a cap in bytes.
///
/// Idle subjects are forgotten as new ones come. When the cap is reached, the least consumed of a
/// sample is forgotten; one that is exhausted, blocked or has its own quota never is. When there is
/// no other, newcomers share one overflow subject for each shard: they are limited together, and
/// nobody gets free by a flood.
///
/// Cloning shares the store.
#[derive(Debug)]
pub struct MemoryStore<C = SystemClock> {
    shared: Arc<Shared<C>>,
}

#[derive(Debug)]
struct Shared<C> {
    shards: Box<[Padded]>,
    hasher: SubjectHasher,
    clock: C,
}

/// A shard on cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
struct Padded(Mutex<Shard>);

/// What a store holds, and what its cap has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryStats {
    /// Subjects that have an entry.
    pub subjects: usize,
    /// Bytes allocated for them and their index.
    pub bytes: usize,
    /// Subjects forgotten at the cap that had consumed something.
    pub evicted: u64,
    /// Decisions made on an overflow subject.
    pub overflowed: u64,
}

impl MemoryStore {
    /// Takes 64 MiB at most.
    #[must_use]
    pub fn new() -> Self {
        Self::with_shards(64 << 20, SystemClock::new())
    }

    /// Takes so many bytes at most.
    ///
    /// # Errors
    ///
    /// Below 64 KiB.
    pub fn with_capacity(bytes: usize) -> Result<Self, ConfigError> {
        Self::with_capacity_and_clock(bytes, SystemClock::new())
    }
}

impl<C: Clock> MemoryStore<C> {
    /// Takes so many bytes at most, and tells the time by this clock.
    ///
    /// # Errors
    ///
    /// Below 64 KiB.
    pub fn with_capacity_and_clock(bytes: usize, clock: C) -> Result<Self, ConfigError> {
        if bytes < 64 << 10 {
            return Err(ConfigError::number("capacity", bytes as u64, "at least 65536 bytes"));
        }
        Ok(Self::with_shards(bytes, clock))
    }

    fn with_shards(bytes: usize, clock: C) -> Self {
        let shard = |_| Padded(Mutex::new(Shard::new(bytes / SHARDS)));
        let shards = (0..SHARDS).map(shard).collect();
        Self { shared: Arc::new(Shared { shards, hasher: SubjectHasher::random(), clock }) }
    }

    /// The present moment by the store's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }
}

impl<C> MemoryStore<C> {
    /// What the store holds now. Locks one shard after the other.
    #[must_use]
    pub fn stats(&self) -> MemoryStats {
        self.shared.shards.iter().fold(MemoryStats::default(), |stats, shard| {
            let shard = shard.lock();
            MemoryStats {
                subjects: stats.subjects + shard.len(),
                bytes: stats.bytes + shard.bytes(),
                evicted: stats.evicted + shard.evicted,
                overflowed: stats.overflowed + shard.overflowed,
            }
        })
    }

    #[inline]
    fn shard(&self, index: usize) -> MutexGuard<'_, Shard> {
        #[expect(clippy::indexing_slicing, reason = "a shard is less than their number")]
        self.shared.shards[index].lock()
    }
}

impl Padded {
    /// A panic under the lock would have left the counts as they were or complete.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, Shard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shard of a subject and its key therein: different bits of the hash.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "bits of a hash")]
const fn shard_of(subject: Subject) -> (usize, u64) {
    (subject.shard(), subject.as_u128() as u64)
}

impl<C: Clock> MemoryStore<C> {
    /// Holds the shards of all subjects, locked in their order so that nobody waits in a circle.
    fn decide_parts(&self, parts: &[Part<'_>], now: Timestamp, aim: Aim) -> Verdict {
        let mut outcomes = Outcomes::new();
        let mut shards: SmallVec<[usize; 4]> =
            parts.iter().map(|part| shard_of(part.subject).0).collect();
        shards.sort_unstable();
        shards.dedup();
        let mut locked: SmallVec<[_; 4]> =
            shards.iter().map(|shard| (*shard, self.shard(*shard))).collect();
        // The latest of all is not before the time of any.
        let taking = aim != Aim::Look;
        let ticked = locked.iter_mut().map(|(_, shard)| shard.tick(now.as_nanos(), taking));
        let now = ticked.fold(now.as_nanos(), u64::max);
        for (_, shard) in &mut locked {
            shard.tick(now, taking);
        }
        let at = Timestamp::from_nanos(now);
        let mut admitted = true;
        for part in parts {
            let (shard, key) = shard_of(part.subject);
            let held = held(&mut locked, shard);
            admitted &= held
                .is_some_and(|held| held.decide_into(key, part.limits, now, aim, &mut outcomes));
        }
        if !(admitted && taking) {
            return Verdict { admitted, now: at, outcomes };
        }
        let mut taken = Outcomes::new();
        for (index, part) in parts.iter().enumerate() {
            let (shard, key) = shard_of(part.subject);
            let held = held(&mut locked, shard);
            admitted = held
                .is_some_and(|held| held.decide_into(key, part.limits, now, Aim::Take, &mut taken));
            if !admitted {
                // There was no room for it, and what all those share is used up.
                give_back(&mut locked, parts.get(..index).unwrap_or_default(), &taken, now);
                for (outcome, refused) in outcomes.iter_mut().zip(taken) {
                    *outcome = refused;
                }
                break;
            }
        }
        Verdict { admitted, now: at, outcomes }
    }
}

/// The shard with this number, of those that are locked.
fn held<'a>(
    locked: &'a mut [(usize, MutexGuard<'_, Shard>)],
    shard: usize,
) -> Option<&'a mut Shard> {
    locked.iter_mut().find(|(held, _)| *held == shard).map(|(_, held)| &mut **held)
}

/// Gives back what parts have just taken, as their outcomes tell.
fn give_back(
    locked: &mut [(usize, MutexGuard<'_, Shard>)],
    parts: &[Part<'_>],
    taken: &Outcomes,
    now: u64,
) {
    let mut taken = taken.iter();
    for part in parts {
        let (shard, key) = shard_of(part.subject);
        let consumed: SmallVec<[Limit; 4]> = consumed(part.limits, taken.by_ref()).collect();
        if let Some(shard) = held(locked, shard) {
            shard.give_back(key, &consumed, now, now);
        }
    }
}

impl<C: Clock> Store for MemoryStore<C> {
    type Future = Ready<Result<Verdict, StoreError>>;

    #[inline]
    fn decide(&self, ask: &Ask<'_>) -> Answer<Self::Future> {
        let now = self.shared.clock.now();
        let [part] = ask.parts() else {
            return Answer::Now(Ok(self.decide_parts(ask.parts(), now, Aim::Try)));
        };
        let (shard, key) = shard_of(part.subject);
        let mut held = self.shard(shard);
        let nanos = held.tick(now.as_nanos(), true);
        let now = Timestamp::from_nanos(nanos);
        let Some((admitted, found)) = held.decide_again(key, part.limits, nanos) else {
            return Answer::Now(Ok(held.decide(key, part.limits, now)));
        };
        drop(held);
        Answer::Now(Ok(Verdict::of(admitted, now, part.limits, found)))
    }

    fn hasher(&self) -> &SubjectHasher {
        &self.shared.hasher
    }
}

impl<C: Clock + Send + Sync> Manage for MemoryStore<C> {
    fn peek(&self, ask: &Ask<'_>) -> impl Future<Output = Result<Verdict, StoreError>> + Send {
        ready(Ok(self.decide_parts(ask.parts(), self.now(), Aim::Look)))
    }

    fn refund(
        &self,
        ask: &Ask<'_>,
        taken: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let now = self.now().as_nanos();
        for part in ask.parts() {
            let (shard, key) = shard_of(part.subject);
            let mut shard = self.shard(shard);
            let now = shard.tick(now, false);
            shard.give_back(key, part.limits, now, taken.as_nanos());
        }
        ready(Ok(()))
    }

    fn reset(
        &self,
        subject: Subject,
        class: Option<ClassId>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let (shard, key) = shard_of(subject);
        self.shard(shard).reset(key, class);
        ready(Ok(()))
    }

    fn block_until(
        &self,
        subject: Subject,
        class: Option<ClassId>,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        ready(self.managed(subject, |large, _| large.block(class, until.as_nanos())))
    }

    fn penalty(
        &self,
        subject: Subject,
        class: ClassId,
        penalty: &Penalty,
    ) -> impl Future<Output = Result<Block, StoreError>> + Send {
        ready(self.managed(subject, |large, now| large.penalise(class, penalty, now)))
    }

    fn set_override(
        &self,
        subject: Subject,
        class: ClassId,
        quota: Option<Override>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        ready(self.managed(subject, |large, _| large.set_override(class, quota)))
    }
}

impl<C: Clock> MemoryStore<C> {
    fn managed<T>(
        &self,
        subject: Subject,
        act: impl FnOnce(&mut large::Large, u64) -> T,
    ) -> Result<T, StoreError> {
        let (shard, key) = shard_of(subject);
        let now = self.now().as_nanos();
        let done = self.shard(shard).with_large(key, now, |large| act(large, now));
        done.ok_or(StoreError::new(StoreErrorKind::Full))
    }
}

impl<C> Clone for MemoryStore<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}
