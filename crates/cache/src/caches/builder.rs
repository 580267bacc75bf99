use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hashbrown::HashMap;
use tokio::sync::{Notify, watch};

use super::{Caches, Ground, Shared, keeper, listener};
use crate::observe::Observer;
use crate::remote::{Recovery, Remote};
use crate::store::{Backplane, Store};
use crate::time::{Clock, SystemClock};

/// Describes the caches of a process before they are made.
#[must_use]
pub struct CachesBuilder {
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
    remote: Option<(Arc<dyn Store>, Arc<dyn Backplane>)>,
    store_timeout: Duration,
    recovery: usize,
}

/// Longer than the link to Redis gives a command, so that its own timeout is the one that is seen.
const STORE_TIMEOUT: Duration = Duration::from_millis(500);

/// Changes that wait for the store.
const RECOVERY: usize = 10_000;

impl CachesBuilder {
    pub(super) fn new() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            observer: None,
            remote: None,
            store_timeout: STORE_TIMEOUT,
            recovery: RECOVERY,
        }
    }

    /// A second level that is also how instances agree.
    pub fn with_store<S: Store + Backplane>(self, store: S) -> Self {
        let store = Arc::new(store);
        self.with_store_and_backplane(Arc::clone(&store) as _, store as _)
    }

    /// A second level, and another way for instances to agree.
    pub fn with_store_and_backplane(
        mut self,
        store: Arc<dyn Store>,
        backplane: Arc<dyn Backplane>,
    ) -> Self {
        self.remote = Some((store, backplane));
        self
    }

    /// Watches every cache.
    pub fn with_observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Tells the time instead of the system's clock.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// No call to the store or the backplane takes longer: 500 ms, if nothing is said.
    pub fn with_store_timeout(mut self, timeout: Duration) -> Self {
        self.store_timeout = timeout;
        self
    }

    /// So many changes wait for a store that is away: 10,000, if nothing is said. When there are
    /// more, the whole cache is expired once it is back; removed, if one of the changes was a
    /// removal. A value that was set and waits for more than five minutes is told as a removal.
    pub fn with_recovery_limit(mut self, changes: usize) -> Self {
        self.recovery = changes;
        self
    }

    /// Makes them. With a store, or to drop what is out of date, within a tokio runtime: the tasks
    /// that listen and look after the caches are begun here.
    #[must_use]
    pub fn build(self) -> Caches {
        let Self { clock, observer, remote, store_timeout, recovery } = self;
        let remote = remote.map(|(store, backplane)| {
            let recovery = Recovery::new(recovery);
            Arc::new(Remote::new(store, backplane, store_timeout, recovery, observer.clone()))
        });
        let caches = Caches(Arc::new(Shared {
            ground: Arc::new(Ground { clock, observer, wake: Notify::new() }),
            remote,
            members: Mutex::new(HashMap::default()),
            open: watch::Sender::new(0),
        }));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let connections = watch::Sender::new(0);
            runtime.spawn(keeper::keep(
                Arc::clone(&caches.0.ground),
                Arc::downgrade(&caches.0),
                connections.subscribe(),
            ));
            if let Some(remote) = &caches.0.remote {
                let listen = remote.backplane.listen();
                runtime.spawn(listener::listen(Arc::downgrade(&caches.0), listen, connections));
            }
        }
        caches
    }
}

impl fmt::Debug for CachesBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachesBuilder")
            .field("store_timeout", &self.store_timeout)
            .field("recovery", &self.recovery)
            .finish_non_exhaustive()
    }
}
