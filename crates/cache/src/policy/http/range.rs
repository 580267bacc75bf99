use std::ops::Range;

use bytes::Bytes;
use http::header::IF_RANGE;
use http::{HeaderMap, HeaderValue};
use smallvec::SmallVec;

use super::EntityTag;
use super::conditional::{entity_tag, only, read_date, strong_date};

/// What a `Range` asks of a representation (RFC 9110, section 14.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ranges {
    /// All of it: the field is of another unit, malformed, or asks for more ranges than are
    /// served, or for ranges that overlap.
    Whole,
    One(Range<usize>),
    /// At least two, in the order of the request.
    Many(SmallVec<[Range<usize>; 4]>),
    /// None of them is within it: 416.
    Unsatisfiable,
}

/// What a request asks of a representation of this many bytes; up to `most` ranges, those that are
/// not within it included.
pub(crate) fn resolve(range: &HeaderValue, length: usize, most: usize) -> Ranges {
    let value = range.as_bytes().trim_ascii();
    let Some((unit, set)) = value.split_at_checked(6) else { return Ranges::Whole };
    if !unit.eq_ignore_ascii_case(b"bytes=") {
        return Ranges::Whole;
    }
    let mut found = SmallVec::<[Range<usize>; 4]>::new();
    let mut asked = 0;
    for member in set.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
        if member.is_empty() {
            continue;
        }
        asked += 1;
        if asked > most {
            return Ranges::Whole;
        }
        match within(member, length) {
            Some(range) if range.is_empty() => {}
            Some(range) => found.push(range),
            None => return Ranges::Whole,
        }
    }
    match found.as_slice() {
        [] if asked == 0 => Ranges::Whole,
        [] => Ranges::Unsatisfiable,
        [one] => Ranges::One(one.clone()),
        many if overlap(many) => Ranges::Whole,
        _ => Ranges::Many(found),
    }
}

/// The bytes that one member asks for, none of them if it is not satisfiable; nothing if it is
/// malformed (RFC 9110, section 14.1.1).
fn within(member: &[u8], length: usize) -> Option<Range<usize>> {
    let dash = member.iter().position(|byte| *byte == b'-')?;
    let (first, last) = (member.get(..dash)?, member.get(dash + 1..)?);
    if first.is_empty() {
        return Some(length.saturating_sub(number(last)?)..length);
    }
    let first = number(first)?;
    if last.is_empty() {
        return Some(first.min(length)..length);
    }
    let last = number(last)?;
    (first <= last).then(|| first.min(length)..last.saturating_add(1).min(length))
}

/// Digits alone; what is too large is the largest, which is past the end of all content.
fn number(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_usize, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| usize::from(byte - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}

fn overlap(ranges: &[Range<usize>]) -> bool {
    let mut sorted: SmallVec<[(usize, usize); 4]> =
        ranges.iter().map(|range| (range.start, range.end)).collect();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| matches!(pair, [(_, end), (start, _)] if start < end))
}

/// Whether `If-Range` holds, or is absent (RFC 9110, section 13.1.5): a strong tag that is the
/// same, or the very date of a `Last-Modified` that is a strong validator.
pub(crate) fn is_range_current(request: &HeaderMap, stored: &HeaderMap) -> bool {
    if !request.contains_key(IF_RANGE) {
        return true;
    }
    let Some(value) = only(request, &IF_RANGE) else { return false };
    if let Some(tag) = EntityTag::parse(value.as_bytes()) {
        return entity_tag(stored).is_some_and(|stored| tag.is_same_strongly(&stored));
    }
    read_date(value).is_some_and(|date| strong_date(stored) == Some(date))
}

/// `bytes 0-1/11`, or `bytes */11` for a 416.
#[expect(clippy::expect_used, reason = "digits and signs of ASCII are a field value")]
pub(crate) fn content_range(range: Option<&Range<usize>>, length: usize) -> HeaderValue {
    let mut value = SmallVec::<[u8; 96]>::new();
    write_range(range, length, &mut value);
    HeaderValue::from_bytes(&value).expect("a field value of ASCII")
}

fn write_range(range: Option<&Range<usize>>, length: usize, into: &mut impl Extend<u8>) {
    let mut number = itoa::Buffer::new();
    into.extend(*b"bytes ");
    if let Some(range) = range {
        into.extend(number.format(range.start).bytes());
        into.extend(*b"-");
        into.extend(number.format(range.end.saturating_sub(1)).bytes());
    } else {
        into.extend(*b"*");
    }
    into.extend(*b"/");
    into.extend(number.format(length).bytes());
}

/// The body of `multipart/byteranges` (RFC 9110, section 14.6) in pieces that share the stored
/// bytes, and its content type. The boundary is 128 random bits, so it is not in the body.
#[expect(clippy::expect_used, reason = "the boundary is made of hexadecimal digits")]
pub(crate) fn multipart(
    ranges: &[Range<usize>],
    body: &Bytes,
    content_type: Option<&HeaderValue>,
) -> (Vec<Bytes>, HeaderValue) {
    let boundary = format!("{:032x}", fastrand::u128(..));
    let mut pieces = Vec::with_capacity(2 * ranges.len() + 1);
    let mut before: &[u8] = b"--";
    for range in ranges {
        let Some(part) = body.get(range.clone()) else { continue };
        let mut head = Vec::with_capacity(192);
        head.extend_from_slice(before);
        head.extend_from_slice(boundary.as_bytes());
        if let Some(content_type) = content_type {
            head.extend_from_slice(b"\r\nContent-Type: ");
            head.extend_from_slice(content_type.as_bytes());
        }
        head.extend_from_slice(b"\r\nContent-Range: ");
        write_range(Some(range), body.len(), &mut head);
        head.extend_from_slice(b"\r\n\r\n");
        pieces.extend([head.into(), body.slice_ref(part)]);
        before = b"\r\n--";
    }
    pieces.push(format!("\r\n--{boundary}--\r\n").into());
    let content_type = format!("multipart/byteranges; boundary={boundary}");
    (pieces, content_type.try_into().expect("a field value of ASCII"))
}
