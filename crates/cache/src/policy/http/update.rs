use http::header::{
    AGE, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VARY,
};
use http::{HeaderMap, HeaderName};

static HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-authentication-info"),
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Takes over the fields of a 304 or of an answer to HEAD into those of a stored response (RFC
/// 9111, section 3.2): all but those that describe the body that was stored, or the connection.
/// `Vary` always, as in [`strip`].
pub(crate) fn freshen(stored: &mut HeaderMap, update: &HeaderMap, omitted: &[HeaderName]) {
    let is_kept = |name: &HeaderName| {
        is_hop_by_hop(name)
            || is_of_body(name)
            || *name == AGE
            || *name != VARY
                && (omitted.contains(name) || listed(update).any(|listed| listed == *name))
    };
    for name in update.keys().filter(|name| !is_kept(name)) {
        stored.remove(name);
        for value in update.get_all(name) {
            stored.append(name, value.clone());
        }
    }
}

/// Removes what is not stored (RFC 9111, section 3.1): the fields of the connection, what
/// `Connection` lists, `omitted`, and `Age`, which is told anew. Never `Vary`: who takes it for not
/// there gives the response to everyone.
pub(crate) fn strip(headers: &mut HeaderMap, omitted: &[HeaderName]) {
    if headers.contains_key(CONNECTION) {
        for name in listed(headers).filter(|name| *name != VARY).collect::<Vec<_>>() {
            headers.remove(name);
        }
    }
    for name in HOP_BY_HOP.iter().chain(omitted).filter(|name| **name != VARY) {
        headers.remove(name);
    }
    headers.remove(AGE);
}

/// The fields of a connection (RFC 9110, section 7.6.1; RFC 9111, section 3.1). `Trailer` is none
/// of them: it announces what is stored with the body.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(name)
}

/// The names that `Connection` lists; those that are none name no field.
pub(super) fn listed(headers: &HeaderMap) -> impl Iterator<Item = HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
}

/// What would not fit the stored body if it changed (RFC 9111, section 3.2).
fn is_of_body(name: &HeaderName) -> bool {
    [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, TRAILER].contains(name)
}
