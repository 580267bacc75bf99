//! What a peer may say about whom it asks for.

use bartizan_ratelimit_tiers::ForwardedBy;
use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};

use crate::proxy::headers::is_forwarding;

/// Removes the forwarding headers that this peer may not write: all of one that is not trusted, and
/// of a trusted one those that it hands on from its client.
pub(super) fn strip(headers: &mut HeaderMap, is_trusted: bool, by: ForwardedBy) {
    let is_kept = |name: &HeaderName| match by {
        ForwardedBy::Forwarded => *name == FORWARDED,
        _ => *name != FORWARDED,
    };
    let is_removed = |name: &&HeaderName| {
        is_alias(name) || (is_forwarding(name) && !(is_trusted && is_kept(name)))
    };
    while let Some(name) = headers.keys().find(is_removed).cloned() {
        headers.remove(name);
    }
}

/// Whether an upstream that knows headers as CGI names them would take this for a forwarding header.
fn is_alias(name: &HeaderName) -> bool {
    let text = name.as_str();
    text.contains('_')
        && HeaderName::try_from(text.replace('_', "-")).is_ok_and(|name| is_forwarding(&name))
}
