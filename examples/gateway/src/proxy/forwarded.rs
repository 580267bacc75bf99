//! Tells the upstream for whom the gateway asks. What the peer may not say is gone already.

use std::fmt::Write;
use std::net::IpAddr;

use bartizan_ratelimit_tiers::ForwardedBy;
use http::header::{FORWARDED, HOST};
use http::{HeaderMap, HeaderName, HeaderValue};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Adds the peer. The gateway speaks no TLS, so what it hears itself is `http`.
pub(super) fn append(headers: &mut HeaderMap, peer: IpAddr, by: ForwardedBy) {
    let peer = peer.to_canonical();
    let host = headers.get(HOST).cloned();
    if by == ForwardedBy::Forwarded {
        let host = host.as_ref().and_then(|host| host.to_str().ok()).unwrap_or_default();
        let mut element = match peer {
            IpAddr::V4(addr) => format!("for={addr}"),
            // RFC 7239, section 6: brackets and colons are quoted.
            IpAddr::V6(addr) => format!("for=\"[{addr}]\""),
        };
        // Writing into a string does not fail. A host that `Authority` has read holds no quote.
        let _ = write!(element, ";host=\"{host}\";proto=http");
        extend(headers, &FORWARDED, &element);
        return;
    }
    extend(headers, &X_FORWARDED_FOR, &peer.to_string());
    if let Some(host) = host {
        headers.entry(X_FORWARDED_HOST).or_insert(host);
    }
    headers.entry(X_FORWARDED_PROTO).or_insert(HeaderValue::from_static("http"));
}

/// Adds a member to a list and leaves it in one line, for those who read one.
fn extend(headers: &mut HeaderMap, name: &HeaderName, member: &str) {
    let lines = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let all: Vec<&[u8]> = lines.chain([member.as_bytes()]).collect();
    if let Ok(value) = HeaderValue::from_bytes(&all.join(&b", "[..])) {
        headers.insert(name, value);
    }
}
