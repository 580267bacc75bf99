use std::sync::Arc;
use std::time::Duration;

use super::Core;
use super::core::Standing;
use super::tier::{SKEW, Tier};
use crate::entry::Entry;
use crate::envelope::Header;
use crate::key::Key;
use crate::observe::{Origin, Overflowed, Queued, Scope, StoreOperation};
use crate::options::LONGEST_LOAD;
use crate::remote::{Operation, OperationKind, Target, What};
use crate::store::{About, Change, Message, StoreErrorKind, Written};
use crate::tags::Complete;
use crate::{Generation, Item, Mark, Marks, Options, Reach};

/// A value that was set and that the store has not been told.
pub(super) struct Unsaid<V> {
    entry: Arc<Entry<V>>,
    fresh_for: Duration,
    keep_for: Duration,
    /// Up to which generation the whole cache was removed, when it was set.
    removed: Generation,
}

impl<V: Clone + Send + Sync + 'static> Core<V> {
    pub(super) async fn set(&self, key: Key, item: Item<V>, options: &Options) -> Reach {
        let tier = self.tier.as_ref().filter(|_| options.store.writes());
        if !item.kept {
            return self.mark_key(key, Mark::Remove).await;
        }
        let issued = match tier {
            // What waits is told first.
            Some(tier) if tier.is_open() && !tier.remote.recovery.concerns(&self.name, &key) => {
                Some(self.issue(tier).await)
            }
            _ => None,
        };
        let generation = match issued {
            Some(Ok(generation)) => generation,
            _ => self.known(),
        };
        let (entry, fresh_for, keep_for) = self.put(&key, item, options, generation);
        let Some(tier) = tier else { return Reach::Local };
        if key.as_bytes().len() > self.limits.key_length {
            return Reach::Local;
        }
        let unsaid = Unsaid { entry, fresh_for, keep_for, removed: self.all.last().removed };
        if let Some(Ok(_)) = issued
            && self.say(tier, &key, &unsaid).await.is_ok()
        {
            return Reach::Shared;
        }
        let kind = OperationKind::Set(Arc::new(unsaid));
        self.queue(tier, What::Key(key), kind, generation)
    }

    async fn say(
        &self,
        tier: &Tier<V>,
        key: &Key,
        unsaid: &Unsaid<V>,
    ) -> Result<(), StoreErrorKind> {
        let Unsaid { entry, fresh_for, keep_for, .. } = unsaid;
        let written = self.write_store(tier, key, entry, *fresh_for, *keep_for).await?;
        // Who reads the store before this write has put what was there before into memory.
        self.outdate(key, Mark::Remove, Some(entry.generation));
        if let Written::Superseded(there) = written
            && self.is_ours(tier, key, &there)
        {
            self.outdate(key, Mark::Remove, None);
        }
        self.announce(tier, key, Change::Set, entry.generation).await
    }

    pub(crate) async fn mark_key(&self, key: Key, mark: Mark) -> Reach {
        self.outdate(&key, mark, None);
        self.invalidated(Scope::Key, mark, Origin::Here);
        let Some(tier) = &self.tier else { return Reach::Local };
        // After a value that waits.
        let is_next = !tier.remote.recovery.has_set(&self.name, Some(&key));
        let said = if tier.is_open() && is_next {
            self.say_mark(tier, &key, mark).await
        } else {
            Err(StoreErrorKind::Unavailable)
        };
        if said.is_ok() {
            return Reach::Shared;
        }
        let what = What::Key(key.clone());
        let reach = self.queue(tier, what, OperationKind::Mark(mark), self.generation());
        // Again: until now the store could be read, and knows nothing of it.
        self.outdate(&key, mark, None);
        reach
    }

    async fn say_mark(&self, tier: &Tier<V>, key: &Key, mark: Mark) -> Result<(), StoreErrorKind> {
        let generation = self.issue(tier).await?;
        tier.remote.recovery.told(&self.name, Some(key), generation);
        let change = match mark {
            Mark::Remove => {
                self.write_tombstone(tier, key, Mark::Remove, generation).await?;
                Change::Removed
            }
            Mark::Expire => {
                self.write_expired(tier, key, generation).await?;
                Change::Expired
            }
        };
        // Again: a reader may have found it in the store in the meantime.
        self.outdate(key, mark, Some(generation));
        self.announce(tier, key, change, generation).await
    }

    pub(crate) async fn mark_all(&self, tag: Option<&str>, mark: Mark) -> Reach {
        let scope = if tag.is_some() { Scope::Tag } else { Scope::All };
        self.touch(tag, mark);
        self.invalidated(scope, mark, Origin::Here);
        let Some(tier) = &self.tier else { return Reach::Local };
        // After the values that wait.
        let is_next = !tier.remote.recovery.has_set(&self.name, None);
        let said = if tier.is_open() && is_next {
            self.say_mark_all(tier, tag, mark).await
        } else {
            Err(StoreErrorKind::Unavailable)
        };
        if let Ok(generation) = said {
            self.note(tier, tag, mark, generation);
            return Reach::Shared;
        }
        let what = tag.map_or(What::All, |tag| What::Tag(tag.into()));
        let reach = self.queue(tier, what, OperationKind::Mark(mark), self.generation());
        // Again: until now the store could be read, and knows nothing of it.
        self.touch(tag, mark);
        reach
    }

    async fn say_mark_all(
        &self,
        tier: &Tier<V>,
        tag: Option<&str>,
        mark: Mark,
    ) -> Result<Generation, StoreErrorKind> {
        let marking = tier.remote.backplane.mark(&self.name, tag, mark);
        let generation = self.call(tier, StoreOperation::Mark, marking).await?;
        self.learn_mark(tier, tag, mark, generation);
        Ok(generation)
    }

    /// Notes a mark that the backplane has given a generation.
    pub(super) fn note(
        &self,
        tier: &Tier<V>,
        tag: Option<&str>,
        mark: Mark,
        generation: Generation,
    ) {
        self.learn_mark(tier, tag, mark, generation);
        // Again, and after the marks: what was read from the store in between was judged by the
        // old ones.
        self.touch(tag, mark);
    }

    fn learn_mark(&self, tier: &Tier<V>, tag: Option<&str>, mark: Mark, generation: Generation) {
        let marks = match mark {
            Mark::Remove => Marks { removed: generation, ..Marks::default() },
            Mark::Expire => Marks { expired: generation, ..Marks::default() },
        };
        let connection = tier.listening();
        match tag {
            Some(tag) => {
                self.tags.cell(tag, self.sequence()).learn(connection, marks, Complete::No)
            }
            None => self.all.learn(connection, marks, Complete::No),
        };
        self.heard_of(generation);
    }

    /// The last generation that was heard of, be it over the connection before.
    fn known(&self) -> Generation {
        let before = self.tier.as_ref().map(Tier::before).unwrap_or_default();
        match self.generation() {
            Generation::ZERO => before,
            generation => generation,
        }
    }

    async fn issue(&self, tier: &Tier<V>) -> Result<Generation, StoreErrorKind> {
        let issue = tier.remote.backplane.issue(&self.name);
        let generation = self.call(tier, StoreOperation::Issue, issue).await?;
        self.heard_of(generation);
        Ok(generation)
    }

    /// Tells the other instances.
    pub(super) async fn announce(
        &self,
        tier: &Tier<V>,
        key: &Key,
        change: Change,
        generation: Generation,
    ) -> Result<(), StoreErrorKind> {
        let message = Message {
            instance: tier.remote.backplane.instance(),
            cache: self.name.to_string(),
            generation,
            about: About::Key { key: key.as_str().to_owned(), change },
        };
        let announce = tier.remote.backplane.announce(&message);
        self.call(tier, StoreOperation::Announce, announce).await
    }

    fn queue(
        &self,
        tier: &Tier<V>,
        what: What,
        kind: OperationKind,
        generation: Generation,
    ) -> Reach {
        let target = Target { cache: Arc::clone(&self.name), what };
        let fits = tier.remote.recovery.push(target, kind, generation);
        self.ground.wake.notify_one();
        if let Some(observer) = &self.ground.observer {
            if fits {
                observer.queued(&Queued::new(&self.name, tier.remote.recovery.len()));
            } else {
                observer.overflowed(&Overflowed::new(&self.name));
            }
        }
        Reach::Queued
    }

    /// Tells the store what it has missed.
    pub(super) async fn replay(
        &self,
        what: &What,
        operation: &Operation,
    ) -> Result<(), StoreErrorKind> {
        let Some(tier) = &self.tier else { return Ok(()) };
        match (what, &operation.kind) {
            (What::Key(key), OperationKind::Mark(mark)) => self.say_mark(tier, key, *mark).await,
            (What::Key(key), OperationKind::Set(unsaid)) => {
                let Some(unsaid) = unsaid.downcast_ref::<Unsaid<V>>() else { return Ok(()) };
                self.say_again(tier, key, unsaid, operation).await
            }
            (What::Tag(tag), OperationKind::Mark(mark)) => {
                self.mark_again(tier, Some(tag), *mark, operation).await
            }
            (What::All, OperationKind::Mark(mark)) => {
                self.mark_again(tier, None, *mark, operation).await
            }
            // Only keys are set.
            (What::Tag(_) | What::All, OperationKind::Set(_)) => Ok(()),
        }
    }

    async fn mark_again(
        &self,
        tier: &Tier<V>,
        tag: Option<&str>,
        mark: Mark,
        operation: &Operation,
    ) -> Result<(), StoreErrorKind> {
        let generation = self.say_mark_all(tier, tag, mark).await?;
        if operation.is_done_here() {
            tier.remote.recovery.told(&self.name, None, generation);
        } else {
            self.touch(tag, mark);
        }
        Ok(())
    }

    /// Writes a value that was set while the store was away. If another instance has written one
    /// meanwhile, or has invalidated it, nothing is left under the key.
    async fn say_again(
        &self,
        tier: &Tier<V>,
        key: &Key,
        unsaid: &Unsaid<V>,
        operation: &Operation,
    ) -> Result<(), StoreErrorKind> {
        let Unsaid { entry, fresh_for, keep_for, .. } = unsaid;
        let known = operation.generation;
        let name = self.store_key(key);
        let read = tier.remote.store.read(&name);
        let there = self.call(tier, StoreOperation::Read, read).await?;
        let there = there
            .and_then(|bytes| tier.sealer.open(&name, tier.coder.format(), &bytes).ok())
            .map(|sealed| sealed.header);
        let set_at = tier.store_time(entry.created).as_millis();
        let is_later = |there: Header| {
            // What was known of when this was set may be nothing; then the clock tells.
            let written_at = there.created.as_millis().saturating_add(SKEW);
            there.generation > known && written_at >= set_at
        };
        // Nobody knows whether what is there knew of this value, so neither is kept.
        let is_contested = there.is_some_and(is_later);
        // Longer ago than the store remembers that a key was removed.
        let too_old = (*keep_for).min(LONGEST_LOAD);
        let generation = self.issue(tier).await?;
        tier.remote.recovery.told(&self.name, Some(key), generation);
        let is_withdrawn = is_contested
            || self.now().saturating_since(entry.created) >= too_old
            || self.is_withdrawn(tier, unsaid, known.max(operation.marked)).await?;
        if is_withdrawn {
            self.write_tombstone(tier, key, Mark::Remove, generation).await?;
            self.withdraw(key, entry);
            return self.announce(tier, key, Change::Removed, generation).await;
        }
        let again = entry.again(generation, entry.sequence);
        match self.write_store(tier, key, &again, *fresh_for, *keep_for).await {
            Ok(Written::Stored) => {
                self.replace(key, entry, again);
                self.announce(tier, key, Change::Set, generation).await
            }
            Ok(Written::Superseded(_)) => {
                self.withdraw(key, entry);
                Ok(())
            }
            Err(StoreErrorKind::Unavailable) => Err(StoreErrorKind::Unavailable),
            Err(_) => {
                // The store will not have it. What is there is older all the same, and nothing that
                // waits behind it should wait for ever.
                self.write_tombstone(tier, key, Mark::Remove, generation).await?;
                self.announce(tier, key, Change::Removed, generation).await
            }
        }
    }

    /// Whether a value that waits was invalidated since it was set, with its tag or its cache.
    async fn is_withdrawn(
        &self,
        tier: &Tier<V>,
        unsaid: &Unsaid<V>,
        known: Generation,
    ) -> Result<bool, StoreErrorKind> {
        let Unsaid { entry, removed, .. } = unsaid;
        if self.standing(entry, self.now()) == Standing::Removed {
            return Ok(true);
        }
        if *removed == Generation::ZERO {
            return Ok(false);
        }
        let all = self.all.last();
        if all.removed != *removed {
            // Where both marks are one, the store was emptied, and no mark says more than that.
            return Ok(all.removed != all.expired && all.removed > known);
        }
        if entry.tags.is_empty() {
            return Ok(false);
        }
        // Asked for anew: messages may not come yet, though the store answers.
        let names: Vec<_> = entry.tags.iter().map(|tag| tag.name()).collect();
        let founded = self.generation();
        let asked = tier.remote.backplane.marks(&self.name, &names, founded);
        let marks = self.call(tier, StoreOperation::Marks, asked).await?;
        // One that is founded now says nothing of what was before.
        let is_removed =
            |marks: &Marks| marks.removed != founded && marks.of(known) == Some(Mark::Remove);
        Ok(marks.iter().any(is_removed))
    }
}
