//! What the gateway is told: flags and variables over a file in TOML over defaults.

mod cache;
mod error;
mod limits;
mod section;
mod table;
mod values;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bartizan_ratelimit_tiers::{ForwardedBy, TrustedProxies};
use toml::{Table, Value};

use self::section::Section;

pub use self::cache::{CacheProfile, CacheSettings};
pub use self::error::ConfigError;
pub use self::limits::LimitSettings;
pub use self::table::{Setting, markdown};
pub use self::values::{HostRule, Pseudonym, Retry, Secret, UpstreamErrors, UpstreamUrl};

/// What the gateway was told, after every check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The address that is listened on.
    pub listen: SocketAddr,
    /// Who answers.
    pub upstream: UpstreamSettings,
    /// How long the upstream may take.
    pub timeouts: Timeouts,
    /// Who asks.
    pub client: ClientSettings,
    /// How often callers may ask; `None` does not limit.
    pub limits: Option<LimitSettings>,
    /// How responses are stored; `None` stores none.
    pub cache: Option<CacheSettings>,
    /// How long a drain takes.
    pub drain: DrainTimes,
    /// What is logged.
    pub log: LogSettings,
}

/// Who answers, and how it is talked to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpstreamSettings {
    /// Where it is.
    pub url: UpstreamUrl,
    /// Which `Host` it sees.
    pub host: HostRule,
    /// The name under which this gateway stands in `Via`.
    pub via: Pseudonym,
    /// What becomes of its own errors.
    pub errors: UpstreamErrors,
    /// Whether a request that died on a connection that was used before is sent again.
    pub retry: Retry,
    /// How many connections are kept for the next request.
    pub idle_connections: usize,
    /// For how long.
    pub idle: Duration,
}

/// How long the upstream may take.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the attempt to connect to the connection.
    pub connect: Duration,
    /// From the last byte of the request to the head of the response.
    pub response: Duration,
    /// From one piece of the response's body to the next.
    pub body: Duration,
    /// From the request to the last byte of the response; `None` does not bound it.
    pub total: Option<Duration>,
}

/// Who asks, and what is believed of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientSettings {
    /// The largest body of a request; `None` does not bound it.
    pub max_body_bytes: Option<u64>,
    /// How long a new connection may take until its first request has a complete head.
    pub first_request: Duration,
    /// How long a connection may take from one answer to the next complete head.
    pub idle: Duration,
    /// The proxies in front whose word about the client is believed.
    pub trusted: Trusted,
}

/// The proxies in front, and the one header that they write.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trusted {
    /// As they were written.
    networks: Vec<String>,
    /// The same, ready to be asked.
    pub proxies: TrustedProxies,
    /// The header.
    pub by: ForwardedBy,
}

/// The two bounds of a drain.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DrainTimes {
    /// How long connections are still accepted after the drain was asked for.
    pub delay: Duration,
    /// How long requests in flight are waited for after that.
    pub timeout: Duration,
}

/// What is logged.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LogSettings {
    /// Events from this level on.
    pub level: tracing::Level,
    /// Whether each request is logged.
    pub access: bool,
}

/// What flags and variables say in the place of the file.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Overrides {
    /// `upstream.url`
    pub upstream: Option<String>,
    /// `listen`
    pub listen: Option<String>,
    /// `log.level`
    pub log: Option<String>,
    /// `cache.redis_url`, where the file has a section `cache`.
    pub redis_url: Option<String>,
    /// `cache.purge_token`, where the file has a section `cache`.
    pub purge_token: Option<String>,
}

