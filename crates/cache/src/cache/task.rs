use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Core;
use super::core::Flown;
use super::tier::Tier;
use crate::entry::{About, Entry, Tags};
use crate::error::Failure;
use crate::flight::Leader;
use crate::item::Kind;
use crate::key::Key;
use crate::observe::{LoadOutcome, Loaded, NotStored, StoreOperation, Trigger};
use crate::options::Distributed;
use crate::policy::{Asked, Judged, lifetime};
use crate::store::{Change, Written};
use crate::{Generation, Item, Level, Load, Options, Source};

/// One load, which goes on whatever becomes of those who wait for it.
pub(super) struct Task<V> {
    pub(super) core: Arc<Core<V>>,
    pub(super) key: Key,
    pub(super) options: Options,
    pub(super) trigger: Trigger,
    pub(super) previous: Option<Arc<Entry<V>>>,
    /// What was known when it began.
    pub(super) sequence: u64,
    pub(super) generation: Generation,
}

/// After a background load has failed, the next is not tried at once.
const RETRY: Duration = Duration::from_secs(1);

/// How often the holder of a distributed lock is looked after, in case its message is lost.
const LOOK: Duration = Duration::from_millis(50);

impl<V: Clone + Send + Sync + 'static> Task<V> {
    pub(super) async fn run<L, F, R, E>(mut self, duty: Leader<Key, Flown<V>>, loader: L)
    where
        L: FnOnce(Load<V>) -> F,
        F: Future<Output = Result<R, E>>,
        R: Into<Item<V>>,
        E: Send + Sync + 'static,
    {
        let core = Arc::clone(&self.core);
        let tier = core.tier.as_ref();
        if let Some(entry) = self.found_meanwhile() {
            duty.land(Flown::Value(entry, Source::Cached(Level::Memory)));
            return;
        }
        let reads = tier.filter(|_| self.options.store.reads());
        if let Some(tier) = reads
            && let Some(entry) = self.read(tier).await
        {
            duty.land(Flown::Value(entry, Source::Cached(Level::Store)));
            return;
        }
        let mut lock = None;
        if let (Some(tier), Some(distributed)) = (tier, self.options.distributed) {
            match self.lock(tier, distributed).await {
                Turn::Found(entry) => {
                    duty.land(Flown::Value(entry, Source::Cached(Level::Store)));
                    return;
                }
                Turn::Locked(token) => lock = Some(token),
                Turn::Open => {}
            }
        }
        if self.options.distributed.is_some() {
            // Its data begin to be read only now: its turn may have taken longer to come than the
            // store remembers what was removed.
            self.generation = core.generation();
            self.sequence = core.sequence();
        }
        match self.ask(loader).await {
            Ok(item) => self.keep(duty, item, tier).await,
            Err(failure) => {
                self.hold_back();
                duty.land(Flown::Failed(failure));
            }
        }
        if let (Some(tier), Some(token)) = (tier, lock) {
            self.unlock(tier, token).await;
        }
    }

    /// Another load may have ended between the look that found nothing and the begin of this one.
    fn found_meanwhile(&self) -> Option<Arc<Entry<V>>> {
        if !self.options.memory.reads() {
            return None;
        }
        let core = &self.core;
        let (entry, judged) = core.look(self.key.as_bytes(), &self.options, core.now())?;
        match judged {
            Judged::Fresh => Some(entry),
            // What is due is what an eager load is begun for.
            Judged::Due => (self.trigger == Trigger::Caller).then_some(entry),
            _ => None,
        }
    }

    /// What the store has, if it is better than to load. Else it may still serve as a spare.
    async fn read(&mut self, tier: &Tier<V>) -> Option<Arc<Entry<V>>> {
        let entry = self.core.read_store(tier, &self.key, &self.options).await?;
        match self.core.judge(&entry, &self.options, self.core.now()) {
            Some(Judged::Fresh) => Some(entry),
            Some(Judged::Due) if self.trigger == Trigger::Caller => Some(entry),
            _ => {
                if self.previous.as_ref().is_none_or(|known| known.created <= entry.created) {
                    self.previous = Some(entry);
                }
                None
            }
        }
    }

    /// Waits for its turn among the instances.
    async fn lock(&mut self, tier: &Tier<V>, distributed: Distributed) -> Turn<V> {
        let token = fastrand::u64(..);
        let name = self.core.store_key(&self.key);
        let core = Arc::clone(&self.core);
        let waits = async {
            loop {
                let filled = core.filled.notified();
                let mut filled = pin!(filled);
                filled.as_mut().enable();
                if !tier.is_open() {
                    return Turn::Open;
                }
                let lock = tier.remote.backplane.lock(&name, token, distributed.keep);
                match core.call(tier, StoreOperation::Lock, lock).await {
                    Err(_) => return Turn::Open,
                    Ok(true) => {
                        // Somebody may have loaded it between the look and the lock.
                        return match self.read(tier).await {
                            Some(entry) => {
                                self.unlock(tier, token).await;
                                Turn::Found(entry)
                            }
                            None => Turn::Locked(token),
                        };
                    }
                    Ok(false) => {}
                }
                if let Some(entry) = self.read(tier).await {
                    return Turn::Found(entry);
                }
                tokio::select! {
                    () = filled => {}
                    () = sleep(LOOK) => {}
                }
            }
        };
        timeout(distributed.wait, waits).await.unwrap_or(Turn::Open)
    }

    async fn unlock(&self, tier: &Tier<V>, token: u64) {
        let core = &self.core;
        let name = core.store_key(&self.key);
        let unlock = tier.remote.backplane.unlock(&name, token);
        // Left alone it ends by itself.
        core.call(tier, StoreOperation::Unlock, unlock).await.ok();
        // Those who wait look for themselves as well.
        core.announce(tier, &self.key, Change::Loaded, self.generation).await.ok();
    }

    /// Runs the loader.
    async fn ask<L, F, R, E>(&self, loader: L) -> Result<Item<V>, Failure>
    where
        L: FnOnce(Load<V>) -> F,
        F: Future<Output = Result<R, E>>,
        R: Into<Item<V>>,
        E: Send + Sync + 'static,
    {
        let begun = self.core.now();
        let previous = self
            .previous
            .as_ref()
            .map(|entry| (Arc::clone(entry), begun.saturating_since(entry.created)));
        let load = Load::new(previous);
        let loading = guarded(async move { loader(load).await.map(Into::into) });
        let (result, outcome) = match timeout(self.options.abandon_after, loading).await {
            Ok(Ok(Ok(item))) => {
                let outcome = outcome_of(&item);
                (Ok(item), outcome)
            }
            Ok(Ok(Err(error))) => (Err(Failure::Error(Arc::new(error))), LoadOutcome::Failed),
            Ok(Err(Panicked)) => (Err(Failure::Panicked), LoadOutcome::Panicked),
            Err(_) => (Err(Failure::Abandoned), LoadOutcome::Abandoned),
        };
        let elapsed = self.core.now().saturating_since(begun);
        self.core.counters.loaded(elapsed, outcome);
        if let Some(observer) = &self.core.ground.observer {
            observer.loaded(&Loaded::new(&self.core.name, self.trigger, elapsed, outcome));
        }
        result
    }

    /// After a failure what is there is served for a while before the next attempt.
    fn hold_back(&self) {
        let wait = self.options.fail_safe.map_or(RETRY, |fail_safe| fail_safe.throttle);
        if let Some(entry) = self.core.memory.get(self.key.as_bytes()) {
            entry.retry_at(self.core.now().saturating_add(wait));
        }
    }

    /// Puts what was loaded into memory, gives it to those who wait, then to the store.
    async fn keep(&self, duty: Leader<Key, Flown<V>>, item: Item<V>, tier: Option<&Tier<V>>) {
        let core = &self.core;
        let kept = item.kept;
        let (entry, fresh_for, keep_for) =
            core.entry_of(&self.key, item, &self.options, self.sequence, self.generation);
        let placed = if kept && self.options.memory.writes() {
            core.place(&self.key, &entry)
        } else {
            Ok(())
        };
        duty.land(Flown::Value(Arc::clone(&entry), Source::Loaded));
        if let Err(why) = placed {
            core.not_kept(why);
            // The store would refuse it, or would have to forget it.
            if matches!(why, NotStored::Invalidated | NotStored::Superseded) {
                return;
            }
        }
        let writes = kept && self.options.store.writes();
        let Some(tier) = tier.filter(|tier| writes && tier.is_open()) else { return };
        if self.key.as_bytes().len() > core.limits.key_length {
            return;
        }
        let written = core.write_store(tier, &self.key, &entry, fresh_for, keep_for).await;
        if let Ok(Written::Superseded(there)) = written
            && core.is_ours(tier, &self.key, &there)
        {
            core.not_kept(NotStored::Superseded);
            // The next reader takes what is there.
            core.outdate(&self.key, crate::Mark::Remove, None);
        }
    }
}

