//! The section `cache`.

use std::time::Duration;

use bartizan_redis_link as redis_link;
use http::HeaderName;

use super::section::Section;
use super::{ConfigError, Secret};

const DAY: u64 = 24 * 60 * 60;
const WEEK: u64 = 7 * DAY;

/// How responses are stored and reused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CacheSettings {
    /// Which responses may be shared.
    pub profile: CacheProfile,
    /// How much memory the stored responses may take.
    pub max_bytes: u64,
    /// The largest body that is stored.
    pub max_entry_bytes: u64,
    /// The Redis that is the second level.
    pub redis_url: Option<Secret>,
    /// What the keys in Redis begin with.
    pub redis_namespace: String,
    /// How long a stale response that says nothing of it may stand in for an error.
    pub stale_if_error: Duration,
    /// Whether a response without a lifetime gets one.
    pub heuristics: bool,
    /// Whether requests that say the same in other words select the same variant.
    pub normalise: bool,
    /// Headers of the request that are part of the key.
    pub key_headers: Vec<HeaderName>,
    /// Targeted fields, the first that is there decides (RFC 9213).
    pub targeted: Vec<HeaderName>,
    /// Opens the purge endpoint, which is absent without.
    pub purge_token: Option<Secret>,
}

/// Which responses may be shared among clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheProfile {
    /// Nothing that a cookie or a credential may have had a part in.
    #[default]
    Secure,
    /// What RFC 9111 allows.
    Rfc,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            profile: CacheProfile::Secure,
            max_bytes: 64 << 20,
            max_entry_bytes: 1 << 20,
            redis_url: None,
            redis_namespace: "gateway".to_owned(),
            stale_if_error: Duration::ZERO,
            heuristics: false,
            normalise: false,
            key_headers: Vec::new(),
            targeted: vec![HeaderName::from_static("cdn-cache-control")],
            purge_token: None,
        }
    }
}

impl CacheSettings {
    /// Reads the section; an absent one is no cache.
    pub(super) fn read(section: Option<Section>) -> Result<Option<Self>, ConfigError> {
        let Some(mut section) = section else { return Ok(None) };
        let profile = section.take("profile", "\"secure\" or \"rfc\"", |value| {
            Some(match value.as_str()? {
                "secure" => CacheProfile::Secure,
                "rfc" => CacheProfile::Rfc,
                _ => return None,
            })
        })?;
        let default = match profile {
            None | Some(CacheProfile::Secure) => Self::default(),
            Some(CacheProfile::Rfc) => Self {
                profile: CacheProfile::Rfc,
                stale_if_error: Duration::from_secs(DAY),
                heuristics: true,
                normalise: true,
                ..Self::default()
            },
        };
        let max_bytes = section.number("max_bytes", "bytes", 1..=1 << 40)?;
        let max_bytes = max_bytes.unwrap_or(default.max_bytes);
        let max_entry_bytes = section.number("max_entry_bytes", "bytes", 1..=max_bytes)?;
        let redis_url = section.take_secret("redis_url", "redis://HOST:PORT/DB", |text| {
            redis_link::Config::from_url(text).ok().and_then(|_| Secret::parse(text))
        })?;
        let expected = "1 to 64 letters, digits, `-`, `_` or `.`";
        let redis_namespace = section.take("redis_namespace", expected, |value| {
            let text = value.as_str()?;
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            let is_name = (1..=64).contains(&text.len()) && text.bytes().all(is_plain);
            is_name.then(|| text.to_owned())
        })?;
        let stale_if_error = section.number("stale_if_error_s", "seconds", 0..=WEEK)?;
        let heuristics = section.take("heuristics", "true or false", toml::Value::as_bool)?;
        let normalise = section.take("normalise", "true or false", toml::Value::as_bool)?;
        let expected = "a list of names of headers";
        let header = |text: &str| HeaderName::from_bytes(text.as_bytes()).ok();
        let key_headers = section.texts("key_headers", expected, header)?;
        let targeted = section.texts("targeted", expected, header)?;
        let expected = "at least 16 visible ASCII characters";
        let purge_token = section.take_secret("purge_token", expected, purge_token)?;
        section.finish()?;
        Ok(Some(Self {
            profile: default.profile,
            max_bytes,
            max_entry_bytes: max_entry_bytes.unwrap_or(default.max_entry_bytes.min(max_bytes)),
            redis_url,
            redis_namespace: redis_namespace.unwrap_or(default.redis_namespace),
            stale_if_error: stale_if_error.map_or(default.stale_if_error, Duration::from_secs),
            heuristics: heuristics.unwrap_or(default.heuristics),
            normalise: normalise.unwrap_or(default.normalise),
            key_headers: key_headers.unwrap_or(default.key_headers),
            targeted: targeted.unwrap_or(default.targeted),
            purge_token,
        }))
    }
}

/// A token that could be guessed would open the purge to everybody.
pub(super) fn purge_token(text: &str) -> Option<Secret> {
    Secret::parse(text).filter(|secret| secret.expose().len() >= 16)
}
