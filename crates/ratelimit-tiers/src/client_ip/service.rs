use std::fmt;
use std::task::{Context, Poll};

use http::Request;
use tower_service::Service;

use super::{ForwardedBy, PeerOf, TrustedProxies, resolve};

/// How the client is found.
#[derive(Clone)]
pub(super) struct Rule {
    pub(super) peer_of: PeerOf,
    pub(super) proxies: TrustedProxies,
    pub(super) by: ForwardedBy,
}

/// Puts [`ClientIp`](super::ClientIp) into the extensions of each request; made by
/// [`ClientIpLayer`](super::ClientIpLayer).
#[derive(Clone)]
pub struct SetClientIp<S> {
    inner: S,
    rule: Rule,
}

impl<S> SetClientIp<S> {
    pub(super) const fn new(inner: S, rule: Rule) -> Self {
        Self { inner, rule }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Gives the inner service back.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B> Service<Request<B>> for SetClientIp<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let Rule { peer_of, proxies, by } = &self.rule;
        if let Some(peer) = peer_of(request.extensions()) {
            let client = resolve(peer, request.headers(), proxies, *by);
            request.extensions_mut().insert(client);
        }
        self.inner.call(request)
    }
}

impl<S: fmt::Debug> fmt::Debug for SetClientIp<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetClientIp").field("inner", &self.inner).finish_non_exhaustive()
    }
}
