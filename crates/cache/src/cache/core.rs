use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::stripe::Stripe;
use super::tier::Tier;
use crate::caches::{Caches, Ground};
use crate::entry::Entry;
use crate::error::Failure;
use crate::flight::Flights;
use crate::key::Key;
use crate::memory::Memory;
use crate::observe::{Looked, Lookup, NotKept, NotStored};
use crate::policy::{Judged, judge};
use crate::stats::Counters;
use crate::tags::{Cell, TagTable, Touched};
use crate::{Cached, Freshness, Generation, Level, Options, Source, StaleReason, Timestamp};

/// What handles of one cache share.
pub(crate) struct Core<V> {
    pub(crate) name: Arc<str>,
    pub(crate) ground: Arc<Ground>,
    /// As long as there is a cache, its tasks go on.
    pub(super) _caches: Caches,
    pub(crate) options: Options,
    pub(crate) limits: Limits<V>,
    pub(crate) counters: Counters,
    pub(super) memory: Memory<V>,
    pub(super) loads: Flights<Key, Flown<V>>,
    pub(super) reads: Flights<Key, Option<Arc<Entry<V>>>>,
    pub(super) tier: Option<Tier<V>>,
    pub(super) tags: TagTable,
    /// The marks of all entries.
    pub(super) all: Cell,
    /// Counts invalidations, its own and those it hears of.
    pub(super) sequence: AtomicU64,
    /// Where the sequence stood after the last invalidation of a tag or of all: entries that are
    /// older need a second look.
    pub(super) touched: AtomicU64,
    /// When the sequence stood here, messages may have been missed.
    pub(super) epoch: AtomicU64,
    /// When keys of each stripe were invalidated last; held while one is placed.
    pub(super) stripes: Box<[Mutex<Stripe>]>,
    pub(super) hasher: std::hash::RandomState,
    /// The last generation that was heard of.
    pub(super) generation: AtomicU64,
    /// Rung when another instance has loaded something.
    pub(super) filled: Notify,
}

/// How large things may be.
pub(crate) struct Limits<V> {
    pub(crate) capacity: u64,
    pub(crate) key_length: usize,
    pub(crate) entry_weight: u32,
    pub(crate) weigh: Option<Weigher<V>>,
}

/// Tells the bytes of a value.
type Weigher<V> = Box<dyn Fn(&V) -> usize + Send + Sync>;

/// What a load ended with.
#[derive(Debug)]
pub(crate) enum Flown<V> {
    Value(Arc<Entry<V>>, Source),
    Failed(Failure),
}

impl<V> Clone for Flown<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Value(entry, source) => Self::Value(Arc::clone(entry), *source),
            Self::Failed(failure) => Self::Failed(failure.clone()),
        }
    }
}

/// Whether an entry still says what its source says, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Current,
    /// Messages may have been missed since: the store knows.
    Untrusted,
    Removed,
}

