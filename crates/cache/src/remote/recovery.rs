use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::{HashMap, HashSet};

use crate::key::Key;
use crate::{Generation, Mark};

/// Changes that the store has not been told yet: one for each key and tag, the last one, up to a
/// number. Past it a whole cache is expired instead.
#[derive(Debug)]
pub(crate) struct Recovery {
    limit: usize,
    inner: Mutex<Inner>,
    /// How many wait: nearly always none, which costs nobody the lock.
    len: AtomicUsize,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: HashMap<Target, Operation, std::hash::RandomState>,
    overflowed: HashSet<Arc<str>, std::hash::RandomState>,
    /// Counts what comes in, so that what is replayed is known from what replaced it meanwhile.
    ticket: u64,
}

/// What a change is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) cache: Arc<str>,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Key(Key),
    Tag(Box<str>),
    All,
}

/// A change.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) kind: OperationKind,
    /// The last generation that was known at the time.
    pub(crate) generation: Generation,
    ticket: u64,
}

#[derive(Clone, Debug)]
pub(crate) enum OperationKind {
    /// An entry of the cache's own type.
    Set(Arc<dyn Any + Send + Sync>),
    Mark(Mark),
}

/// One change that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) target: Target,
    pub(crate) operation: Operation,
}

impl Recovery {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, inner: Mutex::default(), len: AtomicUsize::new(0) }
    }

    /// Adds a change; false if the queue is full, and the cache is expired later instead.
    pub(crate) fn push(&self, target: Target, kind: OperationKind, generation: Generation) -> bool {
        let mut inner = self.lock();
        let fits = inner.push(target, kind, generation, self.limit);
        self.count(&inner);
        fits
    }

    /// Whether a change waits that concerns this key, so that the store is behind.
    pub(crate) fn concerns(&self, cache: &Arc<str>, key: &Key) -> bool {
        if self.len() == 0 {
            return false;
        }
        let inner = self.lock();
        let target = Target { cache: Arc::clone(cache), what: What::Key(key.clone()) };
        // Nobody knows which tags the stored entry carries.
        let wider = |waiting: &Target| {
            waiting.cache == *cache && !matches!(waiting.what, What::Key(_))
        };
        inner.overflowed.contains(cache)
            || inner.waiting.contains_key(&target)
            || inner.waiting.keys().any(wider)
    }

    /// Everything that waits, to be taken off one by one.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        let inner = self.lock();
        let mut waiting: Vec<_> = inner
            .waiting
            .iter()
            .map(|(target, operation)| Waiting {
                target: target.clone(),
                operation: operation.clone(),
            })
            .collect();
        waiting.sort_by_key(|waiting| waiting.operation.ticket);
        waiting
    }

    /// Takes one off, unless another took its place.
    pub(crate) fn done(&self, waiting: &Waiting) {
        let mut inner = self.lock();
        let ticket = waiting.operation.ticket;
        if inner.waiting.get(&waiting.target).is_some_and(|now| now.ticket == ticket) {
            inner.waiting.remove(&waiting.target);
        }
        self.count(&inner);
    }

    pub(crate) fn overflowed(&self) -> Vec<Arc<str>> {
        self.lock().overflowed.iter().cloned().collect()
    }

    pub(crate) fn expired(&self, cache: &str) {
        let mut inner = self.lock();
        inner.overflowed.remove(cache);
        self.count(&inner);
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    fn count(&self, inner: &Inner) {
        self.len.store(inner.waiting.len() + inner.overflowed.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn push(
        &mut self,
        target: Target,
        kind: OperationKind,
        generation: Generation,
        limit: usize,
    ) -> bool {
        if self.overflowed.contains(&target.cache) {
            return false;
        }
        self.ticket += 1;
        let operation = Operation { kind, generation, ticket: self.ticket };
        if let Some(known) = self.waiting.get_mut(&target) {
            *known = operation.after(known);
            return true;
        }
        if self.waiting.len() >= limit {
            let cache = target.cache;
            self.waiting.retain(|waiting, _| waiting.cache != cache);
            self.overflowed.insert(cache);
            return false;
        }
        self.waiting.insert(target, operation);
        true
    }
}

impl Operation {
    pub(crate) const fn of(kind: OperationKind, generation: Generation) -> Self {
        Self { kind, generation, ticket: 0 }
    }

    /// What remains to be done when this comes after an earlier one of the same target.
    fn after(self, earlier: &Self) -> Self {
        use OperationKind::Mark as Marked;
        match (&self.kind, &earlier.kind) {
            // What was removed stays removed when it is expired on top.
            (Marked(Mark::Expire), Marked(Mark::Remove)) => {
                Self { kind: Marked(Mark::Remove), ..self }
            }
            _ => self,
        }
    }
}
