use std::fmt;
use std::sync::Arc;

use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_UNMODIFIED_SINCE, PRAGMA, RANGE, TRANSFER_ENCODING, UPGRADE,
};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

/// What of a request a cache looks at.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

impl<'a> Head<'a> {
    /// Of this request.
    #[inline]
    pub fn new<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    /// Its method.
    #[must_use]
    pub const fn method(&self) -> &'a Method {
        self.method
    }

    /// Its URI.
    #[must_use]
    pub const fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// Its header section.
    #[must_use]
    pub const fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Its extensions: what outer layers know of it.
    #[must_use]
    pub const fn extensions(&self) -> &'a Extensions {
        self.extensions
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Header fields may hold credentials.
        f.debug_struct("Head").field("method", self.method).finish_non_exhaustive()
    }
}

/// Reads the URI as the client sent it from the extensions, where a router has shortened it before
/// the layer sees it.
pub type UriOf = for<'a> fn(&'a Extensions) -> Option<&'a Uri>;

/// Who may be given a response besides the one who asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partition {
    /// Everyone.
    Shared,
    /// Those for whom this is the same. It is part of the key.
    Of(Arc<str>),
    /// Nobody: the request goes by the cache.
    Bypass,
}

/// Why a request went by the cache: neither answered from it nor stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bypass {
    /// It carries a credential header, and no partition says whom it belongs to.
    Credentials,
    /// It carries a header that proxies rewrite targets or methods by, and that the key does not
    /// hold; or `Connection` names fields that are lost on the way.
    Forwarding,
    /// It has a body.
    Body,
    /// It names no host, several, or something that is none.
    Host,
    /// It switches protocols.
    Upgrade,
    /// It has conditions that only the origin can evaluate (`If-Match`, `If-Unmodified-Since`).
    Conditions,
    /// The partition said so.
    Partition,
}

impl Bypass {
    /// In the order of their declaration.
    pub(crate) const ALL: [Self; 7] = [
        Self::Credentials,
        Self::Forwarding,
        Self::Body,
        Self::Host,
        Self::Upgrade,
        Self::Conditions,
        Self::Partition,
    ];

    /// A Token, as `detail` of `Cache-Status` and as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Forwarding => "forwarding",
            Self::Body => "body",
            Self::Host => "host",
            Self::Upgrade => "upgrade",
            Self::Conditions => "conditions",
            Self::Partition => "partition",
        }
    }
}

/// What the header section of a request has, found in one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts(u16);

impl Facts {
    pub(crate) const DIRECTIVES: Self = Self(1);
    pub(crate) const CONDITIONS: Self = Self(1 << 1);
    pub(crate) const ORIGIN_CONDITIONS: Self = Self(1 << 2);
    pub(crate) const RANGE: Self = Self(1 << 3);
    pub(crate) const UPGRADE: Self = Self(1 << 4);
    pub(crate) const BODY: Self = Self(1 << 5);
    pub(crate) const AUTHORIZED: Self = Self(1 << 6);
    pub(crate) const CREDENTIAL: Self = Self(1 << 7);
    pub(crate) const FORWARDING: Self = Self(1 << 8);

    #[inline]
    pub(crate) const fn has(self, facts: Self) -> bool {
        self.0 & facts.0 != 0
    }

    pub(crate) const fn without(self, facts: Self) -> Self {
        Self(self.0 & !facts.0)
    }
}

/// The header fields that are looked for.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    /// By the length of their names, longest ones together.
    names: Vec<Vec<(HeaderName, Facts)>>,
    /// A bit for each length that a name has.
    lengths: u64,
}

impl Fields {
    pub(crate) fn new(credentials: &[HeaderName], forwarding: &[HeaderName]) -> Self {
        let known = [
            (CACHE_CONTROL, Facts::DIRECTIVES),
            (PRAGMA, Facts::DIRECTIVES),
            (IF_NONE_MATCH, Facts::CONDITIONS),
            (IF_MODIFIED_SINCE, Facts::CONDITIONS),
            (IF_MATCH, Facts::ORIGIN_CONDITIONS),
            (IF_UNMODIFIED_SINCE, Facts::ORIGIN_CONDITIONS),
            (RANGE, Facts::RANGE),
            (UPGRADE, Facts::UPGRADE),
            (CONTENT_LENGTH, Facts::BODY),
            (TRANSFER_ENCODING, Facts::BODY),
            (http::header::AUTHORIZATION, Facts::AUTHORIZED),
        ];
        let credentials = credentials.iter().map(|name| (name.clone(), Facts::CREDENTIAL));
        let forwarding = forwarding.iter().map(|name| (name.clone(), Facts::FORWARDING));
        let mut names = vec![Vec::new(); LENGTHS];
        let mut lengths = 0;
        for (name, facts) in known.into_iter().chain(credentials).chain(forwarding) {
            let length = length(&name);
            lengths |= 1 << length;
            if let Some(names) = names.get_mut(length) {
                names.push((name, facts));
            }
        }
        Self { names, lengths }
    }

    #[inline]
    pub(crate) fn of(&self, headers: &HeaderMap) -> Facts {
        let mut facts = Facts::default();
        for (name, value) in headers {
            let length = length(name);
            if self.lengths & 1 << length == 0 {
                continue;
            }
            for (known, fact) in self.names.get(length).into_iter().flatten() {
                if known == name && !means_nothing(known, value) {
                    facts.0 |= fact.0;
                }
            }
        }
        facts
    }
}

/// An empty body is none, and most of what `Connection` says is about the connection alone.
#[inline]
fn means_nothing(name: &HeaderName, value: &HeaderValue) -> bool {
    match *name {
        CONTENT_LENGTH => value == "0",
        CONNECTION => {
            let mut options = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            options.all(|option| {
                option.is_empty() || OPTIONS.iter().any(|known| option.eq_ignore_ascii_case(known))
            })
        }
        _ => false,
    }
}

/// What `Connection` names without a field of the request being lost.
const OPTIONS: [&[u8]; 7] = [
    b"keep-alive",
    b"close",
    b"upgrade",
    b"http2-settings",
    b"te",
    b"trailer",
    b"transfer-encoding",
];

/// Lengths of names that are told apart: as many as there are bits.
const LENGTHS: usize = u64::BITS as usize;

#[inline]
fn length(name: &HeaderName) -> usize {
    name.as_str().len().min(LENGTHS - 1)
}
