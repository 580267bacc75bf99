//! The response cache, as it is configured.

use std::time::Duration;

use bartizan_cache::{
    CacheLayer, Caches, ConfigError, Profile, RedisStore, Responses, TracingObserver,
};
use bartizan_redis_link::{self as redis_link, Link};
use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};

use crate::config::{CacheProfile, CacheSettings, Config};
use crate::telemetry::TARGET;

/// The share of the time since its last modification that a response lives (RFC 9111, section
/// 4.2.2), and the most of it.
const HEURISTIC: (f64, Duration) = (0.1, Duration::from_hours(24));

/// How long the start waits for Redis, which has begun to connect before.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where responses are stored: in memory, and in Redis if there is one.
pub(crate) async fn open(settings: &CacheSettings) -> Result<Responses, CacheError> {
    let mut caches = Caches::builder().with_observer(TracingObserver::new());
    if let Some(url) = &settings.redis_url {
        let config = redis_link::Config::from_url(url.expose()).map_err(CacheError::Redis)?;
        let link = Link::connect(&config);
        if link.ready(PATIENCE).await.is_err() {
            // The link has logged why.
            tracing::warn!(target: TARGET, "responses will be shared through Redis once it is there");
        }
        let store = RedisStore::new(link).with_namespace(&settings.redis_namespace);
        caches = caches.with_store(store.map_err(CacheError::Cache)?);
    }
    let responses = caches.build().responses("gateway").with_max_bytes(settings.max_bytes);
    responses.build().map_err(CacheError::Cache)
}

/// The layer over what is stored.
pub(crate) fn layer(
    config: &Config,
    settings: &CacheSettings,
    responses: Responses,
) -> Result<CacheLayer, ConfigError> {
    let profile = match settings.profile {
        CacheProfile::Secure => Profile::Secure,
        CacheProfile::Rfc => Profile::Rfc,
    };
    let max_entry = usize::try_from(settings.max_entry_bytes).unwrap_or(usize::MAX);
    let mut layer = CacheLayer::new(responses)
        .with_profile(profile)
        .with_name(config.upstream.via.as_str())
        .with_max_body(max_entry)
        .with_key_headers(settings.key_headers.iter().cloned())
        .with_targeted_fields(settings.targeted.iter().cloned())
        .with_stale_if_error(settings.stale_if_error);
    layer = if settings.heuristics {
        let (share, most) = HEURISTIC;
        layer.with_heuristics(share, most)?
    } else {
        layer.without_heuristics()
    };
    if settings.normalise {
        layer = layer.normalising_variants();
    }
    if settings.profile == CacheProfile::Secure {
        layer = layer.with_credential_headers(credentials(config, settings));
    }
    Ok(layer)
}

/// Headers that tell whose a request is. Those in the key tell responses apart by themselves.
fn credentials(config: &Config, settings: &CacheSettings) -> Vec<HeaderName> {
    let api_key = HeaderName::from_static("x-api-key");
    let configured = config.limits.as_ref().map(|limits| limits.api_key_header().clone());
    let all = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, api_key];
    all.into_iter().chain(configured).filter(|name| !settings.key_headers.contains(name)).collect()
}

/// Why there is no cache.
#[derive(Debug)]
pub(crate) enum CacheError {
    Redis(redis_link::ConfigError),
    Cache(ConfigError),
}
