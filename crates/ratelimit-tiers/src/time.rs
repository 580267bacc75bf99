use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the Unix epoch; ends in the year 2554.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Takes nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The moment that much later, or the last one there is.
    #[must_use]
    pub const fn saturating_add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(wait)))
    }

    /// The time from `earlier` to this moment, or nothing.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl From<SystemTime> for Timestamp {
    /// Times before the epoch become the epoch.
    fn from(time: SystemTime) -> Self {
        Self(saturating_nanos(time.duration_since(UNIX_EPOCH).unwrap_or_default()))
    }
}

/// A duration in nanoseconds, or the longest there is (584 years).
pub(crate) const fn saturating_nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    // The comparison makes the conversion whole.
    #[expect(clippy::cast_possible_truncation, reason = "compared with the largest u64 before")]
    if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 }
}

/// Tells the time. Read once for each decision.
pub trait Clock {
    /// The present moment; never earlier than one given before.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        C::now(self)
    }
}

/// The wall clock as it was when this value was made, carried on by the monotonic clock: steps of
/// the wall clock move no window and free no quota.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
    anchor: u64,
}

impl SystemClock {
    /// Reads the wall clock once.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now(), anchor: Timestamp::from(SystemTime::now()).as_nanos() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Timestamp {
        let elapsed = self.started.elapsed();
        // Whole seconds and the rest apart: `as_nanos` multiplies 128 bits wide.
        let nanos = elapsed
            .as_secs()
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::from(elapsed.subsec_nanos()));
        Timestamp(self.anchor.saturating_add(nanos))
    }
}
