use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::entry::{Entry, Validators};
use crate::{Level, StaleReason, Timestamp};

/// A value, and how it was come by. Dereferences to the value.
pub struct Cached<V> {
    entry: Arc<Entry<V>>,
    found: Timestamp,
    freshness: Freshness,
    source: Source,
}

/// Whether a value is within its lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Freshness {
    /// It is.
    Fresh,
    /// It is past it, and was served nevertheless.
    Stale(StaleReason),
}

/// Where a value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// In a level of the cache.
    Cached(Level),
    /// The loader has just made it.
    Loaded,
}

impl<V> Cached<V> {
    #[inline]
    pub(crate) const fn new(
        entry: Arc<Entry<V>>,
        found: Timestamp,
        freshness: Freshness,
        source: Source,
    ) -> Self {
        Self { entry, found, freshness, source }
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &V {
        &self.entry.value
    }

    /// The time since it was loaded or set, when it was found.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.found.saturating_since(self.entry.created)
    }

    /// Whether it is within its lifetime.
    #[must_use]
    pub const fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Whether it is past its lifetime.
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        matches!(self.freshness, Freshness::Stale(_))
    }

    /// Where it was found.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// What its source calls this version.
    #[must_use]
    pub fn validators(&self) -> &Validators {
        &self.entry.validators
    }

    /// Its tags.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.entry.tags.iter().map(|cell| cell.name())
    }
}

impl<V: Clone> Cached<V> {
    /// The value alone.
    #[must_use]
    pub fn into_value(self) -> V {
        match Arc::try_unwrap(self.entry) {
            Ok(entry) => entry.value,
            Err(shared) => shared.value.clone(),
        }
    }
}

impl<V> Deref for Cached<V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value()
    }
}

impl<V> Clone for Cached<V> {
    fn clone(&self) -> Self {
        Self { entry: Arc::clone(&self.entry), ..*self }
    }
}

impl<V: fmt::Debug> fmt::Debug for Cached<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("value", self.value())
            .field("age", &self.age())
            .field("freshness", &self.freshness)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// How far a change has come when the call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reach {
    /// It is of this process alone: the cache has no store, or the store was not to be written.
    Local,
    /// The store has it, and the other instances were told.
    Shared,
    /// This process has it; the store did not answer, and is told when it does again.
    Queued,
}
