use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Instant;

use fred::clients::Client;
use tokio::sync::watch;

use crate::audience::Audience;
use crate::breaker::Breaker;
use crate::error::Sent;
use crate::queue::Queue;
use crate::{Config, Connected, Disconnected, Epoch, LinkError, LinkState, Observer, Outage};

/// What the calls and the task that keeps the connection share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) queue: Queue,
    pub(crate) breaker: Breaker,
    pub(crate) audience: Audience,
    pub(crate) state: watch::Sender<LinkState>,
    pub(crate) epoch: watch::Sender<Epoch>,
    /// The newest epoch whose connection is to be given up.
    condemned: watch::Sender<Epoch>,
    live: RwLock<Option<Live>>,
    trouble: Mutex<Option<Trouble>>,
}

/// The connection that commands go to.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) client: Client,
    pub(crate) epoch: Epoch,
}

/// An outage that lasts.
struct Trouble {
    since: Instant,
    error: Option<Arc<dyn Error + Send + Sync>>,
}

impl Shared {
    pub(crate) fn new(config: &Config, observer: Option<Arc<dyn Observer + Send + Sync>>) -> Self {
        Self {
            config: config.clone(),
            queue: Queue::new(config.queue),
            breaker: Breaker::new(config.breaker),
            audience: Audience::new(observer),
            state: watch::Sender::new(LinkState::Connecting),
            epoch: watch::Sender::default(),
            condemned: watch::Sender::default(),
            live: RwLock::new(None),
            trouble: Mutex::new(None),
        }
    }

    /// Returns the connection, or why there is none.
    pub(crate) fn live(&self) -> Result<Live, LinkError> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.clone().ok_or_else(|| self.absence())
    }

    /// Says why there is no connection.
    pub(crate) fn absence(&self) -> LinkError {
        if *self.state.borrow() == LinkState::Closed {
            return LinkError::closed();
        }
        let error = LinkError::disconnected(Sent::No);
        match self.trouble().as_ref().and_then(|trouble| trouble.error.clone()) {
            Some(source) => error.because(source),
            None => error,
        }
    }

    /// Lets commands go to a new connection.
    pub(crate) fn came_up(&self, client: &Client) -> Epoch {
        let mut live = self.live_mut();
        let epoch = self.epoch.borrow().next();
        if *self.state.borrow() == LinkState::Closed {
            return epoch;
        }
        self.breaker.reconnected(Instant::now());
        *live = Some(Live { client: client.clone(), epoch });
        self.epoch.send_replace(epoch);
        self.state.send_replace(LinkState::Connected);
        drop(live);

        let outage = self.trouble().take().map(|trouble| trouble.since.elapsed());
        let server = self.config.address();
        if epoch == Epoch::default().next() {
            tracing::info!(target: "bartizan::redis_link", server, "Redis connected successfully");
        } else {
            tracing::info!(target: "bartizan::redis_link", server, ?outage, "Redis is back");
        }
        self.audience.tell(|observer| observer.connected(&Connected { epoch }));
        epoch
    }

    /// Lets no command go any more, or notes that one more attempt to connect failed.
    pub(crate) fn went_down(&self, outage: Outage, error: Option<fred::error::Error>) {
        let mut live = self.live_mut();
        if *self.state.borrow() == LinkState::Closed {
            return;
        }
        *live = None;
        self.state.send_replace(LinkState::Disconnected(outage));
        drop(live);

        let error = error.map(|error| Arc::new(error) as Arc<dyn Error + Send + Sync>);
        let said = error.as_ref().map(tracing::field::display);
        let (server, reason) = (self.config.address(), outage.as_str());
        let mut trouble = self.trouble();
        if let Some(trouble) = trouble.as_mut() {
            tracing::debug!(
                target: "bartizan::redis_link",
                server, reason, error = said, "Redis is still away"
            );
            trouble.error = error;
            return;
        }
        tracing::warn!(
            target: "bartizan::redis_link",
            server, reason, error = said, "Redis connection failed"
        );
        *trouble = Some(Trouble { since: Instant::now(), error });
        drop(trouble);
        self.audience.tell(|observer| observer.disconnected(&Disconnected { outage }));
    }

    /// Has a connection given up, so that another one is made.
    pub(crate) fn condemn(&self, epoch: Epoch) {
        self.condemned.send_if_modified(|newest| {
            let newer = epoch > *newest;
            *newest = epoch.max(*newest);
            newer
        });
    }

    /// Waits until the connection of this epoch is to be given up.
    pub(crate) async fn condemned(&self, epoch: Epoch) {
        // The sender is in `self`, so the channel cannot close.
        self.condemned.subscribe().wait_for(|condemned| *condemned >= epoch).await.ok();
    }

    /// Ends all service.
    pub(crate) fn close(&self) {
        let mut live = self.live_mut();
        *live = None;
        self.state.send_replace(LinkState::Closed);
    }

    fn live_mut(&self) -> RwLockWriteGuard<'_, Option<Live>> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
