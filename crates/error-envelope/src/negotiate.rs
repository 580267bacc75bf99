//! Proactive negotiation of the error's media type (RFC 9110, section 12.5.1).

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

/// The media type of an error body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `application/json`: the envelope.
    Envelope,
    /// `application/problem+json` (RFC 9457).
    Problem,
}

/// What HTTP clients send by default, decided without parsing.
const COMMON: [&[u8]; 3] = [b"*/*", b"application/json", b"application/json, text/plain, */*"];

impl Format {
    /// Negotiates where one of the `Accept` lines, this one, may make a difference.
    ///
    /// A line that does not say `json` gives both types the weight of the same range.
    #[inline]
    pub(crate) fn consider(&mut self, line: &HeaderValue, headers: &HeaderMap) {
        let line = line.as_bytes();
        if !COMMON.contains(&line) && (line.contains(&b'j') || line.contains(&b'J')) {
            let lines = headers.get_all(ACCEPT).iter();
            *self = negotiate(lines.map(HeaderValue::as_bytes));
        }
    }
}

/// Prefers the type with the higher weight; a tie, and a request that accepts neither, get the
/// envelope.
pub(crate) fn negotiate<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Format {
    let mut envelope = Best::default();
    let mut problem = Best::default();
    for range in lines.flat_map(|line| split(line, b',')) {
        let mut parts = split(range, b';').map(<[u8]>::trim_ascii);
        let Some(media) = parts.next() else { continue };
        let weight = parts.find_map(weight).unwrap_or(MAX_WEIGHT);
        envelope.consider(specificity(media, b"application/json"), weight);
        problem.consider(specificity(media, b"application/problem+json"), weight);
    }
    if problem.weight > envelope.weight { Format::Problem } else { Format::Envelope }
}

/// Splits outside of quoted strings (RFC 9110, section 5.6.4).
fn split(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |byte| {
        let divides = *byte == separator && !quoted;
        quoted ^= *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && quoted && !escaped;
        divides
    })
}

/// The weight that the most specific matching range gives a type.
#[derive(Default)]
struct Best {
    specificity: u8,
    weight: u16,
}

impl Best {
    fn consider(&mut self, specificity: u8, weight: u16) {
        if specificity > self.specificity {
            *self = Self { specificity, weight };
        }
    }
}

/// How closely a media range names a type: 0 not at all, 3 exactly.
fn specificity(range: &[u8], media_type: &[u8]) -> u8 {
    if range.eq_ignore_ascii_case(media_type) {
        3
    } else if range.eq_ignore_ascii_case(b"application/*") {
        2
    } else {
        u8::from(range == b"*/*")
    }
}

/// A weight in thousandths, so that it compares exactly.
const MAX_WEIGHT: u16 = 1000;

/// Reads the parameter `q` (RFC 9110, section 12.4.2); a malformed weight counts as 0.
fn weight(parameter: &[u8]) -> Option<u16> {
    let [b'q' | b'Q', rest @ ..] = parameter else { return None };
    let [b'=', value @ ..] = rest.trim_ascii_start() else { return None };
    Some(thousandths(value.trim_ascii()).unwrap_or(0))
}

fn thousandths(value: &[u8]) -> Option<u16> {
    let (whole, fraction) = match value {
        [whole] | [whole, b'.'] => (*whole, &[][..]),
        [whole, b'.', fraction @ ..] if fraction.len() <= 3 => (*whole, fraction),
        _ => return None,
    };
    let digits = fraction.iter().chain(b"000").take(3);
    let thousandths = std::iter::once(&whole).chain(digits).try_fold(0_u16, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + u16::from(digit - b'0'))
    })?;
    (thousandths <= MAX_WEIGHT).then_some(thousandths)
}
