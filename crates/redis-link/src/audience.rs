use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Observer;

/// The observer, if there is one. Its panics end here: the link does not depend on who watches it.
pub(crate) struct Audience {
    observer: Option<Arc<dyn Observer + Send + Sync>>,
    panicked: AtomicBool,
}

impl Audience {
    pub(crate) fn new(observer: Option<Arc<dyn Observer + Send + Sync>>) -> Self {
        Self { observer, panicked: AtomicBool::new(false) }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.observer.is_none()
    }

    /// Shows an event to the observer.
    pub(crate) fn tell(&self, event: impl FnOnce(&dyn Observer)) {
        let Some(observer) = &self.observer else { return };
        // What a panic leaves half done is the observer's own: it is given nothing to change.
        let told = catch_unwind(AssertUnwindSafe(|| event(observer)));
        if told.is_err() && !self.panicked.swap(true, Ordering::Relaxed) {
            tracing::error!(
                target: "bartizan::redis_link", "the observer of Redis panicked, and was ignored"
            );
        }
    }
}
