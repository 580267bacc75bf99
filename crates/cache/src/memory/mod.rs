//! The first level: values in memory, of which moka keeps the most useful.

mod weigh;

use std::hash::RandomState;
use std::sync::Arc;

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
    pub(crate) fn new(name: &str, capacity: u64) -> Self {
        let slots = Cache::builder()
            .name(name)
            .max_capacity(capacity)
            .weigher(|_: &Key, slot: &Slot<V>| slot.entry.weight)
            .build_with_hasher(RandomState::new());
        Self { slots }
    }

    /// An entry that may be served without another look: nothing is due, and nothing was
    /// invalidated since the sequence stood at `touched`.
    #[inline]
    pub(crate) fn get_quiet(
        &self,
        key: &[u8],
        touched: u64,
        now: impl FnOnce() -> Timestamp,
    ) -> Option<(Arc<Entry<V>>, Timestamp)> {
        let slot = self.slots.get(key)?;
        let now = now();
        (slot.sequence >= touched && now < slot.quiet_until).then_some((slot.entry, now))
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Arc<Entry<V>>> {
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

    /// Entries and their weight; what was written a moment ago may not be counted yet.
    pub(crate) fn size(&self) -> (u64, u64) {
        (self.slots.entry_count(), self.slots.weighted_size())
    }
}
