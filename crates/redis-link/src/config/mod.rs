mod mask;
mod url;
mod vars;

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use fred::types::config::Config as ServerConfig;

use crate::{BreakerConfig, ConfigError};

/// Where Redis is, and how patient to be with it.
#[derive(Clone)]
pub struct Config {
    pub(crate) server: ServerConfig,
    pub(crate) command_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) reconnect_delay: (Duration, Duration),
    pub(crate) queue: NonZeroUsize,
    pub(crate) breaker: BreakerConfig,
}

impl Config {
    const COMMAND_TIMEOUT: Duration = Duration::from_millis(250);
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
    const RECONNECT_DELAY: (Duration, Duration) =
        (Duration::from_millis(50), Duration::from_secs(2));
    /// What the timers can tell from nothing: the client takes a timeout of zero for none at all.
    const TICK: Duration = Duration::from_millis(1);
    /// Longer delays mean the same, and cannot overflow.
    const DAY: Duration = Duration::from_secs(86_400);
    const QUEUE: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

    fn new(server: ServerConfig) -> Self {
        Self {
            server,
            command_timeout: Self::COMMAND_TIMEOUT,
            connect_timeout: Self::CONNECT_TIMEOUT,
            reconnect_delay: Self::RECONNECT_DELAY,
            queue: Self::QUEUE,
            breaker: BreakerConfig::new(),
        }
    }

    /// Reads a URL: `redis://[[user:]password@]host[:port][/database]`, `redis-cluster://` and
    /// `redis-sentinel://` with more nodes as `?node=host:port`, and with the feature `tls` the same
    /// three with `rediss`.
    ///
    /// A sentinel URL names the service with `sentinelServiceName`, and may have
    /// `sentinelUsername` and `sentinelPassword`.
    ///
    /// # Errors
    ///
    /// When it is no such URL.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        url::parse("url", url).map(Self::new)
    }

    /// Reads `REDIS_URL`, or else `REDIS_HOST` (localhost), `REDIS_PORT` (6379), `REDIS_USERNAME`,
    /// `REDIS_PASSWORD`, `REDIS_DB` (0) and `REDIS_TLS` (false); nothing when none of them is given.
    ///
    /// An empty value counts as not given. `vars` is asked, never the environment.
    ///
    /// # Errors
    ///
    /// When a value cannot be used; the error names its variable.
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, ConfigError> {
        Ok(vars::read(vars)?.map(Self::new))
    }

    /// Sets how long a command may wait for its reply, from 1 ms to a day; 250 ms by default.
    ///
    /// Keep it below the deadlines of the callers: the circuit breaker learns from timeouts, not from
    /// calls that were given up earlier.
    #[must_use]
    pub fn with_command_timeout(mut self, timeout: Duration) -> Self {
        self.command_timeout = timeout.clamp(Self::TICK, Self::DAY);
        self
    }

    /// Sets how long making a connection may take, the first words with Redis included, from 1 ms to
    /// a day; 2 s by default.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout.clamp(Self::TICK, Self::DAY);
        self
    }

    /// Sets the delay before the first attempt to reconnect, doubled until `max` by each that fails;
    /// 50 ms and 2 s by default, both from 1 ms to a day. Up to half of each is left out at random.
    #[must_use]
    pub fn with_reconnect_delay(mut self, min: Duration, max: Duration) -> Self {
        let [min, max] = [min, max].map(|delay| delay.clamp(Self::TICK, Self::DAY));
        self.reconnect_delay = (min, max);
        self
    }

    /// Sets how many commands may be in flight; 1024 by default.
    #[must_use]
    pub const fn with_queue(mut self, queue: NonZeroUsize) -> Self {
        self.queue = queue;
        self
    }

    /// Sets when the circuit breaker opens, and for how long.
    #[must_use]
    pub const fn with_breaker(mut self, breaker: BreakerConfig) -> Self {
        self.breaker = breaker;
        self
    }

    /// Says where Redis is, without any secret.
    pub(crate) fn address(&self) -> String {
        let hosts = self.server.server.hosts();
        let hosts = hosts.iter().map(|host| format!("{}:{}", host.host, host.port));
        hosts.collect::<Vec<_>>().join(",")
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = self.server.password.as_ref().map(|_| mask::MASK);
        f.debug_struct("Config")
            .field("address", &self.address())
            .field("username", &self.server.username)
            .field("password", &masked)
            .field("database", &self.server.database)
            .field("tls", &self.server.uses_tls())
            .field("command_timeout", &self.command_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("reconnect_delay", &self.reconnect_delay)
            .field("queue", &self.queue)
            .field("breaker", &self.breaker)
            .finish()
    }
}
