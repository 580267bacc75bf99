use async_trait::async_trait;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::{Listen, Message, Signal};

/// Hears what the instances of a local store say. Does not keep it alive.
#[derive(Debug)]
pub(super) struct Listener {
    messages: Receiver<Message>,
    connected: bool,
}

impl Listener {
    pub(super) const fn new(messages: Receiver<Message>) -> Self {
        Self { messages, connected: false }
    }
}

#[async_trait]
impl Listen for Listener {
    async fn next(&mut self) -> Option<Signal> {
        if !self.connected {
            self.connected = true;
            return Some(Signal::Connected);
        }
        match self.messages.recv().await {
            Ok(message) => Some(Signal::Message(message)),
            Err(RecvError::Lagged(_)) => Some(Signal::Connected),
            Err(RecvError::Closed) => None,
        }
    }
}
