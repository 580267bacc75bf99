use std::cmp::Reverse;

use http::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_LANGUAGE, VARY};
use http::{HeaderMap, HeaderName};
use smallvec::SmallVec;

use super::conditional::only;

/// What a response says of the request fields that select it (RFC 9110, section 12.5.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Vary {
    Nothing,
    On(Spec),
    /// `*` anywhere: no other request selects it.
    Any,
}

/// The names of selecting fields: distinct, in alphabetical order, never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spec(SmallVec<[HeaderName; 2]>);

/// Which values of selecting fields are the same (RFC 9111, section 4.1).
#[derive(Clone, Debug, Default)]
pub(crate) struct Normalise {
    /// The content codings that the inner service makes, in lower case: `Accept-Encoding` selects
    /// by those of them alone that it accepts, and by their order of preference. What is served
    /// from a variant is so acceptable to all that share it, and of the same rank to each.
    ///
    /// A request without the field shares with those that accept no coding of them. RFC 9110,
    /// section 12.5.3, lets a service answer it with any coding; one that does so must not be given
    /// codings here.
    pub(crate) codings: Option<Vec<Box<str>>>,
    /// Whitespace around commas means nothing in fields that are not known either.
    pub(crate) lists: bool,
    /// Languages select by what is preferred: order of equal weights, case and space mean nothing.
    pub(crate) languages: bool,
}

impl Vary {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut names = SmallVec::<[HeaderName; 2]>::new();
        for line in headers.get_all(VARY) {
            for member in members(line.as_bytes()) {
                match HeaderName::from_bytes(member) {
                    Ok(name) if member != b"*" => names.push(name),
                    _ => return Self::Any,
                }
            }
        }
        Spec::new(names).map_or(Self::Nothing, Self::On)
    }
}

impl Spec {
    /// From names in any order.
    pub(crate) fn new(names: impl IntoIterator<Item = HeaderName>) -> Option<Self> {
        let mut names: SmallVec<[HeaderName; 2]> = names.into_iter().collect();
        names.sort_unstable_by(|left, right| left.as_str().cmp(right.as_str()));
        names.dedup();
        if names.is_empty() { None } else { Some(Self(names)) }
    }

    pub(crate) fn names(&self) -> &[HeaderName] {
        &self.0
    }
}

/// Writes what a request selects by: for each field of the spec its name and normalised value,
/// each with its length before it; an absent field as such (never as an empty one). Equal bytes if
/// and only if the values select the same.
///
/// The lines of a field are one value, joined by commas (RFC 9111, section 4.1). A value that does
/// not read as its field prescribes is normalised as that of a field that is not known.
pub(crate) fn selecting(
    spec: &Spec,
    request: &HeaderMap,
    normalise: &Normalise,
    into: &mut SmallVec<[u8; 128]>,
) {
    for name in spec.names() {
        write_length(name.as_str().len(), into);
        into.extend_from_slice(name.as_str().as_bytes());
        let known = match &normalise.codings {
            Some(codings) if name == ACCEPT_ENCODING => codings_of(request, codings),
            _ if name == ACCEPT_LANGUAGE && normalise.languages => languages_of(request),
            _ => None,
        };
        match known {
            Some(value) => write_value(&value, into),
            None => write_field(name, request, normalise.lists, into),
        }
    }
}

/// A value while it is normalised. One that was read begins with a byte that no field value has,
/// so it equals none that was not.
type Scratch = SmallVec<[u8; 64]>;

const READ: u8 = 0;

fn write_field(
    name: &HeaderName,
    request: &HeaderMap,
    lists: bool,
    into: &mut SmallVec<[u8; 128]>,
) {
    let mut lines = request.get_all(name).iter();
    let Some(first) = lines.next() else { return write_length(0, into) };
    let first = first.as_bytes().trim_ascii();
    let mut next = lines.next();
    if next.is_none() && !(lists && first.contains(&b',')) {
        return write_value(first, into);
    }
    let mut joined = Scratch::from_slice(first);
    while let Some(line) = next {
        joined.extend_from_slice(b", ");
        joined.extend_from_slice(line.as_bytes().trim_ascii());
        next = lines.next();
    }
    let joined = joined.trim_ascii();
    if lists { write_value(&without_space(joined), into) } else { write_value(joined, into) }
}

