//! The small values among the settings.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use super::Expected;
use crate::data::DatabaseUrl;
use crate::domain::accounts::ApiKey;

/// Where the server runs; it decides what is required and what exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine.
    Development,
    /// A test run.
    Test,
    /// A deployment with users.
    Production,
}

impl FromStr for Environment {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        match text {
            "development" => Ok(Self::Development),
            "test" => Ok(Self::Test),
            "production" => Ok(Self::Production),
            _ => Err(Expected("development, test or production")),
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Production => "production",
        })
    }
}

/// Whether seeding, demo keys and fake upstreams exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoData {
    /// They exist.
    Present,
    /// They do not, as in production without `--demo`.
    Absent,
}

/// The two bounds of a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainTimes {
    /// How long connections are still accepted after the readiness has turned.
    pub delay: Duration,
    /// How long requests in flight are waited for after that.
    pub timeout: Duration,
}

pub(super) fn host(text: &str) -> Result<IpAddr, Expected> {
    match text {
        "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => text.parse().map_err(|_| Expected("an IP address or localhost")),
    }
}

pub(super) fn port(text: &str) -> Result<u16, Expected> {
    text.parse().map_err(|_| Expected("a port from 0 to 65535"))
}

pub(super) fn milliseconds(text: &str) -> Result<Duration, Expected> {
    // Whoever drains for longer than a day has mistaken the unit.
    const MOST: u64 = 24 * 60 * 60 * 1000;
    match text.parse() {
        Ok(number) if number <= MOST => Ok(Duration::from_millis(number)),
        _ => Err(Expected("milliseconds from 0 to 86400000")),
    }
}

pub(super) fn lifetime(text: &str) -> Result<Duration, Expected> {
    // As long as the caches' second level remembers what was invalidated.
    const MOST: u64 = 7 * 24 * 60 * 60;
    match text.parse() {
        Ok(seconds @ 1..=MOST) => Ok(Duration::from_secs(seconds)),
        _ => Err(Expected("seconds from 1 to 604800")),
    }
}

pub(super) fn admin_key(text: &str) -> Result<ApiKey, Expected> {
    text.parse().map_err(|_| Expected("1 to 128 visible ASCII characters"))
}

pub(super) fn at_least_one(text: &str) -> Result<NonZeroU32, Expected> {
    text.parse().map_err(|_| Expected("a whole number of at least 1"))
}

pub(super) fn database(text: &str) -> Result<DatabaseUrl, Expected> {
    text.parse().map_err(|_| Expected("sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE"))
}
