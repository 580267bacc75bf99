//! The one list of settings: flags, variables, defaults and the words of the docs.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Args, Command};

use super::limits::{Proxies, switch, window};
use super::origin::Origins;
use super::values::{admin_key, at_least_one, database, host, lifetime, milliseconds, port};
use super::{ByteSize, Environment, LatencyFactor, LimitStore, LogFilter, Secret, redis};
use crate::data::DatabaseUrl;
use crate::domain::accounts::ApiKey;
use crate::limits::TierTable;

/// The name of the variable that says where the server runs, and its other name.
pub(super) const ENVIRONMENT: (&str, &str) = ("NODE_ENV", "APP_ENV");

/// What production does not start without.
pub(super) const REQUIRED_IN_PRODUCTION: [&str; 4] =
    ["DATABASE_URL", "FRONTEND_URL", "ENCRYPTION_KEY", "PAGINATION_KEY"];

/// The settings as they are given; the comments here are the help and the docs.
///
/// `hide_env_values` marks a secret.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// Where the server runs: `development`, `test` or `production`
    #[arg(long = "env", env = ENVIRONMENT.0, value_name = "NAME", default_value = "development")]
    pub(super) environment: Environment,

    /// The address to listen on; containers set `0.0.0.0`
    #[arg(long, env = "HOST", default_value = "127.0.0.1", value_parser = host)]
    pub(super) host: IpAddr,

    /// The port to listen on; `0` takes a free one
    #[arg(long, env = "PORT", default_value = "3000", value_parser = port)]
    pub(super) port: u16,

    /// What is logged: a level, or levels per target such as `info,tower_http=debug`
    #[arg(long, env = "LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub(super) log_level: LogFilter,

    /// The database: `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`
    #[arg(
        long = "database-url",
        env = "DATABASE_URL",
        value_name = "URL",
        hide_env_values = true,
        default_value = "sqlite:data/bartizan.sqlite",
        value_parser = database
    )]
    pub(super) database: DatabaseUrl,

    /// The largest request body: bytes, or a number with `kb`, `mb` or `gb`
    #[arg(long, env = "MAX_REQUEST_SIZE", value_name = "SIZE", default_value = "1mb")]
    pub(super) max_request_size: ByteSize,

    /// The origins that CORS allows, separated by commas
    #[arg(
        long = "frontend-url",
        env = "FRONTEND_URL",
        value_name = "ORIGINS",
        default_value = "http://localhost:5173"
    )]
    pub(super) origins: Origins,

    /// The proxies whose `X-Forwarded-For` is believed: networks and addresses, separated by commas
    #[arg(long = "trusted-proxies", env = "TRUSTED_PROXIES", value_name = "NETWORKS")]
    pub(super) trusted_proxies: Option<Proxies>,

    /// What each tier may do, as TOML or the path of a file with it; see `src/limits/tiers.toml`
    #[arg(long = "rate-limit-tiers", env = "RATE_LIMIT_TIERS", value_name = "TOML")]
    pub(super) rate_limit_tiers: Option<TierTable>,

    /// The window of the limit of anonymous callers by address, in milliseconds; 900000 where only
    /// the number is given, and no such limit where neither is
    #[arg(
        long = "rate-limit-window",
        env = "RATE_LIMIT_WINDOW",
        value_name = "MS",
        value_parser = window
    )]
    pub(super) rate_limit_window: Option<Duration>,

    /// The number of requests in that window; 100 where only the window is given
    #[arg(
        long = "rate-limit-max-requests",
        env = "RATE_LIMIT_MAX_REQUESTS",
        value_name = "NUMBER",
        value_parser = at_least_one
    )]
    pub(super) rate_limit_max_requests: Option<NonZeroU32>,

    /// The store that counts in the process: `memory`, or `governor`, which knows no strict windows
    #[arg(
        long = "rate-limit-store",
        env = "RATE_LIMIT_STORE",
        value_name = "STORE",
        default_value = "memory"
    )]
    pub(super) rate_limit_store: LimitStore,

    /// Whether limits are counted in Redis; `true` where Redis is configured
    #[arg(
        long = "rate-limit-redis",
        env = "RATE_LIMIT_REDIS",
        value_name = "BOOL",
        value_parser = switch
    )]
    pub(super) rate_limit_redis: Option<bool>,

    /// How many instances serve together: while Redis is away, each grants its share of the free tier
    #[arg(
        long,
        env = "INSTANCES",
        value_name = "NUMBER",
        default_value = "1",
        value_parser = at_least_one
    )]
    pub(super) instances: NonZeroU32,

    /// Redis: `redis://USER:PASSWORD@HOST:PORT/DB`; one that cannot be used is logged and left out
    #[arg(long = "redis-url", env = "REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub(super) redis_url: Option<Secret>,

    /// Redis, where no URL is given: its host, `localhost` where another part is given
    #[arg(long = "redis-host", env = "REDIS_HOST", value_name = "HOST")]
    pub(super) redis_host: Option<String>,

    /// Its port, 6379 unless given
    #[arg(long = "redis-port", env = "REDIS_PORT", value_name = "PORT", value_parser = redis::port)]
    pub(super) redis_port: Option<u16>,

    /// The user to log in to it as
    #[arg(long = "redis-username", env = "REDIS_USERNAME", value_name = "NAME")]
    pub(super) redis_username: Option<String>,

    /// The password to log in to it with
    #[arg(
        long = "redis-password",
        env = "REDIS_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub(super) redis_password: Option<Secret>,

    /// Its database, 0 unless given
    #[arg(long = "redis-db", env = "REDIS_DB", value_name = "DB", value_parser = redis::database)]
    pub(super) redis_db: Option<u8>,

    /// Whether to reach it by TLS, which needs the feature `tls`; `false` unless given
    #[arg(long = "redis-tls", env = "REDIS_TLS", value_name = "BOOL", value_parser = switch)]
    pub(super) redis_tls: Option<bool>,

    /// How long what has no lifetime of its own is cached, in seconds
    #[arg(
        long = "cache-ttl-default",
        env = "CACHE_TTL_DEFAULT",
        value_name = "SECONDS",
        default_value = "3600",
        value_parser = lifetime
    )]
    pub(super) cache_ttl_default: Duration,

    /// The key of operators, sent as other API keys are; without one, in production there are no
    /// operators, else whoever asks from this host is one
    #[arg(
        long = "admin-api-key",
        env = "ADMIN_API_KEY",
        value_name = "KEY",
        hide_env_values = true,
        value_parser = admin_key
    )]
    pub(super) admin_api_key: Option<ApiKey>,

    /// The key for what is encrypted at rest
    #[arg(long, env = "ENCRYPTION_KEY", value_name = "KEY", hide_env_values = true)]
    pub(super) encryption_key: Option<Secret>,

    /// The key that page cursors are sealed with
    #[arg(long, env = "PAGINATION_KEY", value_name = "KEY", hide_env_values = true)]
    pub(super) pagination_key: Option<Secret>,

    /// The factor on the fake upstream's latencies; `0` answers at once
    #[arg(long, env = "FAKE_UPSTREAM_LATENCY", value_name = "FACTOR", default_value = "1.0")]
    pub(super) fake_upstream_latency: LatencyFactor,

    /// How long connections are accepted after a signal to stop, in milliseconds
    #[arg(
        long = "drain-delay-ms",
        env = "DRAIN_DELAY_MS",
        value_name = "MS",
        default_value = "500",
        value_parser = milliseconds
    )]
    pub(super) drain_delay: Duration,

    /// How long requests in flight are waited for after that, in milliseconds
    #[arg(
        long = "drain-timeout-ms",
        env = "DRAIN_TIMEOUT_MS",
        value_name = "MS",
        default_value = "10000",
        value_parser = milliseconds
    )]
    pub(super) drain_timeout: Duration,

    /// Seeds, shows demo keys and fakes upstreams in production too
    #[arg(long)]
    pub(super) demo: bool,

    /// How many times the size of the demo data set is seeded into an empty database
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = at_least_one)]
    pub(super) seed: NonZeroU32,
}

/// Builds a command that knows the settings only.
pub(super) fn command() -> Command {
    Settings::augment_args(Command::new(env!("CARGO_PKG_NAME")))
}
