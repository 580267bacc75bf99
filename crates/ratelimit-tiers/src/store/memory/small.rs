use super::large::{Large, Slot};
use super::quotas::{Quotas, Tag};
use super::standing::Standing;
use crate::Quota;
use crate::algorithm::{Found, State, Word};
use crate::store::verdict::Outcomes;
use crate::store::{ClassId, Limit, Mode, Outcome};

/// How many limits a small entry has room for.
pub(super) const SLOTS: usize = crate::store::verdict::FEW;

/// A subject with few limits of one word each: 40 bytes.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Small {
    pub(super) key: u64,
    // Next to the key and the first word: an entry may lie on two cache lines.
    tags: [Tag; SLOTS],
    words: [Word; SLOTS],
}

/// A subject that does not fit a small entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfit;

impl Small {
    pub(super) fn new(key: u64) -> Self {
        Self { key, words: Default::default(), tags: Default::default() }
    }

    /// Decides about limits, and consumes when each admits and `taking`.
    pub(super) fn decide(
        &mut self,
        quotas: &mut Quotas,
        limits: &[Limit],
        now: u64,
        taking: bool,
        outcomes: &mut Outcomes,
    ) -> Result<bool, Unfit> {
        let mut words = self.words;
        let mut tags = self.tags;
        let mut admitted = true;
        for limit in limits {
            let (slot, from) = self.slot(quotas, limit, now, &mut words, &mut tags).ok_or(Unfit)?;
            let word = words.get_mut(slot).ok_or(Unfit)?;
            let Limit { quota, cost, change, .. } = limit;
            let (found, next) = match &from {
                Some(from) => word.decide_changed(now, from, quota, *change, *cost),
                None => word.decide(now, quota, *cost),
            };
            outcomes.push(Outcome { quota: *quota, found });
            if found.retry_after == 0 {
                // What consumes nothing leaves the old quota.
                if from.is_none() || *cost > 0 {
                    *word = next;
                    *tags.get_mut(slot).ok_or(Unfit)? =
                        quotas.tag(limit.class, quota).ok_or(Unfit)?;
                }
            } else if limit.mode == Mode::Enforce {
                admitted = false;
            }
        }
        if admitted && taking {
            self.words = words;
            self.tags = tags;
        }
        Ok(admitted)
    }

    /// As [`Small::decide`], for limits that stand in the order of the slots, under the quotas that
    /// the slots were written with: those of a subject that asks the same as last time.
    #[inline]
    pub(super) fn decide_again(
        &mut self,
        quotas: &Quotas,
        limits: &[Limit],
        now: u64,
    ) -> Option<(bool, [Found; SLOTS])> {
        // Written at once, and put back if need be: to decide on a copy of the array would wait for
        // the stores of the last time (10 ns).
        let mut before = [Word::default(); SLOTS];
        let mut founds = [Found::default(); SLOTS];
        let mut visited = 0;
        let mut admitted = true;
        for (slot, limit) in limits.iter().enumerate() {
            let (Some(word), Some(tag), Some(before), Some(found)) = (
                self.words.get_mut(slot),
                self.tags.get(slot),
                before.get_mut(slot),
                founds.get_mut(slot),
            ) else {
                break;
            };
            let same = |known: &&(ClassId, Quota)| known.0 == limit.class && known.1 == limit.quota;
            if quotas.find(*tag).is_none_or(|known| !same(&known)) {
                break;
            }
            // By the quota that was asked, which is at hand before the known one is found.
            let (what, next) = word.decide(now, &limit.quota, limit.cost);
            *found = what;
            *before = *word;
            visited += 1;
            if what.retry_after == 0 {
                *word = next;
            } else if limit.mode == Mode::Enforce {
                admitted = false;
            }
        }
        let complete = visited == limits.len();
        if !(complete && admitted) {
            for (word, before) in self.words.iter_mut().zip(before).take(visited) {
                *word = before;
            }
        }
        complete.then_some((admitted, founds))
    }

