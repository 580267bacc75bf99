use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use smallvec::SmallVec;

use crate::policy::{Lifetime, Times};
use crate::tags::Cell;
use crate::{Generation, Timestamp};

/// What a loader may present to its source to learn that nothing has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// An entity tag, or whatever else names a version.
    pub etag: Option<Box<str>>,
    /// When the source says that the value was changed last.
    pub last_modified: Option<Box<str>>,
}

/// A value in memory.
#[derive(Debug)]
pub(crate) struct Entry<V> {
    pub(crate) value: V,
    pub(crate) generation: Generation,
    /// The last invalidation that this process knew when the data began to be read.
    pub(crate) sequence: u64,
    pub(crate) created: Timestamp,
    pub(crate) weight: u32,
    pub(crate) tags: Tags,
    pub(crate) validators: Validators,
    keep_until: Timestamp,
    eager_at: Timestamp,
    fresh_until: AtomicU64,
    retry_at: AtomicU64,
    /// Nothing it belongs to was invalidated until the sequence stood here.
    checked: AtomicU64,
}

/// The marks of an entry's tags, so that a hit looks nothing up.
pub(crate) type Tags = SmallVec<[Arc<Cell>; 2]>;

/// All of an entry but its value and its moments.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) generation: Generation,
    pub(crate) sequence: u64,
    pub(crate) created: Timestamp,
    pub(crate) weight: u32,
    pub(crate) tags: Tags,
    pub(crate) validators: Validators,
}

impl<V> Entry<V> {
    pub(crate) fn new(value: V, about: About, lifetime: &Lifetime) -> Self {
        let About { generation, sequence, created, weight, tags, validators } = about;
        Self {
            value,
            generation,
            sequence,
            created,
            weight,
            tags,
            validators,
            keep_until: lifetime.keep_until,
            eager_at: lifetime.eager_at,
            fresh_until: AtomicU64::new(lifetime.fresh_until.as_nanos()),
            retry_at: AtomicU64::new(0),
            checked: AtomicU64::new(sequence),
        }
    }

    pub(crate) fn checked(&self) -> u64 {
        self.checked.load(Ordering::Acquire)
    }

    pub(crate) fn set_checked(&self, sequence: u64) {
        self.checked.fetch_max(sequence, Ordering::AcqRel);
    }

    pub(crate) fn times(&self) -> Times {
        Times {
            fresh_until: Timestamp::from_nanos(self.fresh_until.load(Ordering::Relaxed)),
            eager_at: self.eager_at,
            keep_until: self.keep_until,
            retry_at: Timestamp::from_nanos(self.retry_at.load(Ordering::Relaxed)),
        }
    }

    /// The same entry under another generation.
    pub(crate) fn again(&self, generation: Generation, sequence: u64) -> Self
    where
        V: Clone,
    {
        Self {
            value: self.value.clone(),
            generation,
            sequence,
            created: self.created,
            weight: self.weight,
            tags: self.tags.clone(),
            validators: self.validators.clone(),
            keep_until: self.keep_until,
            eager_at: self.eager_at,
            fresh_until: AtomicU64::new(self.fresh_until.load(Ordering::Relaxed)),
            retry_at: AtomicU64::new(self.retry_at.load(Ordering::Relaxed)),
            checked: AtomicU64::new(sequence),
        }
    }

    /// From `now` on it is stale, unless it was already.
    pub(crate) fn expire(&self, now: Timestamp) {
        self.fresh_until.fetch_min(now.as_nanos(), Ordering::Relaxed);
    }

    /// Its loader is not to be asked before this moment.
    pub(crate) fn retry_at(&self, moment: Timestamp) {
        self.retry_at.fetch_max(moment.as_nanos(), Ordering::Relaxed);
    }

    pub(crate) fn keep_until(&self) -> Timestamp {
        self.keep_until
    }
}
