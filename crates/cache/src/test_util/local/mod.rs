mod data;
mod listener;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use data::Data;
use listener::Listener;

use crate::{
    About, Backplane, Clock, Generation, Listen, Mark, Marks, Message, Opened, Record, Store,
    StoreError, StoreTime, Timestamp, Written,
};

/// A store and a backplane in the process, for tests. Grows without a limit.
///
/// [`handle`](Self::handle) and `clone` give another instance on the same data: give one to each
/// of the caches that are to play different processes. Nothing fails here; for that there is
/// [`Chaos`](super::Chaos).
///
/// Generations are microseconds of the clock, no two the same, even while the clock stands.
///
/// ```
/// use bartizan_cache::Backplane;
/// use bartizan_cache::test_util::{LocalStore, ManualClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let one = LocalStore::new(ManualClock::new());
/// let other = one.handle();
/// assert_ne!(one.instance(), other.instance());
/// let first = one.issue("users").await?;
/// one.flush();
/// assert!(other.issue("users").await? > first);
/// # Ok(())
/// # }
/// ```
pub struct LocalStore {
    shared: Arc<Shared>,
    instance: u64,
}

struct Shared {
    clock: Box<dyn Clock>,
    retention: Duration,
    data: Mutex<Data>,
    messages: broadcast::Sender<Message>,
    instances: AtomicU64,
}

/// How many messages a listener may be behind before it has missed some.
const BACKLOG: usize = 1_024;

/// How long the marks of tags are remembered, unless the test says otherwise: 30 days.
const RETENTION: Duration = Duration::from_secs(30 * 86_400);

impl LocalStore {
    /// Makes the first instance of an empty store, which remembers the marks of tags for 30 days.
    #[must_use]
    pub fn new(clock: impl Clock) -> Self {
        Self::with_retention(clock, RETENTION)
    }

    /// As [`new`](Self::new), and remembers the marks of tags for so long.
    #[must_use]
    pub fn with_retention(clock: impl Clock, retention: Duration) -> Self {
        let shared = Shared {
            clock: Box::new(clock),
            retention,
            data: Mutex::default(),
            messages: broadcast::Sender::new(BACKLOG),
            instances: AtomicU64::new(1),
        };
        Self { shared: Arc::new(shared), instance: 1 }
    }

    /// Another instance on the same data.
    #[must_use]
    pub fn handle(&self) -> Self {
        let instance = self.shared.instances.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Self { shared: Arc::clone(&self.shared), instance }
    }

    /// Loses everything: entries, marks, locks, and which caches are known. The clock goes on, and
    /// nobody is told.
    pub fn flush(&self) {
        self.data().flush();
    }

    /// How many entries there are that have not expired.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data().len(self.now())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.shared.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Another instance on the same data.
impl Clone for LocalStore {
    fn clone(&self) -> Self {
        self.handle()
    }
}

impl fmt::Debug for LocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalStore")
            .field("instance", &self.instance)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for LocalStore {
    async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.data().read(key, self.now()))
    }

    async fn write(&self, key: &str, record: &Record) -> Result<Written, StoreError> {
        Ok(self.data().write(key, record, self.now()))
    }
}

#[async_trait]
impl Backplane for LocalStore {
    fn instance(&self) -> u64 {
        self.instance
    }

    fn retention(&self) -> Duration {
        self.shared.retention
    }

    async fn open(&self, cache: &str) -> Result<Opened, StoreError> {
        let now = self.now();
        let standing = self.data().open(cache, now);
        let now = StoreTime::from_millis(now.as_nanos() / 1_000_000);
        Ok(Opened { generation: standing.last, marks: standing.marks, now })
    }

    async fn issue(&self, cache: &str) -> Result<Generation, StoreError> {
        Ok(self.data().issue(cache, self.now()))
    }

    async fn mark(
        &self,
        cache: &str,
        tag: Option<&str>,
        mark: Mark,
    ) -> Result<Generation, StoreError> {
        let now = self.now();
        let mut data = self.data();
        let (generation, about) = match tag {
            None => (data.mark_all(cache, mark, now), About::All(mark)),
            Some(tag) => (
                data.mark_tag(cache, tag, mark, (now, self.shared.retention)),
                About::Tag { tag: tag.to_owned(), mark },
            ),
        };
        let cache = cache.to_owned();
        let message = Message { instance: self.instance, cache, generation, about };
        // Under the lock, so that messages come in the order of their generations.
        self.shared.messages.send(message).ok();
        Ok(generation)
    }

    async fn marks(
        &self,
        cache: &str,
        tags: &[&str],
        founded: Generation,
    ) -> Result<Vec<Marks>, StoreError> {
        let time = (self.now(), self.shared.retention);
        let mut data = self.data();
        Ok(tags.iter().map(|tag| data.marks(cache, tag, founded, time)).collect())
    }

    async fn announce(&self, message: &Message) -> Result<(), StoreError> {
        // Fails only when nobody listens.
        self.shared.messages.send(message.clone()).ok();
        Ok(())
    }

    async fn lock(&self, name: &str, token: u64, keep: Duration) -> Result<bool, StoreError> {
        Ok(self.data().lock(name, token, keep, self.now()))
    }

    async fn unlock(&self, name: &str, token: u64) -> Result<(), StoreError> {
        self.data().unlock(name, token);
        Ok(())
    }

    fn listen(&self) -> Box<dyn Listen> {
        Box::new(Listener::new(self.shared.messages.subscribe()))
    }
}
