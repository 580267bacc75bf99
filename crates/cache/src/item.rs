use std::time::Duration;

use smallvec::SmallVec;

use crate::entry::Validators;

/// A value, and what is to be known of its entry. What is not said comes from the [`Options`].
///
/// A plain value becomes one by `into()`, so a loader may return either.
///
/// [`Options`]: crate::Options
#[derive(Clone, Debug)]
pub struct Item<V> {
    pub(crate) value: V,
    pub(crate) ttl: Option<Duration>,
    pub(crate) memory_ttl: Option<Duration>,
    pub(crate) store_ttl: Option<Duration>,
    pub(crate) tags: SmallVec<[Box<str>; 2]>,
    pub(crate) validators: Validators,
    pub(crate) weight: Option<u32>,
    pub(crate) kind: Kind,
    pub(crate) kept: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Value,
    Absent,
    NotModified,
}

impl<V> Item<V> {
    /// Takes a value.
    #[must_use]
    pub fn new(value: V) -> Self {
        Self {
            value,
            ttl: None,
            memory_ttl: None,
            store_ttl: None,
            tags: SmallVec::new(),
            validators: Validators::default(),
            weight: None,
            kind: Kind::Value,
            kept: true,
        }
    }

    /// It is fresh for this long.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// In memory it is fresh for this long at most.
    #[must_use]
    pub fn with_memory_ttl(mut self, ttl: Duration) -> Self {
        self.memory_ttl = Some(ttl);
        self
    }

    /// In the store it is fresh for this long.
    #[must_use]
    pub fn with_store_ttl(mut self, ttl: Duration) -> Self {
        self.store_ttl = Some(ttl);
        self
    }

    /// It carries this tag as well.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<Box<str>>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// The source calls this version so.
    #[must_use]
    pub fn with_etag(mut self, etag: impl Into<Box<str>>) -> Self {
        self.validators.etag = Some(etag.into());
        self
    }

    /// The source changed it last at this time, in the words of the source.
    #[must_use]
    pub fn with_last_modified(mut self, time: impl Into<Box<str>>) -> Self {
        self.validators.last_modified = Some(time.into());
        self
    }

    /// It weighs this much, whatever the cache's weigher would say. Means nothing where the memory
    /// is bounded by the number of entries.
    #[must_use]
    pub fn with_weight(mut self, weight: u32) -> Self {
        self.weight = Some(weight);
        self
    }

    /// It is given to those who wait for it, and not kept. What is set so removes what is there.
    #[must_use]
    pub fn not_kept(mut self) -> Self {
        self.kept = false;
        self
    }
}

impl<V> Item<Option<V>> {
    /// There is no such thing, which is remembered for the absent-ttl of the options.
    #[must_use]
    pub fn absent() -> Self {
        Self { kind: Kind::Absent, ..Self::new(None) }
    }

    /// What was found, or that it is absent.
    #[must_use]
    pub fn maybe(found: Option<V>) -> Self {
        found.map_or_else(Self::absent, |value| Self::new(Some(value)))
    }
}

impl<V> From<V> for Item<V> {
    fn from(value: V) -> Self {
        Self::new(value)
    }
}
