//! The first level: values in memory, of which moka keeps the most useful.

mod weigh;

use std::sync::Arc;

use foldhash::quality::RandomState;
use moka::sync::Cache;

use crate::Timestamp;
use crate::entry::Entry;
use crate::key::Key;

pub use weigh::Weigh;

/// Entries, up to a total weight.
///
/// moka is a store here and no more: its expiry would read the clock once more for each hit, and
/// its loading blocks everyone behind a future that is no longer polled.
pub(crate) struct Memory<V> {
    slots: Cache<Key, Slot<V>, RandomState>,
}

/// An entry, and beside it what tells nearly every hit that it may be served: so that a hit need
/// not look into the entry.
struct Slot<V> {
    entry: Arc<Entry<V>>,
    quiet_until: Timestamp,
    sequence: u64,
}

impl<V> Clone for Slot<V> {
    #[inline]
    fn clone(&self) -> Self {
        Self { entry: Arc::clone(&self.entry), ..*self }
    }
}

impl<V: Send + Sync + 'static> Memory<V> {
    /// Holds entries up to a total weight, or so many if they are not weighed: then moka is not
    /// told of weights, since with them it counts how often keys are asked for in a quarter of the
    /// room, and keeps worse ones.
    pub(crate) fn new(name: &str, capacity: u64, are_weighed: bool) -> Self {
        let slots = Cache::builder().name(name).max_capacity(capacity);
        let slots = if are_weighed {
            slots.weigher(|_: &Key, slot: &Slot<V>| slot.entry.weight)
        } else {
            slots
        };
        Self { slots: slots.build_with_hasher(RandomState::default()) }
    }

    /// An entry that is not due for anything, with the time, and where the sequence stood when its
    /// data began to be read.
    #[inline]
    pub(crate) fn get_quiet(
        &self,
        key: &[u8],
        now: impl FnOnce() -> Timestamp,
    ) -> Option<(Arc<Entry<V>>, Timestamp, u64)> {
        let slot = self.slots.get(key)?;
        let now = now();
        (now < slot.quiet_until).then_some((slot.entry, now, slot.sequence))
    }

    /// An entry, whatever it is good for. That none is there is not noted: moka would take the key
    /// for one that is asked for more often than it is, and keep it for that.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Arc<Entry<V>>> {
        if !self.slots.contains_key(key) {
            return None;
        }
        self.slots.get(key).map(|slot| slot.entry)
    }

    /// Puts an entry in, or puts it in again after its moments were changed.
    pub(crate) fn insert(&self, key: Key, entry: Arc<Entry<V>>) {
        let times = entry.times();
        let quiet_until = times.fresh_until.min(times.eager_at);
        self.slots.insert(key, Slot { quiet_until, sequence: entry.sequence, entry });
    }

    pub(crate) fn remove(&self, key: &[u8]) {
        self.slots.invalidate(key);
    }

    pub(crate) fn clear(&self) {
        self.slots.invalidate_all();
    }

    /// Drops what has passed its keeping, or belongs to what was removed.
    pub(crate) fn sweep(&self, now: Timestamp, is_removed: impl Fn(&Entry<V>) -> bool) {
        for (key, slot) in &self.slots {
            if now >= slot.entry.keep_until() || is_removed(&slot.entry) {
                self.slots.invalidate(key.as_bytes());
            }
        }
        self.slots.run_pending_tasks();
    }

    /// Entries and their weight.
    pub(crate) fn size(&self) -> (u64, u64) {
        // What was written a moment ago is not counted before.
        self.slots.run_pending_tasks();
        (self.slots.entry_count(), self.slots.weighted_size())
    }
}