/// A list without the whitespace around its commas; those within quoted strings stay.
fn without_space(list: &[u8]) -> Scratch {
    let mut kept = Scratch::new();
    if !list.contains(&b'"') {
        for member in list.split(|byte| *byte == b',') {
            kept.extend_from_slice(member.trim_ascii());
            kept.push(b',');
        }
        kept.pop();
        return kept;
    }
    let (mut is_quoted, mut is_escaped) = (false, false);
    for &byte in list {
        let is_space = matches!(byte, b' ' | b'\t');
        if !is_quoted && byte == b',' {
            while let Some(b' ' | b'\t') = kept.last() {
                kept.pop();
            }
        } else if !is_quoted && is_space && kept.last() == Some(&b',') {
            continue;
        }
        kept.push(byte);
        if byte == b'"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = is_quoted && byte == b'\\' && !is_escaped;
    }
    kept
}

/// A value with its length before it. Zero is left for an absent field.
fn write_value(value: &[u8], into: &mut SmallVec<[u8; 128]>) {
    write_length(value.len().saturating_add(1), into);
    into.extend_from_slice(value);
}

/// Seven bits a byte, the lowest first; the last byte is the one below 128.
fn write_length(mut length: usize, into: &mut SmallVec<[u8; 128]>) {
    while length > 0x7f {
        into.push(0x80 | length.to_le_bytes()[0]);
        length >>= 7;
    }
    into.push(length.to_le_bytes()[0]);
}

/// The codings of a service that a request accepts, in its order of preference; nothing if the
/// field cannot be read, or gives two weights to one of them.
fn codings_of(request: &HeaderMap, codings: &[Box<str>]) -> Option<Scratch> {
    let codings = codings.iter().map(AsRef::as_ref).filter(|coding| *coding != IDENTITY);
    let mut own: SmallVec<[(&str, Option<u16>); 4]> =
        codings.map(|coding| (coding, None)).collect();
    let (mut any, mut identity) = (None, None);
    for asked in weighted(request, &ACCEPT_ENCODING, is_token) {
        let Weighted { name, weight } = asked?;
        let place = if name == b"*" {
            Some(&mut any)
        } else if name.eq_ignore_ascii_case(IDENTITY.as_bytes()) {
            Some(&mut identity)
        } else {
            let mut places = own.iter_mut();
            places.find(|(coding, _)| is_same_coding(name, coding)).map(|(_, place)| place)
        };
        if place.is_some_and(|place| place.replace(weight).is_some()) {
            return None;
        }
    }
    let weighted = own.iter().map(|(coding, own)| (Reverse(own.or(any).unwrap_or(0)), *coding));
    let mut accepted: SmallVec<[(Reverse<u16>, &str); 4]> =
        weighted.filter(|(weight, _)| weight.0 > 0).collect();
    let identity = identity.or(any);
    if let Some(weight @ 1..) = identity
        && !accepted.is_empty()
    {
        accepted.push((Reverse(weight), IDENTITY));
    }
    accepted.sort_unstable();
    let mut value = Scratch::from_slice(&[READ]);
    let mut before = None;
    for (weight, coding) in accepted {
        if let Some(before) = before {
            value.push(if before == weight { b',' } else { b'>' });
        }
        value.extend_from_slice(coding.as_bytes());
        before = Some(weight);
    }
    if identity == Some(0) {
        value.push(b'!');
    }
    Some(value)
}

const IDENTITY: &str = "identity";

fn is_same_coding(name: &[u8], coding: &str) -> bool {
    bare(name).eq_ignore_ascii_case(bare(coding.as_bytes()))
}

/// `x-gzip` and `x-compress` are `gzip` and `compress` (RFC 9110, section 8.4.1).
fn bare(coding: &[u8]) -> &[u8] {
    match coding {
        [b'x' | b'X', b'-', bare @ ..]
            if [b"gzip".as_slice(), b"compress"].iter().any(|it| bare.eq_ignore_ascii_case(it)) =>
        {
            bare
        }
        _ => coding,
    }
}

