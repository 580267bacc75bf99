use std::time::Duration;

use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, HeaderName};

use super::parse_delta;
use super::targeted::parse_targeted;
use super::vary::is_token;

/// What a response says about its reuse (RFC 9111, section 5.2.2; RFC 5861; RFC 8246), be it in
/// `Cache-Control` or in a targeted field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a directive")]
pub(crate) struct ResponseDirectives {
    /// Zero if it is there and cannot be read (section 4.2.1).
    pub(crate) max_age: Option<Duration>,
    pub(crate) s_maxage: Option<Duration>,
    pub(crate) no_store: bool,
    pub(crate) no_cache: Qualified,
    pub(crate) private: Qualified,
    pub(crate) public: bool,
    pub(crate) must_revalidate: bool,
    pub(crate) proxy_revalidate: bool,
    pub(crate) must_understand: bool,
    pub(crate) immutable: bool,
    pub(crate) stale_while_revalidate: Option<Duration>,
    pub(crate) stale_if_error: Option<Duration>,
    /// They come from a targeted field, so `Cache-Control` and `Expires` mean nothing (RFC 9213,
    /// section 2.2).
    pub(crate) is_targeted: bool,
}

/// `no-cache` and `private` concern all of a response or fields of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Qualified {
    #[default]
    Absent,
    Whole,
    Fields(Vec<HeaderName>),
}

/// What a request says (RFC 9111, section 5.2.1); `Pragma: no-cache` where it has no
/// `Cache-Control` (section 5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestDirectives {
    pub(crate) max_age: Option<Duration>,
    /// `Duration::MAX` if it says no number.
    pub(crate) max_stale: Option<Duration>,
    pub(crate) min_fresh: Option<Duration>,
    pub(crate) no_cache: bool,
    pub(crate) no_store: bool,
    pub(crate) only_if_cached: bool,
    /// RFC 5861, section 4.
    pub(crate) stale_if_error: Option<Duration>,
}

impl ResponseDirectives {
    /// Those of the first targeted field that is there and well-formed, else of `Cache-Control`.
    pub(crate) fn of(headers: &HeaderMap, targeted: &[HeaderName]) -> Self {
        targeted
            .iter()
            .find_map(|name| parse_targeted(headers, name))
            .unwrap_or_else(|| Self::of_cache_control(headers))
    }

    /// Of several that are the same the most restrictive one counts. Those that permit something
    /// count only as they are defined: without a value.
    fn of_cache_control(headers: &HeaderMap) -> Self {
        let mut said = Self::default();
        for Directive { name, value } in directives(headers) {
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            if is("max-age") {
                shorten(&mut said.max_age, value.seconds());
            } else if is("s-maxage") {
                shorten(&mut said.s_maxage, value.seconds());
            } else if is("no-store") {
                said.no_store = true;
            } else if is("no-cache") {
                said.no_cache.add(value.fields());
            } else if is("private") {
                said.private.add(value.fields());
            } else if is("public") {
                said.public |= value == Value::None;
            } else if is("must-revalidate") {
                said.must_revalidate = true;
            } else if is("proxy-revalidate") {
                said.proxy_revalidate = true;
            } else if is("must-understand") {
                said.must_understand |= value == Value::None;
            } else if is("immutable") {
                said.immutable |= value == Value::None;
            } else if is("stale-while-revalidate") {
                shorten(&mut said.stale_while_revalidate, value.seconds());
            } else if is("stale-if-error") {
                shorten(&mut said.stale_if_error, value.seconds());
            }
        }
        said
    }
}

impl RequestDirectives {
    /// A `max-age` that cannot be read is zero, as in responses; others that cannot be read are
    /// ignored. Of several that are the same the one that demands most counts.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut said = Self::default();
        if !headers.contains_key(CACHE_CONTROL) {
            said.no_cache = headers.get_all(PRAGMA).iter().any(|line| {
                Directives(line.as_bytes()).any(|it| it.name.eq_ignore_ascii_case(b"no-cache"))
            });
            return said;
        }
        for Directive { name, value } in directives(headers) {
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            if is("max-age") {
                shorten(&mut said.max_age, value.seconds());
            } else if is("max-stale") {
                let most = if value == Value::None { Some(Duration::MAX) } else { value.delta() };
                shorten(&mut said.max_stale, most);
            } else if is("min-fresh") {
                said.min_fresh = said.min_fresh.max(value.delta());
            } else if is("no-cache") {
                said.no_cache = true;
            } else if is("no-store") {
                said.no_store = true;
            } else if is("only-if-cached") {
                said.only_if_cached = true;
            } else if is("stale-if-error") {
                shorten(&mut said.stale_if_error, value.delta());
            }
        }
        said
    }
}

