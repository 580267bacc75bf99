use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::Core;
use super::core::Flown;
use super::task::Task;
use crate::entry::Entry;
use crate::flight::{Flight, Joined, Landed};
use crate::key::Key;
use crate::observe::{Coalesced, Trigger};
use crate::policy::Judged;
use crate::{Cached, Freshness, Item, Level, Load, LoadError, Options, Source, StaleReason};

/// What a caller who waits for a load gets.
enum Waited<V> {
    Value(Arc<Entry<V>>, Source),
    Failed(crate::error::Failure),
    Slow(Arc<Entry<V>>),
    TimedOut,
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
        let mut loader = loader;
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
            if unused.is_some() {
                self.counters.coalesced();
                if let Some(observer) = &self.ground.observer {
                    observer.coalesced(&Coalesced::new(&self.name));
                }
            }
            let failure = match self.wait(&key, &options, &flight).await {
                Waited::Value(entry, source) => {
                    if let Some(unused) = unused
                        && self.is_outdated_for(&entry, arrival)
                    {
                        loader = unused;
                        continue;
                    }
                    let freshness = self.freshness_of(&entry, source);
                    return Ok(self.answer(entry, freshness, source));
                }
                Waited::Slow(entry) => return Ok(self.stale(entry, StaleReason::LoaderSlow)),
                Waited::TimedOut => None,
                Waited::Failed(failure) => Some(failure),
            };
            if let Some(entry) = self.spare(&key, &options) {
                return Ok(self.stale(entry, StaleReason::LoaderFailed));
            }
            self.looked(crate::observe::Lookup::Miss);
            let Some(failure) = failure else { return Err(LoadError::TimedOut) };
            match (failure.into_error(), unused) {
                (Some(error), _) => return Err(error),
                // The other's loader has errors of another type: this caller asks its own.
                (None, Some(unused)) => loader = unused,
                (None, None) => return Err(LoadError::Abandoned),
            }
        }
    }

    /// Joins the load of a key, or begins one; gives the loader back if it is not needed.
    pub(super) fn begin<L, F, R, E>(
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
            Joined::Leader(leader, flight) => {
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
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(task.run(leader, loader));
                }
                (flight, None)
            }
        }
    }

    async fn wait(
        &self,
        key: &Key,
        options: &Options,
        flight: &Flight<Flown<V>>,
    ) -> Waited<V> {
        let mut wait = flight.wait();
        let mut waited = Duration::ZERO;
        if let Some(soft) = options.soft_timeout
            && options.fail_safe.is_some()
        {
            let soft = options.hard_timeout.map_or(soft, |hard| soft.min(hard));
            match timeout(soft, &mut wait).await {
                Ok(landed) => return Waited::from(landed),
                Err(_) => {
                    if let Some(entry) = self.spare(key, options) {
                        return Waited::Slow(entry);
                    }
                }
            }
            waited = soft;
        }
        match options.hard_timeout {
            None => Waited::from(wait.await),
            Some(hard) => match timeout(hard.saturating_sub(waited), wait).await {
                Ok(landed) => Waited::from(landed),
                Err(_) => Waited::TimedOut,
            },
        }
    }

    /// What fail-safe may serve.
    fn spare(&self, key: &Key, options: &Options) -> Option<Arc<Entry<V>>> {
        options.fail_safe?;
        let (entry, judged) = self.look(key.as_bytes(), options, self.now())?;
        (judged != Judged::Gone).then_some(entry)
    }

    /// A load may end with what the store had; and that may have ended meanwhile.
    fn freshness_of(&self, entry: &Entry<V>, source: Source) -> Freshness {
        match source {
            Source::Cached(_) if self.now() >= entry.times().fresh_until => {
                Freshness::Stale(StaleReason::LoaderFailed)
            }
            Source::Cached(_) | Source::Loaded => Freshness::Fresh,
        }
    }
}

impl<V> From<Landed<Flown<V>>> for Waited<V> {
    fn from(landed: Landed<Flown<V>>) -> Self {
        match landed {
            Landed::Outcome(Flown::Value(entry, source)) => Self::Value(entry, source),
            Landed::Outcome(Flown::Failed(failure)) => Self::Failed(failure),
            Landed::Abandoned => Self::Failed(crate::error::Failure::Abandoned),
        }
    }
}