/// The languages of a request, most wanted first; nothing if it names none or they cannot be read.
fn languages_of(request: &HeaderMap) -> Option<Scratch> {
    if !request.contains_key(ACCEPT_LANGUAGE) {
        return None;
    }
    let mut value = Scratch::from_slice(&[READ]);
    let mut sorted = SmallVec::<[(Reverse<u16>, Scratch); 4]>::new();
    for asked in weighted(request, &ACCEPT_LANGUAGE, is_language) {
        let Weighted { name, weight } = asked?;
        let mut language = Scratch::from_slice(name);
        language.make_ascii_lowercase();
        sorted.push((Reverse(weight), language));
    }
    sorted.sort_unstable();
    sorted.dedup();
    for (Reverse(weight), language) in sorted {
        value.extend_from_slice(&language);
        value.push(b';');
        value.extend_from_slice(itoa::Buffer::new().format(weight).as_bytes());
        value.push(b',');
    }
    Some(value)
}

/// The one language that a request prefers: lower case, with the greatest weight and alone with
/// it, and no wildcard.
pub(crate) fn preferred_language(request: &HeaderMap) -> Option<String> {
    let asked = weighted(request, &ACCEPT_LANGUAGE, is_language);
    let asked: SmallVec<[Weighted<'_>; 8]> = asked.collect::<Option<_>>()?;
    let greatest = asked.iter().map(|asked| asked.weight).max().filter(|weight| *weight > 0)?;
    let mut best = asked.iter().filter(|asked| asked.weight == greatest).map(|asked| asked.name);
    let first = best.next().filter(|language| *language != b"*")?;
    best.all(|other| other.eq_ignore_ascii_case(first)).then(|| lower_case(first))?
}

/// The one language of a response, in lower case.
pub(crate) fn content_language(headers: &HeaderMap) -> Option<String> {
    let mut languages = members(only(headers, &CONTENT_LANGUAGE)?.as_bytes());
    let language = languages.next().filter(|it| is_language(it) && *it != b"*")?;
    if languages.next().is_some() { None } else { lower_case(language) }
}

fn lower_case(language: &[u8]) -> Option<String> {
    String::from_utf8(language.to_ascii_lowercase()).ok()
}

/// A member of `Accept-Encoding` or `Accept-Language`, with its weight in thousandths.
struct Weighted<'a> {
    name: &'a [u8],
    weight: u16,
}

/// The members of a field in their order, nothing for one that cannot be read.
fn weighted<'a>(
    request: &'a HeaderMap,
    field: &HeaderName,
    is_name: fn(&[u8]) -> bool,
) -> impl Iterator<Item = Option<Weighted<'a>>> {
    let lines = request.get_all(field).iter();
    lines.flat_map(|line| members(line.as_bytes())).map(move |member| {
        let mut parts = member.splitn(2, |byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().filter(|name| is_name(name))?;
        Some(Weighted { name, weight: parts.next().map_or(Some(1000), weight)? })
    })
}

/// A weight in thousandths (RFC 9110, section 12.4.2).
fn weight(parameter: &[u8]) -> Option<u16> {
    let [b'q' | b'Q', b'=', whole @ (b'0' | b'1'), decimals @ ..] = parameter else { return None };
    let decimals = match decimals {
        [] => decimals,
        [b'.', decimals @ ..] if decimals.len() <= 3 => decimals,
        _ => return None,
    };
    let mut weight = u16::from(whole - b'0');
    for at in 0..3 {
        let decimal = decimals.get(at).copied().unwrap_or(b'0');
        weight = weight * 10 + decimal.is_ascii_digit().then(|| u16::from(decimal - b'0'))?;
    }
    (weight <= 1000).then_some(weight)
}

/// The members of a list without quoted strings (RFC 9110, section 5.6.1.2).
fn members(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

/// RFC 9110, section 5.6.2.
pub(super) fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().copied().all(is_tchar)
}

pub(super) const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// A language range (RFC 4647, section 2.1), which every language tag is too.
fn is_language(range: &[u8]) -> bool {
    let mut subtags = range.split(|byte| *byte == b'-');
    let is_subtag = |subtag: &[u8]| {
        (1..=8).contains(&subtag.len()) && subtag.iter().all(u8::is_ascii_alphanumeric)
    };
    let is_primary =
        |subtag: &[u8]| is_subtag(subtag) && subtag.iter().all(u8::is_ascii_alphabetic);
    range == b"*" || subtags.next().is_some_and(is_primary) && subtags.all(is_subtag)
}