impl Qualified {
    pub(super) fn add(&mut self, other: Self) {
        match (&mut *self, other) {
            (_, Self::Absent) | (Self::Whole, _) => {}
            (Self::Fields(names), Self::Fields(others)) => names.extend(others),
            (this, other) => *this = other,
        }
    }

    /// All of the response if one of the names is none, or there is none.
    pub(super) fn of_names<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let names = names.into_iter().map(HeaderName::from_bytes).collect::<Result<Vec<_>, _>>();
        match names {
            Ok(names) if !names.is_empty() => Self::Fields(names),
            _ => Self::Whole,
        }
    }

    /// Names with commas between them; empty ones are none (RFC 9110, section 5.6.1).
    pub(super) fn of_list(list: &[u8]) -> Self {
        let names = list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        Self::of_names(names.filter(|name| !name.is_empty()))
    }

    pub(crate) fn fields(&self) -> &[HeaderName] {
        if let Self::Fields(names) = self { names } else { &[] }
    }
}

fn shorten(said: &mut Option<Duration>, seconds: Option<Duration>) {
    if let Some(seconds) = seconds {
        *said = Some(said.map_or(seconds, |other| other.min(seconds)));
    }
}

fn directives(headers: &HeaderMap) -> impl Iterator<Item = Directive<'_>> {
    headers.get_all(CACHE_CONTROL).iter().flat_map(|line| Directives(line.as_bytes()))
}

/// A member of `Cache-Control` (RFC 9111, section 5.2).
struct Directive<'a> {
    name: &'a [u8],
    value: Value<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    None,
    /// A token, or what stands between quotes; quoted pairs are left as they are, since neither
    /// numbers nor names need them.
    Some(&'a [u8]),
    /// Neither a token nor a quoted string.
    Malformed,
    /// There is space beside `=`: as far as numbers go, the directive is not known.
    Spaced,
}

impl Value<'_> {
    fn delta(self) -> Option<Duration> {
        if let Self::Some(value) = self { parse_delta(value) } else { None }
    }

    /// Zero if it cannot be read (section 4.2.1).
    fn seconds(self) -> Option<Duration> {
        (self != Self::Spaced).then(|| self.delta().unwrap_or_default())
    }

    fn fields(self) -> Qualified {
        if let Self::Some(list) = self { Qualified::of_list(list) } else { Qualified::Whole }
    }
}

/// The members of a line that is left to be read.
struct Directives<'a>(&'a [u8]);

impl<'a> Iterator for Directives<'a> {
    type Item = Directive<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.0.trim_ascii_start();
        if line.is_empty() {
            return None;
        }
        let end = line.iter().position(|byte| matches!(byte, b',' | b'=')).unwrap_or(line.len());
        let (name, rest) = line.split_at(end);
        let Some(value) = rest.strip_prefix(b"=") else {
            self.0 = rest.get(1..).unwrap_or_default();
            return Some(Directive { name: name.trim_ascii_end(), value: Value::None });
        };
        // A string without an end is none, and hides no member.
        let quoted =
            value.strip_prefix(b"\"").and_then(|text| text.split_at_checked(string(text)?));
        let (text, after) = match quoted {
            Some((text, after)) => (Some(text), after.get(1..).unwrap_or_default()),
            None => (None, value),
        };
        let end = after.iter().position(|byte| *byte == b',').unwrap_or(after.len());
        let (tail, rest) = after.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        let tail = tail.trim_ascii_end();
        let is_space = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
        let value = match text {
            _ if is_space(name.last()) || is_space(value.first()) => Value::Spaced,
            Some(text) if tail.is_empty() => Value::Some(text),
            None if is_token(tail) => Value::Some(tail),
            _ => Value::Malformed,
        };
        Some(Directive { name: name.trim_ascii_end(), value })
    }
}

/// The length of a quoted string after its first quote.
fn string(text: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    text.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    })
}
