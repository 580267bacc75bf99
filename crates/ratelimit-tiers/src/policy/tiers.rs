use std::borrow::Cow;

use serde::Deserialize;

use super::config::TiersConfig;
use crate::error::ConfigError;
use crate::{Tier, TierName};

/// The tiers of a product. One of them is the default: of callers whose tier is unknown.
///
/// Also read from a configuration, here as TOML; periods are in seconds, `algorithm` is one of
/// `gcra`, `strict`, `fixed-window` and `sliding-window`:
///
/// ```toml
/// default = "free"
/// upgrade_url = "/upgrade"
///
/// [[tiers]]
/// name = "free"
/// upgrade = "pro"
/// quotas = [{ class = "api", limit = 20, period = 60, algorithm = "strict" }]
///
/// [[tiers]]
/// name = "pro"
/// quotas = [{ class = "api", limit = 100, period = 60, burst = 20, most_at_once = 8 }]
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "TiersConfig")]
pub struct Tiers {
    all: Vec<Tier>,
    default: usize,
    upgrade_url: Option<Cow<'static, str>>,
}

impl Tiers {
    /// Takes the tiers; the first is the default.
    ///
    /// # Errors
    ///
    /// When there is none, a name is empty, not visible ASCII or there twice, a class has two
    /// quotas in one tier, or an upgrade leads nowhere.
    pub fn new(tiers: impl IntoIterator<Item = Tier>) -> Result<Self, ConfigError> {
        let tiers: Vec<Tier> = tiers.into_iter().collect();
        if tiers.is_empty() {
            return Err(ConfigError::number("tiers", 0, "at least one tier"));
        }
        for (index, tier) in tiers.iter().enumerate() {
            let name = tier.name.as_str();
            super::check_name("tier", name)?;
            if tiers.iter().take(index).any(|other| other.name == tier.name) {
                return Err(ConfigError::new("tier", name, "each name once"));
            }
            super::check_once("quota of a tier", &tier.quotas)?;
            super::check_once("concurrency of a tier", &tier.concurrency)?;
            if name == "current" {
                // In the members of a refusal that word is taken.
                return Err(ConfigError::new("tier", name, "another name than `current`"));
            }
            if let Some(upgrade) = &tier.upgrade {
                let known = tiers.iter().any(|other| other.name == *upgrade);
                if !known || *upgrade == tier.name {
                    let expected = "the name of another tier";
                    return Err(ConfigError::new("upgrade", upgrade.as_str(), expected));
                }
            }
        }
        Ok(Self { all: tiers, default: 0, upgrade_url: None })
    }

    /// Chooses the default tier.
    ///
    /// # Errors
    ///
    /// When there is no such tier.
    pub fn with_default(mut self, name: &str) -> Result<Self, ConfigError> {
        let found = self.all.iter().position(|tier| tier.name.as_str() == name);
        let expected = "the name of one of the tiers";
        self.default = found.ok_or_else(|| ConfigError::new("default tier", name, expected))?;
        Ok(self)
    }

    /// Sets where a refused caller may upgrade.
    #[must_use]
    pub fn with_upgrade_url(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        self.upgrade_url = Some(url.into());
        self
    }

    /// The tiers.
    #[must_use]
    pub fn tiers(&self) -> &[Tier] {
        &self.all
    }

    /// The tier of that name.
    #[must_use]
    pub fn find(&self, name: &TierName) -> Option<&Tier> {
        self.all.iter().find(|tier| tier.name == *name)
    }

    pub(crate) const fn default_index(&self) -> usize {
        self.default
    }

    pub(crate) fn upgrade_url(&self) -> Option<&str> {
        self.upgrade_url.as_deref()
    }
}