impl Config {
    /// The defaults in front of this upstream.
    #[must_use]
    pub fn new(upstream: UpstreamUrl) -> Self {
        Self {
            listen: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 8081),
            upstream: UpstreamSettings {
                url: upstream,
                host: HostRule::default(),
                via: Pseudonym::default(),
                errors: UpstreamErrors::default(),
                retry: Retry::default(),
                idle_connections: 64,
                idle: Duration::from_secs(30),
            },
            timeouts: Timeouts {
                connect: Duration::from_secs(3),
                response: Duration::from_secs(30),
                body: Duration::from_secs(30),
                total: None,
            },
            client: ClientSettings {
                max_body_bytes: None,
                first_request: Duration::from_secs(15),
                // Longer than the 60 s of common balancers: whoever closes first must not be the
                // one who answers, or a request is sent into a closing connection.
                idle: Duration::from_secs(75),
                trusted: Trusted {
                    networks: Vec::new(),
                    proxies: TrustedProxies::none(),
                    by: ForwardedBy::XForwardedFor,
                },
            },
            limits: None,
            cache: None,
            drain: DrainTimes { delay: Duration::ZERO, timeout: Duration::from_secs(30) },
            log: LogSettings { level: tracing::Level::INFO, access: false },
        }
    }

    /// Reads TOML.
    ///
    /// # Errors
    ///
    /// Names the field that is wrong, missing or unknown, and what was expected.
    pub fn parse(text: &str, overrides: Overrides) -> Result<Self, ConfigError> {
        let table: Table = text.parse().map_err(|error| ConfigError::syntax(text, &error))?;
        Self::read(overrides.over(table))
    }

    fn read(table: Table) -> Result<Self, ConfigError> {
        let mut root = Section::new("", table);
        let mut upstream = root.section("upstream")?;
        let url = upstream
            .take("url", UpstreamUrl::EXPECTED, |value| UpstreamUrl::parse(value.as_str()?))?;
        let url = url.ok_or(ConfigError::missing("upstream.url", UpstreamUrl::EXPECTED))?;
        let mut config = Self::new(url);
        config.upstream.read(upstream)?;
        let expected = "an address with a port, such as 127.0.0.1:8081";
        let listen = root.take("listen", expected, |value| value.as_str()?.parse().ok())?;
        config.listen = listen.unwrap_or(config.listen);
        config.timeouts.read(root.section("timeouts")?)?;
        config.client.read(root.section("client")?)?;
        config.limits = LimitSettings::read(root.section("limits")?)?;
        let cache = root.take("cache", "a table", |value| value.as_table().cloned())?;
        config.cache = CacheSettings::read(cache.map(|table| Section::new("cache", table)))?;
        config.drain.read(root.section("drain")?)?;
        config.log.read(root.section("log")?)?;
        root.finish()?;
        Ok(config)
    }
}

impl UpstreamSettings {
    fn read(&mut self, mut section: Section) -> Result<(), ConfigError> {
        let host = section.take("host", "\"preserve\" or \"upstream\"", |value| {
            Some(match value.as_str()? {
                "preserve" => HostRule::Preserve,
                "upstream" => HostRule::Upstream,
                _ => return None,
            })
        })?;
        let expected = "a token of letters, digits and `-._~`";
        let via = section.take("via", expected, |value| Pseudonym::parse(value.as_str()?))?;
        let errors = section.take("errors", "\"pass\" or \"envelope\"", |value| {
            Some(match value.as_str()? {
                "pass" => UpstreamErrors::Pass,
                "envelope" => UpstreamErrors::Envelope,
                _ => return None,
            })
        })?;
        let retry = section.take("retry", "\"once\" or \"never\"", |value| {
            Some(match value.as_str()? {
                "once" => Retry::Once,
                "never" => Retry::Never,
                _ => return None,
            })
        })?;
        let connections = section.number("idle_connections", "a number", 0..=65_536)?;
        let connections = connections.and_then(|number| usize::try_from(number).ok());
        let idle = milliseconds(&mut section, "idle_ms")?;
        section.finish()?;
        self.host = host.unwrap_or(self.host);
        self.errors = errors.unwrap_or(self.errors);
        self.retry = retry.unwrap_or(self.retry);
        self.idle_connections = connections.unwrap_or(self.idle_connections);
        self.idle = idle.unwrap_or(self.idle);
        if let Some(via) = via {
            self.via = via;
        }
        Ok(())
    }
}

