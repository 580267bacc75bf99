//! The one list of settings: flags, variables, defaults and the words of the docs.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Args, Command};

use super::origin::Origins;
use super::values::{database, host, milliseconds, port, seed};
use super::{ByteSize, Environment, LatencyFactor, LogFilter, Secret};
use crate::data::DatabaseUrl;

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
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = seed)]
    pub(super) seed: NonZeroU32,
}

/// Builds a command that knows the settings only.
pub(super) fn command() -> Command {
    Settings::augment_args(Command::new(env!("CARGO_PKG_NAME")))
}
