use std::fmt;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::observe::Observer;
use crate::time::Clock;

/// What every cache stands on.
pub(crate) struct Ground {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// Rung when the keeper has something to do.
    pub(crate) wake: Notify,
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground").field("clock", &self.clock).finish_non_exhaustive()
    }
}
