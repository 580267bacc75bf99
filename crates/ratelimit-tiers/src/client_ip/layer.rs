use std::fmt;

use bartizan_contract::{Describe, Description, Operation};
use tower_layer::Layer;

use super::service::Rule;
use super::{ForwardedBy, PeerOf, SetClientIp, TrustedProxies, peer_addr};

/// Puts [`ClientIp`](super::ClientIp) into the extensions of each request whose peer is known.
///
/// Stands outside of all that ask for the client. By itself it trusts no proxy, reads no header and
/// takes the peer for the client.
#[derive(Clone)]
pub struct ClientIpLayer {
    rule: Rule,
}

impl ClientIpLayer {
    /// Reads the peer from [`PeerAddr`](super::PeerAddr) and trusts no proxy.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            rule: Rule {
                peer_of: peer_addr,
                proxies: TrustedProxies::none(),
                by: ForwardedBy::XForwardedFor,
            },
        }
    }

    /// Tells how to learn the peer.
    #[must_use]
    pub fn with_peer_of(mut self, peer_of: PeerOf) -> Self {
        self.rule.peer_of = peer_of;
        self
    }

    /// Believes what these proxies tell in this header.
    #[must_use]
    pub fn with_trusted_proxies(mut self, proxies: TrustedProxies, by: ForwardedBy) -> Self {
        self.rule.proxies = proxies;
        self.rule.by = by;
        self
    }
}

impl Default for ClientIpLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ClientIpLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule { proxies, by, .. } = &self.rule;
        f.debug_struct("ClientIpLayer")
            .field("proxies", proxies)
            .field("by", by)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ClientIpLayer {
    type Service = SetClientIp<S>;

    fn layer(&self, inner: S) -> SetClientIp<S> {
        SetClientIp::new(inner, self.rule.clone())
    }
}

/// Clients see nothing of it.
impl Describe for ClientIpLayer {
    fn describe(&self, _: &Operation<'_>, _: &mut Description) {}
}
