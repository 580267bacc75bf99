use http::{HeaderMap, HeaderName};

use super::super::{freshen, is_hop_by_hop, strip};
use super::storing::fields;

const HOPS: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
];

fn freshened(
    stored: &[(&'static str, &str)],
    update: &[(&'static str, &str)],
    omitted: &[HeaderName],
) -> HeaderMap {
    let mut stored = fields(stored.iter().copied());
    freshen(&mut stored, &fields(update.iter().copied()), omitted);
    stored
}

#[test]
fn the_fields_of_the_connection_are_those_of_the_rfcs() {
    for name in HOPS {
        assert!(is_hop_by_hop(&HeaderName::from_static(name)), "{name}");
    }
    for name in ["trailer", "age", "date", "via", "content-length", "authorization", "close"] {
        assert!(!is_hop_by_hop(&HeaderName::from_static(name)), "{name}");
    }
}

#[test]
fn fields_of_an_update_replace_all_of_their_lines_and_others_stay() {
    let stored = [("x-a", "1"), ("x-a", "2"), ("x-b", "3"), ("etag", "\"a\""), ("date", "then")];
    let update = [("x-a", "4"), ("x-c", "5"), ("x-c", "6"), ("etag", "\"b\""), ("date", "now")];
    let expected = [
        ("x-a", "4"),
        ("x-b", "3"),
        ("x-c", "5"),
        ("x-c", "6"),
        ("etag", "\"b\""),
        ("date", "now"),
    ];
    assert_eq!(freshened(&stored, &update, &[]), fields(expected));
}

#[test]
fn an_update_tells_nothing_of_the_stored_body() {
    let names = ["content-length", "content-encoding", "content-type", "content-range", "trailer"];
    for name in names {
        assert_eq!(freshened(&[(name, "old")], &[(name, "new")], &[]), fields([(name, "old")]));
        assert!(freshened(&[], &[(name, "new")], &[]).is_empty(), "{name}");
    }
    for name in ["content-location", "content-language", "content-security-policy", "expires"] {
        assert_eq!(freshened(&[(name, "old")], &[(name, "new")], &[]), fields([(name, "new")]));
    }
}

#[test]
fn an_update_brings_no_field_of_the_connection_nor_one_that_is_omitted() {
    for name in HOPS.into_iter().chain(["age"]) {
        assert!(freshened(&[], &[(name, "new")], &[]).is_empty(), "{name}");
    }
    let update = [("connection", "close, X-A"), ("connection", "x-b"), ("x-a", "1"), ("x-b", "2")];
    assert!(freshened(&[], &update, &[]).is_empty());
    let omitted = [HeaderName::from_static("set-cookie")];
    let update = [("set-cookie", "a=b"), ("x-a", "1")];
    assert_eq!(freshened(&[], &update, &omitted), fields([("x-a", "1")]));
    assert_eq!(freshened(&[], &update, &[]), fields(update));
}

#[test]
fn what_is_not_stored_is_taken_out_and_nothing_else() {
    let hops = HOPS.into_iter().map(|name| (name, "x-listed, close, x y"));
    let all = [
        ("age", "5"),
        ("x-listed", "1"),
        ("x-omitted", "2"),
        ("x-omitted", "3"),
        ("x-kept", "4"),
        ("x-kept", "5"),
        ("trailer", "x-sum"),
        ("set-cookie", "a=b"),
        ("content-length", "3"),
    ];
    let mut headers = fields(all.into_iter().chain(hops));
    strip(&mut headers, &[HeaderName::from_static("x-omitted")]);
    let kept = [
        ("x-kept", "4"),
        ("x-kept", "5"),
        ("trailer", "x-sum"),
        ("set-cookie", "a=b"),
        ("content-length", "3"),
    ];
    assert_eq!(headers, fields(kept));
}

#[test]
fn what_tells_variants_apart_is_never_taken_out() {
    let mut headers = fields([("connection", "vary, x-a"), ("vary", "cookie"), ("x-a", "1")]);
    strip(&mut headers, &[http::header::VARY]);
    assert_eq!(headers, fields([("vary", "cookie")]));
}
