use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::codec::Wire;
use super::{Passes, Responses, Shelf, Slot};
use crate::cache::CacheBuilder;
use crate::flight::Flights;
use crate::memory::Weigh;
use crate::{Caches, ConfigError, Options};

/// Describes a cache of responses before it is made.
#[must_use]
pub struct ResponsesBuilder {
    builder: CacheBuilder<(), Slot>,
}

/// Bytes of memory, if nothing is said.
const MAX_BYTES: u64 = 64 << 20;
/// Bytes of a key: of what a browser sends as a URI, with room for what else tells responses apart.
const KEY_LENGTH: usize = 8 << 10;
/// How many indexes may be changed at once.
const INDEXING: usize = 64;

impl Caches {
    /// Describes a cache of responses before it is made; [`CacheLayer`](crate::CacheLayer) fills it.
    pub fn responses(&self, name: impl Into<String>) -> ResponsesBuilder {
        // Whether something stale is of use is said by the response, so it is always found.
        let found = Options::new(Duration::ZERO).with_stale_while_revalidate(Duration::MAX);
        let builder = self.cache(name).with_options(found).with_max_key_length(KEY_LENGTH);
        ResponsesBuilder { builder: builder.with_max_bytes(MAX_BYTES) }
    }
}

impl ResponsesBuilder {
    /// The memory holds so many bytes: 64 MiB, if nothing is said. A response that is larger by
    /// itself is not stored.
    pub fn with_max_bytes(mut self, bytes: u64) -> Self {
        let most = u32::try_from(bytes).unwrap_or(u32::MAX);
        let builder = self.builder.with_max_weight(bytes, Weigh::weight);
        self.builder = builder.with_max_entry_weight(most);
        self
    }

    /// Responses to targets with longer keys are not stored: 8 KiB, if nothing is said.
    pub fn with_max_key_length(mut self, bytes: usize) -> Self {
        self.builder = self.builder.with_max_key_length(bytes);
        self
    }

    /// What the inner service answers is of this version: in the second level, responses of others
    /// count as misses.
    pub fn with_schema(mut self, version: u16) -> Self {
        self.builder = self.builder.with_schema(version);
        self
    }

    /// Responses with more bytes are stored compressed in the second level.
    #[cfg(feature = "lz4")]
    pub fn with_compression_above(mut self, bytes: usize) -> Self {
        self.builder = self.builder.with_compression_above(bytes);
        self
    }

    /// Stored responses are signed with this key (HMAC-SHA-256), and others are not believed.
    #[cfg(feature = "hmac")]
    pub fn with_hmac(mut self, key: &[u8]) -> Self {
        self.builder = self.builder.with_hmac(key);
        self
    }

    /// Responses that were signed with this key are believed as well, while keys are changed.
    #[cfg(feature = "hmac")]
    pub fn with_hmac_also(mut self, key: &[u8]) -> Self {
        self.builder = self.builder.with_hmac_also(key);
        self
    }

    /// Makes the cache: of two levels, if its [`Caches`] have a store.
    ///
    /// # Errors
    ///
    /// When a setting cannot be used, or the name is taken.
    pub fn build(self) -> Result<Responses, ConfigError> {
        let cache = self.builder.build_tiered(Wire)?;
        Ok(Responses(Arc::new(Shelf {
            core: cache.into_core(),
            fetches: Flights::new(),
            passes: Passes::new(),
            buffered: AtomicUsize::new(0),
            is_parted: AtomicBool::new(false),
            indexing: (0..INDEXING).map(|_| Mutex::new(())).collect(),
        })))
    }
}

impl fmt::Debug for ResponsesBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResponsesBuilder").field(&self.builder).finish()
    }
}
