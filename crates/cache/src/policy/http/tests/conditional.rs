//! RFC 9110, section 13, and RFC 9111, section 4.3.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::super::*;

/// 784,111,777 seconds after the epoch: the example of RFC 9110, section 5.6.7.
const SUNDAY: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
const NEVER: &str = "Sun, 99 Nov 1994 08:49:37 GMT";

/// When `SUNDAY` was.
fn sunday() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777)
}

/// Fields in the order given; a name may occur more than once.
pub(super) fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn is_modified(request: &[(&str, &str)], stored: &[(&str, &str)]) -> bool {
    is_modified_for(&headers(request), &headers(stored), sunday())
}

#[test]
fn without_conditions_the_whole_response_is_selected() {
    assert!(is_modified(&[], &[("etag", "\"a\""), ("last-modified", SUNDAY)]));
    assert!(is_modified(&[("if-range", "\"a\"")], &[("etag", "\"a\"")]));
}

#[test]
fn a_tag_that_the_client_has_is_compared_weakly() {
    for (asked, stored, is_same) in [
        ("\"a\"", "\"a\"", true),
        ("W/\"a\"", "\"a\"", true),
        ("\"a\"", "W/\"a\"", true),
        ("W/\"a\"", "W/\"a\"", true),
        ("\"b\"", "\"a\"", false),
        ("\"b\", \"c\",W/\"a\"", "\"a\"", true),
        ("\"b\", \"c\"", "\"a\"", false),
        ("*", "\"a\"", true),
        (" * ", "\"a\"", true),
        ("\"b\", *", "\"a\"", false),
        ("**", "\"a\"", false),
        ("a", "\"a\"", false),
        ("a", "a", false),
        ("w/\"a\"", "\"a\"", false),
        ("", "\"a\"", false),
        ("\"a,b\"", "\"a,b\"", true),
        ("\"a,b\"", "\"a\"", false),
        ("\"\u{e9}\"", "\"\u{e9}\"", true),
    ] {
        let found = is_modified(&[("if-none-match", asked)], &[("etag", stored)]);
        assert_eq!(found, !is_same, "{asked} and {stored}");
    }
}

#[test]
fn tags_may_stand_on_several_lines_and_a_star_may_not() {
    let stored = [("etag", "\"a\"")];
    assert!(!is_modified(&[("if-none-match", "\"b\""), ("if-none-match", "\"a\"")], &stored));
    assert!(is_modified(&[("if-none-match", "\"b\""), ("if-none-match", "*")], &stored));
}

#[test]
fn a_star_is_any_stored_response_and_a_tag_needs_one() {
    assert!(!is_modified(&[("if-none-match", "*")], &[]));
    assert!(is_modified(&[("if-none-match", "\"a\"")], &[]));
    let two = [("etag", "\"a\""), ("etag", "\"b\"")];
    assert!(is_modified(&[("if-none-match", "\"a\"")], &two));
}

#[test]
fn a_date_means_nothing_beside_tags() {
    let stored = [("etag", "\"a\""), ("last-modified", SUNDAY)];
    assert!(is_modified(&[("if-none-match", "\"b\""), ("if-modified-since", SUNDAY)], &stored));
    assert!(is_modified(&[("if-none-match", ""), ("if-modified-since", SUNDAY)], &stored));
    assert!(!is_modified(&[("if-none-match", "\"a\""), ("if-modified-since", BEFORE)], &stored));
}

#[test]
fn what_changed_after_the_date_is_modified() {
    for (since, is_modified_since) in [(BEFORE, true), (SUNDAY, false), (AFTER, false)] {
        let asked = [("if-modified-since", since)];
        let changed = [("last-modified", SUNDAY), ("date", AFTER)];
        assert_eq!(is_modified(&asked, &changed), is_modified_since, "{since}");
    }
    let old_format = [("if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT")];
    assert!(!is_modified(&old_format, &[("last-modified", SUNDAY)]));
    let oldest_format = [("if-modified-since", "Sun Nov  6 08:49:37 1994")];
    assert!(!is_modified(&oldest_format, &[("last-modified", SUNDAY)]));
}

#[test]
fn without_a_modification_date_that_of_the_message_counts_and_else_that_of_its_receipt() {
    for (since, is_modified_since) in [(BEFORE, true), (SUNDAY, false), (AFTER, false)] {
        let asked = [("if-modified-since", since)];
        assert_eq!(is_modified(&asked, &[("date", SUNDAY)]), is_modified_since, "date, {since}");
        assert_eq!(is_modified(&asked, &[]), is_modified_since, "receipt, {since}");
        assert_eq!(is_modified(&asked, &[("date", NEVER)]), is_modified_since, "none, {since}");
    }
    let after = [("if-modified-since", AFTER)];
    assert!(is_modified(&after, &[("date", "Sun, 06 Nov 1994 08:49:39 GMT")]));
}

