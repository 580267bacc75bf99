use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::Core;
use super::core::Flown;
use super::task::Task;
use crate::entry::Entry;
use crate::error::Failure;
use crate::flight::{Flight, Joined, Landed};
use crate::key::Key;
use crate::observe::{Coalesced, Lookup, Trigger};
use crate::policy::Judged;
use crate::{Cached, Freshness, Item, Level, Load, LoadError, Options, Source, StaleReason};

/// What a caller who waits for a load gets.
enum Waited<V> {
    Value(Arc<Entry<V>>, Source),
    Failed(Failure),
    Slow(Cached<V>),
    TimedOut,
}

/// Until when a caller waits, however many loads it waits for.
struct Patience {
    soft: Option<Instant>,
    hard: Option<Instant>,
}

impl Patience {
    fn new(options: &Options) -> Self {
        let now = Instant::now();
        // What is too far away to have a moment is no limit.
        let until = |limit| now.checked_add(limit);
        let hard = options.hard_timeout.and_then(until);
        let soft = options.soft_timeout.filter(|_| options.fail_safe.is_some()).and_then(until);
        Self { soft: soft.map(|soft| hard.map_or(soft, |hard| soft.min(hard))), hard }
    }
}

impl<V: Clone + Send + Sync + 'static> Core<V> {
    /// What a call for a value does when the memory has none that is fresh.
    pub(super) async fn load<L, F, R, E>(
        self: Arc<Self>,
        key: Key,
        options: Options,
        loader: L,
    ) -> Result<Cached<V>, LoadError<E>>
    where
        L: FnOnce(Load<V>) -> F + Send + 'static,
        F: Future<Output = Result<R, E>> + Send + 'static,
        R: Into<Item<V>> + 'static,
        E: Send + Sync + 'static,
    {
        let patience = Patience::new(&options);
        // What was invalidated before this caller came: others that came before may be given it.
        let known = self.touched.load(Ordering::Acquire);
        let (mut loader, mut waits) = (loader, false);
        loop {
            let arrival = self.sequence();
            let now = self.now();
            let found = options.memory.reads().then(|| self.look(key.as_bytes(), &options, now));
            let previous = match found.flatten() {
                Some((entry, Judged::Fresh)) => {
                    let source = Source::Cached(Level::Memory);
                    return Ok(self.answer(entry, Freshness::Fresh, source));
                }
                Some((entry, Judged::Due)) => {
                    let previous = Some(Arc::clone(&entry));
                    self.begin(&key, arrival, &options, Trigger::Eager, previous, loader);
                    let source = Source::Cached(Level::Memory);
                    return Ok(self.answer(entry, Freshness::Fresh, source));
                }
                Some((entry, Judged::Revalidate)) => {
                    let previous = Some(Arc::clone(&entry));
                    self.begin(&key, arrival, &options, Trigger::Revalidation, previous, loader);
                    return Ok(self.stale(entry, StaleReason::Revalidating));
                }
                Some((entry, Judged::Throttled)) => {
                    return Ok(self.stale(entry, StaleReason::Throttled));
                }
                Some((entry, Judged::Spare | Judged::Gone)) => Some(entry),
                None => None,
            };
            let (flight, unused) =
                self.begin(&key, arrival, &options, Trigger::Caller, previous, loader);
            if unused.is_some() && !std::mem::replace(&mut waits, true) {
                self.counters.coalesced();
                if let Some(observer) = &self.ground.observer {
                    observer.coalesced(&Coalesced::new(&self.name));
                }
            }
            let (failure, reason) = match self.wait(&key, &options, &patience, &flight).await {
                Waited::Value(entry, source) => {
                    let outdated = flight.began() < known && self.is_outdated_for(&entry, known);
                    if let Some(unused) = unused
                        && (outdated || !options.admits(source))
                    {
                        loader = unused;
                        continue;
                    }
                    // It was fresh when the load ended, however late this caller is polled.
                    return Ok(self.answer(entry, Freshness::Fresh, source));
                }
                Waited::Slow(spare) => return Ok(spare),
                Waited::TimedOut => (None, StaleReason::LoaderSlow),
                Waited::Failed(failure) => (Some(failure), StaleReason::LoaderFailed),
            };
            if let Some(spare) = self.spare(&key, &options, reason) {
                return Ok(spare);
            }
            let error = match (failure.map(Failure::into_error), unused) {
                (Some(Some(error)), _) => error,
                // The other's loader has errors of another type: this caller asks its own.
                (Some(None), Some(unused)) => {
                    loader = unused;
                    continue;
                }
                (Some(None), None) => LoadError::Abandoned,
                (None, _) => LoadError::TimedOut,
            };
            self.looked(Lookup::Miss);
            return Err(error);
        }
    }

    /// Joins the load of a key, or begins one; gives the loader back if it is not needed.
    fn begin<L, F, R, E>(
        self: &Arc<Self>,
        key: &Key,
        began: u64,
        options: &Options,
        trigger: Trigger,
        previous: Option<Arc<Entry<V>>>,
        loader: L,
    ) -> (Flight<Flown<V>>, Option<L>)
    where
        L: FnOnce(Load<V>) -> F + Send + 'static,
        F: Future<Output = Result<R, E>> + Send + 'static,
        R: Into<Item<V>> + 'static,
        E: Send + Sync + 'static,
    {
        let generation = self.generation();
        let fence = self.fence(key);
        match self.loads.join(key, began, |began| began >= fence) {
            Joined::Follower(flight) => (flight, Some(loader)),
            Joined::Leader(duty, flight) => {
                let task = Task {
                    core: Arc::clone(self),
                    key: key.clone(),
                    options: options.clone(),
                    trigger,
                    previous,
                    sequence: began,
                    generation,
                };
                // Without a runtime nothing can go on by itself: the leader is dropped, and whoever
                // waits is told so.
                if let Ok(runtime) = Handle::try_current() {
                    runtime.spawn(task.run(duty, loader));
                }
                (flight, None)
            }
        }
    }

    async fn wait(
        &self,
        key: &Key,
        options: &Options,
        patience: &Patience,
        flight: &Flight<Flown<V>>,
    ) -> Waited<V> {
        let mut wait = flight.wait();
        // Without a runtime there are no timers.
        if Handle::try_current().is_err() {
            return Waited::from(wait.await);
        }
        if let Some(soft) = patience.soft {
            if let Ok(landed) = timeout_at(soft, &mut wait).await {
                return Waited::from(landed);
            }
            if let Some(spare) = self.spare(key, options, StaleReason::LoaderSlow) {
                return Waited::Slow(spare);
            }
        }
        match patience.hard {
            None => Waited::from(wait.await),
            Some(hard) => timeout_at(hard, wait).await.map_or(Waited::TimedOut, Waited::from),
        }
    }

    /// What may be served in place of what the loader did not bring: what fail-safe allows, and
    /// what was set meanwhile.
    fn spare(&self, key: &Key, options: &Options, reason: StaleReason) -> Option<Cached<V>> {
        if !options.memory.reads() {
            return None;
        }
        let (entry, judged) = self.look(key.as_bytes(), options, self.now())?;
        match judged {
            Judged::Fresh | Judged::Due => {
                let source = Source::Cached(Level::Memory);
                Some(self.answer(entry, Freshness::Fresh, source))
            }
            Judged::Revalidate | Judged::Throttled | Judged::Spare => {
                options.fail_safe.map(|_| self.stale(entry, reason))
            }
            Judged::Gone => None,
        }
    }
}

impl Options {
    /// Whether a value from there is what was asked for.
    const fn admits(&self, source: Source) -> bool {
        match source {
            Source::Cached(Level::Memory) => self.memory.reads(),
            Source::Cached(Level::Store) => self.store.reads(),
            Source::Loaded => true,
        }
    }
}

impl<V> From<Landed<Flown<V>>> for Waited<V> {
    fn from(landed: Landed<Flown<V>>) -> Self {
        match landed {
            Landed::Outcome(Flown::Value(entry, source)) => Self::Value(entry, source),
            Landed::Outcome(Flown::Failed(failure)) => Self::Failed(failure),
            Landed::Abandoned => Self::Failed(Failure::Abandoned),
        }
    }
}
