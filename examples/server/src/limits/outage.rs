use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bartizan_ratelimit_tiers::StoreErrorKind;

use crate::telemetry::TARGET;

/// How long nothing may fail before an outage is over: else a store on which some fail would be told
/// of with each of them.
const QUIET: Duration = Duration::from_secs(10);

/// Tells the log when logins are no longer counted in their store, and when they are again: once for
/// each outage.
///
/// The observer of the layer cannot tell it: no other crate can make its events.
#[derive(Debug, Default)]
pub(super) struct Outage {
    last_failure: Mutex<Option<Instant>>,
}

impl Outage {
    pub(super) fn fail(&self, error: StoreErrorKind) {
        let mut last = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = last.replace(Instant::now()).is_none();
        drop(last);
        let error = error.as_str();
        if begins {
            tracing::warn!(target: TARGET, error, "failed logins are counted in this process");
        } else {
            tracing::debug!(target: TARGET, error, "a login is still counted in this process");
        }
    }

    pub(super) fn succeed(&self) {
        let mut last = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = last.take_if(|last| last.elapsed() >= QUIET).is_some();
        drop(last);
        if ends {
            tracing::info!(target: TARGET, "failed logins are counted in the store again");
        }
    }
}
