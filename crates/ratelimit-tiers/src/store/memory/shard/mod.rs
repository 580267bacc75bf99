mod entries;
mod room;

use hashbrown::HashTable;
use smallvec::SmallVec;

use super::large::Large;
use super::quotas::Quotas;
use super::small::{SLOTS, Small, Unfit};
use crate::algorithm::Found;
use crate::store::verdict::{Outcomes, Verdict};
use crate::store::{ClassId, Limit, TierChange};
use crate::time::Timestamp;

/// A part of the subjects. Everything in it happens under one lock.
#[derive(Debug)]
pub(super) struct Shard {
    index: HashTable<Place>,
    small: Vec<Small>,
    large: Vec<Large>,
    quotas: Quotas,
    /// Who finds no room shares this one.
    overflow: Large,
    /// Bytes that large entries own beside themselves.
    heap: usize,
    /// Where the search for idle entries goes on.
    cursor: usize,
    /// The latest time at which something was consumed.
    latest: u64,
    /// What all but the quotas may take.
    most_bytes: usize,
    pub(super) evicted: u64,
    pub(super) overflowed: u64,
}

/// What a decision is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// To tell what would be decided.
    Look,
    /// To tell whether [`Aim::Take`] will admit, for which room is made.
    Try,
    /// To consume.
    Take,
}

/// An entry: a number among the small ones, or with the top bit among the large ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place(u32);

const LARGE: u32 = 1 << 31;

/// Nanoseconds from which on a time before the last one is a clock that was set back.
const STEP: u64 = 1_000_000_000;

impl Shard {
    pub(super) fn new(most_bytes: usize) -> Self {
        let quotas = Quotas::new(most_bytes / 16);
        Self {
            index: HashTable::new(),
            small: Vec::new(),
            large: Vec::new(),
            most_bytes: most_bytes - quotas.most_bytes(),
            quotas,
            overflow: Large::new(0, Vec::new()),
            heap: 0,
            cursor: 0,
            latest: 0,
            evicted: 0,
            overflowed: 0,
        }
    }

    /// Decides about a subject that asks the same as last time, if it does.
    #[inline]
    pub(super) fn decide_again(
        &mut self,
        key: u64,
        limits: &[Limit],
        now: u64,
    ) -> Option<(bool, [Found; SLOTS])> {
        let place = self.find(key)?;
        self.small.get_mut(place.0 as usize)?.decide_again(&self.quotas, limits, now)
    }

    /// Decides about a subject's limits, and consumes when each admits.
    #[inline(never)]
    pub(super) fn decide(&mut self, key: u64, limits: &[Limit], now: Timestamp) -> Verdict {
        let mut outcomes = Outcomes::new();
        let admitted = self.decide_into(key, limits, now.as_nanos(), Aim::Take, &mut outcomes);
        Verdict { admitted, now, outcomes }
    }

    /// Decides about a subject's limits, and consumes when each admits and the aim is to.
    pub(super) fn decide_into(
        &mut self,
        key: u64,
        limits: &[Limit],
        now: u64,
        aim: Aim,
        outcomes: &mut Outcomes,
    ) -> bool {
        let given = outcomes.len();
        if let Some(place) = self.find(key) {
            if let Some(small) = self.small.get_mut(place.0 as usize) {
                match small.decide(&mut self.quotas, limits, now, aim == Aim::Take, outcomes) {
                    Ok(admitted) => return admitted,
                    Err(Unfit) => outcomes.truncate(given),
                }
            }
            return self.decide_large(key, limits, now, aim, outcomes);
        }
        self.decide_new(key, limits, now, aim, outcomes)
    }

    /// Makes the entry a large one first, where it is not yet. Who finds no room is limited
    /// together with all others who do not.
    #[inline(never)]
    fn decide_large(
        &mut self,
        key: u64,
        limits: &[Limit],
        now: u64,
        aim: Aim,
        outcomes: &mut Outcomes,
    ) -> bool {
        let decided = self
            .with_large(key, now, |large| large.decide(limits, now, aim == Aim::Take, outcomes));
        decided.unwrap_or_else(|| {
            self.overflowed += u64::from(aim == Aim::Take);
            self.decide_overflow(limits, now, aim, outcomes)
        })
    }

    /// Callers of all tiers meet here: whatever their limits say, a change of quota frees nobody.
    fn decide_overflow(
        &mut self,
        limits: &[Limit],
        now: u64,
        aim: Aim,
        outcomes: &mut Outcomes,
    ) -> bool {
        let kept = |limit: &Limit| limit.with_change(TierChange::Keep);
        let limits: SmallVec<[Limit; SLOTS]> = limits.iter().map(kept).collect();
        let admitted = self.overflow.decide(&limits, now, aim == Aim::Take, outcomes);
        self.make_good(now);
        admitted
    }

