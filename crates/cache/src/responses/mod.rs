//! Stored responses: what they are, what they are found under, and how they go.

mod builder;
mod codec;
mod finding;
mod index;
mod keeping;
mod passes;
mod purge;
mod stored;
mod target;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

pub use builder::ResponsesBuilder;
pub(crate) use finding::{Kept, Looked, Selection, variant_key};
pub(crate) use index::{Index, Selecting, Variant};
pub(crate) use keeping::Place;
pub(crate) use passes::{Passes, Unstored};
pub use purge::PurgeError;
pub(crate) use stored::{Slot, Stored};
pub(crate) use target::{Nothing, Site, Sized, SizedBytes, Target};

use crate::cache::{Core, Member};
use crate::flight::Flights;
use crate::key::Key;
use crate::{CacheStats, Handled, Responded};

/// A named cache of responses, which the services of any number of layers share.
///
/// A clone is another handle on the same cache.
#[derive(Clone)]
pub struct Responses(pub(crate) Arc<Shelf>);

pub(crate) struct Shelf {
    pub(crate) core: Arc<Core<Slot>>,
    /// Fetches under way, by the key of what they fill.
    pub(crate) fetches: Flights<Key, Fetched>,
    pub(crate) passes: Passes,
    /// Bytes of bodies that are being stored.
    pub(crate) buffered: AtomicUsize,
    /// Whether a layer tells responses apart by more than the URI and `Vary`.
    pub(crate) is_parted: AtomicBool,
    /// Taken while an index is changed.
    indexing: Vec<std::sync::Mutex<()>>,
}

/// What became of a fetch that others wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// Look again.
    Stored,
    /// Look again: what is stored depends on more than was known.
    Varies,
    /// Each has to ask for itself.
    NotStored,
}

impl Responses {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.core.name
    }

    /// What has happened so far. Hits and misses are those of requests that the cache is asked for;
    /// in flight are fetches that others may wait for.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        CacheStats { in_flight: self.0.fetches.len() as u64, ..self.0.core.stats() }
    }
}

impl Shelf {
    /// Tells whoever observes.
    #[inline]
    pub(crate) fn tell(&self, handled: Handled) {
        if let Some(observer) = &self.core.ground.observer {
            observer.responded(&Responded::new(&self.core.name, handled));
        }
    }
}

impl fmt::Debug for Responses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Responses").field(&self.name()).finish()
    }
}
