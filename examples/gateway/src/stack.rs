//! The layers, outermost first.

use std::convert::Infallible;
use std::error::Error;

use bartizan_cache::Responses;
use bartizan_error_envelope::{ErrorEnvelopeLayer, RequestIdLayer};
use bartizan_ratelimit_tiers::{ClientIpLayer, MemoryStore, RateLimitLayer, TracingObserver};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tower::{Layer, Service};

use crate::config::{Config, LimitSettings};
use crate::front::FrontLayer;
use crate::gateway::StartError;
use crate::optional::Optional;
use crate::proxy::{Proxy, Tunnels};
use crate::purge::PurgeLayer;

/// Puts all layers that are configured around the proxy.
///
/// # Errors
///
/// When a layer cannot be made as it is configured, which the configuration has checked.
#[expect(clippy::type_complexity, reason = "a name would hide which layers there are")]
pub(crate) fn stack(
    config: &Config,
    responses: Option<Responses>,
    tunnels: Tunnels,
) -> Result<
    impl Service<
        Request<Incoming>,
        Response = Response<
            impl Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
        >,
        Error = Infallible,
        Future: Send,
    > + Clone
    + Send
    + 'static,
    StartError,
> {
    let trusted = &config.client.trusted;
    let client_ip = ClientIpLayer::new().with_trusted_proxies(trusted.proxies.clone(), trusted.by);
    let limits = config.limits.as_ref().map(limits).transpose().map_err(StartError::Limits)?;
    let (mut purge, mut cache) = (None, None);
    if let (Some(settings), Some(responses)) = (&config.cache, responses) {
        let token = settings.purge_token.clone();
        purge = token.map(|token| PurgeLayer::new(responses.clone(), token));
        let layer = crate::cache::layer(config, settings, responses);
        cache = Some(layer.map_err(StartError::Cache)?);
    }

    let layers = (
        RequestIdLayer::new(),
        ErrorEnvelopeLayer::new(),
        client_ip,
        FrontLayer::new(config),
        // Hits count against quotas.
        Optional(limits),
        Optional(purge),
        // The response cache: what is stored reaches no upstream.
        Optional(cache),
    );
    Ok(layers.layer(Proxy::new(config, tunnels)))
}

fn limits(
    settings: &LimitSettings,
) -> Result<
    RateLimitLayer<
        MemoryStore,
        impl bartizan_ratelimit_tiers::ResolveTier<Future: Send> + Send + Sync + 'static,
        TracingObserver,
    >,
    bartizan_ratelimit_tiers::ConfigError,
> {
    Ok(RateLimitLayer::new(MemoryStore::new(), settings.limits())?
        .with_resolver(settings.resolver())
        .with_observer(TracingObserver::new()))
}
