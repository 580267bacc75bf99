use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Nanoseconds of a clock that never goes back, since a moment of its own; enough for 584 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Later than every other.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// Takes nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The moment that much later, or the last one there is.
    #[must_use]
    pub const fn saturating_add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(wait)))
    }

    /// The moment that much earlier, or the first one.
    #[must_use]
    pub const fn saturating_sub(self, age: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_nanos(age)))
    }

    /// The time from `earlier` to this moment, or nothing.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A duration in nanoseconds, or the longest there is.
const fn saturating_nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos() as u64)
}

/// Tells the time. Read once for each hit.
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// The present moment; never earlier than one given before.
    fn now(&self) -> Timestamp;

    /// The present by the calendar, in which HTTP tells dates.
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        C::now(self)
    }

    fn wall(&self) -> SystemTime {
        C::wall(self)
    }
}

/// The monotonic clock of the system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

/// What a clock shows when it is made: late enough that an entry from another instance, which is
/// older than this process, has a moment of creation.
const ORIGIN: Timestamp = Timestamp(100 * 365 * 86_400 * 1_000_000_000);

impl SystemClock {
    /// Starts.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now() }
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
        ORIGIN.saturating_add(self.started.elapsed())
    }
}
