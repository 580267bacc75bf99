//! Every setting, parsed once at the start and typed from then on.

mod byte_size;
mod error;
mod latency;
mod layered;
mod limits;
mod log_filter;
mod origin;
mod redis;
mod secret;
mod settings;
mod table;
mod values;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use bartizan_ratelimit_tiers::TrustedProxies;
use clap::FromArgMatches;

use crate::data::DatabaseUrl;
use crate::domain::accounts::ApiKey;
use crate::limits::Global;

pub use self::byte_size::ByteSize;
pub use self::error::{ConfigError, Expected};
pub use self::latency::LatencyFactor;
pub use self::limits::{LimitSettings, LimitStore, Sharing};
pub use self::log_filter::LogFilter;
pub use self::origin::Origin;
pub use self::redis::Redis;
pub use self::secret::Secret;
pub use self::table::{Source, Value, markdown};
pub use self::values::{DemoData, DrainTimes, Environment};

pub(crate) use self::layered::Layered;
pub(crate) use self::settings::Settings;
pub(crate) use self::table::values;

/// What the server was told, after every check of a single value and of the whole.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Where the server runs.
    pub environment: Environment,
    /// The address that is listened on.
    pub listen: SocketAddr,
    /// Which events are logged.
    pub log: LogFilter,
    /// Where the data lives.
    pub database: DatabaseUrl,
    /// The largest request body that is read.
    pub max_request_size: ByteSize,
    /// The origins whose pages may read answers, for CORS.
    pub origins: Vec<Origin>,
    /// The proxies that are believed about the client's address.
    pub trusted_proxies: TrustedProxies,
    /// How often callers may ask.
    pub limits: LimitSettings,
    /// Where Redis is.
    pub redis: Redis,
    /// How long what has no lifetime of its own is cached.
    pub cache_ttl_default: Duration,
    /// The key of operators.
    pub admin_api_key: Option<ApiKey>,
    /// The key for what is encrypted at rest.
    pub encryption_key: Option<Secret>,
    /// The key that page cursors are sealed with.
    pub pagination_key: Option<Secret>,
    /// Whether seeding, demo keys and fake upstreams exist.
    pub demo: DemoData,
    /// How many times the size of the contract's data set is seeded.
    pub seed: NonZeroU32,
    /// The factor on the fake upstream's latencies.
    pub fake_upstream_latency: LatencyFactor,
    /// How long a drain takes.
    pub drain: DrainTimes,
}

impl Config {
    /// Reads variables through `variable`, which is the only view of the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is wrong or missing, and what was expected.
    pub fn from_vars(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let layered = Layered::over(settings::command(), variable)?;
        let read = || {
            let matches = layered.parse([env!("CARGO_PKG_NAME")])?;
            let settings = Settings::from_arg_matches(&matches)?;
            Ok((matches, settings))
        };
        let (matches, settings) = read().map_err(|error: clap::Error| layered.explain(&error))?;
        layered.check(&matches, &settings)?;
        Self::from_settings(settings)
    }

    pub(crate) fn from_settings(settings: Settings) -> Result<Self, ConfigError> {
        let redis = Redis::of(&settings)?;
        let limits = limit_settings(&settings, &redis)?;
        let demo = match (settings.environment, settings.demo) {
            (Environment::Production, false) => DemoData::Absent,
            _ => DemoData::Present,
        };
        Ok(Self {
            environment: settings.environment,
            listen: SocketAddr::new(settings.host, settings.port),
            log: settings.log_level,
            database: settings.database,
            max_request_size: settings.max_request_size,
            origins: settings.origins.into(),
            trusted_proxies: settings.trusted_proxies.map(Into::into).unwrap_or_default(),
            limits,
            redis,
            cache_ttl_default: settings.cache_ttl_default,
            admin_api_key: settings.admin_api_key,
            encryption_key: settings.encryption_key,
            pagination_key: settings.pagination_key,
            demo,
            seed: settings.seed,
            fake_upstream_latency: settings.fake_upstream_latency,
            drain: DrainTimes { delay: settings.drain_delay, timeout: settings.drain_timeout },
        })
    }
}

fn limit_settings(settings: &Settings, redis: &Redis) -> Result<LimitSettings, ConfigError> {
    const WINDOW: Duration = Duration::from_mins(15);
    const MAX_REQUESTS: NonZeroU32 = NonZeroU32::new(100).unwrap();

    let global = match (settings.rate_limit_window, settings.rate_limit_max_requests) {
        (None, None) => None,
        (window, limit) => {
            Some(Global { window: window.unwrap_or(WINDOW), limit: limit.unwrap_or(MAX_REQUESTS) })
        }
    };
    let sharing = match (settings.rate_limit_redis, redis) {
        (Some(true), Redis::Absent) => {
            return Err(ConfigError::dependent("RATE_LIMIT_REDIS", "REDIS_URL or REDIS_HOST"));
        }
        (None | Some(true), Redis::At(_)) => Sharing::ThroughRedis,
        (Some(false), _) | (_, Redis::Absent | Redis::Unusable(_)) => Sharing::Alone,
    };
    let mut table = settings.rate_limit_tiers.clone().unwrap_or_default();
    if let Some(global) = global {
        table = table.with_global(global);
    }
    if (settings.rate_limit_store, sharing) == (LimitStore::Governor, Sharing::Alone) {
        table = table.by_gcra();
    }
    let tiers = table.tiers().map_err(|error| {
        ConfigError::wrong("RATE_LIMIT_TIERS".to_owned(), error.to_string(), None)
    })?;
    Ok(LimitSettings {
        tiers,
        instances: settings.instances,
        store: settings.rate_limit_store,
        sharing,
    })
}
