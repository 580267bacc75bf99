use async_trait::async_trait;
use bartizan_redis_link::{Event, Subscription};

use super::message;
use crate::{Listen, Signal};

/// Hears one channel. Does not keep the link.
pub(super) struct Listener(Subscription);

impl Listener {
    pub(super) const fn new(subscription: Subscription) -> Self {
        Self(subscription)
    }
}

#[async_trait]
impl Listen for Listener {
    async fn next(&mut self) -> Option<Signal> {
        loop {
            let Event::Message { payload, .. } = self.0.next().await? else {
                // Whatever else happens to a subscription: messages were lost, or may have been.
                return Some(Signal::Connected);
            };
            if let Some(message) = message::read(&payload) {
                return Some(Signal::Message(message));
            }
        }
    }
}
