use std::fmt;
use std::fs;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use bartizan_ratelimit_tiers::{MemoryStore, Tiers};
use toml::{Table, Value};

use super::classes::{self, GLOBAL};

/// The tiers as they are written in TOML, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct TierTable(Table);

/// So many requests in a window, of all that anonymous callers send from one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// How many.
    pub limit: NonZeroU32,
    /// Whole seconds, for that is what headers tell.
    pub window: Duration,
}

impl TierTable {
    /// Gives the default tier a quota of the class `global`.
    #[must_use]
    pub fn with_global(mut self, global: Global) -> Self {
        let period = i64::try_from(global.window.as_secs()).unwrap_or(i64::MAX);
        let quota = Table::from_iter([
            ("class".to_owned(), GLOBAL.into()),
            ("limit".to_owned(), i64::from(global.limit.get()).into()),
            ("period".to_owned(), period.into()),
            ("algorithm".to_owned(), "strict".into()),
        ]);
        if let Some(quotas) = default_tier(&mut self.0).and_then(quotas) {
            quotas.retain(|quota| quota.get("class").and_then(Value::as_str) != Some(GLOBAL));
            quotas.push(quota.into());
        }
        self
    }

    /// Has each quota counted by the one algorithm that `governor` knows.
    #[must_use]
    pub fn by_gcra(mut self) -> Self {
        for quota in tiers(&mut self.0).into_iter().flatten().filter_map(quotas).flatten() {
            if let Some(quota) = quota.as_table_mut() {
                quota.insert("algorithm".to_owned(), "gcra".into());
            }
        }
        self
    }

    /// The tiers.
    ///
    /// # Errors
    ///
    /// As when the table was parsed.
    pub fn tiers(self) -> Result<Tiers, TierTableError> {
        checked(self.0)
    }
}

/// The table of the contract.
impl Default for TierTable {
    fn default() -> Self {
        // A test reads it; without tiers, the start would fail and say so.
        include_str!("tiers.toml").parse().unwrap_or(Self(Table::new()))
    }
}

impl FromStr for TierTable {
    type Err = TierTableError;

    /// Reads TOML, which has an equals sign somewhere, or the file of that name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let file;
        let text = if text.contains('=') {
            text
        } else {
            file = fs::read_to_string(text).map_err(|error| TierTableError(error.to_string()))?;
            &file
        };
        let table: Table = text.parse().map_err(|error| TierTableError::of_toml(&error))?;
        checked(table.clone())?;
        Ok(Self(table))
    }
}

/// The tiers of a table whose quotas are of known classes.
fn checked(table: Table) -> Result<Tiers, TierTableError> {
    let tiers: Tiers = table.try_into().map_err(|error| TierTableError::of_toml(&error))?;
    classes::layer(MemoryStore::new(), tiers.clone(), NonZeroU32::MIN)
        .map_err(|error| TierTableError(error.to_string()))?;
    Ok(tiers)
}

fn tiers(table: &mut Table) -> Option<&mut Vec<Value>> {
    table.get_mut("tiers")?.as_array_mut()
}

fn default_tier(table: &mut Table) -> Option<&mut Value> {
    let default = table.get("default").and_then(Value::as_str).map(str::to_owned);
    let mut tiers = tiers(table)?.iter_mut();
    match default {
        Some(name) => tiers.find(|tier| tier.get("name").and_then(Value::as_str) == Some(&name)),
        None => tiers.next(),
    }
}

fn quotas(tier: &mut Value) -> Option<&mut Vec<Value>> {
    let quotas = tier.as_table_mut()?.entry("quotas").or_insert(Value::Array(Vec::new()));
    quotas.as_array_mut()
}

/// What is expected instead of a table of tiers, with what was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierTableError(String);

impl TierTableError {
    fn of_toml(error: &toml::de::Error) -> Self {
        Self(error.message().to_owned())
    }
}

impl fmt::Display for TierTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tiers in TOML, or the path of a file with them ({})", self.0)
    }
}

impl std::error::Error for TierTableError {}
