//! The headers that helmet sets, for answers that are read by programs.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};

const HEADERS: [(HeaderName, HeaderValue); 12] = [
    (
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        // Whom CORS lets read is decided by CORS.
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    ),
    (HeaderName::from_static("origin-agent-cluster"), HeaderValue::from_static("?1")),
    (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("strict-transport-security"),
        HeaderValue::from_static("max-age=31536000; includeSubDomains"),
    ),
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-dns-prefetch-control"), HeaderValue::from_static("off")),
    (HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen")),
    (HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        HeaderValue::from_static("none"),
    ),
    (HeaderName::from_static("x-xss-protection"), HeaderValue::from_static("0")),
];

/// Adds them to what an answer says itself, which stands.
///
/// They are prepared once and cloned: that hashes nothing, where inserting hashes and grows.
pub(crate) fn add<B>(prepared: &HeaderMap, mut response: Response<B>) -> Response<B> {
    let mut headers = prepared.clone();
    headers.extend(std::mem::take(response.headers_mut()));
    *response.headers_mut() = headers;
    response
}

pub(crate) fn prepare() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(32);
    headers.extend(HEADERS);
    headers
}
