//! What a peer may say about whom it asks for.

use bartizan_ratelimit_tiers::ForwardedBy;
use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};

/// Removes the forwarding headers that this peer may not write: all of one that is not trusted, and
/// of a trusted one those that it hands on from its client.
pub(super) fn strip(headers: &mut HeaderMap, is_trusted: bool, by: ForwardedBy) {
    let is_kept = |name: &HeaderName| match by {
        ForwardedBy::Forwarded => *name == FORWARDED,
        _ => *name != FORWARDED,
    };
    let is_removed = |name: &&HeaderName| is_forwarding(name) && !(is_trusted && is_kept(name));
    while let Some(name) = headers.keys().find(is_removed).cloned() {
        headers.remove(name);
    }
}

fn is_forwarding(name: &HeaderName) -> bool {
    let text = name.as_str();
    text.starts_with("x-forwarded-") || *name == FORWARDED || text == "x-real-ip"
}
