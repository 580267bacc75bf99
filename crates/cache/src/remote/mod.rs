//! The store and the backplane as the caches of a process use them: bounded in time, watched, and
//! done without when they are away.

mod health;
mod recovery;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::observe::{Observer, StoreCalled, StoreOperation};
use crate::store::{Backplane, Store, StoreError, StoreErrorKind};

use health::Health;
pub(crate) use recovery::{Operation, OperationKind, Recovery, Target, What};

/// The second level.
pub(crate) struct Remote {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) backplane: Arc<dyn Backplane>,
    pub(crate) recovery: Recovery,
    timeout: Duration,
    health: Health,
    observer: Option<Arc<dyn Observer>>,
}

impl Remote {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        backplane: Arc<dyn Backplane>,
        timeout: Duration,
        recovery: Recovery,
        observer: Option<Arc<dyn Observer>>,
    ) -> Self {
        Self { store, backplane, recovery, timeout, health: Health::default(), observer }
    }

    /// Whether to ask at all.
    pub(crate) fn is_available(&self) -> bool {
        let is_available = self.store.is_available() && self.backplane.is_available();
        if !is_available {
            self.missed();
        }
        is_available
    }

    /// Nobody is there, though nothing was asked.
    pub(crate) fn missed(&self) {
        self.health.failed(StoreErrorKind::Unavailable, self.observer.as_deref());
    }

    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// One call. Takes no longer than the timeout, whatever the store does.
    pub(crate) async fn call<T>(
        &self,
        cache: &str,
        operation: StoreOperation,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreErrorKind> {
        // The clock of the system: it measures a call, not an entry.
        let begun = Instant::now();
        let result = match tokio::time::timeout(self.timeout, call).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::new(StoreErrorKind::Timeout)),
        };
        let failure = result.as_ref().err().map(StoreError::kind);
        if let Some(observer) = &self.observer {
            observer.store_called(&StoreCalled::new(cache, operation, begun.elapsed(), failure));
        }
        match failure {
            None => self.health.answered(self.observer.as_deref()),
            Some(kind) => {
                let source = result.as_ref().err().and_then(std::error::Error::source);
                tracing::debug!(
                    target: "bartizan::cache",
                    cache,
                    operation = operation.as_str(),
                    kind = kind.as_str(),
                    error = source,
                    "the store did not do what was asked",
                );
                if matches!(kind, StoreErrorKind::Unavailable | StoreErrorKind::Timeout) {
                    self.health.failed(kind, self.observer.as_deref());
                }
            }
        }
        result.map_err(|error| error.kind())
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("store", &self.store).finish_non_exhaustive()
    }
}
