use std::sync::Arc;
use std::time::Duration;

use super::Core;
use super::tier::Tier;
use crate::entry::Entry;
use crate::key::Key;
use crate::observe::{Origin, Overflowed, Queued, Scope, StoreOperation};
use crate::remote::{Operation, OperationKind, Target, What};
use crate::store::{About, Change, Message, StoreErrorKind, Written};
use crate::tags::Complete;
use crate::{Generation, Item, Mark, Marks, Options, Reach};

/// A value that was set and that the store has not been told.
pub(super) struct Unsaid<V> {
    entry: Arc<Entry<V>>,
    fresh_for: Duration,
    keep_for: Duration,
}

impl<V: Clone + Send + Sync + 'static> Core<V> {
    pub(super) async fn set(&self, key: Key, item: Item<V>, options: &Options) -> Reach {
        let tier = self.tier.as_ref().filter(|_| options.store.writes());
        let issued = match tier {
            Some(tier) if tier.is_open() => Some(self.issue(tier).await),
            _ => None,
        };
        let generation = match issued {
            Some(Ok(generation)) => generation,
            _ => self.generation(),
        };
        if !item.kept {
            return self.mark_key(key, Mark::Remove).await;
        }
        let (entry, fresh_for, keep_for) = self.put(&key, item, options, generation);
        let Some(tier) = tier else { return Reach::Local };
        if key.as_bytes().len() > self.limits.key_length {
            return Reach::Local;
        }
        let unsaid = Unsaid { entry, fresh_for, keep_for };
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
        let Unsaid { entry, fresh_for, keep_for } = unsaid;
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

    pub(super) async fn mark_key(&self, key: Key, mark: Mark) -> Reach {
        self.outdate(&key, mark, None);
        self.invalidated(Scope::Key, mark, Origin::Here);
        let Some(tier) = &self.tier else { return Reach::Local };
        let said = if tier.is_open() {
            self.say_mark(tier, &key, mark).await
        } else {
            Err(StoreErrorKind::Unavailable)
        };
        match said {
            Ok(()) => Reach::Shared,
            Err(_) => self.queue(tier, What::Key(key), OperationKind::Mark(mark), self.generation()),
        }
    }

    async fn say_mark(
        &self,
        tier: &Tier<V>,
        key: &Key,
        mark: Mark,
    ) -> Result<(), StoreErrorKind> {
        let generation = self.issue(tier).await?;
        let change = match mark {
            Mark::Remove => {
                self.write_tombstone(tier, key, generation).await?;
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

    pub(super) async fn mark_all(&self, tag: Option<&str>, mark: Mark) -> Reach {
        let scope = if tag.is_some() { Scope::Tag } else { Scope::All };
        self.touch(tag, mark);
        self.invalidated(scope, mark, Origin::Here);
        let Some(tier) = &self.tier else { return Reach::Local };
        let said = if tier.is_open() {
            self.say_mark_all(tier, tag, mark).await
        } else {
            Err(StoreErrorKind::Unavailable)
        };
        match said {
            Ok(()) => Reach::Shared,
            Err(_) => {
                let what = tag.map_or(What::All, |tag| What::Tag(tag.into()));
                self.queue(tier, what, OperationKind::Mark(mark), self.generation())
            }
        }
    }

    async fn say_mark_all(
        &self,
        tier: &Tier<V>,
        tag: Option<&str>,
        mark: Mark,
    ) -> Result<(), StoreErrorKind> {
        let marking = tier.remote.backplane.mark(&self.name, tag, mark);
        let generation = self.call(tier, StoreOperation::Mark, marking).await?;
        self.note(tier, tag, mark, generation);
        Ok(())
    }

    /// Notes a mark that the backplane has given a generation.
    pub(super) fn note(
        &self,
        tier: &Tier<V>,
        tag: Option<&str>,
        mark: Mark,
        generation: Generation,
    ) {
        let marks = match mark {
            Mark::Remove => Marks { removed: generation, ..Marks::default() },
            Mark::Expire => Marks { expired: generation, ..Marks::default() },
        };
        let connection = tier.listening();
        match tag {
            Some(tag) => {
                self.tags.cell(tag, self.sequence()).learn(connection, marks, Complete::No);
            }
            None => self.all.learn(connection, marks, Complete::No),
        }
        // Again, and after the marks: what was read from the store in between was judged by the
        // old ones.
        self.touch(tag, mark);
        self.heard_of(generation);
    }

    async fn issue(&self, tier: &Tier<V>) -> Result<Generation, StoreErrorKind> {
        let issue = tier.remote.backplane.issue(&self.name);
        let generation = self.call(tier, StoreOperation::Issue, issue).await?;
        self.heard_of(generation);
        Ok(generation)
    }

    async fn announce(
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
                self.say_again(tier, key, unsaid, operation.generation).await
            }
            (What::Tag(tag), OperationKind::Mark(mark)) => {
                self.say_mark_all(tier, Some(tag), *mark).await
            }
            (What::All, OperationKind::Mark(mark)) => self.say_mark_all(tier, None, *mark).await,
            // Only keys are set.
            (What::Tag(_) | What::All, OperationKind::Set(_)) => Ok(()),
        }
    }

    /// Writes a value that was set while the store was away, unless another instance has written
    /// one meanwhile: nobody knows which was later, and that one is known to all.
    async fn say_again(
        &self,
        tier: &Tier<V>,
        key: &Key,
        unsaid: &Unsaid<V>,
        known: Generation,
    ) -> Result<(), StoreErrorKind> {
        let name = self.store_key(key);
        let read = tier.remote.store.read(&name);
        let there = self.call(tier, StoreOperation::Read, read).await?;
        let there = there.and_then(|bytes| crate::Record::generation_of(&bytes));
        if there.is_some_and(|there| there > known) {
            self.outdate(key, Mark::Remove, None);
            return Ok(());
        }
        let generation = self.issue(tier).await?;
        let (fresh_for, keep_for) = (unsaid.fresh_for, unsaid.keep_for);
        if self.now().saturating_since(unsaid.entry.created) >= keep_for {
            self.write_tombstone(tier, key, generation).await?;
            return self.announce(tier, key, Change::Removed, generation).await;
        }
        let entry = self.put_again(key, &unsaid.entry, generation);
        self.say(tier, key, &Unsaid { entry, fresh_for, keep_for }).await
    }
}
