use std::fmt;

use tokio::sync::watch;

/// A number that grows with each connection for commands; zero before the first.
///
/// Whatever was learnt from Redis in an earlier epoch may be outdated: Redis may have been
/// restarted, emptied or replaced meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    pub(crate) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Returns the number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Waits for new epochs; see [`Link::watch_epoch`](crate::Link::watch_epoch).
#[derive(Clone, Debug)]
pub struct EpochWatch(watch::Receiver<Epoch>);

impl EpochWatch {
    pub(crate) const fn new(receiver: watch::Receiver<Epoch>) -> Self {
        Self(receiver)
    }

    /// Returns the epoch that is now, and counts it as seen.
    pub fn current(&mut self) -> Epoch {
        *self.0.borrow_and_update()
    }

    /// Waits for an epoch that was not seen and returns it; nothing once the link is gone.
    ///
    /// Epochs that come and go meanwhile are passed over.
    pub async fn changed(&mut self) -> Option<Epoch> {
        self.0.changed().await.ok()?;
        Some(self.current())
    }
}
