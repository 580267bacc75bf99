use http::header::CACHE_STATUS;
use http::{HeaderMap, HeaderValue, StatusCode};
use smallvec::SmallVec;

use super::vary::is_tchar;

/// Why a request went forward (RFC 9211, section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Forward {
    /// The cache was told not to handle the request.
    Bypass,
    /// The method is not one that is answered from the cache.
    Method,
    /// Nothing is stored under the URI.
    UriMiss,
    /// What is stored under the URI is not selected by the request.
    VaryMiss,
    /// Nothing is stored, for one of the two reasons above.
    Miss,
    /// What is stored is fresh, and the request does not take it.
    Request,
    /// What is stored is stale.
    Stale,
    /// A part is stored, and not that which is asked for.
    Partial,
}

/// What a cache tells of one response (RFC 9211, section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report<'a> {
    pub(crate) hit: bool,
    pub(crate) forward: Option<Forward>,
    pub(crate) forward_status: Option<StatusCode>,
    /// Seconds of freshness that are left; negative for what is stale.
    pub(crate) ttl: Option<i64>,
    pub(crate) stored: bool,
    pub(crate) collapsed: bool,
    pub(crate) key: Option<&'a str>,
    pub(crate) detail: Option<&'a str>,
}

/// One member of `Cache-Status`. `cache` is the name of the cache: a Token, or it is written as a
/// String (RFC 9651); characters that neither may hold are left out.
#[expect(clippy::expect_used, reason = "what is written is printable ASCII")]
pub(crate) fn render(cache: &str, report: &Report<'_>) -> HeaderValue {
    let mut member = Member::new();
    write_item(cache, &mut member);
    if report.hit {
        member.extend_from_slice(b"; hit");
    }
    if let Some(forward) = report.forward {
        member.extend_from_slice(b"; fwd=");
        member.extend_from_slice(forward.as_str().as_bytes());
    }
    if let Some(status) = report.forward_status {
        member.extend_from_slice(b"; fwd-status=");
        member.extend_from_slice(status.as_str().as_bytes());
    }
    if report.stored {
        member.extend_from_slice(b"; stored");
    }
    if report.collapsed {
        member.extend_from_slice(b"; collapsed");
    }
    if let Some(ttl) = report.ttl {
        member.extend_from_slice(b"; ttl=");
        let ttl = ttl.clamp(-LARGEST_INTEGER, LARGEST_INTEGER);
        member.extend_from_slice(itoa::Buffer::new().format(ttl).as_bytes());
    }
    if let Some(key) = report.key {
        member.extend_from_slice(b"; key=");
        write_string(key, &mut member);
    }
    if let Some(detail) = report.detail {
        member.extend_from_slice(b"; detail=");
        write_item(detail, &mut member);
    }
    HeaderValue::from_bytes(&member).expect("a field value of ASCII")
}

/// Adds a member after those of caches nearer to the origin, in the same field: as a line of its
/// own, which recipients join to those before it (RFC 9110, section 5.3).
pub(crate) fn append(headers: &mut HeaderMap, member: HeaderValue) {
    headers.append(CACHE_STATUS, member);
}

/// A member while it is written: a hit without a key fits.
type Member = SmallVec<[u8; 128]>;

/// RFC 9651, section 3.3.1.
const LARGEST_INTEGER: i64 = 999_999_999_999_999;

impl Forward {
    /// The value of `fwd` in `Cache-Status` (RFC 9211, section 2.2), and a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Miss => "miss",
            Self::Request => "request",
            Self::Stale => "stale",
            Self::Partial => "partial",
        }
    }
}

/// A Token where the text is one, else a String.
fn write_item(text: &str, into: &mut Member) {
    if is_token(text.as_bytes()) {
        into.extend_from_slice(text.as_bytes());
    } else {
        write_string(text, into);
    }
}

/// A String: RFC 9651, section 4.1.6.
fn write_string(text: &str, into: &mut Member) {
    into.push(b'"');
    for byte in text.bytes().filter(|byte| matches!(byte, b' '..=b'~')) {
        if matches!(byte, b'"' | b'\\') {
            into.push(b'\\');
        }
        into.push(byte);
    }
    into.push(b'"');
}

/// RFC 9651, section 3.3.4.
fn is_token(text: &[u8]) -> bool {
    let starts = matches!(text.first(), Some(b'*' | b'a'..=b'z' | b'A'..=b'Z'));
    starts && text.iter().all(|byte| is_tchar(*byte) || matches!(byte, b':' | b'/'))
}
