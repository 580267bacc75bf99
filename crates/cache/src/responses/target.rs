use std::borrow::Cow;

use http::Uri;
use http::header::HOST;
use http::uri::Scheme;
use xxhash_rust::xxh3::xxh3_128;

use crate::key::{KeyPart, KeyParts, Part, Parts};
use crate::request::{Head, UriOf};

/// How the targets of a layer's requests are told.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Of requests whose URI says none.
    pub(crate) scheme: Scheme,
    pub(crate) uri_of: Option<UriOf>,
}

/// What a URI means to a cache (RFC 9110, section 4.2.3): the scheme and the host in lower case, no
/// port where it is the scheme's, and path and query as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) host: Cow<'a, str>,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Nothing if it cannot be said for which host a request is: it names several, or none that is
    /// one.
    #[inline]
    pub(crate) fn of(head: &Head<'a>, site: &'a Site) -> Option<Self> {
        let uri = head.uri();
        let scheme = uri.scheme_str().unwrap_or(site.scheme.as_str());
        let mut lines = head.headers().get_all(HOST).iter();
        let field = match (lines.next(), lines.next()) {
            (Some(line), None) => Some(host(line.to_str().ok()?, scheme)?),
            (None, _) => None,
            (Some(_), Some(_)) => return None,
        };
        let authority = match uri.authority() {
            Some(authority) => Some(host(authority.as_str(), scheme)?),
            None => None,
        };
        let host = match (authority, field) {
            // RFC 9112, section 3.2.2, lets the URI win, but what is inside may read the field.
            (Some(authority), Some(field)) if authority != field => return None,
            (Some(host), _) | (None, Some(host)) => host,
            (None, None) => Cow::Borrowed(""),
        };
        let paths = site.uri_of.and_then(|uri_of| uri_of(head.extensions())).unwrap_or(uri);
        Some(Self { scheme, host, path: paths.path(), query: paths.query() })
    }

    /// Of an absolute URI.
    pub(crate) fn of_uri(uri: &'a Uri) -> Option<Self> {
        let scheme = uri.scheme_str()?;
        let host = host(uri.authority()?.as_str(), scheme)?;
        Some(Self { scheme, host, path: uri.path(), query: uri.query() })
    }

    /// A tag for all that is stored for it, where more than the target tells responses apart.
    pub(crate) fn tag(&self) -> Box<str> {
        let mut key = crate::key::Encoded::new();
        format!("uri:{:032x}", xxh3_128(key.write(self))).into()
    }

    /// Path and query.
    pub(crate) fn paths(&self) -> Cow<'a, str> {
        match self.query {
            Some(query) => Cow::Owned(format!("{}?{query}", self.path)),
            None => Cow::Borrowed(self.path),
        }
    }

    /// As a URI, to resolve references against.
    pub(crate) fn to_uri(&self) -> Option<Uri> {
        let uri = Uri::builder().scheme(self.scheme).authority(&*self.host);
        uri.path_and_query(&*self.paths()).build().ok()
    }
}

impl KeyParts for Target<'_> {
    #[inline]
    fn write(&self, parts: &mut Parts<'_>) {
        parts.part(&Sized(None, self.scheme));
        parts.part(&Sized(None, &self.host));
        parts.part(&Sized(None, self.path));
        match self.query {
            Some(query) => parts.part(&Sized(None, query)),
            None => parts.part(&Nothing),
        }
    }
}

/// A text with its kind and its length before it, so that none is mistaken for another however they
/// are joined.
pub(crate) struct Sized<'a>(pub(crate) Option<u8>, pub(crate) &'a str);

impl KeyPart for Sized<'_> {
    #[inline]
    fn write(&self, part: &mut Part<'_>) {
        let Self(kind, text) = self;
        part.push_length(*kind, text.len());
        part.push_str(text);
    }
}

/// Bytes with their number before them.
pub(crate) struct SizedBytes<'a>(pub(crate) &'a [u8]);

impl KeyPart for SizedBytes<'_> {
    fn write(&self, part: &mut Part<'_>) {
        part.push_length(None, self.0.len());
        part.push_bytes(self.0);
    }
}

/// What is not there, which is not the same as what is empty.
pub(crate) struct Nothing;

impl KeyPart for Nothing {
    fn write(&self, part: &mut Part<'_>) {
        part.push_str("-");
    }
}

/// A host as all of its spellings are written; nothing if it is none, or what stands behind it is
/// no port.
fn host<'a>(text: &'a str, scheme: &str) -> Option<Cow<'a, str>> {
    let end = match text.strip_prefix('[') {
        // The colons of an address are not before a port.
        Some(address) => address.find(']')? + 2,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (name, port) = text.split_at_checked(end)?;
    if name.is_empty() || !name.bytes().all(is_of_host) {
        return None;
    }
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => port,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port,
        _ => return None,
    };
    let default = match scheme {
        "http" => "80",
        "https" => "443",
        _ => "",
    };
    let host = if port.is_empty() || port == default { name } else { text };
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(Cow::Owned(host.to_ascii_lowercase()));
    }
    Some(Cow::Borrowed(host))
}

/// RFC 3986, section 3.2.2, without percent-encoded bytes: no name that is looked up has them, and
/// whoever decodes them finds another host than the key says.
fn is_of_host(byte: u8) -> bool {
    OF_HOST.get(usize::from(byte)).copied().unwrap_or_default()
}

#[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
static OF_HOST: [bool; 256] = {
    let mut known = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
        let is_known = matches!(
            byte as u8,
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'!' | b'$' | b'&'..=b'.' | b':' | b';'
                | b'=' | b'[' | b']' | b'_' | b'~'
        );
        known[byte] = is_known;
        byte += 1;
    }
    known
};
