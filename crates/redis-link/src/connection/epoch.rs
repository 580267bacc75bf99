use std::fmt;

use tokio::sync::watch;

use super::LinkState;

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
pub struct EpochWatch {
    epoch: watch::Receiver<Epoch>,
    state: watch::Receiver<LinkState>,
}

impl EpochWatch {
    pub(crate) const fn new(
        epoch: watch::Receiver<Epoch>,
        state: watch::Receiver<LinkState>,
    ) -> Self {
        Self { epoch, state }
    }

    /// Returns the epoch that is now, and counts it as seen.
    pub fn current(&mut self) -> Epoch {
        *self.epoch.borrow_and_update()
    }

    /// Waits for an epoch that was not seen and returns it; nothing once the link is closed or gone.
    ///
    /// Epochs that come and go meanwhile are passed over.
    pub async fn changed(&mut self) -> Option<Epoch> {
        let closed = async {
            // It fails when the link is gone, which says the same.
            self.state.wait_for(|state| *state == LinkState::Closed).await.map(drop).ok();
        };
        tokio::select! {
            biased;
            () = closed => return None,
            changed = self.epoch.changed() => changed.ok()?,
        }
        Some(self.current())
    }
}
