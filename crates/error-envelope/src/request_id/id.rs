use std::fmt;

use http::{Extensions, HeaderName, HeaderValue, Request};

use super::make::{MakeRequestId, RandomHex};

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bits.to_be_bytes()) {
            pair.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 0xf)]);
        }
        // Digits are always a header value; the nil id stands for the case that cannot be.
        Self(
            HeaderValue::from_bytes(&digits)
                .unwrap_or(HeaderValue::from_static("00000000000000000000000000000000")),
        )
    }

    /// The id that a request brings: settled further out, else a well-formed `x-request-id`, else
    /// the trace id of a valid `traceparent`.
    pub(super) fn brought_by<B>(request: &Request<B>) -> Option<Self> {
        let headers = request.headers();
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .or_else(|| headers.get(X_REQUEST_ID).and_then(Self::parse))
            .or_else(|| headers.get("traceparent").and_then(Self::from_traceparent))
    }

    /// The id as a header value.
    #[must_use]
    pub fn into_header(self) -> HeaderValue {
        self.0
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

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble }
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
#[derive(Clone, Debug, Default)]
pub(crate) enum Correlation {
    Id(RequestId),
    Traceparent(HeaderValue),
    #[default]
    None,
}

impl Correlation {
    /// The id that a [`RequestIdLayer`](super::RequestIdLayer) has settled.
    pub(crate) fn settled(extensions: &Extensions) -> Self {
        extensions.get::<RequestId>().cloned().map_or(Self::None, Self::Id)
    }

    /// Takes an inbound id, if it is well-formed and none is settled.
    pub(crate) fn offer_id(&mut self, value: &HeaderValue) {
        if !matches!(self, Self::Id(_))
            && let Some(id) = RequestId::parse(value)
        {
            *self = Self::Id(id);
        }
    }

    /// Takes the `traceparent` for want of an id.
    pub(crate) fn offer_traceparent(&mut self, value: &HeaderValue) {
        if matches!(self, Self::None) {
            *self = Self::Traceparent(value.clone());
        }
    }

    /// The id, made now if the request brought none.
    pub(crate) fn request_id(&self) -> RequestId {
        let known = match self {
            Self::Id(id) => Some(id.clone()),
            Self::Traceparent(value) => RequestId::from_traceparent(value),
            Self::None => None,
        };
        known.unwrap_or_else(|| RandomHex.make_request_id())
    }
}
