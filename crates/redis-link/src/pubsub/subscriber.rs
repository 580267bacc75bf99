use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use tokio::task::AbortHandle;

use super::Subscription;
use super::registry::Registry;
use super::task::{self, Signal};
use crate::Config;

/// Starts the task for subscriptions when there is a first one.
#[derive(Debug)]
pub(crate) struct Subscriber {
    config: Config,
    registry: Arc<Registry>,
    running: Mutex<Running>,
}

#[derive(Debug)]
enum Running {
    NotYet,
    Yes { signals: broadcast::Sender<Signal>, task: AbortHandle },
    Closed,
}

impl Subscriber {
    /// How many signals a subscription may be behind.
    const SIGNALS: usize = 1024;

    pub(crate) fn new(config: &Config) -> Self {
        let running = Mutex::new(Running::NotYet);
        Self { config: config.clone(), registry: Arc::default(), running }
    }

    pub(crate) fn subscribe(&self, channels: Vec<String>) -> Subscription {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*running, Running::NotYet) {
            *running = self.start();
        }
        // Before it is noted, so that it hears that it stands.
        let received = match &*running {
            Running::Yes { signals, .. } => signals.subscribe(),
            // The sender is gone, so it ends at once.
            Running::NotYet | Running::Closed => broadcast::Sender::new(1).subscribe(),
        };
        Subscription::new(channels, received, Arc::clone(&self.registry))
    }

    pub(crate) fn close(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Running::Yes { task, .. } = std::mem::replace(&mut *running, Running::Closed) {
            task.abort();
        }
    }

    fn start(&self) -> Running {
        let signals = broadcast::Sender::new(Self::SIGNALS);
        let registry = Arc::clone(&self.registry);
        let task = tokio::spawn(task::run(self.config.clone(), registry, signals.clone()));
        Running::Yes { signals, task: task.abort_handle() }
    }
}
