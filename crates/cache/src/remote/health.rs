use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::observe::{Away, Back, Observer};
use crate::store::StoreErrorKind;

/// Whether the store answers, so that an outage is told once.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Read first, so that nobody waits for the lock while nothing changes.
    is_away: AtomicBool,
    since: Mutex<Option<Instant>>,
}

impl Health {
    pub(super) fn answered(&self, observer: Option<&dyn Observer>) {
        if !self.is_away.load(Ordering::Acquire) {
            return;
        }
        let mut away = self.lock();
        let Some(since) = away.take() else { return };
        self.is_away.store(false, Ordering::Release);
        drop(away);
        if let Some(observer) = observer {
            observer.back(&Back::new(since.elapsed()));
        }
    }

    pub(super) fn failed(&self, kind: StoreErrorKind, observer: Option<&dyn Observer>) {
        if self.is_away.load(Ordering::Acquire) {
            return;
        }
        let mut away = self.lock();
        if away.is_some() {
            return;
        }
        *away = Some(Instant::now());
        self.is_away.store(true, Ordering::Release);
        drop(away);
        if let Some(observer) = observer {
            observer.away(&Away::new(kind));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
