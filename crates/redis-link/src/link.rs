use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fred::types::{ClusterHash, CustomCommand, Value as Sendable};
use fred::util::redis_keyslot;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::call::Effects;
use crate::connection::supervise;
use crate::pubsub::Subscriber;
use crate::shared::Shared;
use crate::{
    Arg, BreakerState, Command, Config, Epoch, EpochWatch, LinkError, LinkState, Observer, Script,
    Subscription, Value,
};

/// The one connection to Redis that a process shares; a clone is the same link.
///
/// Every call ends within the command timeout (a script that Redis forgot, within two of them), and
/// at once while there is no connection or the circuit breaker is open.
#[derive(Clone)]
pub struct Link(Arc<Owner>);

/// Ends the tasks together with the last link.
struct Owner {
    shared: Arc<Shared>,
    supervisor: AbortHandle,
    subscriber: Subscriber,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Owner {
    fn close(&self) {
        self.shared.close();
        self.supervisor.abort();
        self.subscriber.close();
    }
}

impl Link {
    /// Begins to connect, and goes on for ever; neither waits nor fails.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        Self::spawn(Shared::new(config, None))
    }

    /// Does the same, watched by an observer.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn connect_observed<O>(config: &Config, observer: O) -> Self
    where
        O: Observer + Send + Sync + 'static,
    {
        Self::spawn(Shared::new(config, Some(Arc::new(observer))))
    }

    fn spawn(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        let supervisor = tokio::spawn(supervise(Arc::clone(&shared))).abort_handle();
        let subscriber = Subscriber::new(&shared.config);
        Self(Arc::new(Owner { shared, supervisor, subscriber }))
    }

    /// Waits until commands can be sent.
    ///
    /// # Errors
    ///
    /// When there is no connection within `patience`; the source says why. When the link is closed.
    pub async fn ready(&self, patience: Duration) -> Result<(), LinkError> {
        let mut state = self.0.shared.state.subscribe();
        let settled = |state: &LinkState| matches!(state, LinkState::Connected | LinkState::Closed);
        // Copied, since what is borrowed here is locked.
        let settled = async { state.wait_for(settled).await.map(|state| *state) };
        match timeout(patience, settled).await {
            Ok(Ok(LinkState::Connected)) => Ok(()),
            _ => Err(self.0.shared.absence()),
        }
    }

    /// Sends a command and waits for its reply.
    ///
    /// # Errors
    ///
    /// When there is no reply in time or it is an error; when the command is not sent, since there is
    /// no connection, the circuit breaker is open or the queue is full.
    pub async fn command(&self, command: Command) -> Result<Value, LinkError> {
        let shared = &self.0.shared;
        if command.is_unsupported() {
            return Err(LinkError::unsupported());
        }
        let _place = shared.enter()?;
        let hash = self.hash(command.first_key());
        let effects = if command.is_script() { Effects::Partial } else { Effects::Whole };
        let (name, args) = command.into_parts();
        let custom = match name {
            Cow::Borrowed(name) => CustomCommand::new_static(name, hash, false),
            Cow::Owned(name) => CustomCommand::new(name, hash, false),
        };
        shared.send(custom, args.into_iter().map(sendable).collect(), effects).await
    }

    /// Runs a script by its SHA-1, and by its source when Redis does not know it.
    ///
    /// A cluster routes it by the first key; all keys must be in that slot.
    ///
    /// # Errors
    ///
    /// As [`command`](Self::command).
    pub fn run<K, A>(
        &self,
        script: &Script,
        keys: K,
        args: A,
    ) -> impl Future<Output = Result<Value, LinkError>> + Send + use<'_, K, A>
    where
        K: IntoIterator<Item: Into<Arg>>,
        A: IntoIterator<Item: Into<Arg>>,
    {
        let script = script.clone();
        let (keys, args) = (keys.into_iter(), args.into_iter());
        let mut sent = Vec::with_capacity(2 + keys.size_hint().0 + args.size_hint().0);
        sent.push(Sendable::Bytes(script.sha_bytes().clone()));
        sent.push(Sendable::Integer(0));
        sent.extend(keys.map(|key| sendable(key.into())));
        let count = sent.len() - 2;
        let hash = match sent.get(2) {
            Some(Sendable::Bytes(key)) if self.is_clustered() => {
                ClusterHash::Custom(redis_keyslot(key))
            }
            _ => ClusterHash::Random,
        };
        if let Some(place) = sent.get_mut(1) {
            *place = Sendable::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        }
        sent.extend(args.map(|arg| sendable(arg.into())));
        self.evaluate(script, hash, sent)
    }

