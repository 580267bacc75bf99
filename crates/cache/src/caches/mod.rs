//! The caches of a process, and what keeps them in step with the others.

mod builder;
#[cfg(feature = "opentelemetry")]
mod gauges;
mod ground;
mod keeper;
mod listener;

pub use builder::CachesBuilder;
#[cfg(feature = "opentelemetry")]
pub use gauges::observe_caches;
pub(crate) use ground::Ground;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hashbrown::HashMap;
use tokio::sync::watch;

use crate::ConfigError;
use crate::cache::{CacheBuilder, Member};
use crate::remote::Remote;
use crate::stats::CacheStats;

/// The caches of a process: they share a clock, an observer and, if there is one, a store.
///
/// A clone is another handle on the same caches. Their tasks end with the last handle and the last
/// cache.
#[derive(Clone)]
pub struct Caches(Arc<Shared>);

pub(crate) struct Shared {
    ground: Arc<Ground>,
    remote: Option<Arc<Remote>>,
    members: Mutex<HashMap<Arc<str>, Weak<dyn Member>, std::hash::RandomState>>,
    /// Under which connection every cache is open.
    open: watch::Sender<u64>,
}

impl Caches {
    /// Caches of this process alone.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::builder().build()
    }

    /// Describes caches before they are made.
    pub fn builder() -> CachesBuilder {
        CachesBuilder::new()
    }

    /// Describes a cache before it is made. The name is what operators see: in keys of the store,
    /// in statistics, as a metric label.
    pub fn cache<K, V: Clone + Send + Sync + 'static>(
        &self,
        name: impl Into<String>,
    ) -> CacheBuilder<K, V> {
        CacheBuilder::new(self.clone(), name.into())
    }

    /// Waits until the store was reached and every cache is open, but no longer than this; without
    /// a store there is nothing to wait for.
    pub async fn ready(&self, patience: Duration) -> bool {
        if self.0.remote.is_none() {
            return true;
        }
        let mut open = self.0.open.subscribe();
        tokio::time::timeout(patience, open.wait_for(|open| *open > 0)).await.is_ok()
    }

    /// What has happened so far, cache by cache, in the order of their names.
    #[must_use]
    pub fn stats(&self) -> Vec<(Arc<str>, CacheStats)> {
        let mut stats: Vec<_> = self
            .0
            .members()
            .into_iter()
            .map(|member| (Arc::clone(member.name()), member.stats()))
            .collect();
        stats.sort_by(|(one, _), (other, _)| one.cmp(other));
        stats
    }

    pub(crate) fn ground(&self) -> &Arc<Ground> {
        &self.0.ground
    }

    pub(crate) fn remote(&self) -> Option<&Arc<Remote>> {
        self.0.remote.as_ref()
    }

    pub(crate) fn join(&self, member: &Arc<dyn Member>) -> Result<(), ConfigError> {
        let mut members = self.0.lock();
        let name = member.name();
        if members.get(name).is_some_and(|taken| taken.strong_count() > 0) {
            let expected = "one that no other cache has";
            return Err(ConfigError::new("the name of a cache", &**name, expected));
        }
        members.retain(|_, member| member.strong_count() > 0);
        members.insert(Arc::clone(name), Arc::downgrade(member));
        drop(members);
        self.0.open.send_replace(0);
        self.0.ground.wake.notify_one();
        Ok(())
    }
}

impl Shared {
    fn members(&self) -> Vec<Arc<dyn Member>> {
        self.lock().values().filter_map(Weak::upgrade).collect()
    }

    fn member(&self, name: &str) -> Option<Arc<dyn Member>> {
        self.lock().get(name).and_then(Weak::upgrade)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Weak<dyn Member>, std::hash::RandomState>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The keeper finds that there is nothing left to keep.
        self.ground.wake.notify_one();
    }
}

impl fmt::Debug for Caches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caches").field("remote", &self.0.remote).finish_non_exhaustive()
    }
}
