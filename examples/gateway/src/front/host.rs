//! One `Host` for each request, and a target without one (RFC 9112, section 3.2).

use http::header::HOST;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Method, Request, StatusCode, Uri, Version};

use super::{Own, refuse};

/// Leaves the target in origin form and its host in `Host`.
pub(super) fn settle<B>(request: &mut Request<B>, fallback: &HeaderValue) -> Result<(), Own> {
    let bad = |message| Err(refuse(StatusCode::BAD_REQUEST, message));
    let version = request.version();
    let uri = request.uri();
    let is_authority = uri.authority().is_some() && uri.scheme().is_none();
    // RFC 9112, section 3.2: one form is of CONNECT alone, the other of OPTIONS.
    if is_authority || (uri.path() == "*" && *request.method() != Method::OPTIONS) {
        return bad("The target is malformed");
    }
    let mut given = request.headers().get_all(HOST).iter();
    let host = given.next();
    if given.next().is_some() {
        return bad("The request has more than one Host");
    }
    let host = match host.map(authority) {
        Some(None) => return bad("The Host is malformed"),
        Some(Some(host)) => Some(host),
        None => None,
    };
    match (request.uri().authority(), host) {
        // RFC 9112, section 3.2: also where the target names the host.
        (Some(_), None) if version == Version::HTTP_11 => return bad("The request has no Host"),
        (Some(target), host) => {
            if !is_plain(target) {
                return bad("The target is malformed");
            }
            // RFC 9113, section 8.3.1. HTTP/1.1 ignores the field instead (RFC 9112, section 3.2.2).
            let differs = host.is_some_and(|host| host != *target);
            if differs && version == Version::HTTP_2 {
                return bad("The Host differs from the authority");
            }
            let Ok(value) = HeaderValue::from_str(target.as_str()) else {
                return bad("The target is malformed");
            };
            request.headers_mut().insert(HOST, value);
        }
        (None, Some(_)) => {}
        (None, None) if version < Version::HTTP_11 => {
            request.headers_mut().insert(HOST, fallback.clone());
        }
        (None, None) => return bad("The request has no Host"),
    }
    if request.uri().authority().is_some() {
        let root = PathAndQuery::from_static("/");
        let target = request.uri().path_and_query().cloned().unwrap_or(root);
        *request.uri_mut() = Uri::from(target);
    }
    Ok(())
}

/// `uri-host [ ":" port ]`.
fn authority(host: &HeaderValue) -> Option<Authority> {
    let authority = Authority::try_from(host.as_bytes()).ok()?;
    is_plain(&authority).then_some(authority)
}

/// Whether there is a host and no user. `Authority` leaves it open whether a port is one.
fn is_plain(authority: &Authority) -> bool {
    let (text, host) = (authority.as_str(), authority.host());
    let port = text.strip_prefix(host).map(|rest| rest.strip_prefix(':').unwrap_or(rest));
    !host.is_empty() && port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}
