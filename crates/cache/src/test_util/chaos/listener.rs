use std::collections::VecDeque;
use std::sync::Weak;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::Instant;

use super::control::ChaosControl;
use crate::{Backplane, Listen, Message, Signal};

/// Hears what a backplane says, less what the control takes away. Does not keep it alive.
pub(super) struct Listener<S> {
    backplane: Weak<S>,
    inner: Box<dyn Listen>,
    control: ChaosControl,
    changes: watch::Receiver<()>,
    /// Under which the inner one listens; none if it never did.
    connection: Option<(u64, u64)>,
    /// What was heard and has not been told.
    heard: VecDeque<Heard>,
    held: Option<Held>,
}

struct Heard {
    due: Instant,
    signal: Signal,
}

/// What is to be told after the next message.
struct Held {
    told: Vec<Heard>,
    /// Or after the next release.
    releases: u64,
}

/// Longer than any test, and short enough for the runtime's timers: 30 years.
const LONG: Duration = Duration::from_secs(30 * 365 * 86_400);

impl<S> Listener<S> {
    pub(super) fn new(backplane: Weak<S>, inner: Box<dyn Listen>, control: ChaosControl) -> Self {
        let connection = control.plan(|plan| (!plan.is_deaf()).then(|| plan.connection()));
        let changes = control.changes();
        Self { backplane, inner, control, changes, connection, heard: VecDeque::new(), held: None }
    }

    fn hear(&mut self, signal: Signal) {
        let now = Instant::now();
        let Signal::Message(message) = signal else {
            self.tell_held();
            self.heard.push_back(Heard { due: now, signal });
            return;
        };
        let (fate, releases) = self.control.plan(|plan| (plan.message(), plan.releases));
        if fate.is_lost {
            return;
        }
        let due = now + fate.late.min(LONG);
        let times = if fate.is_repeated { 2 } else { 1 };
        let told = copies(&message, due).take(times);
        if fate.is_swapped && self.held.is_none() {
            self.held = Some(Held { told: told.collect(), releases });
        } else {
            self.heard.extend(told);
            self.tell_held();
        }
    }

    fn tell_held(&mut self) {
        self.heard.extend(self.held.take().into_iter().flat_map(|held| held.told));
    }

    fn tell_released(&mut self) {
        let releases = self.control.plan(|plan| plan.releases);
        if self.held.as_ref().is_some_and(|held| held.releases != releases) {
            self.tell_held();
        }
    }

    fn tell(&mut self) -> Option<Signal> {
        self.heard.pop_front().map(|heard| heard.signal)
    }
}

impl<S: Backplane> Listener<S> {
    /// Waits out a disconnection and listens anew after it; false once the backplane is gone.
    async fn connect(&mut self) -> bool {
        loop {
            let (is_deaf, connection) =
                self.control.plan(|plan| (plan.is_deaf(), plan.connection()));
            if !is_deaf {
                return self.connection == Some(connection) || self.listen_anew(connection);
            }
            tokio::select! {
                _ = self.changes.changed() => {}
                missed = self.inner.next() => if missed.is_none() { return false },
            }
        }
    }

    fn listen_anew(&mut self, connection: (u64, u64)) -> bool {
        let Some(backplane) = self.backplane.upgrade() else { return false };
        self.inner = backplane.listen();
        self.connection = Some(connection);
        self.heard.clear();
        self.held = None;
        true
    }
}

#[async_trait]
impl<S: Backplane> Listen for Listener<S> {
    async fn next(&mut self) -> Option<Signal> {
        loop {
            if !self.connect().await {
                return None;
            }
            if self.control.plan(|plan| plan.holds_messages()) {
                self.changes.changed().await.ok();
                continue;
            }
            self.tell_released();
            let due = self.heard.front().map(|heard| heard.due);
            if due.is_some_and(|due| due <= Instant::now()) {
                return self.tell();
            }
            tokio::select! {
                _ = self.changes.changed() => {}
                signal = self.inner.next() => {
                    let Some(signal) = signal else {
                        self.tell_held();
                        return self.tell();
                    };
                    self.hear(signal);
                }
                () = sleep_until(due) => {}
            }
        }
    }
}

fn copies(message: &Message, due: Instant) -> impl Iterator<Item = Heard> {
    std::iter::repeat_with(move || Heard { due, signal: Signal::Message(message.clone()) })
}

/// Without a moment, for ever.
async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
