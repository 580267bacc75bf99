//! The layers in their order, outermost first, with a line of why each stands there.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{Response, StatusCode};
use axum::routing::Route;
use bartizan_error_envelope::{ErrorEnvelopeLayer, RequestIdLayer};
use bartizan_ratelimit_tiers::{ClientIpLayer, ForwardedBy};
use bytes::Bytes;
use tower::util::{MapRequestLayer, MapResponseLayer};
use tower::{Layer, Service};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::{AppState, StartError};
use crate::config::Config;
use crate::layers::access_log::AccessLogLayer;
use crate::layers::authentication::AuthenticationLayer;
use crate::layers::identity::IdentityLayer;
use crate::layers::security_headers::SecurityHeadersLayer;
use crate::layers::{compression, cors, csrf, response_cache, sessions};
use crate::limits;
use crate::routes::route_of;
use crate::serve::BoxError;

/// How long a handler may take: an analysis takes 3.5 s, and its client gives up after 10 s.
const DEADLINE: Duration = Duration::from_secs(30);

/// A layer of the stack, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerInfo {
    /// What it is called.
    pub name: &'static str,
    /// Why it stands where it stands.
    pub why: &'static str,
}

/// Makes the list of names and the tuple of layers from one text, so that neither can lie.
macro_rules! stack {
    (
        $(#[$doc:meta])*
        $list:ident = $apply:ident$(<$any:ident>)?($($argument:ident: $given:ty),+), $inner:ty;
        $($name:literal, $why:literal => $layer:expr;)+
    ) => {
        $(#[$doc])*
        pub const $list: &[LayerInfo] = &[$(LayerInfo { name: $name, why: $why }),+];

        pub(crate) fn $apply$(<$any: Inner>)?(
            $($argument: $given),+
        ) -> Result<impl Layer<$inner, Service: Inner> + Clone + Send + Sync + 'static, StartError>
        {
            Ok(($($layer,)+))
        }
    };
}

/// What layers are put around: all of one stack stand in one service, which a router boxes once.
pub(crate) trait Inner:
    Service<Request, Response = Response<Self::Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
    type Body: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Default + Send + 'static;
}

impl<S, B> Inner for S
where
    S: Service<Request, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Default + Send + 'static,
{
    type Body = B;
}

stack! {
    /// Around everything: the probes, and what no route matches, too.
    AROUND = around<S>(config: &Config), S;

    "request id", "outermost: what logs or answers below does so with one id" =>
        RequestIdLayer::new();
    "client address", "the one place that reads forwarding headers; all others ask it" =>
        ClientIpLayer::new()
            .with_trusted_proxies(config.trusted_proxies.clone(), ForwardedBy::XForwardedFor);
    "access log", "sees each answer as the client gets it" =>
        AccessLogLayer;
    "security headers", "on every answer, also on a panic's 500" =>
        SecurityHeadersLayer;
    "CORS", "outside of whatever refuses, so that a browser can read the refusal" =>
        cors::layer(&config.origins);
    "error envelope", "outermost of those that answer: one shape for every failure" =>
        ErrorEnvelopeLayer::new().with_route_of(route_of);
}

stack! {
    /// Within those, around the API only: probes are neither identified nor compressed.
    WITHIN = within(state: &AppState, config: &Config), Route;

    "session", "before identity, which may ask for it; loads nothing until then" =>
        sessions::layer(&state.sessions, config.environment);
    "identity", "resolves account and tier and never answers: limits stand before refusals" =>
        IdentityLayer::new(state.clone());
    "login's own limit", "outside of the limits, over whose headers it writes its own" =>
        MapResponseLayer::new(limits::tell_login);
    "limits", "outside of whatever refuses, so that guessing keys is limited" => limits::layer(
        state.counter.clone(),
        config.limits.tiers.clone(),
        config.limits.instances,
    )?;
    "CSRF", "refuses what another site makes a browser send with its session" =>
        csrf::layer(&config.origins)?;
    "authentication", "refuses a credential that opens nothing" =>
        AuthenticationLayer;
    "accepted coding", "before compression, which would choose another one, and the cache" =>
        MapRequestLayer::new(compression::normalise::<Body>);
    "response cache", "inside of the limits, which count hits; outside of compression, done once" =>
        response_cache::layer(state.caching.responses().clone());
    "compression", "of successes only: the envelope has to read errors" =>
        compression::layer();
    "body limit", "outside of the deadline: what is too long by its own word is refused at once" =>
        RequestBodyLimitLayer::new(config.max_request_size.as_usize());
    "deadline", "inside of compression: the time of a slow reader does not count" =>
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, DEADLINE);
    "extractors' own limit", "off: it would be another one" =>
        DefaultBodyLimit::disable();
}
