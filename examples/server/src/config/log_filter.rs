//! `LOG_LEVEL`.

use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::Expected;

/// A level for everything and levels for single targets: `info,bartizan::cache=debug`.
///
/// `Targets` has a parser of its own, but it reads a mistyped level as the name of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter {
    everything: LevelFilter,
    targets: Vec<(String, LevelFilter)>,
}

impl LogFilter {
    /// Returns the filter that a subscriber asks.
    #[must_use]
    pub fn to_targets(&self) -> Targets {
        Targets::new().with_default(self.everything).with_targets(self.targets.iter().cloned())
    }
}

impl FromStr for LogFilter {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let mut filter = Self { everything: LevelFilter::INFO, targets: Vec::new() };
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                None => filter.everything = level(part)?,
                Some((target, name)) if !target.is_empty() => {
                    filter.targets.push((target.to_owned(), level(name)?));
                }
                Some(_) => return Err(EXPECTED),
            }
        }
        Ok(filter)
    }
}

const EXPECTED: Expected = Expected(
    "off, error, warn, info, debug or trace, alone or for a target: info,tower_http=debug",
);

fn level(name: &str) -> Result<LevelFilter, Expected> {
    match name.to_ascii_lowercase().as_str() {
        "off" => Ok(LevelFilter::OFF),
        "error" => Ok(LevelFilter::ERROR),
        "warn" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "trace" => Ok(LevelFilter::TRACE),
        _ => Err(EXPECTED),
    }
}
