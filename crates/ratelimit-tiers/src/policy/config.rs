use std::time::Duration;

use serde::Deserialize;

use crate::error::ConfigError;
use crate::{Algorithm, Quota, Tier, TierName, Tiers};

/// The tiers as a configuration file has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename = "Tiers")]
pub(super) struct TiersConfig {
    default: Option<String>,
    upgrade_url: Option<String>,
    tiers: Vec<TierConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename = "Tier")]
struct TierConfig {
    name: String,
    title: Option<String>,
    upgrade: Option<String>,
    #[serde(default)]
    divided_in_fallback: bool,
    #[serde(default)]
    quotas: Vec<QuotaConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename = "Quota")]
struct QuotaConfig {
    class: String,
    limit: u32,
    /// Seconds.
    period: u64,
    burst: Option<u32>,
    #[serde(default)]
    algorithm: AlgorithmConfig,
    most_at_once: Option<std::num::NonZeroU32>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", rename = "Algorithm")]
enum AlgorithmConfig {
    #[default]
    Gcra,
    Strict,
    FixedWindow,
    SlidingWindow,
}

impl TryFrom<TiersConfig> for Tiers {
    type Error = ConfigError;

    fn try_from(config: TiersConfig) -> Result<Self, ConfigError> {
        let tiers: Result<Vec<Tier>, _> = config.tiers.into_iter().map(Tier::try_from).collect();
        let mut tiers = Tiers::new(tiers?)?;
        if let Some(default) = config.default {
            tiers = tiers.with_default(&default)?;
        }
        if let Some(url) = config.upgrade_url {
            tiers = tiers.with_upgrade_url(url);
        }
        Ok(tiers)
    }
}

impl TryFrom<TierConfig> for Tier {
    type Error = ConfigError;

    fn try_from(config: TierConfig) -> Result<Self, ConfigError> {
        let mut tier = Tier::new(TierName::from(config.name));
        tier.title = config.title;
        tier.upgrade = config.upgrade.map(TierName::from);
        tier.share_in_fallback = config.divided_in_fallback;
        for quota in config.quotas {
            if let Some(most) = quota.most_at_once {
                tier = tier.with_concurrency(quota.class.clone(), most);
            }
            let class = quota.class.clone();
            tier = tier.with_quota(class, Quota::try_from(quota)?);
        }
        Ok(tier)
    }
}

impl TryFrom<QuotaConfig> for Quota {
    type Error = ConfigError;

    fn try_from(config: QuotaConfig) -> Result<Self, ConfigError> {
        let quota = Quota::new(config.limit, Duration::from_secs(config.period))?;
        let algorithm = match config.algorithm {
            AlgorithmConfig::Gcra => Algorithm::Gcra,
            AlgorithmConfig::Strict => Algorithm::Strict,
            AlgorithmConfig::FixedWindow => Algorithm::FixedWindow,
            AlgorithmConfig::SlidingWindow => Algorithm::SlidingWindow,
        };
        match (config.burst, algorithm) {
            (Some(burst), Algorithm::Gcra) => quota.with_burst(burst),
            (Some(burst), _) => {
                let expected = "no burst, since only gcra has one";
                Err(ConfigError::number("burst", burst.into(), expected))
            }
            (None, algorithm) => Ok(quota.counted_by(algorithm)),
        }
    }
}
