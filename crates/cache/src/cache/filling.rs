use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Core;
use super::tier::{SKEW, Tier};
use crate::entry::Entry;
use crate::key::Key;
use crate::observe::NotStored;
use crate::policy::Judged;
use crate::store::Written;
use crate::{Access, Generation, Item, Mark, Options, Timestamp};

/// What was known when data began to be read by other means than a loader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    sequence: u64,
    generation: Generation,
}

/// An entry that may be stale.
pub(crate) struct Found<V> {
    pub(crate) entry: Arc<Entry<V>>,
    pub(crate) now: Timestamp,
    /// The store was not asked for it.
    pub(crate) is_near: bool,
}

/// A time that no clock reaches.
const FAR: Duration = Duration::from_secs(86_400);

impl Begun {
    pub(crate) const fn sequence(self) -> u64 {
        self.sequence
    }
}

impl<V> Found<V> {
    pub(crate) fn age(&self) -> Duration {
        self.now.saturating_since(self.entry.created)
    }

    /// Whether this one, which is stale, says more than another: it is later, or the same and known
    /// better when it became stale.
    fn is_later_than(&self, other: &Self) -> bool {
        const SAME: Duration = Duration::from_millis(SKEW);
        let (this, other) = (&self.entry, &other.entry);
        if this.created > other.created.saturating_add(SAME) {
            return true;
        }
        let is_same = other.created <= this.created.saturating_add(SAME);
        is_same && this.times().fresh_until > other.times().fresh_until
    }

    /// Nothing while it is fresh.
    pub(crate) fn stale_for(&self) -> Option<Duration> {
        let fresh_until = self.entry.times().fresh_until;
        (self.now >= fresh_until).then(|| self.now.saturating_since(fresh_until))
    }
}

impl<V: Clone + Send + Sync + 'static> Core<V> {
    pub(crate) fn begin_reading(&self) -> Begun {
        // In this order: what is invalidated in between is then known to come later.
        let sequence = self.sequence();
        Begun { sequence, generation: self.generation() }
    }

    /// What the memory has, fresh or stale.
    pub(crate) fn look_kept(&self, key: &[u8], options: &Options) -> Option<Found<V>> {
        let now = self.now();
        let entry = self.memory.get(key)?;
        self.is_kept(&entry, options, now).then_some(Found { entry, now, is_near: true })
    }

    fn is_kept(&self, entry: &Entry<V>, options: &Options, now: Timestamp) -> bool {
        self.judge(entry, options, now).is_some_and(|judged| judged != Judged::Gone)
    }

    /// Until when one who looks waits for the store, however often it is asked.
    pub(crate) fn until(&self) -> Instant {
        let now = Instant::now();
        let timeout = self.tier.as_ref().map_or(Duration::ZERO, |tier| tier.remote.timeout());
        // What is too far away to have a moment is no limit.
        now.checked_add(timeout).unwrap_or_else(|| now + FAR)
    }

    /// What the memory or the store has, fresh or stale. A stale one in memory may be fresh in the
    /// store, where another instance has renewed it.
    pub(crate) async fn seek(
        self: &Arc<Self>,
        key: &Key,
        options: &Options,
        until: Instant,
    ) -> Option<Found<V>> {
        let near = self.look_kept(key.as_bytes(), options);
        if near.as_ref().is_some_and(|found| found.stale_for().is_none()) {
            return near;
        }
        let sequence = self.sequence();
        let Some(far) = self.read_until(key, options, until).await else {
            // Again: it may have been removed meanwhile, or the store says that it was.
            return self.look_kept(key.as_bytes(), options);
        };
        match near {
            Some(near)
                if near.is_later_than(&far)
                    && !self.is_outdated(key, sequence)
                    && self.is_kept(&near.entry, options, far.now) =>
            {
                // The memory has taken what was read for the later one.
                self.place(key, &near.entry).ok();
                Some(near)
            }
            _ => Some(far),
        }
    }

    /// What the store has in place of what was found in memory, unless that is later.
    pub(crate) async fn seek_later(
        self: &Arc<Self>,
        key: &Key,
        options: &Options,
        found: &Found<V>,
        until: Instant,
    ) -> Option<Found<V>> {
        let reading = options.clone().with_memory(Access::Read);
        let far = self.read_until(key, &reading, until).await?;
        if far.entry.created < found.entry.created {
            return None;
        }
        self.place(key, &far.entry).ok()?;
        Some(far)
    }

    async fn read_until(
        self: &Arc<Self>,
        key: &Key,
        options: &Options,
        until: Instant,
    ) -> Option<Found<V>> {
        if !self.tier.as_ref().is_some_and(Tier::is_open) {
            return None;
        }
        let entry = timeout_at(until, self.read_anew(key, options)).await.ok()??;
        let now = self.now();
        self.is_kept(&entry, options, now).then_some(Found { entry, now, is_near: false })
    }

    /// Keeps what was read since `begun`, unless it was invalidated meanwhile. The store is told in
    /// a task of its own.
    pub(crate) fn fill(
        self: &Arc<Self>,
        key: Key,
        item: Item<V>,
        options: &Options,
        begun: Begun,
    ) -> Result<(), NotStored> {
        let (entry, fresh_for, keep_for) =
            self.entry_of(&key, item, options, begun.sequence, begun.generation);
        self.place(&key, &entry).inspect_err(|why| self.not_kept(*why))?;
        let open = self.tier.as_ref().is_some_and(|tier| options.store.writes() && tier.is_open());
        if open && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let core = Arc::clone(self);
            runtime.spawn(async move {
                let Some(tier) = &core.tier else { return };
                let written = core.write_store(tier, &key, &entry, fresh_for, keep_for).await;
                if let Ok(Written::Superseded(there)) = written
                    && core.is_ours(tier, &key, &there)
                {
                    core.not_kept(NotStored::Superseded);
                    // The next reader takes what is there.
                    core.outdate(&key, Mark::Remove, None);
                }
            });
        }
        Ok(())
    }

    /// Whether a key was invalidated since.
    pub(crate) fn is_outdated_since(&self, key: &Key, begun: Begun) -> bool {
        self.is_outdated(key, begun.sequence)
    }

    /// Gives the memory of an entry back that cannot be found any more.
    pub(crate) fn drop_near(&self, key: &[u8]) {
        self.memory.remove(key);
    }
}