impl<V: Clone + Send + Sync + 'static> Core<V> {
    pub(crate) fn now(&self) -> Timestamp {
        self.ground.clock.now()
    }

    /// A hit that needs nothing more: the path that most calls take.
    #[inline]
    pub(crate) fn hit(&self, key: &[u8]) -> Option<Cached<V>> {
        let hit = self.hit_untold(key)?;
        self.tell_hit();
        Some(hit)
    }

    /// A hit that is part of another, which is counted.
    #[inline]
    pub(crate) fn hit_untold(&self, key: &[u8]) -> Option<Cached<V>> {
        let (entry, now, sequence) = self.memory.get_quiet(key, || self.now())?;
        if sequence < self.touched.load(Ordering::Acquire) && !self.is_current(&entry) {
            return None;
        }
        Some(Cached::new(entry, now, Freshness::Fresh, Source::Cached(Level::Memory)))
    }

    #[inline]
    pub(crate) fn tell_hit(&self) {
        self.counters.hit_memory();
        if let Some(observer) = &self.ground.observer {
            observer.looked(&Looked::new(&self.name, Lookup::MemoryHit));
        }
    }

    /// What the memory has, and what it is good for.
    pub(super) fn look(
        &self,
        key: &[u8],
        options: &Options,
        now: Timestamp,
    ) -> Option<(Arc<Entry<V>>, Judged)> {
        let entry = self.memory.get(key)?;
        let judged = self.judge(&entry, options, now)?;
        Some((entry, judged))
    }

    /// Nothing if the entry was removed.
    pub(super) fn judge(
        &self,
        entry: &Entry<V>,
        options: &Options,
        now: Timestamp,
    ) -> Option<Judged> {
        let standing = self.standing(entry, now);
        let judged = judge(entry.times(), now, options);
        match standing {
            Standing::Current => Some(judged),
            Standing::Removed => None,
            Standing::Untrusted => match judged {
                Judged::Gone => Some(Judged::Gone),
                _ if options.fail_safe.is_some() => Some(Judged::Spare),
                _ => Some(Judged::Gone),
            },
        }
    }

    fn is_current(&self, entry: &Entry<V>) -> bool {
        let touched = self.touched.load(Ordering::Acquire);
        let checked = entry.checked();
        if checked >= touched {
            return true;
        }
        let current = checked >= self.epoch.load(Ordering::Acquire)
            && self.all.is_untouched_since(checked)
            && entry.tags.iter().all(|tag| tag.is_untouched_since(checked));
        if current {
            entry.set_checked(touched);
        }
        current
    }

    /// Also makes an entry stale whose tag or cache was expired.
    pub(super) fn standing(&self, entry: &Entry<V>, now: Timestamp) -> Standing {
        if self.is_current(entry) {
            return Standing::Current;
        }
        let cells = std::iter::once(&self.all).chain(entry.tags.iter().map(AsRef::as_ref));
        for touched in cells.filter_map(|cell| cell.touched_since(entry.sequence)) {
            match touched {
                Touched::Removed => return Standing::Removed,
                Touched::Expired(since) => entry.expire(since.min(now)),
            }
        }
        if entry.sequence < self.epoch.load(Ordering::Acquire) {
            Standing::Untrusted
        } else {
            Standing::Current
        }
    }

    /// Whether what was invalidated before a caller came makes this entry, which another's loader
    /// brought, outdated for it.
    pub(super) fn is_outdated_for(&self, entry: &Entry<V>, arrival: u64) -> bool {
        std::iter::once(&self.all)
            .chain(entry.tags.iter().map(AsRef::as_ref))
            .any(|cell| cell.touched_between(entry.sequence, arrival))
    }

    pub(super) fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::Acquire)
    }

    pub(super) fn generation(&self) -> Generation {
        Generation::from_u64(self.generation.load(Ordering::Acquire))
    }

    /// Answers a caller.
    pub(super) fn answer(
        &self,
        entry: Arc<Entry<V>>,
        freshness: Freshness,
        source: Source,
    ) -> Cached<V> {
        match (freshness, source) {
            (Freshness::Stale(reason), Source::Cached(level)) => {
                self.looked(Lookup::StaleHit { level, reason });
            }
            (Freshness::Stale(reason), Source::Loaded) => {
                self.looked(Lookup::StaleHit { level: Level::Memory, reason });
            }
            (Freshness::Fresh, Source::Cached(Level::Memory)) => self.looked(Lookup::MemoryHit),
            (Freshness::Fresh, Source::Cached(Level::Store)) => self.looked(Lookup::StoreHit),
            (Freshness::Fresh, Source::Loaded) => self.looked(Lookup::Miss),
        }
        Cached::new(entry, self.now(), freshness, source)
    }

    pub(super) fn stale(&self, entry: Arc<Entry<V>>, reason: StaleReason) -> Cached<V> {
        self.answer(entry, Freshness::Stale(reason), Source::Cached(Level::Memory))
    }

    pub(crate) fn looked(&self, lookup: Lookup) {
        match lookup {
            Lookup::MemoryHit => self.counters.hit_memory(),
            Lookup::StoreHit => self.counters.hit_store(),
            Lookup::StaleHit { .. } => self.counters.hit_stale(),
            Lookup::Miss => self.counters.miss(),
        }
        if let Some(observer) = &self.ground.observer {
            observer.looked(&Looked::new(&self.name, lookup));
        }
    }

    pub(super) fn not_kept(&self, why: NotStored) {
        self.counters.not_kept();
        if let Some(observer) = &self.ground.observer {
            observer.not_kept(&NotKept::new(&self.name, why));
        }
    }
}

impl<V> fmt::Debug for Core<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("name", &self.name).finish_non_exhaustive()
    }
}
