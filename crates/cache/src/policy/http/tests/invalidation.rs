//! RFC 9111, section 4.4, and RFC 3986, section 5.

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use proptest::prelude::*;

use super::super::*;
use super::conditional::headers;

fn found(target: &str, fields: &[(&str, &str)]) -> Vec<String> {
    let target: Uri = target.parse().unwrap();
    targets(&target, &headers(fields)).iter().map(ToString::to_string).collect()
}

fn located(target: &str, reference: &str) -> Option<String> {
    let mut found = found(target, &[("location", reference)]);
    assert!(found.len() <= 1);
    found.pop()
}

#[test]
fn methods_that_are_not_known_to_be_safe_are_unsafe() {
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE] {
        assert!(!is_unsafe(&method), "{method}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::CONNECT] {
        assert!(is_unsafe(&method), "{method}");
    }
    assert!(is_unsafe(&Method::from_bytes(b"M-SEARCH").unwrap()));
    assert!(is_unsafe(&Method::from_bytes(b"get").unwrap()));
}

#[test]
fn answers_that_are_no_errors_invalidate() {
    for status in [200, 201, 204, 299, 300, 303, 304, 399] {
        assert!(invalidates(StatusCode::from_u16(status).unwrap()), "{status}");
    }
    for status in [100, 101, 400, 404, 412, 499, 500, 503, 599, 600, 999] {
        assert!(!invalidates(StatusCode::from_u16(status).unwrap()), "{status}");
    }
}