impl Timeouts {
    fn read(&mut self, mut section: Section) -> Result<(), ConfigError> {
        self.connect = milliseconds(&mut section, "connect_ms")?.unwrap_or(self.connect);
        self.response = milliseconds(&mut section, "response_ms")?.unwrap_or(self.response);
        self.body = milliseconds(&mut section, "body_ms")?.unwrap_or(self.body);
        self.total = milliseconds(&mut section, "total_ms")?.or(self.total);
        section.finish()
    }
}

impl ClientSettings {
    fn read(&mut self, mut section: Section) -> Result<(), ConfigError> {
        let max_body_bytes = section.number("max_body_bytes", "bytes", 1..=1 << 50)?;
        self.max_body_bytes = max_body_bytes.or(self.max_body_bytes);
        let first = milliseconds(&mut section, "first_request_ms")?;
        self.first_request = first.unwrap_or(self.first_request);
        self.idle = milliseconds(&mut section, "idle_ms")?.unwrap_or(self.idle);
        let expected = "a list of the networks of your own proxies, such as [\"10.0.0.0/8\"]";
        let trusted = section.take("trusted_proxies", expected, |value| {
            let texts: Option<Vec<_>> =
                value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            let texts = texts?;
            TrustedProxies::parse(&texts).ok().map(|proxies| (texts, proxies))
        })?;
        if let Some((networks, proxies)) = trusted {
            (self.trusted.networks, self.trusted.proxies) = (networks, proxies);
        }
        let by = section.take("forwarded_by", "\"x-forwarded-for\" or \"forwarded\"", |value| {
            Some(match value.as_str()? {
                "x-forwarded-for" => ForwardedBy::XForwardedFor,
                "forwarded" => ForwardedBy::Forwarded,
                _ => return None,
            })
        })?;
        self.trusted.by = by.unwrap_or(self.trusted.by);
        section.finish()
    }
}

impl DrainTimes {
    fn read(&mut self, mut section: Section) -> Result<(), ConfigError> {
        let delay = section.number("delay_ms", "milliseconds", 0..=DAY_MS)?;
        let timeout = section.number("timeout_ms", "milliseconds", 0..=DAY_MS)?;
        self.delay = delay.map_or(self.delay, Duration::from_millis);
        self.timeout = timeout.map_or(self.timeout, Duration::from_millis);
        section.finish()
    }
}

impl LogSettings {
    fn read(&mut self, mut section: Section) -> Result<(), ConfigError> {
        let level = section.take("level", "error, warn, info, debug or trace", |value| {
            // tracing reads numbers too.
            let text = value.as_str().filter(|text| !text.starts_with(char::is_numeric))?;
            text.parse().ok()
        })?;
        self.level = level.unwrap_or(self.level);
        let access = section.take("access", "true or false", Value::as_bool)?;
        self.access = access.unwrap_or(self.access);
        section.finish()
    }
}

/// Whoever waits for longer than a day has mistaken the unit.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn milliseconds(
    section: &mut Section,
    name: &'static str,
) -> Result<Option<Duration>, ConfigError> {
    Ok(section.number(name, "milliseconds", 1..=DAY_MS)?.map(Duration::from_millis))
}

impl Overrides {
    fn over(self, mut table: Table) -> Table {
        let Self { upstream, listen, log, redis_url, purge_token } = self;
        if let Some(listen) = listen {
            table.insert("listen".to_owned(), listen.into());
        }
        // A field that is no table is refused when it is read.
        let mut set = |section: &str, field: &str, value: Option<String>| {
            let Some(value) = value else { return };
            let section = table.entry(section).or_insert_with(|| Table::new().into());
            if let Some(section) = section.as_table_mut() {
                section.insert(field.to_owned(), value.into());
            }
        };
        set("upstream", "url", upstream);
        set("log", "level", log);
        if table.contains_key("cache") {
            let mut set = |field: &str, value: Option<String>| {
                let cache = table.get_mut("cache").and_then(Value::as_table_mut);
                if let (Some(cache), Some(value)) = (cache, value) {
                    cache.insert(field.to_owned(), value.into());
                }
            };
            set("redis_url", redis_url);
            set("purge_token", purge_token);
        }
        table
    }
}