#[test]
fn a_modification_date_that_cannot_be_read_or_stands_twice_is_not_known_to_be_earlier() {
    let asked = [("if-modified-since", AFTER)];
    assert!(is_modified(&asked, &[("last-modified", NEVER), ("date", BEFORE)]));
    let twice = [("last-modified", SUNDAY), ("last-modified", SUNDAY), ("date", BEFORE)];
    assert!(is_modified(&asked, &twice));
}

#[test]
fn a_date_that_cannot_be_read_or_stands_twice_is_ignored() {
    let stored = [("last-modified", SUNDAY)];
    assert!(is_modified(&[("if-modified-since", NEVER)], &stored));
    assert!(is_modified(&[("if-modified-since", "")], &stored));
    assert!(is_modified(&[("if-modified-since", AFTER), ("if-modified-since", AFTER)], &stored));
}

/// The conditions that a request has after validators were added, and whether there are some.
fn validating(stored: &[&[(&str, &str)]]) -> (bool, Vec<(String, String)>) {
    let mut request = headers(&[
        ("accept", "text/html"),
        ("if-none-match", "\"client\""),
        ("if-none-match", "\"other\""),
        ("if-modified-since", BEFORE),
        ("range", "bytes=0-1"),
        ("if-range", "\"client\""),
    ]);
    let stored: Vec<_> = stored.iter().map(|fields| headers(fields)).collect();
    let is_conditional = add_validators(&mut request, &stored);
    assert_eq!(request.remove("accept").unwrap(), "text/html");
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let mut left: Vec<_> =
        request.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    left.sort();
    (is_conditional, left)
}

