use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;

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
    overflowed: HashMap<Arc<str>, Overflow, std::hash::RandomState>,
    /// How many of those that wait are of a tag or of all, by cache.
    wide: HashMap<Arc<str>, usize, std::hash::RandomState>,
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

impl What {
    const fn is_wide(&self) -> bool {
        matches!(self, Self::Tag(_) | Self::All)
    }
}

/// A change.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) kind: OperationKind,
    /// The last generation that was known at the time, or under which this instance has told of an
    /// earlier change of the same key since.
    pub(crate) generation: Generation,
    /// Under which this instance has told of an earlier change of tags or of all since.
    pub(crate) marked: Generation,
    ticket: u64,
}

#[derive(Clone, Debug)]
pub(crate) enum OperationKind {
    /// An entry of the cache's own type.
    Set(Arc<dyn Any + Send + Sync>),
    Mark(Mark),
}

/// What is to become of a cache of which too many changes wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overflow {
    /// It is expired; removed, if one of the changes was a removal.
    pub(crate) mark: Mark,
    ticket: u64,
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
        inner.overflowed.contains_key(cache)
            || inner.wide.contains_key(cache)
            || inner.waiting.contains_key(&target)
    }

    /// Whether a value waits that was set under this key, or under any of the cache. What comes
    /// later must reach the store later.
    pub(crate) fn has_set(&self, cache: &Arc<str>, key: Option<&Key>) -> bool {
        if self.len() == 0 {
            return false;
        }
        let inner = self.lock();
        let is_set = |operation: &Operation| matches!(operation.kind, OperationKind::Set(_));
        let Some(key) = key else {
            return inner
                .waiting
                .iter()
                .any(|(target, operation)| target.cache == *cache && is_set(operation));
        };
        let target = Target { cache: Arc::clone(cache), what: What::Key(key.clone()) };
        inner.waiting.get(&target).is_some_and(is_set)
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

    /// The change as it is now, if it waits still and no other took its place.
    pub(crate) fn due(&self, waiting: &Waiting) -> Option<Operation> {
        let inner = self.lock();
        inner.waiting.get(&waiting.target).filter(|_| inner.is_due(waiting)).cloned()
    }

    /// Notes under which generation a change was told. Those that wait came after it.
    pub(crate) fn told(&self, cache: &Arc<str>, key: Option<&Key>, generation: Generation) {
        if self.len() == 0 {
            return;
        }
        let mut inner = self.lock();
        let Some(key) = key else {
            for (target, operation) in &mut inner.waiting {
                if target.cache == *cache {
                    operation.marked = operation.marked.max(generation);
                }
            }
            return;
        };
        let target = Target { cache: Arc::clone(cache), what: What::Key(key.clone()) };
        if let Some(operation) = inner.waiting.get_mut(&target) {
            operation.generation = operation.generation.max(generation);
        }
    }

    /// Takes one off, unless another took its place.
    pub(crate) fn done(&self, waiting: &Waiting) {
        let mut inner = self.lock();
        if inner.is_due(waiting) {
            inner.waiting.remove(&waiting.target);
            inner.narrow(&waiting.target);
        }
        self.count(&inner);
    }

    pub(crate) fn overflowed(&self) -> Vec<(Arc<str>, Overflow)> {
        let inner = self.lock();
        inner.overflowed.iter().map(|(cache, overflow)| (Arc::clone(cache), *overflow)).collect()
    }

    /// Takes an overflow off, unless another change came meanwhile.
    pub(crate) fn made_up(&self, cache: &str, overflow: Overflow) {
        let mut inner = self.lock();
        if inner.overflowed.get(cache).is_some_and(|now| now.ticket == overflow.ticket) {
            inner.overflowed.remove(cache);
        }
        self.count(&inner);
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// How many changes of one cache wait; one, if it is to be expired or removed as a whole.
    pub(crate) fn len_of(&self, cache: &Arc<str>) -> usize {
        if self.len() == 0 {
            return 0;
        }
        let inner = self.lock();
        let waiting = inner.waiting.keys().filter(|waiting| waiting.cache == *cache).count();
        waiting + usize::from(inner.overflowed.contains_key(cache))
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
        self.ticket += 1;
        let operation =
            Operation { kind, generation, marked: Generation::ZERO, ticket: self.ticket };
        if let Some(overflow) = self.overflowed.get_mut(&target.cache) {
            overflow.ticket = self.ticket;
            if operation.removes() {
                overflow.mark = Mark::Remove;
            }
            return false;
        }
        if let Some(known) = self.waiting.get_mut(&target) {
            *known = operation.after(known);
            return true;
        }
        if self.waiting.len() >= limit {
            let cache = target.cache;
            let mut removes = operation.removes();
            self.waiting.retain(|waiting, operation| {
                let stays = waiting.cache != cache;
                removes |= !stays && operation.removes();
                stays
            });
            self.wide.remove(&cache);
            let mark = if removes { Mark::Remove } else { Mark::Expire };
            self.overflowed.insert(cache, Overflow { mark, ticket: self.ticket });
            return false;
        }
        if target.what.is_wide() {
            *self.wide.entry(Arc::clone(&target.cache)).or_default() += 1;
        }
        self.waiting.insert(target, operation);
        true
    }

    fn is_due(&self, waiting: &Waiting) -> bool {
        let ticket = waiting.operation.ticket;
        self.waiting.get(&waiting.target).is_some_and(|now| now.ticket == ticket)
    }

    /// One of this target waits no longer.
    fn narrow(&mut self, target: &Target) {
        if !target.what.is_wide() {
            return;
        }
        if let Some(wide) = self.wide.get_mut(&target.cache) {
            *wide -= 1;
            if *wide == 0 {
                self.wide.remove(&target.cache);
            }
        }
    }
}

impl Operation {
    pub(crate) const fn of(kind: OperationKind, generation: Generation) -> Self {
        Self { kind, generation, marked: Generation::ZERO, ticket: 0 }
    }

    /// Whether this process has done at home what is to be told.
    pub(crate) const fn is_done_here(&self) -> bool {
        self.ticket > 0
    }

    const fn removes(&self) -> bool {
        matches!(self.kind, OperationKind::Mark(Mark::Remove))
    }

    /// What remains to be done when this comes after an earlier one of the same target.
    fn after(self, earlier: &Self) -> Self {
        use OperationKind::{Mark as Marked, Set};
        match (&self.kind, &earlier.kind) {
            // What was removed stays removed when it is expired on top; so does what the store has
            // instead of a value that was set and then expired.
            (Marked(Mark::Expire), Marked(Mark::Remove) | Set(_)) => {
                Self { kind: Marked(Mark::Remove), ..self }
            }
            _ => self,
        }
    }
}
