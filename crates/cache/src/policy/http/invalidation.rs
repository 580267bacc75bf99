use std::num::ParseIntError;

use http::header::{CONTENT_LOCATION, LOCATION};
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode, Uri};

/// Methods that are not known to be safe (RFC 9110, section 9.2.1).
pub(crate) fn is_unsafe(method: &Method) -> bool {
    !method.is_safe()
}

/// Whether the answer to an unsafe method invalidates (RFC 9111, section 4.4): 2xx and 3xx.
pub(crate) fn invalidates(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection()
}

/// What is invalidated besides the target: `Location` and `Content-Location`, resolved against the
/// target (RFC 3986, section 5.2), where they are of its origin (scheme, host and port).
/// `target` is absolute. The result too, with scheme and host in lower case, and without user
/// information and the default port.
pub(crate) fn targets(target: &Uri, headers: &HeaderMap) -> Vec<Uri> {
    let mut found = Vec::new();
    let Some(origin) = Origin::of(target) else { return found };
    let own = origin.with(target);
    for value in headers.get_all(LOCATION).iter().chain(headers.get_all(CONTENT_LOCATION)) {
        let resolved = Reference::parse(value.as_bytes().trim_ascii()).resolve(target);
        let Some(uri) = resolved.and_then(|uri| Uri::from_maybe_shared(uri).ok()) else { continue };
        if Origin::of(&uri).as_ref() != Some(&origin) {
            continue;
        }
        let uri = origin.with(&uri).filter(|uri| own.as_ref() != Some(uri));
        found.extend(uri.filter(|uri| !found.contains(uri)));
    }
    found
}

#[derive(PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    fn of(uri: &Uri) -> Option<Self> {
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let host = uri.host().filter(|host| !host.is_empty())?.to_ascii_lowercase();
        let default = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        let port = port(uri).ok()?.filter(|port| Some(*port) != default);
        Some(Self { scheme, host, port })
    }

    /// A URI of this origin with the path and the query of another.
    fn with(&self, other: &Uri) -> Option<Uri> {
        let Self { scheme, host, port } = self;
        let authority = match port {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        };
        let path_and_query = other.path_and_query().map_or("/", |path| path.as_str());
        let uri = Uri::builder().scheme(scheme.as_str()).authority(authority);
        uri.path_and_query(path_and_query).build().ok()
    }
}

/// The port, unless it is left out or empty (RFC 3986, section 3.2.3). What is no port is an error,
/// where `Uri::port` sees none.
fn port(uri: &Uri) -> Result<Option<u16>, ParseIntError> {
    let authority = uri.authority().map_or("", Authority::as_str);
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    let after = host_and_port.strip_prefix(uri.host().unwrap_or_default());
    match after.and_then(|after| after.strip_prefix(':')) {
        None | Some("") => Ok(None),
        Some(port) => port.parse().map(Some),
    }
}

/// The components of a URI reference (RFC 3986, section 4.1), without the fragment.
struct Reference<'a> {
    scheme: Option<&'a [u8]>,
    authority: Option<&'a [u8]>,
    path: &'a [u8],
    query: Option<&'a [u8]>,
}

impl<'a> Reference<'a> {
    /// Any bytes have components (RFC 3986, appendix B).
    fn parse(reference: &'a [u8]) -> Self {
        let (rest, _) = split(reference, |byte| byte == b'#');
        let (rest, query) = split(rest, |byte| byte == b'?');
        let (scheme, rest) = match split(rest, |byte| matches!(byte, b':' | b'/')) {
            (scheme, Some(after)) if rest.get(scheme.len()) == Some(&b':') => (Some(scheme), after),
            _ => (None, rest),
        };
        let (authority, path) = match rest.strip_prefix(b"//") {
            Some(rest) => {
                let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
                let (authority, path) = rest.split_at(end);
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Self { scheme, authority, path, query }
    }

    /// RFC 3986, section 5.2.2; nothing for a scheme without an authority, as of `mailto:`.
    fn resolve(&self, base: &Uri) -> Option<Vec<u8>> {
        let scheme = self.scheme.or(base.scheme_str().map(str::as_bytes))?;
        let authority = match (self.authority, self.scheme) {
            (Some(authority), _) => authority,
            (None, Some(_)) => return None,
            (None, None) => base.authority()?.as_str().as_bytes(),
        };
        let inherits = self.scheme.is_none() && self.authority.is_none();
        let before = match (inherits, self.path) {
            (true, b"") => base.path(),
            (true, path) if !path.starts_with(b"/") => directory(base.path()),
            _ => "",
        };
        let path = [before.as_bytes(), self.path].concat();
        let query = match self.query {
            None if inherits && self.path.is_empty() => base.query().map(str::as_bytes),
            query => query,
        };
        let mut uri = [scheme, b"://", authority].concat();
        write_without_dots(&path, &mut uri);
        if let Some(query) = query {
            uri.push(b'?');
            uri.extend_from_slice(query);
        }
        Some(uri)
    }
}

/// A path up to its last slash.
fn directory(path: &str) -> &str {
    let end = path.rfind('/').map_or(0, |at| at + 1);
    path.get(..end).unwrap_or_default()
}

/// What stands before and after the first of some bytes.
fn split(value: &[u8], is_end: impl Fn(u8) -> bool) -> (&[u8], Option<&[u8]>) {
    let mut parts = value.splitn(2, |byte| is_end(*byte));
    (parts.next().unwrap_or_default(), parts.next())
}

/// Writes a path without its dot segments (RFC 3986, section 5.2.4). It begins with a slash, and
/// ends with one if its last segment is a dot segment.
fn write_without_dots(path: &[u8], into: &mut Vec<u8>) {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut segments =
        path.strip_prefix(b"/").unwrap_or(path).split(|byte| *byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            b"." => {}
            b".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
        if matches!(segment, b"." | b"..") && segments.peek().is_none() {
            kept.push(b"");
        }
    }
    for segment in &kept {
        into.push(b'/');
        into.extend_from_slice(segment);
    }
}
