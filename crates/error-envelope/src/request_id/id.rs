use std::fmt;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue};

use super::make::{MakeRequestId, RandomHex};

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Identifies one request: 1 to 128 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The longest id, in characters.
    pub const MAX_LEN: usize = 128;

    /// Accepts a value of 1 to 128 visible ASCII characters (0x21 to 0x7e).
    #[must_use]
    pub fn parse(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let well_formed =
            (1..=Self::MAX_LEN).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        well_formed.then(|| Self(value.clone()))
    }

    /// Takes the trace id out of a `traceparent` header (W3C Trace Context, section 3.2).
    #[must_use]
    pub fn from_traceparent(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let (version, rest) = bytes.split_at_checked(2)?;
        let (trace_id, rest) = rest.strip_prefix(b"-")?.split_at_checked(32)?;
        let (parent_id, rest) = rest.strip_prefix(b"-")?.split_at_checked(16)?;
        let (flags, rest) = rest.strip_prefix(b"-")?.split_at_checked(2)?;
        // Later versions may append fields; version 00 may not, and ff is forbidden.
        let ends = if version == b"00" { rest.is_empty() } else { matches!(rest, [] | [b'-', ..]) };
        let well_formed = ends
            && version != b"ff"
            && [version, trace_id, parent_id, flags].into_iter().all(is_lower_hex)
            && [trace_id, parent_id].into_iter().all(|id| id.iter().any(|digit| *digit != b'0'));
        if !well_formed {
            return None;
        }
        HeaderValue::from_bytes(trace_id).ok().map(Self)
    }

    /// Writes 128 bits as 32 lower-case hexadecimal digits, the form of a W3C trace id.
    #[must_use]
    pub fn from_u128(bits: u128) -> Self {
        let digits = format!("{bits:032x}");
        // Hexadecimal digits are a header value; the nil id stands for the case that cannot be.
        Self(
            HeaderValue::try_from(digits)
                .unwrap_or(HeaderValue::from_static("00000000000000000000000000000000")),
        )
    }

    /// The id as a header value.
    #[must_use]
    pub const fn as_header(&self) -> &HeaderValue {
        &self.0
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

fn is_lower_hex(digits: &[u8]) -> bool {
    digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a request's id comes from, read before it is known whether anybody will ask.
#[derive(Clone, Debug)]
pub(crate) enum Correlation {
    Id(RequestId),
    Traceparent(HeaderValue),
    None,
}

impl Correlation {
    /// Prefers the id that a [`RequestIdLayer`](super::RequestIdLayer) has settled.
    pub(crate) fn of(headers: &HeaderMap, extensions: &Extensions) -> Self {
        if let Some(id) = extensions.get::<RequestId>() {
            return Self::Id(id.clone());
        }
        if let Some(id) = headers.get(X_REQUEST_ID).and_then(RequestId::parse) {
            return Self::Id(id);
        }
        headers.get(TRACEPARENT).cloned().map_or(Self::None, Self::Traceparent)
    }

    pub(crate) fn request_id(&self) -> RequestId {
        self.known().unwrap_or_else(|| RandomHex.make_request_id())
    }

    /// The id that the request brought, if any.
    pub(super) fn known(&self) -> Option<RequestId> {
        match self {
            Self::Id(id) => Some(id.clone()),
            Self::Traceparent(value) => RequestId::from_traceparent(value),
            Self::None => None,
        }
    }
}
