//! The factor on the fake upstream's latencies.

use std::str::FromStr;
use std::time::Duration;

use super::Expected;

/// A finite factor of at least zero.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct LatencyFactor(f64);

impl LatencyFactor {
    /// Answers without waiting.
    pub const NONE: Self = Self(0.0);

    /// Answers after the described latencies.
    pub const DESCRIBED: Self = Self(1.0);

    /// Scales one described latency.
    #[must_use]
    pub fn scale(self, latency: Duration) -> Duration {
        Duration::try_from_secs_f64(latency.as_secs_f64() * self.0).unwrap_or(Duration::MAX)
    }
}

impl FromStr for LatencyFactor {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        match text.parse::<f64>() {
            Ok(factor) if factor.is_finite() && factor >= 0.0 => Ok(Self(factor)),
            _ => Err(Expected("a factor of at least 0 such as 1.0")),
        }
    }
}
