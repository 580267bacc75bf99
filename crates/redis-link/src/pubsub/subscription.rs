use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::registry::{Id, Registry};
use super::task::Signal;

/// What a subscription hears.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// From now on no message is missed, until one of the other two events.
    Subscribed,
    /// A message.
    Message {
        /// The channel.
        channel: String,
        /// The bytes that were published.
        payload: Bytes,
    },
    /// The connection was lost and is back: messages of the time between are lost.
    Resubscribed,
    /// So many messages were passed over, because the subscription was not read fast enough.
    Lagged(u64),
}

/// Messages of some channels; ends the subscription when dropped.
#[derive(Debug)]
pub struct Subscription {
    id: Id,
    channels: Vec<String>,
    signals: Receiver<Signal>,
    registry: Arc<Registry>,
    subscribed: bool,
}

impl Subscription {
    pub(super) fn new(
        channels: Vec<String>,
        signals: Receiver<Signal>,
        registry: Arc<Registry>,
    ) -> Self {
        let id = registry.begin(&channels);
        Self { id, channels, signals, registry, subscribed: false }
    }

    /// Waits for the next event; nothing once the link is gone.
    ///
    /// Cancelling it loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.signals.recv().await {
                Ok(Signal::Message { channel, payload }) => {
                    // One that was published before the subscription stands comes for another one.
                    if self.subscribed && self.channels.iter().any(|known| **known == *channel) {
                        return Some(Event::Message { channel: channel.to_string(), payload });
                    }
                }
                Ok(Signal::Live(whose)) if whose.contains(&self.id) => {
                    let again = std::mem::replace(&mut self.subscribed, true);
                    return Some(if again { Event::Resubscribed } else { Event::Subscribed });
                }
                Ok(Signal::Live(_)) => (),
                Ok(Signal::Lagged(missed)) | Err(RecvError::Lagged(missed)) => {
                    // The signal that the subscription stands may be among what was missed, and
                    // whoever hears this reads everything anew anyway.
                    self.subscribed = true;
                    return Some(Event::Lagged(missed));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Returns the channels.
    #[must_use]
    pub fn channels(&self) -> &[String] {
        &self.channels
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.registry.end(self.id);
    }
}