fn condition(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn one_response_is_validated_by_both_its_validators() {
    let tag = condition("if-none-match", "\"a\"");
    let date = condition("if-modified-since", SUNDAY);
    let stored: &[_] = &[("etag", "\"a\""), ("last-modified", SUNDAY)];
    assert_eq!(validating(&[stored]), (true, vec![date.clone(), tag.clone()]));
    assert_eq!(validating(&[&[("etag", "\"a\"")]]), (true, vec![tag]));
    assert_eq!(validating(&[&[("last-modified", SUNDAY)]]), (true, vec![date]));
    let weak = condition("if-none-match", "W/\"a\"");
    assert_eq!(validating(&[&[("etag", "W/\"a\"")]]), (true, vec![weak]));
}

#[test]
fn without_validators_nothing_is_left_of_the_clients_conditions() {
    assert_eq!(validating(&[]), (false, vec![]));
    assert_eq!(validating(&[&[("date", SUNDAY)]]), (false, vec![]));
    assert_eq!(validating(&[&[("etag", "unquoted")]]), (false, vec![]));
    assert_eq!(validating(&[&[("etag", "\"a\""), ("etag", "\"b\"")]]), (false, vec![]));
    assert_eq!(validating(&[&[], &[("last-modified", SUNDAY)]]), (false, vec![]));
}

#[test]
fn several_responses_are_validated_by_their_tags_alone_each_once() {
    let stored: [&[_]; 5] = [
        &[("etag", "\"a\""), ("last-modified", SUNDAY)],
        &[("etag", "W/\"b\"")],
        &[("last-modified", SUNDAY)],
        &[("etag", "\"a\"")],
        &[("etag", "W/\"a\"")],
    ];
    let tags = condition("if-none-match", "\"a\", W/\"b\", W/\"a\"");
    assert_eq!(validating(&stored), (true, vec![tags]));
}

fn is_selected(not_modified: &[(&str, &str)], stored: &[(&str, &str)]) -> bool {
    selects(&headers(not_modified), &headers(stored))
}

#[test]
fn a_304_is_about_the_response_with_the_same_tag() {
    for (new, stored, expected) in [
        ("\"a\"", "\"a\"", true),
        ("\"a\"", "\"b\"", false),
        ("W/\"a\"", "W/\"a\"", true),
        ("W/\"a\"", "\"a\"", true),
        ("W/\"a\"", "\"b\"", false),
        ("\"a\"", "W/\"a\"", false),
    ] {
        assert_eq!(is_selected(&[("etag", new)], &[("etag", stored)]), expected, "{new} {stored}");
        let dated = [("etag", new), ("last-modified", AFTER)];
        let stored = [("etag", stored), ("last-modified", SUNDAY)];
        assert_eq!(is_selected(&dated, &stored), expected, "{new} of another date");
    }
}

#[test]
fn a_date_that_is_the_same_does_not_outweigh_a_tag_that_differs() {
    let new = [("etag", "\"a\""), ("last-modified", BEFORE), ("date", AFTER)];
    assert!(!is_selected(&new, &[("etag", "\"b\""), ("last-modified", BEFORE)]));
    assert!(!is_selected(&new, &[("etag", "W/\"b\""), ("last-modified", BEFORE)]));
}

#[test]
fn beside_a_strong_tag_a_date_has_to_be_strong_too() {
    let strong = [("etag", "\"a\""), ("last-modified", BEFORE), ("date", SUNDAY)];
    let weak = [("etag", "\"a\""), ("last-modified", BEFORE), ("date", BEFORE)];
    for stored in
        [vec![("last-modified", BEFORE)], vec![("etag", "W/\"a\""), ("last-modified", BEFORE)]]
    {
        assert!(is_selected(&strong, &stored), "{stored:?}");
        assert!(!is_selected(&weak, &stored), "{stored:?}");
    }
    let weak_tag = [("etag", "W/\"a\""), ("last-modified", BEFORE)];
    assert!(is_selected(&weak_tag, &[("last-modified", BEFORE)]));
}

#[test]
fn a_304_without_a_tag_is_about_the_response_of_the_same_date() {
    let new = [("last-modified", SUNDAY)];
    assert!(is_selected(&new, &[("last-modified", SUNDAY)]));
    assert!(is_selected(&new, &[("last-modified", "Sunday, 06-Nov-94 08:49:37 GMT")]));
    assert!(is_selected(&new, &[("etag", "\"a\""), ("last-modified", SUNDAY)]));
    assert!(!is_selected(&new, &[("last-modified", BEFORE)]));
    assert!(!is_selected(&new, &[("last-modified", NEVER)]));
    assert!(!is_selected(&new, &[("etag", "\"a\"")]));
    assert!(!is_selected(&new, &[]));
    assert!(is_selected(&[("last-modified", NEVER)], &[("last-modified", NEVER)]));
    assert!(!is_selected(&[("last-modified", NEVER)], &[("last-modified", "Sun, 98 Nov 1994")]));
}

#[test]
fn a_304_without_validators_is_about_what_was_asked_about() {
    let new = [("date", AFTER), ("cache-control", "max-age=60")];
    assert!(is_selected(&new, &[]));
    assert!(is_selected(&new, &[("etag", "\"a\"")]));
    assert!(is_selected(&new, &[("last-modified", SUNDAY)]));
}

#[test]
fn a_304_with_a_tag_that_cannot_be_read_is_not_one_without() {
    assert!(!is_selected(&[("etag", "a")], &[("etag", "\"a\"")]));
    assert!(!is_selected(&[("etag", "a")], &[]));
    assert!(!is_selected(&[("etag", "\"a\""), ("etag", "\"b\"")], &[("etag", "\"a\"")]));
}

/// Section 15.4.5 of RFC 9110 names the fields of the first part.
#[test]
fn a_304_has_what_guides_a_cache_and_nothing_of_the_content() {
    let kept = [
        ("cache-control", "max-age=60"),
        ("content-location", "/a"),
        ("date", SUNDAY),
        ("etag", "\"a\""),
        ("expires", AFTER),
        ("vary", "accept"),
        ("vary", "origin"),
        ("access-control-allow-origin", "*"),
        ("content-security-policy", "default-src 'none'"),
        ("link", "</a>"),
        ("accept-ranges", "bytes"),
        ("x-own", "1"),
    ];
    let mut stored = kept.to_vec();
    stored.extend([
        ("content-digest", "a=:AA==:"),
        ("content-disposition", "inline"),
        ("content-encoding", "gzip"),
        ("content-language", "en"),
        ("content-length", "3"),
        ("content-md5", "AA=="),
        ("content-range", "bytes 0-1/3"),
        ("content-type", "text/plain"),
        ("digest", "a=b"),
        ("last-modified", SUNDAY),
        ("repr-digest", "a=:AA==:"),
        ("trailer", "x-sum"),
        ("transfer-encoding", "chunked"),
    ]);
    assert_eq!(not_modified(&headers(&stored)), headers(&kept));
}

#[test]
fn a_304_has_the_modification_date_where_there_is_no_tag() {
    let stored = headers(&[("last-modified", SUNDAY), ("content-length", "3")]);
    assert_eq!(not_modified(&stored), headers(&[("last-modified", SUNDAY)]));
}
