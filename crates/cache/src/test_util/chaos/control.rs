use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use super::fault::Fault;
use super::operation::Operation;
use super::plan::{CallFate, Plan};
use crate::{StoreError, StoreErrorKind};

/// What goes wrong with the stores that were given it. Clones control the same.
///
/// One for the stores of all instances is a server that fails; one for each is a network that
/// fails between an instance and the server.
///
/// ```
/// use bartizan_cache::test_util::{Chaos, ChaosControl, LocalStore, Operation, TokioClock};
/// use bartizan_cache::{Backplane, Signal, Store};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let control = ChaosControl::new();
/// let store = Chaos::new(LocalStore::new(TokioClock::new()), &control);
/// let mut listener = store.listen();
/// assert_eq!(listener.next().await, Some(Signal::Connected));
///
/// control.down();
/// assert!(store.read("users:7").await.is_err());
/// control.up();
/// assert_eq!(store.read("users:7").await?, None);
/// assert_eq!(listener.next().await, Some(Signal::Connected));
/// assert_eq!(control.calls(Operation::Read), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ChaosControl(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    plan: Mutex<Plan>,
    changed: watch::Sender<()>,
    calls: [AtomicU64; Operation::COUNT],
}

impl ChaosControl {
    /// Nothing goes wrong.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every call fails at once with [`StoreErrorKind::Unavailable`], those under way as well;
    /// `is_available` says no; listeners are disconnected.
    pub fn down(&self) {
        self.change(|plan| {
            plan.is_down = true;
            plan.outages = plan.outages.wrapping_add(1);
        });
    }

    /// Ends [`down`](Self::down). Listeners are connected again, and have missed what was said
    /// meanwhile.
    pub fn up(&self) {
        self.change(|plan| plan.is_down = false);
    }

    /// Every call waits, and so does every message, as with a server that is stopped.
    pub fn hang(&self) {
        self.inject(Fault::hang());
    }

    /// Ends all that hangs: the calls are made, the messages told.
    pub fn release(&self) {
        self.change(|plan| {
            plan.faults.retain(|fault| !fault.is_hang());
            plan.releases = plan.releases.wrapping_add(1);
        });
    }

    /// Listeners hear nothing from now on, though calls are answered.
    pub fn disconnect_listeners(&self) {
        self.change(|plan| {
            plan.is_cut = true;
            plan.cuts = plan.cuts.wrapping_add(1);
        });
    }

    /// Ends [`disconnect_listeners`](Self::disconnect_listeners). They are told that they are
    /// connected, and have missed what was said meanwhile.
    pub fn reconnect_listeners(&self) {
        self.change(|plan| plan.is_cut = false);
    }

    /// Lets something go wrong from now on, in addition to what already does.
    pub fn inject(&self, fault: Fault) {
        self.change(|plan| plan.faults.push(fault));
    }

    /// Nothing goes wrong any more: ends all faults, what hangs, and every disconnection.
    pub fn heal(&self) {
        self.change(|plan| {
            plan.is_down = false;
            plan.is_cut = false;
            plan.faults.clear();
            plan.releases = plan.releases.wrapping_add(1);
        });
    }

    /// How often this was asked for, failed calls included.
    #[must_use]
    pub fn calls(&self, operation: Operation) -> u64 {
        self.0.calls.get(operation as usize).map_or(0, |calls| calls.load(Ordering::Relaxed))
    }

    /// Counts a call and waits as long as it is to. Says whether its answer is to be lost.
    pub(super) async fn enter(&self, operation: Operation) -> Result<Answer, StoreError> {
        self.count(operation);
        let (fate, releases, outages) = self.plan(|plan| {
            let fate = if plan.is_down { CallFate::REFUSED } else { plan.call(operation) };
            (fate, plan.releases, plan.outages)
        });
        if fate.hangs {
            self.until(|plan| plan.outages != outages || plan.releases != releases).await;
        }
        if !fate.late.is_zero() {
            tokio::select! {
                () = self.until(|plan| plan.outages != outages) => {}
                () = tokio::time::sleep(fate.late) => {}
            }
        }
        if self.plan(|plan| plan.outages != outages) {
            return Err(injected(StoreErrorKind::Unavailable));
        }
        match fate.error {
            Some(kind) => Err(injected(kind)),
            None if fate.loses_answer => Ok(Answer::Lost),
            None => Ok(Answer::Told),
        }
    }

    pub(super) fn count(&self, operation: Operation) {
        if let Some(calls) = self.0.calls.get(operation as usize) {
            calls.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn corrupt(&self, operation: Operation, bytes: Bytes) -> Bytes {
        self.plan(|plan| plan.corrupt(operation, bytes))
    }

    pub(super) fn is_down(&self) -> bool {
        self.plan(|plan| plan.is_down)
    }

    pub(super) fn plan<T>(&self, ask: impl FnOnce(&mut Plan) -> T) -> T {
        ask(&mut self.0.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells of every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    async fn until(&self, is_so: impl Fn(&Plan) -> bool) {
        let mut changes = self.changes();
        while !self.plan(|plan| is_so(plan)) {
            // Never fails: the sender lives in here.
            changes.changed().await.ok();
        }
    }

    fn change(&self, to: impl FnOnce(&mut Plan)) {
        self.plan(to);
        self.0.changed.send_replace(());
    }
}

/// What becomes of the answer of a call that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Told,
    Lost,
}

impl Answer {
    pub(super) fn of<T>(self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        match self {
            Self::Told => answer,
            Self::Lost => Err(injected(StoreErrorKind::Timeout)),
        }
    }
}

fn injected(kind: StoreErrorKind) -> StoreError {
    StoreError::new(kind).with_source("a fault that the test has asked for")
}
