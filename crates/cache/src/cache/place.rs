use std::hash::BuildHasher;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use super::Core;
use super::core::Standing;
use super::stripe::Stripe;
use crate::entry::Entry;
use crate::key::Key;
use crate::observe::{Invalidated, NotStored, Origin, Scope};
use crate::{Generation, Item, Mark, Options, Timestamp};

/// How many stripes the keys of a cache have.
pub(super) const STRIPES: usize = 128;

impl<V: Clone + Send + Sync + 'static> Core<V> {
    /// Puts an entry into memory, unless its key was invalidated after its data began to be read,
    /// or a later one is there.
    pub(super) fn place(&self, key: &Key, entry: &Arc<Entry<V>>) -> Result<(), NotStored> {
        let stripe = self.stripe(key.as_bytes());
        if stripe.last() > entry.sequence {
            return Err(NotStored::Invalidated);
        }
        self.admit(key, entry, self.now())?;
        self.memory.insert(key.clone(), Arc::clone(entry));
        Ok(())
    }

    /// Makes the entry of a value that is set now and puts it into memory, in one step: nothing that
    /// happens to other keys of the stripe keeps it out.
    pub(super) fn put(
        &self,
        key: &Key,
        item: Item<V>,
        options: &Options,
        generation: Generation,
    ) -> (Arc<Entry<V>>, Duration, Duration) {
        // The user's own code, so before the stripe is held.
        let weight = item.weight.unwrap_or_else(|| self.weight(key, &item.value));
        let item = item.with_weight(weight);
        let mut stripe = self.stripe(key.as_bytes());
        let sequence = self.next_sequence();
        stripe.note(sequence);
        let made = self.entry_of(key, item, options, sequence, generation);
        let admitted = if options.memory.writes() {
            self.put_newer(key, &made.0)
        } else {
            self.memory.remove(key.as_bytes());
            Ok(())
        };
        drop(stripe);
        if let Err(why) = admitted {
            self.not_kept(why);
        }
        made
    }

    /// Puts the same entry under another generation, if it is still there.
    pub(super) fn replace(&self, key: &Key, entry: &Arc<Entry<V>>, again: Entry<V>) {
        let stripe = self.stripe(key.as_bytes());
        if self.has(key, entry) {
            self.memory.insert(key.clone(), Arc::new(again));
        }
        drop(stripe);
    }

    /// Takes an entry from memory, unless another took its place.
    pub(super) fn withdraw(&self, key: &Key, entry: &Arc<Entry<V>>) {
        let mut stripe = self.stripe(key.as_bytes());
        stripe.note(self.next_sequence());
        if self.has(key, entry) {
            self.memory.remove(key.as_bytes());
        }
    }

    /// Takes from memory what the store says was removed under this generation, or as an entry of
    /// it. Nothing is invalidated that way, so what is being loaded may take its place.
    pub(super) fn forget(&self, key: &Key, generation: Generation) {
        let stripe = self.stripe(key.as_bytes());
        let is_older = |there: &Entry<V>| {
            there.generation < generation
                || there.generation == generation
                    && self.standing(there, self.now()) != Standing::Current
        };
        if self.memory.get(key.as_bytes()).is_some_and(|there| is_older(&there)) {
            self.memory.remove(key.as_bytes());
        }
        drop(stripe);
    }

    fn has(&self, key: &Key, entry: &Arc<Entry<V>>) -> bool {
        self.memory.get(key.as_bytes()).is_some_and(|there| Arc::ptr_eq(&there, entry))
    }

    /// With the stripe held.
    fn put_newer(&self, key: &Key, entry: &Arc<Entry<V>>) -> Result<(), NotStored> {
        let admitted = self.admit(key, entry, self.now());
        match admitted {
            Ok(()) => self.memory.insert(key.clone(), Arc::clone(entry)),
            Err(NotStored::Superseded) => {}
            // What is there is older than what does not fit.
            Err(_) => self.memory.remove(key.as_bytes()),
        }
        admitted
    }

    /// Whether an entry may take the place of what is there.
    fn admit(&self, key: &Key, entry: &Entry<V>, now: Timestamp) -> Result<(), NotStored> {
        if key.as_bytes().len() > self.limits.key_length {
            return Err(NotStored::KeyTooLong);
        }
        if entry.weight > self.limits.entry_weight {
            return Err(NotStored::TooHeavy);
        }
        if self.standing(entry, now) == Standing::Removed {
            return Err(NotStored::Invalidated);
        }
        let newer = |there: &Entry<V>| {
            there.generation > entry.generation && self.standing(there, now) == Standing::Current
        };
        if self.memory.get(key.as_bytes()).is_some_and(|there| newer(&there)) {
            return Err(NotStored::Superseded);
        }
        Ok(())
    }

    /// Notes that a key was invalidated, and takes from memory what is older than `generation`.
    pub(super) fn outdate(&self, key: &Key, mark: Mark, generation: Option<Generation>) {
        let mut stripe = self.stripe(key.as_bytes());
        stripe.note(self.next_sequence());
        let Some(there) = self.memory.get(key.as_bytes()) else { return };
        if generation.is_some_and(|generation| there.generation >= generation) {
            return;
        }
        match mark {
            Mark::Remove => self.memory.remove(key.as_bytes()),
            Mark::Expire => {
                there.expire(self.now());
                self.memory.insert(key.clone(), there);
            }
        }
    }

    /// Notes that the entries of a tag, or all, were invalidated.
    pub(super) fn touch(&self, tag: Option<&str>, mark: Mark) {
        let sequence = self.next_sequence();
        let now = self.now();
        match tag {
            Some(tag) => self.tags.cell(tag, sequence).touch(mark, sequence, now),
            None => self.all.touch(mark, sequence, now),
        }
        // After the cell: who sees this looks there.
        self.touched.fetch_max(sequence, Ordering::AcqRel);
        if tag.is_none() && mark == Mark::Remove {
            self.memory.clear();
        }
    }

    /// Whether a key was invalidated after its data began to be read.
    pub(super) fn is_outdated(&self, key: &Key, sequence: u64) -> bool {
        self.stripe(key.as_bytes()).last() > sequence
    }

    /// Whoever joins a load of this key must find that it began no earlier.
    pub(crate) fn fence(&self, key: &Key) -> u64 {
        let all = self.epoch.load(Ordering::Acquire).max(self.all.touched());
        all.max(self.stripe(key.as_bytes()).last())
    }

    pub(super) fn invalidated(&self, scope: Scope, mark: Mark, origin: Origin) {
        self.counters.invalidated(origin);
        if let Some(observer) = &self.ground.observer {
            observer.invalidated(&Invalidated::new(&self.name, scope, mark, origin));
        }
    }

    pub(super) fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn stripe(&self, key: &[u8]) -> Held<'_> {
        let hash = self.hasher.hash_one(key);
        #[expect(clippy::cast_possible_truncation, reason = "the lower bits are what is wanted")]
        let index = hash as usize % STRIPES;
        #[expect(clippy::indexing_slicing, reason = "there are as many stripes as the modulus")]
        let stripe = &self.stripes[index];
        Held { stripe: stripe.lock().unwrap_or_else(PoisonError::into_inner), hash }
    }
}

/// The stripe of a key.
struct Held<'a> {
    stripe: MutexGuard<'a, Stripe>,
    hash: u64,
}

impl Held<'_> {
    /// Where the sequence stood when the key was invalidated last, or later.
    fn last(&self) -> u64 {
        self.stripe.last(self.hash)
    }

    /// The key is invalidated.
    fn note(&mut self, sequence: u64) {
        self.stripe.note(self.hash, sequence);
    }
}
