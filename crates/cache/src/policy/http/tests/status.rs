//! RFC 9211, section 2, and the types of RFC 9651 in it.

use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;
use sfv::{BareItem, ListEntry, Parser};

use super::super::*;

fn text(cache: &str, report: Report<'_>) -> String {
    render(cache, &report).to_str().unwrap().to_owned()
}

#[test]
fn a_hit_tells_how_fresh_it_is() {
    let hit = Report { hit: true, ..Report::default() };
    assert_eq!(text("bartizan", hit), "bartizan; hit");
    assert_eq!(text("bartizan", Report { ttl: Some(376), ..hit }), "bartizan; hit; ttl=376");
    assert_eq!(text("bartizan", Report { ttl: Some(-412), ..hit }), "bartizan; hit; ttl=-412");
    assert_eq!(text("bartizan", Report { ttl: Some(0), ..hit }), "bartizan; hit; ttl=0");
    assert_eq!(text("bartizan", Report::default()), "bartizan");
}

#[test]
fn every_parameter_has_its_place() {
    let report = Report {
        hit: false,
        forward: Some(Forward::Stale),
        forward_status: Some(StatusCode::NOT_MODIFIED),
        ttl: Some(60),
        stored: true,
        collapsed: true,
        key: Some("a b"),
        detail: Some("memory"),
    };
    let expected = "edge; fwd=stale; fwd-status=304; stored; collapsed; ttl=60; key=\"a b\"; \
                    detail=memory";
    assert_eq!(text("edge", report), expected);
    let hit = Report { hit: true, key: Some("k"), detail: Some("d"), ..Report::default() };
    assert_eq!(text("edge", hit), "edge; hit; key=\"k\"; detail=d");
}

#[test]
fn every_reason_to_go_forward_has_its_token() {
    for (forward, expected) in [
        (Forward::Bypass, "bypass"),
        (Forward::Method, "method"),
        (Forward::UriMiss, "uri-miss"),
        (Forward::VaryMiss, "vary-miss"),
        (Forward::Miss, "miss"),
        (Forward::Request, "request"),
        (Forward::Stale, "stale"),
        (Forward::Partial, "partial"),
    ] {
        let report = Report { forward: Some(forward), ..Report::default() };
        assert_eq!(text("edge", report), format!("edge; fwd={expected}"));
    }
}

#[test]
fn a_name_that_is_no_token_is_a_string() {
    for (name, expected) in [
        ("Edge-1", "Edge-1"),
        ("*", "*"),
        ("a:/!#$%&'*+-.^_`|~", "a:/!#$%&'*+-.^_`|~"),
        ("1edge", "\"1edge\""),
        ("-edge", "\"-edge\""),
        ("an edge", "\"an edge\""),
        ("a,b;c=d", "\"a,b;c=d\""),
        ("a\"b\\c", "\"a\\\"b\\\\c\""),
        ("", "\"\""),
        ("caf\u{e9}", "\"caf\""),
        ("a\r\nb\0\x7f", "\"ab\""),
    ] {
        assert_eq!(text(name, Report::default()), expected, "{name:?}");
        let detailed = Report { detail: Some(name), ..Report::default() };
        assert_eq!(text("edge", detailed), format!("edge; detail={expected}"), "{name:?}");
    }
}

/// RFC 9651, section 3.3.4, and RFC 9110, section 5.6.2.
#[test]
fn a_token_has_no_other_signs_than_those_of_the_rfcs() {
    for sign in ' '..='~' {
        let is_in_tokens = "!#$%&'*+-.^_`|~:/".contains(sign) || sign.is_ascii_alphanumeric();
        let written = text(&format!("a{sign}"), Report::default());
        assert_eq!(!written.starts_with('"'), is_in_tokens, "{sign}");
        let starts = text(&format!("{sign}a"), Report::default());
        let may_start = sign == '*' || sign.is_ascii_alphabetic();
        assert_eq!(!starts.starts_with('"'), may_start, "{sign}");
    }
}

#[test]
fn a_key_is_always_a_string() {
    for (key, expected) in [("key", "\"key\""), ("", "\"\""), ("a\"; hit", "\"a\\\"; hit\"")] {
        let report = Report { key: Some(key), ..Report::default() };
        assert_eq!(text("edge", report), format!("edge; key={expected}"));
    }
}

/// RFC 9651, section 3.3.1: fifteen digits.
#[test]
fn an_integer_stays_within_its_fifteen_digits() {
    for (ttl, expected) in [
        (i64::MAX, "999999999999999"),
        (1_000_000_000_000_000, "999999999999999"),
        (999_999_999_999_999, "999999999999999"),
        (-1_000_000_000_000_000, "-999999999999999"),
        (i64::MIN, "-999999999999999"),
    ] {
        let report = Report { ttl: Some(ttl), ..Report::default() };
        assert_eq!(text("edge", report), format!("edge; ttl={expected}"));
    }
}

#[test]
fn a_member_stands_behind_those_of_caches_nearer_to_the_origin() {
    let mut headers = HeaderMap::new();
    append(&mut headers, HeaderValue::from_static("origin; hit"));
    append(&mut headers, HeaderValue::from_static("edge; fwd=miss"));
    let lines: Vec<_> = headers.get_all("cache-status").iter().collect();
    assert_eq!(lines, ["origin; hit", "edge; fwd=miss"]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_one_member_with_the_same_parameters(
        name in "\\PC{0,12}",
        key in ".{0,40}",
        detail in ".{0,12}",
        ttl: i64,
        hit: bool,
        stored: bool,
        collapsed: bool,
    ) {
        let report = Report {
            hit,
            stored,
            collapsed,
            forward: Some(Forward::UriMiss),
            forward_status: Some(StatusCode::OK),
            ttl: Some(ttl),
            key: Some(&key),
            detail: Some(&detail),
        };
        let value = render(&name, &report);
        let list: sfv::List = Parser::new(value.as_bytes()).parse().unwrap();
        prop_assert_eq!(list.len(), 1);
        let ListEntry::Item(item) = &list[0] else { panic!("an inner list") };
        let printable = |text: &str| text.replace(|char| !matches!(char, ' '..='~'), "");
        let said = |item: &BareItem| match item {
            BareItem::String(string) => string.as_str().to_owned(),
            BareItem::Token(token) => token.as_str().to_owned(),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(said(&item.bare_item), printable(&name));
        prop_assert_eq!(said(&item.params["key"]), printable(&key));
        prop_assert_eq!(said(&item.params["detail"]), printable(&detail));
        for (parameter, expected) in [("hit", hit), ("stored", stored), ("collapsed", collapsed)] {
            let found = item.params.get(parameter);
            prop_assert_eq!(found, expected.then_some(&BareItem::Boolean(true)));
        }
    }
}
