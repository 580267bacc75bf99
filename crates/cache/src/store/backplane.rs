use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::{Generation, Mark, Marks};

/// How the instances that share a store agree: generations, the marks of tags and of whole caches,
/// messages about changes, and locks.
///
/// Caches have names; whatever is asked for one says nothing of another.
#[async_trait]
pub trait Backplane: fmt::Debug + Send + Sync + 'static {
    /// Whether a call has a chance. Asked before each, so it must cost next to nothing.
    fn is_available(&self) -> bool {
        true
    }

    /// Which process this is among those that share the backplane: the same in all messages it sends.
    fn instance(&self) -> u64;

    /// How long the mark of a tag is remembered at least. No entry is kept longer.
    fn retention(&self) -> Duration;

    /// Tells where a cache stands. A cache that is not known, or no longer, is founded with a new
    /// generation under which nothing older is valid: both marks are that one, which tells a cache
    /// whose marks were lost from one that was cleared.
    ///
    /// # Errors
    ///
    /// When the backplane cannot answer. So do all that follow.
    async fn open(&self, cache: &str) -> Result<Opened, StoreError>;

    /// Gives out a generation.
    async fn issue(&self, cache: &str) -> Result<Generation, StoreError>;

    /// Marks the entries of a tag, or of the whole cache if none is given: gives out a generation,
    /// remembers it, and tells every listener. Entries of a tag that is not known are removed,
    /// whatever the mark: an earlier one may have been forgotten.
    async fn mark(
        &self,
        cache: &str,
        tag: Option<&str>,
        mark: Mark,
    ) -> Result<Generation, StoreError>;

    /// Tells the marks of tags, in their order. One that is not known, or no longer, is founded:
    /// entries of generations before `founded` count as removed from then on.
    async fn marks(
        &self,
        cache: &str,
        tags: &[&str],
        founded: Generation,
    ) -> Result<Vec<Marks>, StoreError>;

    /// Tells every listener.
    async fn announce(&self, message: &Message) -> Result<(), StoreError>;

    /// Takes a lock that ends by itself; false if another token has it.
    async fn lock(&self, name: &str, token: u64, keep: Duration) -> Result<bool, StoreError>;

    /// Gives a lock back, if it is still this one.
    async fn unlock(&self, name: &str, token: u64) -> Result<(), StoreError>;

    /// Listens from now on.
    fn listen(&self) -> Box<dyn Listen>;
}

/// Hears what instances tell one another, its own messages included.
#[async_trait]
pub trait Listen: Send + 'static {
    /// Waits for the next signal; none once the backplane is gone. Cancelling it loses nothing.
    async fn next(&mut self) -> Option<Signal>;
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// From now on no message is missed; some may have been before.
    Connected,
    /// A message.
    Message(Message),
}

/// Something has changed. Carries no value: whoever needs it reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which process says so.
    pub instance: u64,
    /// In which cache.
    pub cache: String,
    /// Under which generation. The greater is the newer.
    pub generation: Generation,
    /// What has changed.
    pub about: About,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum About {
    /// The entry of a key.
    Key {
        /// The key's parts, as they stand in the store behind the name of the cache.
        key: String,
        /// How.
        change: Change,
    },
    /// The entries of a tag.
    Tag {
        /// The tag.
        tag: String,
        /// How.
        mark: Mark,
    },
    /// All entries.
    All(Mark),
}

/// How the entry of a key has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// It has a new value, that somebody set.
    Set,
    /// It is gone.
    Removed,
    /// It is stale.
    Expired,
    /// It was loaded, by the holder of its lock; what others have stays valid.
    Loaded,
}

/// Where a cache stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The last generation that was given out.
    pub generation: Generation,
    /// The marks of the whole cache.
    pub marks: Marks,
    /// The backplane's clock.
    pub now: StoreTime,
}

/// Milliseconds of the backplane's clock, which all instances share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreTime(u64);

impl StoreTime {
    /// Takes milliseconds since any moment that is the same for all instances.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since that moment.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}
