use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

use super::core::{Core, Limits};
use super::place::STRIPES;
use super::tier::Tier;
use super::{Cache, Member};
use crate::caches::Caches;
use crate::codec::Codec;
use crate::envelope::Sealer;
use crate::flight::Flights;
use crate::memory::{Memory, Weigh};
use crate::stats::Counters;
use crate::tags::{Cell, TagTable};
use crate::{ConfigError, Options};

/// Describes a cache before it is made.
#[must_use]
pub struct CacheBuilder<K, V> {
    caches: Caches,
    name: String,
    options: Options,
    limits: Limits<V>,
    sealer: Sealer,
    keys: PhantomData<fn(&K)>,
}

/// The entries of a cache that says nothing of its size.
const CAPACITY: u64 = 10_000;
/// Bytes of a key.
const KEY_LENGTH: usize = 1_024;
/// What begins the names of locks and marks in Redis.
const CONTROL: &str = "bartizan";
/// An hour.
const TTL: Duration = Duration::from_secs(3_600);

impl<K, V: Clone + Send + Sync + 'static> CacheBuilder<K, V> {
    pub(crate) fn new(caches: Caches, name: String) -> Self {
        let limits = Limits {
            capacity: CAPACITY,
            key_length: KEY_LENGTH,
            entry_weight: u32::MAX,
            weigh: None,
        };
        let (options, sealer) = (Options::new(TTL), Sealer::new(0));
        Self { caches, name, options, limits, sealer, keys: PhantomData }
    }

    /// The options of operations that bring none: an hour, and nothing more, if none are given.
    pub fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The memory holds so many entries: ten thousand, if nothing is said.
    pub fn with_capacity(mut self, entries: u64) -> Self {
        self.limits.capacity = entries;
        self.limits.weigh = None;
        self
    }

    /// The memory holds so many bytes of keys and values.
    pub fn with_max_bytes(self, bytes: u64) -> Self
    where
        V: Weigh,
    {
        self.with_max_weight(bytes, Weigh::weight)
    }

    /// The memory holds values up to this weight in total. An entry weighs its key and a fixed
    /// part besides, so weights are best in bytes.
    pub fn with_max_weight(
        mut self,
        total: u64,
        weigh: impl Fn(&V) -> usize + Send + Sync + 'static,
    ) -> Self {
        self.limits.capacity = total;
        self.limits.weigh = Some(Box::new(weigh));
        self
    }

    /// Entries that weigh more stay out of memory.
    pub fn with_max_entry_weight(mut self, weight: u32) -> Self {
        self.limits.entry_weight = weight;
        self
    }

    /// Keys that are longer are not cached: 1,024 bytes, if nothing is said.
    pub fn with_max_key_length(mut self, bytes: usize) -> Self {
        self.limits.key_length = bytes;
        self
    }

    /// Stored values are of this version of their type: those of others count as misses.
    pub fn with_schema(mut self, version: u16) -> Self {
        self.sealer = self.sealer.with_schema(version);
        self
    }

    /// Values with more bytes are stored compressed.
    #[cfg(feature = "lz4")]
    pub fn with_compression_above(mut self, bytes: usize) -> Self {
        self.sealer = self.sealer.with_compression_above(bytes);
        self
    }

    /// Stored entries are signed with this key (HMAC-SHA-256), and others are not believed.
    #[cfg(feature = "hmac")]
    pub fn with_hmac(mut self, key: &[u8]) -> Self {
        self.sealer = self.sealer.with_hmac(key);
        self
    }

    /// Entries that were signed with this key are believed as well, while keys are changed.
    #[cfg(feature = "hmac")]
    pub fn with_hmac_also(mut self, key: &[u8]) -> Self {
        self.sealer = self.sealer.with_hmac_also(key);
        self
    }

    /// Makes a cache of this process alone.
    ///
    /// # Errors
    ///
    /// When a setting cannot be used, or the name is taken.
    pub fn build(self) -> Result<Cache<K, V>, ConfigError> {
        self.make(None)
    }

    /// Makes a cache of two levels, if its [`Caches`] have a store; else one of this process alone.
    ///
    /// # Errors
    ///
    /// When a setting cannot be used, or the name is taken.
    pub fn build_tiered<C>(self, codec: C) -> Result<Cache<K, V>, ConfigError>
    where
        C: Codec<V> + Send + Sync + 'static,
    {
        let remote = self.caches.remote().cloned();
        let sealer = self.sealer.clone();
        self.make(remote.map(|remote| Tier::new(remote, Box::new(codec), sealer)))
    }

    fn make(self, tier: Option<Tier<V>>) -> Result<Cache<K, V>, ConfigError> {
        let name: Arc<str> = parse_name(&self.name)?.into();
        if self.limits.capacity == 0 {
            return Err(ConfigError::new("the capacity of a cache", "0", "at least 1"));
        }
        let core = Arc::new(Core {
            memory: Memory::new(&name, self.limits.capacity, self.limits.weigh.is_some()),
            name,
            ground: Arc::clone(self.caches.ground()),
            _caches: self.caches.clone(),
            options: self.options,
            limits: self.limits,
            counters: Counters::new(),
            loads: Flights::new(),
            reads: Flights::new(),
            tier,
            tags: TagTable::default(),
            all: Cell::new("", 0),
            sequence: AtomicU64::new(0),
            touched: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
            hasher: std::hash::RandomState::new(),
            generation: AtomicU64::new(0),
            filled: Notify::new(),
        });
        let member: Arc<dyn Member> = Arc::clone(&core) as _;
        self.caches.join(&member)?;
        Ok(Cache::new(core))
    }
}

/// Names stand in keys of the store, before the first colon.
fn parse_name(name: &str) -> Result<&str, ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) || name == CONTROL {
        let expected = "1 to 64 letters, digits, '_', '-' and '.', and not 'bartizan'";
        return Err(ConfigError::new("the name of a cache", name, expected));
    }
    Ok(name)
}

impl<K, V> fmt::Debug for CacheBuilder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("name", &self.name)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
