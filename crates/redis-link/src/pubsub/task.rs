use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::{ClusterHash, CustomCommand, Message, Value as Sendable};
use fred::util::redis_keyslot;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::registry::{Id, Registry};
use crate::Config;
use crate::connection::{Backoff, Connection, Role};

/// How often an idle connection is asked whether it is still there.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// What the task tells all subscriptions.
#[derive(Clone, Debug)]
pub(super) enum Signal {
    Message {
        channel: Arc<str>,
        payload: Bytes,
    },
    /// These subscriptions stand.
    Live(Range<Id>),
    Lagged(u64),
}

/// Keeps a connection for subscriptions, for ever.
pub(super) async fn run(
    config: Config,
    registry: Arc<Registry>,
    signals: broadcast::Sender<Signal>,
) {
    let mut backoff = Backoff::new(config.reconnect_delay);
    loop {
        match Connection::open(&config, Role::Subscriptions).await {
            Ok(mut connection) => {
                let begin = Instant::now();
                let served = serve(&mut connection, &registry, &signals).await;
                if let Err(error) = served {
                    tracing::debug!(
                        target: "bartizan::redis_link",
                        %error, "connection for subscriptions lost"
                    );
                }
                backoff.lasted(begin.elapsed());
            }
            Err(error) => tracing::debug!(
                target: "bartizan::redis_link",
                %error, "no connection for subscriptions"
            ),
        }
        sleep(backoff.next()).await;
    }
}

/// Forwards messages until the connection breaks.
async fn serve(
    connection: &mut Connection,
    registry: &Registry,
    signals: &broadcast::Sender<Signal>,
) -> Result<(), Error> {
    let client = connection.as_client().clone();
    let mut messages = client.message_rx();
    let (channels, everybody) = registry.all();
    subscribe(&client, channels).await?;
    // Nobody may listen: that is no error.
    signals.send(Signal::Live(everybody)).ok();

    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Ok(message) => forward(message, signals),
                Err(RecvError::Lagged(missed)) => { signals.send(Signal::Lagged(missed)).ok(); }
                Err(RecvError::Closed) => return Ok(()),
            },
            changes = registry.changes() => {
                if !changes.left.is_empty() {
                    client.unsubscribe(changes.left.into_iter().collect::<Vec<_>>()).await?;
                }
                if !changes.begun.is_empty() {
                    subscribe(&client, changes.joined.into_iter().collect()).await?;
                    signals.send(Signal::Live(changes.begun)).ok();
                }
            },
            _ = heartbeat.tick() => ask(&client).await?,
            error = connection.lost() => return error.map_or(Ok(()), Err),
        }
    }
}

/// Subscribes, and returns when Redis has done so.
async fn subscribe(client: &Client, channels: Vec<String>) -> Result<(), Error> {
    if !channels.is_empty() {
        client.subscribe(channels).await?;
    }
    // The client does not wait for the reply to a subscription; Redis replies in order.
    ask(client).await
}

/// Asks the node that has the subscriptions whether it is still there.
async fn ask(client: &Client) -> Result<(), Error> {
    // Where the client subscribes, in a cluster.
    let slot = ClusterHash::Custom(redis_keyslot(client.id().as_bytes()));
    let ping = CustomCommand::new_static("PING", slot, false);
    client.custom_raw(ping, Vec::<Sendable>::new()).await.map(drop)
}

fn forward(message: Message, signals: &broadcast::Sender<Signal>) {
    let channel = Arc::from(&*message.channel);
    let Some(payload) = message.value.into_bytes() else { return };
    signals.send(Signal::Message { channel, payload }).ok();
}
