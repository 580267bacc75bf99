use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;

use super::Core;
use super::tier::Tier;
use crate::key::Key;
use crate::observe::{Origin, Scope, StoreOperation};
use crate::remote::{Operation, What};
use crate::stats::CacheStats;
use crate::store::{About, Change, Message, Opened, StoreErrorKind};
use crate::tags::Complete;
use crate::{Generation, Mark};

/// A cache of whatever type, as those that look after all of them see it.
#[async_trait]
pub(crate) trait Member: Send + Sync {
    fn name(&self) -> &Arc<str>;
    fn stats(&self) -> CacheStats;
    /// Drops what is of no use any more.
    fn sweep(&self);
    /// Another instance has changed something.
    fn hear(&self, message: &Message);
    /// Messages come over another connection: from now on the store is not asked.
    fn listen(&self, connection: u64);
    /// Asks the backplane where the cache stands.
    async fn open(&self, connection: u64) -> Result<(), StoreErrorKind>;
    /// From now on the store is asked.
    fn enable(&self, connection: u64);
    fn is_enabled_under(&self, connection: u64) -> bool;
    async fn replay(&self, what: &What, operation: &Operation) -> Result<(), StoreErrorKind>;
}

#[async_trait]
impl<V: Clone + Send + Sync + 'static> Member for Core<V> {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn stats(&self) -> CacheStats {
        let mut stats = self.counters.snapshot();
        (stats.entries, stats.weight) = self.memory.size();
        stats.capacity = self.limits.capacity;
        stats.in_flight = self.loads.len() as u64;
        let queued = |tier: &Tier<V>| tier.remote.recovery.len_of(&self.name) as u64;
        stats.queued = self.tier.as_ref().map_or(0, queued);
        stats
    }

    fn sweep(&self) {
        let now = self.now();
        let removed = |entry: &_| self.standing(entry, now) == super::core::Standing::Removed;
        self.memory.sweep(now, removed);
    }

    fn hear(&self, message: &Message) {
        let Some(tier) = &self.tier else { return };
        let own = message.instance == tier.remote.backplane.instance();
        match &message.about {
            About::Key { change: Change::Loaded, .. } => self.filled.notify_waiters(),
            // What this process does is done when it says so.
            _ if own => {}
            About::Key { key, change } => {
                let mark = match change {
                    Change::Expired => Mark::Expire,
                    Change::Set | Change::Removed | Change::Loaded => Mark::Remove,
                };
                self.outdate(&Key::from_text(key), mark, Some(message.generation));
                self.invalidated(Scope::Key, mark, Origin::Elsewhere);
            }
            About::Tag { tag, mark } => {
                self.note(tier, Some(tag), *mark, message.generation);
                self.invalidated(Scope::Tag, *mark, Origin::Elsewhere);
            }
            About::All(mark) => {
                self.note(tier, None, *mark, message.generation);
                self.invalidated(Scope::All, *mark, Origin::Elsewhere);
            }
        }
        self.heard_of(message.generation);
    }

    fn listen(&self, connection: u64) {
        if let Some(tier) = &self.tier
            && tier.listen(connection)
        {
            tier.set_before(self.generation.swap(0, Ordering::AcqRel));
        }
    }

    fn is_enabled_under(&self, connection: u64) -> bool {
        self.tier.as_ref().is_none_or(|tier| tier.is_enabled_under(connection))
    }

    fn enable(&self, connection: u64) {
        let Some(tier) = &self.tier else { return };
        self.move_epoch();
        tier.enable(connection);
    }

    async fn open(&self, connection: u64) -> Result<(), StoreErrorKind> {
        let Some(tier) = &self.tier else { return Ok(()) };
        let asked = self.now();
        let open = tier.remote.backplane.open(&self.name);
        let opened = self.call(tier, StoreOperation::Open, open).await?;
        if tier.listening() != connection {
            // The answer is of a connection that has ended, and may be of another store.
            return Err(StoreErrorKind::Unavailable);
        }
        let Opened { generation, marks, now } = opened;
        // The answer was given about half-way between.
        let way = self.now().saturating_since(asked) / 2;
        tier.set_clock(now, asked.saturating_add(way));
        let has_risen = self.all.learn(connection, marks, Complete::Yes);
        self.heard_of(generation);
        if has_risen {
            // Nobody told: a message was lost, or the store was emptied.
            self.move_epoch();
        }
        Ok(())
    }

    async fn replay(&self, what: &What, operation: &Operation) -> Result<(), StoreErrorKind> {
        Core::replay(self, what, operation).await
    }
}

impl<V> Core<V> {
    /// Messages may have been missed: what is in memory is compared with the store.
    fn move_epoch(&self) {
        let sequence = self.sequence.fetch_add(1, Ordering::AcqRel) + 1;
        self.epoch.fetch_max(sequence, Ordering::AcqRel);
        self.touched.fetch_max(sequence, Ordering::AcqRel);
    }

    pub(super) fn heard_of(&self, generation: Generation) {
        self.generation.fetch_max(generation.as_u64(), Ordering::AcqRel);
    }
}
