use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use crate::error::ConfigError;
use crate::time::saturating_nanos;

/// How often something may be done: `limit` per `period`, counted by an [`Algorithm`].
///
/// A plain value: it is handed to the store with each decision, so one subject may have another
/// quota in the next moment without losing what it has consumed.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Quota {
    algorithm: Algorithm,
    limit: u32,
    burst: u32,
    /// Nanoseconds.
    period: u64,
    /// Nanoseconds until one unit is free again: `period / limit`, rounded up.
    interval: u64,
}

/// How consumption is counted. N is the limit, W the period, B the burst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// The generic cell rate algorithm (ITU-T I.371), a token bucket in one number: at most
    /// `B + t * N / W` in any span of time t, so up to `2N - 1` in a window when B = N.
    #[default]
    Gcra,
    /// Never more than N in any window of W. Requests are remembered in at most 13 groups, each
    /// until W after its last one: a unit comes back between W and `W * 13/12` after it was taken.
    Strict,
    /// At most N in each window that begins at a multiple of W since the Unix epoch (UTC), so up
    /// to `2N` in an arbitrary one.
    FixedWindow,
    /// The count of the present fixed window and the fitting share of the one before: at most N
    /// while requests come evenly, up to `2N - 1` in an arbitrary window.
    SlidingWindow,
}

/// Nobody waits that long, and sums of such times fit 64 bits.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

impl Quota {
    /// `limit` per `period` by [`Algorithm::Gcra`], with a burst of `limit`.
    ///
    /// # Errors
    ///
    /// When `limit` is zero or more than one a nanosecond, or `period` is zero or above 100 years.
    pub fn new(limit: u32, period: Duration) -> Result<Self, ConfigError> {
        if limit == 0 {
            return Err(ConfigError::number("limit", 0, "at least 1"));
        }
        if period.is_zero() || period.as_nanos() > LONGEST.as_nanos() {
            let expected = "more than 0 and at most 100 years";
            return Err(ConfigError::duration("period", period, expected));
        }
        let period = saturating_nanos(period);
        if u64::from(limit) > period {
            let expected = "at most one a nanosecond";
            return Err(ConfigError::number("limit", u64::from(limit), expected));
        }
        let interval = period.div_ceil(u64::from(limit));
        Ok(Self { algorithm: Algorithm::Gcra, limit, burst: limit, period, interval })
    }

    /// `limit` a second.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    pub fn per_second(limit: u32) -> Result<Self, ConfigError> {
        Self::new(limit, Duration::from_secs(1))
    }

    /// `limit` a minute.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    pub fn per_minute(limit: u32) -> Result<Self, ConfigError> {
        Self::new(limit, Duration::from_secs(60))
    }

    /// `limit` an hour.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    pub fn per_hour(limit: u32) -> Result<Self, ConfigError> {
        Self::new(limit, Duration::from_secs(3_600))
    }

    /// `limit` in 24 hours.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    pub fn per_day(limit: u32) -> Result<Self, ConfigError> {
        Self::new(limit, Duration::from_secs(86_400))
    }

    /// Counts by [`Algorithm::Gcra`] and admits this many at once.
    ///
    /// # Errors
    ///
    /// When `burst` is zero, or refilling it would take more than 100 years.
    pub fn with_burst(mut self, burst: u32) -> Result<Self, ConfigError> {
        if burst == 0 {
            return Err(ConfigError::number("burst", 0, "at least 1"));
        }
        if u128::from(burst) * u128::from(self.interval) > LONGEST.as_nanos() {
            let expected = "few enough to be refilled within 100 years";
            return Err(ConfigError::number("burst", u64::from(burst), expected));
        }
        if !matches!(self.algorithm, Algorithm::Gcra) {
            let expected = "no burst, since only gcra has one";
            return Err(ConfigError::number("burst", u64::from(burst), expected));
        }
        self.burst = burst;
        Ok(self)
    }

    /// Counts by [`Algorithm::Strict`]: never more than the limit in any window.
    #[must_use]
    pub const fn strict(self) -> Self {
        self.counted_by(Algorithm::Strict)
    }

    /// Counts by this algorithm, with a burst of the limit.
    #[must_use]
    pub const fn counted_by(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self.burst = self.limit;
        self
    }

    /// The same quota with the limit and the burst divided, rounded up: what is left to one of
    /// `parts` instances that cannot ask each other.
    #[must_use]
    pub fn divided(self, parts: std::num::NonZeroU32) -> Self {
        let limit = self.limit.div_ceil(parts.get());
        let interval = self.period.div_ceil(u64::from(limit));
        Self { limit, burst: self.burst.div_ceil(parts.get()), interval, ..self }
    }

    /// How consumption is counted.
    #[inline]
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// N of "N per period".
    #[inline]
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// The most that is admitted at once; the limit, unless a burst was given.
    #[inline]
    #[must_use]
    pub const fn burst(&self) -> u32 {
        self.burst
    }

    /// The window.
    #[must_use]
    pub const fn period(&self) -> Duration {
        Duration::from_nanos(self.period)
    }

    #[inline]
    pub(crate) const fn period_nanos(&self) -> u64 {
        self.period
    }

    #[inline]
    pub(crate) const fn interval_nanos(&self) -> u64 {
        self.interval
    }
}

impl PartialEq for Quota {
    /// Compares without branches, and leaves out the interval, which follows from the rest.
    #[inline]
    #[expect(clippy::needless_bitwise_bool, reason = "compares without branches")]
    fn eq(&self, other: &Self) -> bool {
        (self.period == other.period)
            & (self.limit == other.limit)
            & (self.burst == other.burst)
            & (self.algorithm as u8 == other.algorithm as u8)
    }
}

impl Hash for Quota {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.period, self.limit, self.burst, self.algorithm).hash(state);
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {:?}", self.limit, self.period())?;
        match self.algorithm {
            Algorithm::Gcra if self.burst == self.limit => Ok(()),
            Algorithm::Gcra => write!(f, ", burst {}", self.burst),
            other => write!(f, ", {}", other.as_str()),
        }
    }
}

impl Algorithm {
    /// The algorithm as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gcra => "gcra",
            Self::Strict => "strict",
            Self::FixedWindow => "fixed-window",
            Self::SlidingWindow => "sliding-window",
        }
    }
}
