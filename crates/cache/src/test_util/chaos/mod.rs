mod control;
mod fault;
mod listener;
mod operation;
mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use control::ChaosControl;
pub use fault::{Corruption, Fault};
use listener::Listener;
pub use operation::{Operation, Scope};

use crate::{
    Backplane, Generation, Listen, Mark, Marks, Message, Opened, Record, Store, StoreError, Written,
};

/// A store and a backplane with the faults that a [`ChaosControl`] is told. Without any, it is as
/// what it wraps. Clones are the same instance.
///
/// ```
/// use bartizan_cache::test_util::{Chaos, ChaosControl, Fault, LocalStore, Scope, TokioClock};
/// use bartizan_cache::{Store, StoreErrorKind};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let control = ChaosControl::new();
/// let store = Chaos::new(LocalStore::new(TokioClock::new()), &control);
/// control.inject(Fault::error(StoreErrorKind::Protocol).on(Scope::Store).times(1));
/// assert_eq!(store.read("users:7").await.unwrap_err().kind(), StoreErrorKind::Protocol);
/// assert_eq!(store.read("users:7").await?, None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Chaos<S> {
    inner: Arc<S>,
    control: ChaosControl,
}

impl<S> Chaos<S> {
    /// Wraps a store.
    #[must_use]
    pub fn new(store: S, control: &ChaosControl) -> Self {
        Self { inner: Arc::new(store), control: control.clone() }
    }
}

impl<S> Clone for Chaos<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), control: self.control.clone() }
    }
}

#[async_trait]
impl<S: Store> Store for Chaos<S> {
    fn is_available(&self) -> bool {
        !self.control.is_down() && self.inner.is_available()
    }

    async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        let answer = self.control.enter(Operation::Read).await?;
        let found = answer.of(self.inner.read(key).await)?;
        Ok(found.map(|bytes| self.control.corrupt(Operation::Read, bytes)))
    }

    async fn read_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let answer = self.control.enter(Operation::ReadMany).await?;
        let mut found = answer.of(self.inner.read_many(keys).await)?;
        for one in &mut found {
            *one = one.take().map(|bytes| self.control.corrupt(Operation::ReadMany, bytes));
        }
        Ok(found)
    }

    async fn write(&self, key: &str, record: &Record) -> Result<Written, StoreError> {
        let answer = self.control.enter(Operation::Write).await?;
        Ok(match answer.of(self.inner.write(key, record).await)? {
            Written::Superseded(bytes) => {
                Written::Superseded(self.control.corrupt(Operation::Write, bytes))
            }
            written @ Written::Stored => written,
        })
    }
}

#[async_trait]
impl<S: Backplane> Backplane for Chaos<S> {
    fn is_available(&self) -> bool {
        !self.control.is_down() && self.inner.is_available()
    }

    fn instance(&self) -> u64 {
        self.inner.instance()
    }

    fn retention(&self) -> Duration {
        self.inner.retention()
    }

    async fn open(&self, cache: &str) -> Result<Opened, StoreError> {
        self.control.enter(Operation::Open).await?.of(self.inner.open(cache).await)
    }

    async fn issue(&self, cache: &str) -> Result<Generation, StoreError> {
        self.control.enter(Operation::Issue).await?.of(self.inner.issue(cache).await)
    }

    async fn mark(
        &self,
        cache: &str,
        tag: Option<&str>,
        mark: Mark,
    ) -> Result<Generation, StoreError> {
        self.control.enter(Operation::Mark).await?.of(self.inner.mark(cache, tag, mark).await)
    }

    async fn marks(
        &self,
        cache: &str,
        tags: &[&str],
        founded: Generation,
    ) -> Result<Vec<Marks>, StoreError> {
        let answer = self.control.enter(Operation::Marks).await?;
        answer.of(self.inner.marks(cache, tags, founded).await)
    }

    async fn announce(&self, message: &Message) -> Result<(), StoreError> {
        self.control.enter(Operation::Announce).await?.of(self.inner.announce(message).await)
    }

    async fn lock(&self, name: &str, token: u64, keep: Duration) -> Result<bool, StoreError> {
        self.control.enter(Operation::Lock).await?.of(self.inner.lock(name, token, keep).await)
    }

    async fn unlock(&self, name: &str, token: u64) -> Result<(), StoreError> {
        self.control.enter(Operation::Unlock).await?.of(self.inner.unlock(name, token).await)
    }

    fn listen(&self) -> Box<dyn Listen> {
        self.control.count(Operation::Listen);
        let inner = self.inner.listen();
        Box::new(Listener::new(Arc::downgrade(&self.inner), inner, self.control.clone()))
    }
}
