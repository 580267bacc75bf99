//! What a message loses and gains at each hop (RFC 9110, sections 7.6.1 to 7.6.3 and 7.8).

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, FORWARDED, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    TE, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{HeaderMap, HeaderName, HeaderValue, Version};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const PROXY_AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("proxy-authentication-info");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Removes from a request what is for this hop only. An asked upgrade and the readiness for trailers
/// are asked anew of the next one.
pub(crate) fn leave_hop(headers: &mut HeaderMap, version: Version) {
    let takes_trailers = tokens(headers, &TE).any(|token| {
        // RFC 9110, section 10.1.4: a weight may follow, of a coding but not of `trailers`.
        token.eq_ignore_ascii_case(b"trailers")
    });
    let upgrade = asked_upgrade(headers, version);
    remove_hop(headers);
    if takes_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    let connection = match (&upgrade, takes_trailers) {
        (Some(_), true) => Some("upgrade, te"),
        (Some(_), false) => Some("upgrade"),
        (None, true) => Some("te"),
        (None, false) => None,
    };
    if let Some(connection) = connection {
        headers.insert(CONNECTION, HeaderValue::from_static(connection));
    }
    if let Some(upgrade) = upgrade {
        headers.insert(UPGRADE, upgrade);
    }
    if version == Version::HTTP_2 {
        join_cookies(headers);
    }
}

/// Removes from a response what is for this hop only.
pub(super) fn leave_hop_back(headers: &mut HeaderMap) {
    // RFC 9112, section 6.3: the length of a message that was chunked says nothing.
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    remove_hop(headers);
}

/// Removes from trailers what would not be passed on, or not be believed, as a header.
pub(super) fn leave_trailers(trailers: &mut HeaderMap) {
    remove_hop(trailers);
    while let Some(name) = trailers.keys().find(|name| is_forwarding(name)).cloned() {
        trailers.remove(name);
    }
}

/// Whether a body is coded in a way that hyper, which undoes `chunked` alone, leaves in it: without
/// its `Transfer-Encoding` it would be another body. Names that stand for no coding (RFC 9112, section
/// 7.2) say nothing of it.
pub(crate) fn has_other_coding(headers: &HeaderMap) -> bool {
    const OTHERS: [&[u8]; 5] = [b"compress", b"deflate", b"gzip", b"x-compress", b"x-gzip"];
    let mut chunked = false;
    tokens(headers, &TRANSFER_ENCODING).any(|coding| {
        let is = |name: &[u8]| coding.eq_ignore_ascii_case(name);
        OTHERS.into_iter().any(is) || is(b"chunked") && std::mem::replace(&mut chunked, true)
    })
}

/// Whether a header tells for whom a request is made.
pub(crate) fn is_forwarding(name: &HeaderName) -> bool {
    let text = name.as_str();
    text.starts_with("x-forwarded-") || *name == FORWARDED || text == "x-real-ip"
}

fn remove_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = tokens(headers, &CONNECTION)
            .filter_map(|token| HeaderName::from_bytes(token).ok())
            // A request without a Host would be another request, and whoever names the others would
            // hide from the upstream who asks.
            .filter(|name| *name != HOST && *name != X_REQUEST_ID && !is_forwarding(name))
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    while let Some(name) = headers.keys().find(|name| is_hop(name)).cloned() {
        headers.remove(name);
    }
}

/// `Trailer` is none of them: it announces what is passed on.
fn is_hop(name: &HeaderName) -> bool {
    matches!(
        *name,
        CONNECTION | PROXY_AUTHENTICATE | PROXY_AUTHORIZATION | TE | TRANSFER_ENCODING | UPGRADE
    ) || [KEEP_ALIVE, PROXY_CONNECTION, PROXY_AUTHENTICATION_INFO, HTTP2_SETTINGS].contains(name)
}

/// The protocols that a client wants to change to. HTTP/2 is not among them: whoever speaks it to
/// the upstream speaks past this gateway.
fn asked_upgrade(headers: &HeaderMap, version: Version) -> Option<HeaderValue> {
    // RFC 9110, section 7.8: in HTTP/1.0 the field is ignored.
    if version != Version::HTTP_11 || !headers.contains_key(UPGRADE) {
        return None;
    }
    let is_asked = tokens(headers, &CONNECTION).any(|token| token.eq_ignore_ascii_case(b"upgrade"));
    let is_http2 = |token: &[u8]| token.get(..2).is_some_and(|it| it.eq_ignore_ascii_case(b"h2"));
    let others: Vec<&[u8]> =
        tokens(headers, &UPGRADE).filter(|token| is_asked && !is_http2(token)).collect();
    if others.is_empty() {
        return None;
    }
    HeaderValue::from_bytes(&others.join(&b", "[..])).ok()
}

/// The members of a list, over all lines, without the empty ones.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let lines = headers.get_all(name).into_iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|token| !token.is_empty())
}

/// RFC 9113, section 8.2.3: HTTP/2 may split a cookie string, HTTP/1.1 may not.
fn join_cookies(headers: &mut HeaderMap) {
    let lines: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if lines.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&lines.join(&b"; "[..]))
    {
        headers.insert(COOKIE, joined);
    }
}

/// The entries of this gateway in `Via`.
#[derive(Debug)]
pub(super) struct Via {
    http10: HeaderValue,
    http11: HeaderValue,
    http2: HeaderValue,
}

impl Via {
    /// The pseudonym is a token.
    pub(super) fn new(pseudonym: &str) -> Self {
        let entry = |version| {
            HeaderValue::from_str(&format!("{version} {pseudonym}"))
                .unwrap_or(HeaderValue::from_static("1.1 gateway"))
        };
        Self { http10: entry("1.0"), http11: entry("1.1"), http2: entry("2.0") }
    }

    /// Adds an entry for a message that arrived in this version.
    pub(super) fn append(&self, headers: &mut HeaderMap, received: Version) {
        let entry = match received {
            Version::HTTP_10 => &self.http10,
            Version::HTTP_2 => &self.http2,
            _ => &self.http11,
        };
        headers.append(VIA, entry.clone());
    }
}