/// What comes of waiting for a distributed lock.
enum Turn<V> {
    /// Another instance has loaded it.
    Found(Arc<Entry<V>>),
    /// This one loads.
    Locked(u64),
    /// Nobody answers, or it has taken too long: this one loads too.
    Open,
}

impl<V: Clone + Send + Sync + 'static> Core<V> {
    /// An entry that is created now, and its times in the store.
    pub(super) fn entry_of(
        &self,
        key: &Key,
        item: Item<V>,
        options: &Options,
        sequence: u64,
        generation: Generation,
    ) -> (Arc<Entry<V>>, Duration, Duration) {
        let now = self.now();
        let asked = Asked {
            ttl: item.ttl,
            memory_ttl: item.memory_ttl,
            store_ttl: item.store_ttl,
            kind: item.kind,
        };
        let lifetime = lifetime(now, options, asked, fastrand::f64());
        let names: Vec<&str> = options.tags.iter().chain(&item.tags).map(AsRef::as_ref).collect();
        let about = About {
            generation,
            sequence,
            created: now,
            // Entries without weight would be without bound.
            weight: item.weight.unwrap_or_else(|| self.weight(key, &item.value)).max(1),
            tags: self.distinct_cells(&names, sequence),
            validators: item.validators,
        };
        let (fresh_for, keep_for) = Self::store_times(&lifetime);
        (Arc::new(Entry::new(item.value, about, &lifetime)), fresh_for, keep_for)
    }

    fn distinct_cells(&self, names: &[&str], sequence: u64) -> Tags {
        let mut distinct: Vec<&str> = Vec::with_capacity(names.len());
        for name in names {
            if !distinct.contains(name) {
                distinct.push(name);
            }
        }
        self.cells(&distinct, sequence)
    }
}

const fn outcome_of<V>(item: &Item<V>) -> LoadOutcome {
    match item.kind {
        Kind::Value => LoadOutcome::Value,
        Kind::Absent => LoadOutcome::Absent,
        Kind::NotModified => LoadOutcome::NotModified,
    }
}

struct Panicked;

/// Turns a panic of a future into an error.
async fn guarded<T>(future: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut future = pin!(future);
    std::future::poll_fn(move |context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(payload) => {
                discard(payload);
                Poll::Ready(Err(Panicked))
            }
        }
    })
    .await
}

/// The payload of a panic may panic when it is dropped.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}
