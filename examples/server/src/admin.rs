//! Who may ask what only operators may: the one rule for all such endpoints.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use bartizan_ratelimit_tiers::peer_addr;

use crate::api::Failure;
use crate::app::AppState;
use crate::config::{Config, Environment};
use crate::domain::accounts::ApiKeyHash;
use crate::identity::Identity;

/// By what operators are known.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AdminRule {
    /// They have the key of this hash.
    Key(ApiKeyHash),
    /// No key is set: they are on this host.
    Loopback,
    /// No key is set in production: there are none.
    Nobody,
}

impl AdminRule {
    pub(crate) fn of(config: &Config) -> Self {
        match (&config.admin_api_key, config.environment) {
            (Some(key), _) => Self::Key(key.hash()),
            (None, Environment::Production) => Self::Nobody,
            (None, Environment::Development | Environment::Test) => Self::Loopback,
        }
    }

    /// Whether this is the key of operators. It takes as long whatever the hash.
    pub(crate) fn is_opened_by(&self, hash: &ApiKeyHash) -> bool {
        let Self::Key(expected) = self else { return false };
        let bytes = expected.as_bytes().iter().zip(hash.as_bytes());
        bytes.fold(0, |differing, (one, other)| differing | (one ^ other)) == 0
    }
}

/// An operator. A handler that takes one refuses everybody else.
#[derive(Clone, Copy, Debug)]
pub struct Admin;

impl FromRequestParts<AppState> for Admin {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Failure> {
        match (state.admin, parts.extensions.get()) {
            (AdminRule::Key(_), Some(Identity::Admin)) => Ok(Self),
            (AdminRule::Key(_), Some(Identity::Account(_))) => Err(Failure::Forbidden),
            (AdminRule::Key(_), _) => Err(Failure::Unauthorized),
            (AdminRule::Loopback, _) if is_direct_from_this_host(parts) => Ok(Self),
            (AdminRule::Loopback | AdminRule::Nobody, _) => Err(Failure::Forbidden),
        }
    }
}

/// A proxy on this host is a loopback peer for everybody behind it.
fn is_direct_from_this_host(parts: &Parts) -> bool {
    let peer = peer_addr(&parts.extensions);
    peer.is_some_and(|peer| peer.to_canonical().is_loopback()) && !is_forwarded(&parts.headers)
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let name = name.as_str();
        name.contains("forwarded")
            || name.ends_with("client-ip")
            || ["via", "cdn-loop", "x-real-ip", "cf-connecting-ip"].contains(&name)
    })
}
