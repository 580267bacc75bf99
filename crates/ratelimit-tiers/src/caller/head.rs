use std::net::IpAddr;

use http::{Extensions, HeaderMap, Method, Request, Uri};

use crate::{ClientIp, Subject, SubjectHasher};

/// What is known of a request before its body, and the hasher of the store that counts it.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
    hasher: &'a SubjectHasher,
}

impl<'a> Head<'a> {
    /// Looks at a request.
    pub fn new<B>(request: &'a Request<B>, hasher: &'a SubjectHasher) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
            hasher,
        }
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> &'a Method {
        self.method
    }

    /// The target.
    #[must_use]
    pub const fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// The extensions.
    #[must_use]
    pub const fn extensions(&self) -> &'a Extensions {
        self.extensions
    }

    /// The address that [`ClientIpLayer`](crate::ClientIpLayer) found, if it stands outside.
    #[must_use]
    pub fn client_ip(&self) -> Option<ClientIp> {
        self.extensions.get().copied()
    }

    /// Names a subject of a kind (`"account"`, `"ip"`, ...).
    #[must_use]
    pub fn subject(&self, kind: &str, name: impl AsRef<[u8]>) -> Subject {
        self.hasher.subject(kind, name.as_ref())
    }

    /// Names the client's address, an IPv6 one by its /64. Requests without a known address are
    /// one subject together, so that nobody gets free by hiding it.
    #[must_use]
    pub fn client_subject(&self) -> Subject {
        match self.client_ip().map(ClientIp::prefix) {
            Some(IpAddr::V4(addr)) => self.hasher.subject("ip", &addr.octets()),
            Some(IpAddr::V6(prefix)) => self.hasher.subject("ip", &prefix.octets()),
            None => self.hasher.subject("ip", b"unknown"),
        }
    }

    /// The hasher, for names that are known later: it can be copied into a future.
    #[must_use]
    pub const fn hasher(&self) -> &'a SubjectHasher {
        self.hasher
    }
}
