//! What is limited, for whom, and how much.

mod class;
mod config;
mod limits;
mod plan;
mod tier;
mod tiers;

pub use class::{Class, Delay, MakeKey, Outage};
pub use limits::{Limits, TiersHandle, Treatment};
pub(crate) use plan::{Plan, Planned, PlannedTier, Policies};
pub use tier::{Tier, TierName};
pub use tiers::Tiers;

use crate::error::ConfigError;

/// Names stand in headers, JSON and metric labels.
fn check_name(setting: &'static str, name: &str) -> Result<(), ConfigError> {
    let sound = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(sound) {
        let expected = "1 to 64 visible ASCII characters without quotes and backslashes";
        return Err(ConfigError::new(setting, name, expected));
    }
    Ok(())
}

fn check_once<T>(setting: &'static str, named: &[(String, T)]) -> Result<(), ConfigError> {
    for (index, (name, _)) in named.iter().enumerate() {
        if named.iter().take(index).any(|(other, _)| other == name) {
            return Err(ConfigError::new(setting, name, "each class once"));
        }
    }
    Ok(())
}