    async fn evaluate(
        &self,
        script: Script,
        hash: ClusterHash,
        mut args: Vec<Sendable>,
    ) -> Result<Value, LinkError> {
        let shared = &self.0.shared;
        let _place = shared.enter()?;
        let known = CustomCommand::new_static("EVALSHA", hash.clone(), false);
        match shared.send(known, args.clone(), Effects::Partial).await {
            // One command that loads and runs: between two, a flush could come.
            Err(error) if error.code() == Some("NOSCRIPT") => {
                if let Some(first) = args.first_mut() {
                    *first = Sendable::Bytes(script.source_bytes().clone());
                }
                let unknown = CustomCommand::new_static("EVAL", hash, false);
                shared.send(unknown, args, Effects::Partial).await
            }
            result => result,
        }
    }

    /// Publishes a message and returns how many connections received it; in a cluster, of one node.
    ///
    /// # Errors
    ///
    /// As [`command`](Self::command).
    pub async fn publish(
        &self,
        channel: impl Into<Arg> + Send,
        payload: impl Into<Arg> + Send,
    ) -> Result<u64, LinkError> {
        let command = Command::new("PUBLISH").arg(channel).arg(payload);
        let receivers = self.command(command).await?.as_integer();
        receivers.and_then(|count| count.try_into().ok()).ok_or_else(LinkError::protocol)
    }

    /// Subscribes to channels, over a connection of their own, and stays subscribed.
    ///
    /// Returns at once; [`Event::Subscribed`](crate::Event::Subscribed) says since when messages
    /// come.
    #[must_use]
    pub fn subscribe<C: Into<String>>(
        &self,
        channels: impl IntoIterator<Item = C>,
    ) -> Subscription {
        self.0.subscriber.subscribe(channels.into_iter().map(Into::into).collect())
    }

    /// Returns the number of the connection for commands that stands or stood last.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        *self.0.shared.epoch.borrow()
    }

    /// Returns something to wait with for the next epoch.
    #[must_use]
    pub fn watch_epoch(&self) -> EpochWatch {
        let shared = &self.0.shared;
        EpochWatch::new(shared.epoch.subscribe(), shared.state.subscribe())
    }

    /// Tells whether there is a connection for commands.
    #[must_use]
    pub fn state(&self) -> LinkState {
        *self.0.shared.state.borrow()
    }

    /// Tells whether the circuit breaker lets commands through.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.0.shared.breaker.state(Instant::now())
    }

    /// Returns how many commands are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.shared.queue.taken()
    }

    /// Closes the connections and ends the tasks, for all clones; commands in flight fail.
    ///
    /// The last link to be dropped does the same.
    pub fn close(&self) {
        self.0.close();
    }

    fn is_clustered(&self) -> bool {
        self.0.shared.config.server.server.is_clustered()
    }

    fn hash(&self, key: Option<&Arg>) -> ClusterHash {
        match key {
            Some(key) if self.is_clustered() => ClusterHash::Custom(redis_keyslot(key.as_bytes())),
            _ => ClusterHash::Random,
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("address", &self.0.shared.config.address())
            .field("state", &self.state())
            .field("epoch", &self.epoch())
            .field("breaker", &self.breaker())
            .finish()
    }
}

fn sendable(arg: Arg) -> Sendable {
    Sendable::Bytes(arg.0)
}
