use std::time::{Duration, SystemTime};

use http::header::{
    CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, DATE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE,
    TRAILER, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{EntityTag, parse_date};

/// Whether the client's conditions select the whole response, false if it has it (304): RFC 9110,
/// section 13.2.2, steps 3 and 4, and RFC 9111, section 4.3.2, for `If-Modified-Since` where the
/// stored response has no `Last-Modified`: its `Date`, else `received`. For GET and HEAD and a
/// stored 200 alone; the caller sees to that.
pub(crate) fn is_modified_for(
    request: &HeaderMap,
    stored: &HeaderMap,
    received: SystemTime,
) -> bool {
    if request.contains_key(IF_NONE_MATCH) {
        return !matches_any(request, stored);
    }
    let Some(since) = only(request, &IF_MODIFIED_SINCE).and_then(read_date) else {
        return true;
    };
    let changed = if stored.contains_key(LAST_MODIFIED) {
        only(stored, &LAST_MODIFIED).and_then(read_date)
    } else {
        Some(only(stored, &DATE).and_then(read_date).unwrap_or(received))
    };
    changed.is_none_or(|changed| changed > since)
}

/// Whether `If-None-Match` names the stored response, by weak comparison (RFC 9110, section
/// 13.1.2). A `*` beside others is no list of tags.
fn matches_any(request: &HeaderMap, stored: &HeaderMap) -> bool {
    if only(request, &IF_NONE_MATCH).is_some_and(|value| value.as_bytes().trim_ascii() == b"*") {
        return true;
    }
    let Some(stored) = entity_tag(stored) else { return false };
    let mut lines = request.get_all(IF_NONE_MATCH).iter();
    lines.any(|line| EntityTag::list(line.as_bytes()).any(|tag| tag.is_same_weakly(&stored)))
}

/// Replaces the conditions of a request by those that validate these stored responses (RFC 9111,
/// section 4.3.1), and says whether there is one: all entity tags, and `Last-Modified` if there is
/// but one response. `Range` and `If-Range` are taken out.
pub(crate) fn add_validators<'a>(
    request: &mut HeaderMap,
    stored: impl IntoIterator<Item = &'a HeaderMap>,
) -> bool {
    for name in [IF_NONE_MATCH, IF_MODIFIED_SINCE, RANGE, IF_RANGE] {
        request.remove(name);
    }
    let mut stored = stored.into_iter().peekable();
    let Some(first) = stored.next() else { return false };
    if stored.peek().is_none() {
        if let Some(tag) = only(first, &ETAG).filter(|_| entity_tag(first).is_some()) {
            request.insert(IF_NONE_MATCH, tag.clone());
        }
        if let Some(modified) = only(first, &LAST_MODIFIED) {
            request.insert(IF_MODIFIED_SINCE, modified.clone());
        }
    } else if let Some(tags) = join(std::iter::once(first).chain(stored)) {
        request.insert(IF_NONE_MATCH, tags);
    }
    request.contains_key(IF_NONE_MATCH) || request.contains_key(IF_MODIFIED_SINCE)
}

/// The entity tags of these responses as a list in which each occurs once.
fn join<'a>(stored: impl Iterator<Item = &'a HeaderMap>) -> Option<HeaderValue> {
    let mut tags: Vec<EntityTag<'a>> = Vec::new();
    for tag in stored.filter_map(entity_tag) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let mut list = Vec::new();
    for tag in &tags {
        if !list.is_empty() {
            list.extend_from_slice(b", ");
        }
        list.extend_from_slice(if tag.is_weak { b"W/\"" } else { b"\"" });
        list.extend_from_slice(tag.opaque);
        list.push(b'"');
    }
    if list.is_empty() { None } else { HeaderValue::from_maybe_shared(list).ok() }
}

/// Whether a 304 is about this stored response (RFC 9111, section 4.3.4): a strong validator that
/// is the same, else a weak one. `Last-Modified` counts beside tags that do not differ, or that one
/// of the two lacks.
///
/// A 304 without validators is taken to be about any response, so it means something only where
/// that response was the only one whose validators were sent. The section asks that the stored one
/// have no validator either; but a server may leave `Last-Modified` out of a 304 (RFC 9110, section
/// 15.4.5), and the condition it answers names one response.
pub(crate) fn selects(not_modified: &HeaderMap, stored: &HeaderMap) -> bool {
    let has_no_validator =
        !not_modified.contains_key(ETAG) && !not_modified.contains_key(LAST_MODIFIED);
    let is_tag_strong = match (entity_tag(not_modified), entity_tag(stored)) {
        (Some(new), Some(ours)) if new.is_same_strongly(&ours) => return true,
        (Some(new), Some(ours)) if !new.is_same_weakly(&ours) => return false,
        (Some(new), Some(_)) if new.is_weak => return true,
        (Some(new), _) => !new.is_weak,
        (None, _) => false,
    };
    has_no_validator
        || is_same_date(not_modified, stored)
            && (!is_tag_strong || strong_date(not_modified).is_some())
}

fn is_same_date(left: &HeaderMap, right: &HeaderMap) -> bool {
    match (only(left, &LAST_MODIFIED), only(right, &LAST_MODIFIED)) {
        (Some(left), Some(right)) => {
            left == right || read_date(left).is_some_and(|date| Some(date) == read_date(right))
        }
        _ => false,
    }
}

/// The fields of a 304 made of a stored response (RFC 9110, section 15.4.5): no field of the
/// representation but those that guide the cache of the client.
pub(crate) fn not_modified(stored: &HeaderMap) -> HeaderMap {
    let has_tag = stored.contains_key(ETAG);
    let mut headers = HeaderMap::with_capacity(stored.len());
    for (name, value) in stored {
        let is_left_out = describes_content(name) || has_tag && name == LAST_MODIFIED;
        if !is_left_out {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

/// Metadata of a representation or framing of its content, without those that a 304 has:
/// `Content-Location`, `ETag`, `Last-Modified`. The policy `Content-Security-Policy` is none.
fn describes_content(name: &HeaderName) -> bool {
    const KNOWN: [HeaderName; 8] = [
        CONTENT_DISPOSITION,
        CONTENT_ENCODING,
        CONTENT_LANGUAGE,
        CONTENT_LENGTH,
        CONTENT_RANGE,
        CONTENT_TYPE,
        TRAILER,
        TRANSFER_ENCODING,
    ];
    const OTHERS: [&str; 4] = ["content-digest", "content-md5", "digest", "repr-digest"];
    KNOWN.contains(name) || OTHERS.contains(&name.as_str())
}

/// The value of a field that has but one line.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    lines.next().filter(|_| lines.next().is_none())
}

pub(super) fn entity_tag(headers: &HeaderMap) -> Option<EntityTag<'_>> {
    EntityTag::parse(only(headers, &ETAG)?.as_bytes())
}

pub(super) fn read_date(value: &HeaderValue) -> Option<SystemTime> {
    parse_date(value.as_bytes())
}

/// The `Last-Modified` of a response if it is a strong validator (RFC 9110, section 8.8.2.2): at
/// least a second before its `Date`, so that no later change shares it.
pub(super) fn strong_date(headers: &HeaderMap) -> Option<SystemTime> {
    let modified = read_date(only(headers, &LAST_MODIFIED)?)?;
    let date = read_date(only(headers, &DATE)?)?;
    let before = date.duration_since(modified).ok()?;
    (before >= Duration::from_secs(1)).then_some(modified)
}
