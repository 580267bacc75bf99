use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::{Decided, Decision, Delayed, FellBack, Observer, StoreAnswered};

/// Writes what a layer decides as events of `tracing`, target `bartizan::ratelimit_tiers`.
///
/// Refusals and delays are for debugging, requests that pass for tracing. An outage of the store is
/// a warning once, when it begins, and its end is told once, when the store has decided for so long
/// without a failure: one that only some requests fail on would be told of with each of them. Each
/// fallback between is for debugging.
///
/// A clone shares what is known of the outage.
#[derive(Clone, Debug)]
pub struct TracingObserver {
    outage: Arc<Outage>,
    quiet: Duration,
}

#[derive(Debug, Default)]
struct Outage {
    is_on: AtomicBool,
    last_failure: Mutex<Option<Instant>>,
}

const TARGET: &str = "bartizan::ratelimit_tiers";

impl TracingObserver {
    /// Knows of no outage; one is over 10 seconds after its last failure.
    #[must_use]
    pub fn new() -> Self {
        Self { outage: Arc::default(), quiet: Duration::from_secs(10) }
    }

    /// Replaces how long nothing may fail before an outage is over.
    #[must_use]
    pub const fn with_quiet(mut self, quiet: Duration) -> Self {
        self.quiet = quiet;
        self
    }
}

impl Default for TracingObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl Outage {
    /// Tells whether this failure begins one.
    fn fail(&self) -> bool {
        *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        !self.is_on.swap(true, Ordering::Relaxed)
    }

    /// Tells whether this success ends one.
    fn succeed(&self, quiet: Duration) -> bool {
        // Read first: on the happy path nobody writes, so no cache line moves.
        if !self.is_on.load(Ordering::Relaxed) {
            return false;
        }
        let last = *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_none_or(|last| last.elapsed() >= quiet) && self.is_on.swap(false, Ordering::Relaxed)
    }
}

impl Observer for TracingObserver {
    fn decided(&self, event: &Decided<'_>) {
        let Decided { class, tier, decision } = event;
        match decision {
            Decision::Allowed | Decision::NearLimit => {
                tracing::trace!(target: TARGET, class, tier, decision = decision.as_str(), "decided");
            }
            Decision::Denied | Decision::Shadow | Decision::Crowded => {
                tracing::debug!(target: TARGET, class, tier, decision = decision.as_str(), "decided");
            }
        }
    }

    fn delayed(&self, event: &Delayed<'_>) {
        let Delayed { class, tier, wait } = event;
        tracing::debug!(target: TARGET, class, tier, ?wait, "delayed");
    }

    fn fell_back(&self, event: &FellBack<'_>) {
        let FellBack { class, outage, kind } = event;
        let (outage, error) = (outage.as_str(), kind.as_str());
        if self.outage.fail() {
            tracing::warn!(target: TARGET, class, outage, error, "the store cannot decide");
        } else {
            tracing::debug!(target: TARGET, class, outage, error, "the store still cannot decide");
        }
    }

    fn answered(&self, event: &StoreAnswered) {
        if event.failure.is_none() && self.outage.succeed(self.quiet) {
            tracing::info!(target: TARGET, "the store decides again");
        }
    }
}
