//! The small values among the settings.

use std::fmt;

use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, Uri};

/// Where requests are sent: `http://HOST[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl {
    authority: Authority,
    port: u16,
    /// The authority as `Host` tells it.
    header: HeaderValue,
}

impl UpstreamUrl {
    pub(super) const EXPECTED: &'static str = "http://HOST or http://HOST:PORT, without a path";

    /// Reads the URL.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        const HTTP: u16 = 80;

        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority()?.clone();
        let is_bare = uri.path() == "/" && uri.query().is_none();
        if uri.scheme() != Some(&Scheme::HTTP) || !is_bare || authority.as_str().contains('@') {
            return None;
        }
        // A port that is written must be one: `http::Uri` hands on `:`, `:0` and `:99999`.
        let written = authority.as_str().strip_prefix(authority.host())?.strip_prefix(':');
        let port = match written {
            Some(port) => port.parse().ok().filter(|port| *port > 0)?,
            None => HTTP,
        };
        let header = HeaderValue::from_str(authority.as_str()).ok()?;
        Some(Self { authority, port, header })
    }

    /// The name or address, without the brackets of IPv6.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) const fn as_header(&self) -> &HeaderValue {
        &self.header
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

/// Which `Host` the upstream sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostRule {
    /// The client's.
    #[default]
    Preserve,
    /// The upstream's own, from its URL.
    Upstream,
}

/// What becomes of the upstream's own errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpstreamErrors {
    /// They reach the client as they are.
    #[default]
    Pass,
    /// Bare and plain-text ones are put into the envelope.
    Envelope,
}

/// Whether a request that died on a connection that was used before is sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retry {
    /// Once, if that is safe.
    #[default]
    Once,
    /// Never.
    Never,
}

/// The name under which this gateway stands in `Via`: a token (RFC 9110, section 5.6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pseudonym(String);

impl Pseudonym {
    pub(super) fn parse(text: &str) -> Option<Self> {
        // The characters of a header's name are those of a token.
        HeaderName::from_bytes(text.as_bytes()).ok().map(|_| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Pseudonym {
    fn default() -> Self {
        Self("bartizan".to_owned())
    }
}

/// A text that is neither shown nor logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// What stands in its place.
    pub(crate) const MASK: &'static str = "***";

    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_sendable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_sendable.then(|| Self(text.to_owned()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::MASK)
    }
}
