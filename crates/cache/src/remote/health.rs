use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::observe::{Away, Back, Observer};
use crate::store::StoreErrorKind;

/// Whether the store answers, so that an outage is told once.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Option<Instant>>);

impl Health {
    pub(super) fn answered(&self, observer: Option<&dyn Observer>) {
        let Some(since) = self.lock().take() else { return };
        if let Some(observer) = observer {
            observer.back(&Back::new(since.elapsed()));
        }
    }

    pub(super) fn failed(
        &self,
        kind: StoreErrorKind,
        observer: Option<&dyn Observer>,
    ) {
        let mut away = self.lock();
        if away.is_some() {
            return;
        }
        *away = Some(Instant::now());
        drop(away);
        if let Some(observer) = observer {
            observer.away(&Away::new(kind));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
