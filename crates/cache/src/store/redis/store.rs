use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bartizan_redis_link::{Arg, BreakerState, Command, Link, LinkState};
use bytes::Bytes;

use super::names::Names;
use super::script::Scripts;
use super::together::together;
use crate::{ConfigError, Record, Store, StoreError, StoreErrorKind, Written};

/// Keeps entries in Redis, and is the backplane of all instances that share it: one value to give
/// to a cache as both. Serves a cluster as well.
///
/// An entry is one key, its own name; a cache has a few more keys that begin with `bartizan:`, and
/// one for each tag, all of which expire. A key of a tag that Redis evicts costs the entries of
/// that tag, and the marks of a cache all its entries: they are never taken for valid.
///
/// Every call is one attempt over the link, in its time, refused at once while there is no
/// connection; [`read_many`](Store::read_many) makes several, for 100 keys each.
///
/// In a Redis that is full and evicts nothing, what says that something is outdated is written all
/// the same, and takes what is outdated with it; that needs Redis 7. Values are refused.
///
/// Messages go over a channel, which Redis does not keep apart by databases: what shares a server
/// and not its data needs a namespace each.
///
/// Cloning shares the store.
#[derive(Clone)]
pub struct RedisStore {
    pub(super) link: Link,
    pub(super) names: Names,
    pub(super) retention: Duration,
    /// Drawn for each store that is made, and the same for its clones.
    pub(super) instance: u64,
    pub(super) scripts: Arc<Scripts>,
    /// Whether keys are on several nodes, as far as is known.
    scattered: Arc<AtomicBool>,
}

impl RedisStore {
    /// Seven days.
    const RETENTION: Duration = Duration::from_secs(7 * 86_400);

    /// A hundred years. Longer means the same, and Redis would refuse the longest.
    const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

    /// What one reply carries at most.
    const AT_ONCE: usize = 100;

    /// Keeps entries over this link, which others may use too.
    #[must_use]
    pub fn new(link: Link) -> Self {
        Self {
            link,
            names: Names::default(),
            retention: Self::RETENTION,
            instance: RandomState::new().build_hasher().finish(),
            scripts: Arc::new(Scripts::new()),
            scattered: Arc::default(),
        }
    }

    /// Puts a namespace and a colon before every key and the channel: nothing by default.
    ///
    /// # Errors
    ///
    /// When it is not 1 to 64 of the ASCII letters and digits, `_`, `.` and `-`.
    pub fn with_namespace(mut self, namespace: &str) -> Result<Self, ConfigError> {
        self.names = Names::within(namespace)?;
        Ok(self)
    }

    /// Sets for how long tags and caches are remembered after they were last asked for, from 1 ms to
    /// 100 years; 7 days by default. No entry may be kept longer.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = clamped(retention);
        self
    }

    /// Whether a command would be sent. An open breaker that waits for a try lets one through.
    pub(super) fn is_connected(&self) -> bool {
        let open = || matches!(self.link.breaker(), BreakerState::Open { .. });
        self.link.state() == LinkState::Connected && !open()
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        let get = Command::new("GET").key(self.names.entry(key));
        match self.link.command(get).await? {
            value if value.is_nil() => Ok(None),
            value => value.into_bytes().map(Some).ok_or_else(protocol),
        }
    }

    /// Reads several of one node; none where they are on several.
    async fn get_together(&self, keys: &[&str]) -> Result<Option<Vec<Option<Bytes>>>, StoreError> {
        let names = keys.iter().map(|key| self.names.entry(key));
        let command = names.fold(Command::new("MGET"), Command::key);
        let values = match self.link.command(command).await {
            Ok(values) => values.into_array().unwrap_or_default(),
            Err(error) if error.code() == Some("CROSSSLOT") => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if values.len() != keys.len() {
            return Err(protocol());
        }
        Ok(Some(values.into_iter().map(bartizan_redis_link::Value::into_bytes).collect()))
    }
}

#[async_trait]
impl Store for RedisStore {
    fn is_available(&self) -> bool {
        self.is_connected()
    }

    async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        self.get(key).await
    }

    async fn read_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        for keys in keys.chunks(Self::AT_ONCE) {
            if !self.scattered.load(Ordering::Relaxed) {
                match self.get_together(keys).await? {
                    Some(values) => {
                        found.extend(values);
                        continue;
                    }
                    None => self.scattered.store(true, Ordering::Relaxed),
                }
            }
            for value in together(keys.iter().map(|key| self.get(key))).await {
                found.push(value?);
            }
        }
        Ok(found)
    }

    async fn write(&self, key: &str, record: &Record) -> Result<Written, StoreError> {
        let generation = record.generation().as_u64().to_be_bytes();
        let args = [Arg::from(&generation), record.bytes().into(), millis(record.keep()).into()];
        let name = self.names.entry(key);
        let written = if is_tombstone(record.bytes()) {
            self.scripts.run(&self.link, &self.scripts.bury, vec![name], args.into()).await?
        } else {
            self.link.run(&self.scripts.write, [name], args).await?
        };
        match written {
            value if value.is_nil() => Ok(Written::Stored),
            value => value.into_bytes().map(Written::Superseded).ok_or_else(protocol),
        }
    }
}

/// Whether there is no value in an entry, by its fourth byte.
fn is_tombstone(bytes: &[u8]) -> bool {
    const KIND: u8 = 0b11;
    const TOMBSTONE: u8 = 2;
    bytes.get(3).is_some_and(|flags| flags & KIND == TOMBSTONE)
}

/// A time in whole milliseconds, as Redis takes it; not nothing, which it refuses.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(clamped(time).as_millis()).unwrap_or(u64::MAX)
}

fn clamped(time: Duration) -> Duration {
    time.clamp(Duration::from_millis(1), RedisStore::FOREVER)
}

pub(super) fn protocol() -> StoreError {
    StoreError::new(StoreErrorKind::Protocol)
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("link", &self.link)
            .field("names", &self.names)
            .field("retention", &self.retention)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
