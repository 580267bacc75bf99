use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};

/// Whose responses may be shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// What may be one caller's own is not shared, whatever the response says: requests with a
    /// credential header go by the cache unless a partition says whom they belong to, responses
    /// with `Set-Cookie` are not stored, and requests go by that carry a body, or a header by which
    /// proxies rewrite targets and that the key does not hold. There are no heuristic lifetimes,
    /// and what has no lifetime is never served without validation. Errors that may be the fault of
    /// one request are not stored.
    #[default]
    Secure,
    /// What RFC 9111 allows a shared cache, no less: `Cookie` and `Set-Cookie` mean nothing, and
    /// `Authorization` what section 3.5 says. Responses without a lifetime are given a heuristic
    /// one (section 4.2.2), and stale ones stand for errors (section 4.2.4). For origins that say
    /// what is private, and for measurement.
    Rfc,
}

impl Profile {
    /// Header fields by which a request is known to be somebody's.
    pub(crate) fn credentials(self) -> Vec<HeaderName> {
        match self {
            Self::Secure => vec![AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION],
            Self::Rfc => Vec::new(),
        }
    }

    /// Header fields by which frameworks and proxies take a request to be for another target, or of
    /// another method, than its request line and `Host` say. Those that tell of the client alone
    /// (`X-Forwarded-For`) are not among them. `Connection` is where it names fields that the next
    /// hop takes out: it does not see what the key was made of.
    pub(crate) fn forwarding(self) -> Vec<HeaderName> {
        const NAMES: [&str; 30] = [
            "connection",
            "forwarded",
            "front-end-https",
            "x-envoy-original-path",
            "x-forwarded-host",
            "x-forwarded-method",
            "x-forwarded-path",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "x-forwarded-proto",
            "x-forwarded-protocol",
            "x-forwarded-scheme",
            "x-forwarded-server",
            "x-forwarded-ssl",
            "x-forwarded-uri",
            "x-host",
            "x-http-host-override",
            "x-http-method",
            "x-http-method-override",
            "x-method-override",
            "x-original-host",
            "x-original-method",
            "x-original-uri",
            "x-original-url",
            "x-real-host",
            "x-rewrite-uri",
            "x-rewrite-url",
            "x-scheme",
            "x-script-name",
            "x-url-scheme",
        ];
        match self {
            Self::Secure => NAMES.into_iter().map(HeaderName::from_static).collect(),
            Self::Rfc => Vec::new(),
        }
    }
}