    #[inline(never)]
    fn decide_new(
        &mut self,
        key: u64,
        limits: &[Limit],
        now: u64,
        aim: Aim,
        outcomes: &mut Outcomes,
    ) -> bool {
        let given = outcomes.len();
        self.sweep(now);
        if limits.len() <= SLOTS {
            let mut small = Small::new(key);
            match small.decide(&mut self.quotas, limits, now, aim == Aim::Take, outcomes) {
                Ok(admitted) if !admitted || aim == Aim::Look => return admitted,
                Ok(_) if self.room_for_small(now) => {
                    if aim == Aim::Take {
                        self.insert_small(small);
                    }
                    return true;
                }
                Ok(_) | Err(Unfit) => outcomes.truncate(given),
            }
        }
        if aim == Aim::Look || aim == Aim::Try && self.room_for_large(now) {
            return Large::new(key, Vec::new()).decide(limits, now, false, outcomes);
        }
        if aim == Aim::Try {
            return self.decide_overflow(limits, now, aim, outcomes);
        }
        self.decide_large(key, limits, now, aim, outcomes)
    }

    /// Does something with a subject's large entry, made where there is none; or nothing, when
    /// there is no room for one.
    pub(super) fn with_large<T>(
        &mut self,
        key: u64,
        now: u64,
        act: impl FnOnce(&mut Large) -> T,
    ) -> Option<T> {
        let place = match self.find(key) {
            Some(place) if place.is_large() => place,
            Some(place) => self.promote(place, now)?,
            None if self.room_for_large(now) => self.insert_large(Large::new(key, Vec::new())),
            None => return None,
        };
        let large = self.large.get_mut(place.index())?;
        let before = large.heap_bytes();
        let done = act(large);
        self.heap = self.heap + large.heap_bytes() - before;
        if large.heap_bytes() > before {
            self.make_good(now);
        }
        Some(done)
    }

    /// Does something with a subject's entry, if there is one.
    pub(super) fn give_back(&mut self, key: u64, limits: &[Limit], now: u64, taken: u64) {
        let Some(place) = self.find(key) else { return };
        if let Some(small) = self.small.get_mut(place.0 as usize) {
            small.give_back(&self.quotas, limits, now, taken);
        } else if let Some(large) = self.large.get_mut(place.index()) {
            large.give_back(limits, now, taken);
        }
    }

    /// Forgets what a subject has consumed, and what was set by hand but overrides.
    pub(super) fn reset(&mut self, key: u64, class: Option<ClassId>) {
        let Some(place) = self.find(key) else { return };
        if let Some(small) = self.small.get_mut(place.0 as usize) {
            small.reset(&self.quotas, class);
        } else if let Some(large) = self.large.get_mut(place.index()) {
            let before = large.heap_bytes();
            large.reset(class);
            self.heap = self.heap + large.heap_bytes() - before;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.small.len() + self.large.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes_of_entries() + self.quotas.heap_bytes()
    }

    fn bytes_of_entries(&self) -> usize {
        self.index.allocation_size()
            + self.small.capacity() * size_of::<Small>()
            + self.large.capacity() * size_of::<Large>()
            + self.heap
            + self.overflow.heap_bytes()
    }

    #[inline]
    fn find(&self, key: u64) -> Option<Place> {
        let same = |place: &Place| self.key(*place) == Some(key);
        self.index.find(key, same).copied()
    }

    #[inline]
    fn key(&self, place: Place) -> Option<u64> {
        key_of(&self.small, &self.large, place)
    }
}

/// Time.
impl Shard {
    /// The time to decide at. Threads may read the clock in one order and come here in another:
    /// whoever is late counts as the one before it, or units would be forgotten too early.
    #[inline]
    pub(super) fn tick(&mut self, now: u64, taking: bool) -> u64 {
        if now < self.latest {
            if self.latest - now < STEP {
                return self.latest;
            }
            self.rewind(now);
        } else if taking {
            self.latest = now;
        }
        now
    }

    /// Moves everything back with a clock that was set back: nothing is freed by it, and nobody
    /// waits until the clock is again where it was.
    #[cold]
    fn rewind(&mut self, now: u64) {
        for small in &mut self.small {
            small.rewind(&self.quotas, self.latest, now);
        }
        for large in &mut self.large {
            large.rewind(self.latest, now);
        }
        self.overflow.rewind(self.latest, now);
        self.latest = now;
    }
}

impl Place {
    /// Entries of a shard are far fewer than 2^31: they are tens of bytes each.
    fn small(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(LARGE - 1))
    }

    fn large(index: usize) -> Self {
        Self(Self::small(index).0 | LARGE)
    }

    #[inline]
    const fn is_large(self) -> bool {
        self.0 & LARGE != 0
    }

    #[inline]
    const fn index(self) -> usize {
        (self.0 & !LARGE) as usize
    }
}

#[inline]
fn key_of(small: &[Small], large: &[Large], place: Place) -> Option<u64> {
    if place.is_large() {
        large.get(place.index()).map(|large| large.key)
    } else {
        small.get(place.0 as usize).map(|small| small.key)
    }
}
