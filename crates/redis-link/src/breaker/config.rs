use std::num::NonZeroU32;
use std::time::Duration;

/// When the circuit breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerConfig {
    pub(crate) failures: NonZeroU32,
    pub(crate) open_for: Duration,
}

impl BreakerConfig {
    const FAILURES: NonZeroU32 = NonZeroU32::new(5).unwrap();
    /// Longer means the same, and cannot overflow.
    const DAY: Duration = Duration::from_secs(86_400);
    const OPEN_FOR: Duration = Duration::from_secs(1);

    /// Opens after 5 failures in a row, for 1 second.
    #[must_use]
    pub const fn new() -> Self {
        Self { failures: Self::FAILURES, open_for: Self::OPEN_FOR }
    }

    /// Sets how many failures in a row open it.
    #[must_use]
    pub const fn with_failures(mut self, failures: NonZeroU32) -> Self {
        self.failures = failures;
        self
    }

    /// Sets how long it stays open before one command may try, a day at most.
    #[must_use]
    pub fn with_open_for(mut self, open_for: Duration) -> Self {
        self.open_for = open_for.min(Self::DAY);
        self
    }
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self::new()
    }
}