    /// The slot of a limit's class, and the quota it was written with, where that is another.
    #[inline]
    fn slot(
        &self,
        quotas: &mut Quotas,
        limit: &Limit,
        now: u64,
        words: &mut [Word; SLOTS],
        tags: &mut [Tag; SLOTS],
    ) -> Option<(usize, Option<Quota>)> {
        for (slot, tag) in tags.iter().enumerate() {
            let Some((class, quota)) = quotas.find(*tag) else { break };
            if *class == limit.class {
                if *quota == limit.quota {
                    return Some((slot, None));
                }
                return Word::suffices(&limit.quota).then_some((slot, Some(*quota)));
            }
        }
        self.vacant(quotas, limit, now, words, tags).map(|slot| (slot, None))
    }

    /// A slot for a class that has none: an empty one, or one whose class is idle.
    #[cold]
    fn vacant(
        &self,
        quotas: &mut Quotas,
        limit: &Limit,
        now: u64,
        words: &mut [Word; SLOTS],
        tags: &mut [Tag; SLOTS],
    ) -> Option<usize> {
        if !Word::suffices(&limit.quota) {
            return None;
        }
        let slot = (0..SLOTS)
            .find(|slot| tags.get(*slot).is_some_and(|tag| tag.is_none()))
            .or_else(|| {
                (0..SLOTS).find(|slot| {
                    // Of those that this very request did not touch.
                    let (Some(word), Some(tag)) = (words.get(*slot), tags.get(*slot)) else {
                        return false;
                    };
                    self.tags.get(*slot) == Some(tag)
                        && self.words.get(*slot) == Some(word)
                        && quotas
                            .find(*tag)
                            .is_some_and(|(_, quota)| word.idle_at(now, quota) <= now)
                })
            })?;
        *words.get_mut(slot)? = Word::default();
        *tags.get_mut(slot)? = quotas.tag(limit.class, &limit.quota)?;
        Some(slot)
    }

    /// Gives back what limits consumed at `taken`.
    pub(super) fn give_back(&mut self, quotas: &Quotas, limits: &[Limit], now: u64, taken: u64) {
        for (word, tag) in self.words.iter_mut().zip(self.tags) {
            let Some((class, quota)) = quotas.find(tag) else { break };
            if let Some(limit) = limits.iter().find(|limit| limit.taken_from(*class, quota)) {
                *word = word.give_back(now, quota, limit.cost, taken);
            }
        }
    }

    /// Forgets what is consumed in one class, or in all.
    pub(super) fn reset(&mut self, quotas: &Quotas, class: Option<ClassId>) {
        for (word, tag) in self.words.iter_mut().zip(self.tags) {
            let Some((known, _)) = quotas.find(tag) else { break };
            if class.is_none_or(|class| class == *known) {
                *word = Word::default();
            }
        }
    }

    /// Moves what is consumed from one time to an earlier one.
    pub(super) fn rewind(&mut self, quotas: &Quotas, from: u64, to: u64) {
        for (word, tag) in self.words.iter_mut().zip(self.tags) {
            let Some((_, quota)) = quotas.find(tag) else { break };
            *word = word.rewound(from, to, quota);
        }
    }

    /// The same subject with room for everything.
    pub(super) fn to_large(&self, quotas: &Quotas) -> Large {
        let slots = self.words.iter().zip(self.tags).filter_map(|(word, tag)| {
            let (class, quota) = quotas.find(tag)?;
            Some(Slot { class: *class, quota: *quota, state: State::Word(*word) })
        });
        Large::new(self.key, slots.collect())
    }

    pub(super) fn standing(&self, quotas: &Quotas, now: u64) -> Standing {
        let slots = self.words.iter().zip(self.tags).filter_map(|(word, tag)| {
            let (_, quota) = quotas.find(tag)?;
            Some((word.idle_at(now, quota) <= now, quota, word.decide(now, quota, 1).0))
        });
        Standing::of(slots)
    }
}