/// Section 5.4 of RFC 3986, with its base, as far as they name the same authority or are written
/// with the base's scheme; the base itself is left out, and no fragment is kept.
#[test]
fn references_are_resolved_like_the_examples_of_the_rfc() {
    let base = "http://a/b/c/d;p?q";
    for (reference, expected) in [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("g#s", "http://a/b/c/g"),
        ("g?y#s", "http://a/b/c/g?y"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/./x", "http://a/b/c/g"),
        ("g#s/../x", "http://a/b/c/g"),
    ] {
        assert_eq!(located(base, reference).as_deref(), Some(expected), "{reference}");
    }
    for reference in ["", "#s", "//g", "g:h", "http:g", "//a/b/c/d;p?q", "d;p?q"] {
        assert_eq!(located(base, reference), None, "{reference}");
    }
}

#[test]
fn the_same_origin_may_be_written_in_many_ways() {
    for (target, reference, expected) in [
        ("http://a.example/x", "http://a.example/y", "http://a.example/y"),
        ("http://a.example/x", "HTTP://A.Example/Y", "http://a.example/Y"),
        ("http://A.EXAMPLE/x", "/y", "http://a.example/y"),
        ("http://a.example/x", "http://a.example:80/y", "http://a.example/y"),
        ("http://a.example:80/x", "http://a.example/y", "http://a.example/y"),
        ("http://a.example:80/x", "y", "http://a.example/y"),
        ("https://a.example/x", "https://a.example:443/y", "https://a.example/y"),
        ("https://a.example:8443/x", "https://a.example:8443/y", "https://a.example:8443/y"),
        ("http://a.example/x", "//a.example/y", "http://a.example/y"),
        ("http://a.example/x", "//A.example:80/y?z", "http://a.example/y?z"),
        ("http://a.example/x", "http://a.example", "http://a.example/"),
        ("http://a.example/x", "http://a.example?q", "http://a.example/?q"),
        ("http://a.example/x", "//a.example", "http://a.example/"),
        ("http://a.example/x", "http://user@a.example/y", "http://a.example/y"),
        ("http://user@a.example/x", "/y", "http://a.example/y"),
        ("http://a.example/x", "http://a.example@a.example:80/y", "http://a.example/y"),
        ("http://a.example/x", "http://a.example:/y", "http://a.example/y"),
        ("http://80:80/x", "http://80/y", "http://80/y"),
        ("http://[2001:DB8::1]:80/x", "http://[2001:db8::1]/y", "http://[2001:db8::1]/y"),
        ("http://a.example", "y", "http://a.example/y"),
        ("http://a.example?q", "y", "http://a.example/y"),
        ("http://a.example/x?q", "http://a.example/x", "http://a.example/x"),
        ("http://a.example/x/", "y", "http://a.example/x/y"),
        ("http://a.example/x", "/a//b/../c", "http://a.example/a//c"),
        ("http://a.example/x", "/a:b", "http://a.example/a:b"),
        ("http://a.example/x", "?a:b", "http://a.example/x?a:b"),
        ("http://a.example/x", "y?", "http://a.example/y?"),
        ("http://a.example/x", " /y\t", "http://a.example/y"),
        ("http://a.example/x", "/%2e%2e/y", "http://a.example/%2e%2e/y"),
    ] {
        assert_eq!(located(target, reference).as_deref(), Some(expected), "{target} {reference}");
    }
}

#[test]
fn another_origin_is_left_alone() {
    for reference in [
        "https://a.example/y",
        "http://b.example/y",
        "http://a.example.evil/y",
        "http://a.example:8080/y",
        "http://a.example@b.example/y",
        "http://user@a.example:8080/y",
        "http://a.example@a.example:8080/y",
        "//b.example/y",
        "http://a.example:443/y",
        "http://a.example./y",
        "http://sub.a.example/y",
        "ftp://a.example/y",
    ] {
        assert_eq!(located("http://a.example/x", reference), None, "{reference}");
    }
    assert_eq!(located("https://a.example/x", "http://a.example:443/y"), None);
    for (target, reference) in
        [("http://1/x", "http://1:8081/y"), ("http://1:8081/x", "http://1/y")]
    {
        assert_eq!(located(target, reference), None, "{target} {reference}");
    }
}

#[test]
fn garbage_is_ignored() {
    for reference in [
        "http://",
        "http:///y",
        "//",
        "///y",
        "://a.example/y",
        ":",
        "http:y",
        "mailto:a@a.example",
        "javascript:0",
        "http://a.example:99999/y",
        "http://a.example:x/y",
        "http://a b/y",
        "http://[::1/y",
        "/a b",
        "/a\tb",
        "/a<b",
    ] {
        assert_eq!(located("http://a.example/x", reference), None, "{reference}");
    }
    let mut headers = HeaderMap::new();
    headers.insert("location", HeaderValue::from_bytes(b"\xff\xfe").unwrap());
    headers.insert("content-location", HeaderValue::from_static("/y"));
    let target = Uri::from_static("http://a.example/x");
    assert_eq!(targets(&target, &headers), ["http://a.example/y"]);
}

#[test]
fn both_fields_count_and_each_uri_is_named_once() {
    let target = "http://a.example/x?q";
    let fields = [("content-location", "/b"), ("location", "/a")];
    assert_eq!(found(target, &fields), ["http://a.example/a", "http://a.example/b"]);
    assert_eq!(found(target, &[("location", "/a"), ("content-location", "a")]).len(), 1);
    let same = [("location", "http://a.example:80/x?q"), ("content-location", "?q")];
    assert_eq!(found(target, &same), Vec::<String>::new());
    assert_eq!(found("http://a.example:80/x", &[("location", "/x")]), Vec::<String>::new());
    assert_eq!(found(target, &[("link", "</a>"), ("referer", "/b")]), Vec::<String>::new());
    let twice = [("location", "/a"), ("location", "/b")];
    assert_eq!(found(target, &twice), ["http://a.example/a", "http://a.example/b"]);
}

/// Section 5.2.4 of RFC 3986, step by step as it stands there.
fn without_dots_by_the_book(path: &str) -> String {
    let (mut input, mut output) = (path.to_owned(), String::new());
    while !input.is_empty() {
        if let Some(rest) = input.strip_prefix("/./") {
            input = format!("/{rest}");
        } else if input == "/." {
            input = "/".to_owned();
        } else if input.starts_with("/../") || input == "/.." {
            input = format!("/{}", input.get(4..).unwrap_or_default());
            output.truncate(output.rfind('/').unwrap_or(0));
        } else {
            let end = input[1..].find('/').map_or(input.len(), |at| at + 1);
            output.push_str(&input[..end]);
            input.drain(..end);
        }
    }
    output
}

proptest! {
    #[test]
    fn dot_segments_are_removed_by_the_book(
        segments in prop::collection::vec(prop_oneof![Just("."), Just(".."), Just(""), Just("a"), Just("b.")], 0..8),
    ) {
        let path = format!("/{}", segments.join("/"));
        let expected = format!("http://a.example{}", without_dots_by_the_book(&path));
        let found = located("http://a.example/none?", &format!("http://a.example{path}"));
        prop_assert_eq!(found, Some(expected));
    }

    #[test]
    fn what_is_found_is_absolute_and_of_the_origin(
        reference in "(http://|https:|//)?(a\\.example|b)?(:80)?[/.a?#:@%-]{0,20}",
    ) {
        for uri in found("http://a.example/x/y", &[("location", &reference)]) {
            prop_assert!(uri.starts_with("http://a.example/"), "{reference} {uri}");
        }
    }
}
