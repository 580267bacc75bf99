use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{broadcast, mpsc};
use tokio::task::AbortHandle;

use super::Subscription;
use super::registry::Request;
use super::task::{self, Signal};
use crate::Config;

/// Starts the task for subscriptions when there is a first one.
#[derive(Debug)]
pub(crate) struct Subscriber {
    config: Config,
    ids: AtomicU64,
    running: Mutex<Running>,
}

#[derive(Debug)]
enum Running {
    NotYet,
    Yes {
        signals: broadcast::Sender<Signal>,
        requests: mpsc::UnboundedSender<Request>,
        task: AbortHandle,
    },
    Closed,
}

impl Subscriber {
    /// How many signals a subscription may be behind.
    const SIGNALS: usize = 1024;

    pub(crate) fn new(config: &Config) -> Self {
        let running = Mutex::new(Running::NotYet);
        Self { config: config.clone(), ids: AtomicU64::new(0), running }
    }

    pub(crate) fn subscribe(&self, channels: Vec<String>) -> Subscription {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*running, Running::NotYet) {
            *running = self.start();
        }
        let (received, requests) = match &*running {
            Running::Yes { signals, requests, .. } => (signals.subscribe(), requests.clone()),
            // The senders and receivers left out here are gone, so it ends at once.
            Running::NotYet | Running::Closed => {
                (broadcast::Sender::new(1).subscribe(), mpsc::unbounded_channel().0)
            }
        };
        requests.send(Request::Begin(id, channels.clone())).ok();
        Subscription::new(id, channels, received, requests)
    }

    pub(crate) fn close(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Running::Yes { task, .. } = std::mem::replace(&mut *running, Running::Closed) {
            task.abort();
        }
    }

    fn start(&self) -> Running {
        let signals = broadcast::Sender::new(Self::SIGNALS);
        let (requests, received) = mpsc::unbounded_channel();
        let task = tokio::spawn(task::run(self.config.clone(), received, signals.clone()));
        Running::Yes { signals, requests, task: task.abort_handle() }
    }
}
