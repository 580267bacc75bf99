//! How often callers may ask, and where that is counted.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use bartizan_ratelimit_tiers::{ConfigError, Tiers, TrustedProxies};

use super::Expected;

/// The limits and where they are counted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LimitSettings {
    /// What each tier may do.
    pub tiers: Tiers,
    /// How many instances serve together.
    pub instances: NonZeroU32,
    /// Which store counts in the process.
    pub store: LimitStore,
    /// Whether the instances share their counts.
    pub sharing: Sharing,
}

/// A store of limits within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitStore {
    /// The one of `bartizan-ratelimit-tiers`.
    Memory,
    /// The one of `governor`, which counts by GCRA whatever the table says.
    Governor,
}

/// Whether instances share their counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// All count in Redis.
    ThroughRedis,
    /// Each counts for itself.
    Alone,
}

impl FromStr for LimitStore {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        match text {
            "memory" => Ok(Self::Memory),
            "governor" => Ok(Self::Governor),
            _ => Err(Expected("memory or governor")),
        }
    }
}

/// `TRUSTED_PROXIES`.
#[derive(Debug, Clone)]
pub(crate) struct Proxies(TrustedProxies);

impl FromStr for Proxies {
    type Err = ProxiesError;

    fn from_str(text: &str) -> Result<Self, ProxiesError> {
        if text.split(',').any(|proxy| proxy.trim().is_empty()) {
            return Err(ProxiesError::Empty);
        }
        TrustedProxies::parse(text.split(',')).map(Self).map_err(ProxiesError::Refused)
    }
}

/// What is expected instead of proxies, with what was wrong.
#[derive(Debug)]
pub(crate) enum ProxiesError {
    /// Nothing stands before or behind a comma.
    Empty,
    Refused(ConfigError),
}

impl fmt::Display for ProxiesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "addresses and networks of your own proxies, separated by commas, such as \
             10.0.0.0/8,192.0.2.1",
        )?;
        match self {
            Self::Empty => f.write_str(" (nothing stands before or behind a comma)"),
            Self::Refused(error) => write!(f, " ({error})"),
        }
    }
}

impl std::error::Error for ProxiesError {}

impl From<Proxies> for TrustedProxies {
    fn from(proxies: Proxies) -> Self {
        proxies.0
    }
}

/// A window that headers can tell.
pub(super) fn window(text: &str) -> Result<Duration, Expected> {
    const MOST: u64 = 24 * 60 * 60 * 1000;
    match text.parse() {
        Ok(millis @ 1000..=MOST) if millis % 1000 == 0 => Ok(Duration::from_millis(millis)),
        _ => Err(Expected("whole seconds in milliseconds, from 1000 to 86400000")),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, Expected> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Expected("true or false")),
    }
}
