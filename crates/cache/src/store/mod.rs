//! The second level, and how instances agree.

mod backplane;
mod error;
mod record;
#[cfg(feature = "redis")]
mod redis;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

pub use backplane::{About, Backplane, Change, Listen, Message, Opened, Signal, StoreTime};
pub use error::{StoreError, StoreErrorKind};
pub use record::{Record, Written};
#[cfg(feature = "redis")]
pub use redis::RedisStore;

/// The second level: bytes under names, shared by instances or kept over a restart.
///
/// Reached by the network or the disk, so it may fail and may be slow: the cache bounds every call
/// in time, and takes an error for a miss that is counted.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Whether a call has a chance. Asked before each, so it must cost next to nothing.
    fn is_available(&self) -> bool {
        true
    }

    /// Reads what was written last under this name and has not passed its time.
    ///
    /// # Errors
    ///
    /// When the store cannot answer.
    async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError>;

    /// Reads several, in their order.
    ///
    /// # Errors
    ///
    /// When the store cannot answer for one of them.
    async fn read_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            found.push(self.read(key).await?);
        }
        Ok(found)
    }

    /// Writes, unless what is there is of a later [`Generation`], in one step that no other write
    /// can come between. [`Record::generation_of`] tells the generation of what is there; bytes
    /// that have none are overwritten.
    ///
    /// # Errors
    ///
    /// When the store cannot answer, or has no room.
    ///
    /// [`Generation`]: crate::Generation
    async fn write(&self, key: &str, record: &Record) -> Result<Written, StoreError>;
}
