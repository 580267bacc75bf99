//! RFC 9111, section 4.1, and RFC 9110, section 12.5.

use http::{HeaderMap, HeaderName};
use smallvec::SmallVec;

use super::super::*;
use super::conditional::headers;

fn vary(lines: &[&str]) -> Vary {
    Vary::of(&headers(&lines.iter().map(|line| ("vary", *line)).collect::<Vec<_>>()))
}

fn spec(names: &[&'static str]) -> Spec {
    Spec::new(names.iter().map(|name| HeaderName::from_static(name))).unwrap()
}

pub(super) fn selected(
    names: &[&'static str],
    request: &HeaderMap,
    normalise: &Normalise,
) -> Vec<u8> {
    let mut bytes = SmallVec::new();
    selecting(&spec(names), request, normalise, &mut bytes);
    bytes.to_vec()
}

/// Whether two requests, given by the lines of one field, select the same.
pub(super) fn is_same(
    name: &'static str,
    normalise: &Normalise,
    left: &[&str],
    right: &[&str],
) -> bool {
    let bytes = |lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| (name, *line)).collect();
        selected(&[name], &headers(&lines), normalise)
    };
    bytes(left) == bytes(right)
}

pub(super) fn plain() -> Normalise {
    Normalise::default()
}

pub(super) fn lists() -> Normalise {
    Normalise { lists: true, ..plain() }
}

pub(super) fn languages() -> Normalise {
    Normalise { languages: true, ..plain() }
}

pub(super) fn codings() -> Normalise {
    Normalise { codings: Some(vec!["br".into(), "gzip".into()]), ..plain() }
}

#[test]
fn a_star_anywhere_is_any() {
    for lines in [
        vec!["*"],
        vec!["*, *"],
        vec!["*", "*"],
        vec![", *"],
        vec!["", "*"],
        vec!["*, Foo"],
        vec!["Foo, *"],
        vec!["Foo", "*"],
        vec!["*", "Foo"],
        vec!["\t* "],
    ] {
        assert_eq!(vary(&lines), Vary::Any, "{lines:?}");
    }
}

#[test]
fn a_member_that_is_no_field_name_is_any() {
    for line in ["foo bar", "foo, b(r", "\"foo\"", "foo;q=1", "b\u{e4}r", "a/b", "foo:", "@"] {
        assert_eq!(vary(&[line]), Vary::Any, "{line}");
    }
}

#[test]
fn names_are_read_in_any_case_and_order_and_once() {
    assert_eq!(vary(&[]), Vary::Nothing);
    assert_eq!(vary(&[""]), Vary::Nothing);
    assert_eq!(vary(&[" , ,", ","]), Vary::Nothing);
    let both = Vary::On(spec(&["accept", "x-own"]));
    assert_eq!(vary(&["X-Own, Accept"]), both);
    assert_eq!(vary(&["accept", "", "X-OWN,accept,,"]), both);
    assert_eq!(vary(&["Accept\t,x-own"]), both);
    assert_eq!(spec(&["b", "a", "c", "a"]).names(), ["a", "b", "c"]);
    assert_eq!(Spec::new([]), None);
}

/// The layout is written out here; so bytes that two processes share do not change unnoticed.
#[test]
fn each_field_is_written_with_its_length_and_an_absent_one_as_such() {
    let request = headers(&[("b", "xyz"), ("c", "")]);
    let expected = b"\x01a\x00\x01b\x04xyz\x01c\x01";
    assert_eq!(selected(&["a", "b", "c"], &request, &plain()), expected);
    let long = "y".repeat(300);
    let mut expected = vec![1, b'a', 0xad, 0x02];
    expected.extend_from_slice(long.as_bytes());
    assert_eq!(selected(&["a"], &headers(&[("a", &long)]), &plain()), expected);
    for (length, written) in [(126, vec![0x7f]), (127, vec![0x80, 1]), (254, vec![0xff, 1])] {
        let value = "y".repeat(length);
        let expected = [b"\x01a", written.as_slice(), value.as_bytes()].concat();
        assert_eq!(selected(&["a"], &headers(&[("a", &value)]), &plain()), expected);
    }
    for list in ["1 , 2", "1,2"] {
        assert_eq!(selected(&["a"], &headers(&[("a", list)]), &lists()), b"\x01a\x041,2");
    }
}

#[test]
fn bytes_are_added_to_those_that_are_there() {
    let mut bytes = SmallVec::from_slice(b"key");
    selecting(&spec(&["a"]), &headers(&[]), &plain(), &mut bytes);
    assert_eq!(bytes.as_slice(), b"key\x01a\x00");
    assert!(!bytes.spilled());
}

#[test]
fn absent_is_not_empty_and_case_counts() {
    for normalise in [plain(), lists(), languages(), codings()] {
        assert!(!is_same("foo", &normalise, &[], &[""]));
        assert!(!is_same("foo", &normalise, &["a"], &["A"]));
        assert!(is_same("foo", &normalise, &[], &[]));
        assert!(is_same("foo", &normalise, &["a"], &[" a\t"]));
    }
    assert!(!is_same("accept-language", &languages(), &[], &[""]));
    assert!(!is_same("accept-encoding", &plain(), &[], &[""]));
}

#[test]
fn lines_of_a_field_are_one_value() {
    assert!(is_same("foo", &plain(), &["1, 2"], &["1", "2"]));
    assert!(is_same("foo", &plain(), &["1, 2, 3"], &["1 ", "2", " 3"]));
    assert!(!is_same("foo", &plain(), &["1,2"], &["1", "2"]));
    assert!(is_same("foo", &plain(), &["1,"], &["1", ""]));
    assert!(is_same("foo", &plain(), &[", 1"], &["", "1"]));
    assert!(is_same("foo", &lists(), &["1,2"], &["1", "2"]));
    assert!(!is_same("foo", &plain(), &["1", "2"], &["2", "1"]));
}

#[test]
fn whitespace_around_commas_means_nothing_where_lists_are_normalised() {
    for (left, right, expected) in [
        ("1,2", " 1, 2 ", true),
        ("1,2", "1\t , \t2", true),
        ("a b,c", "a b , c", true),
        ("a  b", "a b", false),
        ("1,2", "1 2", false),
        ("1,,2", "1, ,2", true),
        ("1,,2", "1,2", false),
        ("1,", "1 ,", true),
        ("\"a, b\", c", "\"a, b\",c", true),
        ("\"a, b\"", "\"a,b\"", false),
        ("\"a ,b\"", "\"a,b\"", false),
        ("\"a\\\", b\"", "\"a\\\",b\"", false),
        ("\"a\\\\\", b", "\"a\\\\\",b", true),
        ("\\\"a, b\"", "\\\"a,b\"", false),
        ("a\\, b", "a\\,b", true),
        ("\"a\" , \"b\"", "\"a\",\"b\"", true),
        ("\"a, ", "\"a,", true),
        ("\"a,  b", "\"a, b", false),
        ("\", \",\" , \"", "\", \" ,\" , \"", true),
    ] {
        assert_eq!(is_same("foo", &lists(), &[left], &[right]), expected, "{left} and {right}");
        assert!(!is_same("foo", &plain(), &[left], &[right]) || left.trim() == right.trim());
    }
}

#[test]
fn languages_select_by_their_weights_whatever_their_order_case_and_space() {
    for (left, right, expected) in [
        ("en, de", "de, en", true),
        ("en, de", "eN, De", true),
        ("en, de", " en ,   de,,", true),
        ("en, de", "en, de, en", true),
        ("en, de;q=0.5", "de; q=0.50 , EN;Q=1.000", true),
        ("en;q=0.5", "en;q=0.50", true),
        ("en;q=0", "en;q=0.000", true),
        ("en, de;q=0.5", "en, de;q=0.6", false),
        ("en, de;q=0.5", "de, en;q=0.5", false),
        ("en", "en, de;q=0", false),
        ("en", "en-gb", false),
        ("en, *;q=0.1", "*;q=0.1, en", true),
        ("en, *", "en", false),
        ("", ",", true),
        ("en;q=0.001", "en;q=0.01", false),
    ] {
        let same = is_same("accept-language", &languages(), &[left], &[right]);
        assert_eq!(same, expected, "{left} and {right}");
        assert!(!is_same("accept-language", &plain(), &[left], &[right]));
        assert!(!is_same("foo", &languages(), &[left], &[right]));
    }
    assert!(is_same("accept-language", &languages(), &["en, de"], &["de", "en"]));
}

#[test]
fn languages_that_cannot_be_read_select_as_they_stand() {
    for (left, right) in [
        ("en_US", "EN_US"),
        ("en;q=2", "en;q=2.0"),
        ("en;q=1.001", "EN;q=1.001"),
        ("en;q=0.1234", "EN;q=0.1234"),
        ("en;q=.5", "EN;q=.5"),
        ("en;q=", "EN;q="),
        ("en;q", "EN;q"),
        ("en;level=1", "EN;level=1"),
        ("en;q=1;x", "EN;q=1;x"),
        ("en;q=-1", "EN;q=-1"),
        ("en;q=0.x", "EN;q=0.x"),
        ("en;q=0x1", "EN;q=0x1"),
        (";q=1", ";Q=1"),
        ("en-", "EN-"),
        ("1e", "1E"),
        ("abcdefghi", "ABCDEFGHI"),
        ("en, \"de\"", "EN, \"de\""),
        ("*-ch", "*-CH"),
    ] {
        assert!(!is_same("accept-language", &languages(), &[left], &[right]), "{left}");
        assert!(is_same("accept-language", &languages(), &[left], &[left]), "{left}");
    }
    let both = Normalise { lists: true, ..languages() };
    assert!(is_same("accept-language", &both, &["en_US, de"], &["en_US,de"]));
}

#[test]
fn codings_select_by_those_that_the_service_makes_and_their_order() {
    for (left, right, expected) in [
        ("gzip, br", "br, gzip", true),
        ("gzip, deflate, br, zstd", "GZIP,Br", true),
        ("gzip, br", "x-gzip, br", true),
        ("gzip, br", "gzip;q=0.5, br;q=0.5", true),
        ("br;q=0.1, gzip;q=1", "gzip, br;q=0.9", true),
        ("br;q=0.1, gzip;q=1", "br, gzip", false),
        ("br;q=0.1, gzip;q=1", "gzip;q=0.1, br;q=1", false),
        ("gzip, br;q=0", "gzip", true),
        ("gzip, br;q=0.001", "gzip", false),
        ("deflate", "identity", true),
        ("deflate", "", true),
        ("identity", "", true),
        ("identity;q=0.5", "zstd;q=0.1, identity", true),
        ("br;q=0, gzip;q=0", "identity", true),
        ("gzip", "gzip, identity;q=0", false),
        ("gzip", "gzip, *;q=0", false),
        ("gzip, identity;q=0", "gzip, *;q=0", true),
        ("gzip, identity", "gzip", false),
        ("gzip, identity;q=0.5", "gzip;q=0.9, identity;q=0.1, *;q=0", true),
        ("gzip;q=0.5, identity", "gzip, identity;q=0.5", false),
        ("*;q=0", "identity;q=0", true),
        ("*;q=0", "", false),
        ("*", "br, gzip, identity", true),
        ("*", "br, gzip", false),
        ("*;q=0.5, br", "br, gzip;q=0.3, identity;q=0.3", true),
        ("*, br;q=0", "gzip, identity", true),
        ("*;q=0, gzip", "gzip, identity;q=0, br;q=0", true),
    ] {
        let same = is_same("accept-encoding", &codings(), &[left], &[right]);
        assert_eq!(same, expected, "{left} and {right}");
        assert!(!is_same("accept-encoding", &plain(), &[left], &[right]));
        assert!(!is_same("foo", &codings(), &[left], &[right]));
    }
    assert!(is_same("accept-encoding", &codings(), &["br", "gzip"], &["gzip, br"]));
}

#[test]
fn a_request_without_codings_selects_what_is_not_coded() {
    for value in ["identity", "", "deflate", "br;q=0", "identity, zstd"] {
        assert!(is_same("accept-encoding", &codings(), &[], &[value]), "{value}");
    }
    for value in ["br", "*", "identity;q=0", "*;q=0"] {
        assert!(!is_same("accept-encoding", &codings(), &[], &[value]), "{value}");
    }
    let none = Normalise { codings: Some(vec![]), ..plain() };
    assert!(is_same("accept-encoding", &none, &["br, gzip"], &[]));
    let only_identity = Normalise { codings: Some(vec!["identity".into()]), ..plain() };
    assert!(is_same("accept-encoding", &only_identity, &["br, identity"], &[]));
    assert!(is_same("accept-encoding", &only_identity, &["*"], &[]));
}

#[test]
fn codings_that_cannot_be_read_select_as_they_stand() {
    for (left, right) in [
        ("gzip;q=2", "GZIP;q=2"),
        ("gzip;level=1", "GZIP;level=1"),
        ("gzip br", "GZIP br"),
        ("gzip, x-gzip", "x-gzip, gzip"),
        ("gzip;q=0, gzip", "gzip, gzip;q=0"),
        ("identity, identity;q=0", "identity;q=0, identity"),
        ("*, *;q=0", "*;q=0, *"),
        ("br>gzip", "br>GZIP"),
        ("br, \"gzip\"", "BR, \"gzip\""),
    ] {
        assert!(!is_same("accept-encoding", &codings(), &[left], &[right]), "{left}");
        assert!(!is_same("accept-encoding", &codings(), &[left], &["br;q=0.5, gzip"]), "{left}");
        assert!(!is_same("accept-encoding", &codings(), &[left], &[]), "{left}");
        assert!(is_same("accept-encoding", &codings(), &[left], &[left]), "{left}");
    }
}

#[test]
fn a_value_as_it_stands_never_equals_one_that_was_read() {
    let read =
        selected(&["accept-encoding"], &headers(&[("accept-encoding", "br, gzip")]), &codings());
    let value = &read[read.len() - 7..];
    assert_eq!(value, b"br,gzip");
    let raw = selected(&["accept-encoding"], &headers(&[("accept-encoding", "br,gzip")]), &plain());
    assert_ne!(read, raw);
    for sign in (' '..='~').map(String::from) {
        let coding = [format!("{sign}gzip>br"), format!("{sign}br>gzip")];
        for value in coding.each_ref() {
            let read = ["gzip;q=1, br;q=0.5"];
            assert!(!is_same("accept-encoding", &codings(), &read, &[value]), "{value}");
        }
        let language = format!("{sign}en;1000,");
        assert!(!is_same("accept-language", &languages(), &["en"], &[&language]), "{language}");
    }
}

#[test]
fn the_preferred_language_is_alone_with_the_greatest_weight() {
    for (value, expected) in [
        ("en", Some("en")),
        ("de-AT", Some("de-at")),
        ("fr;q=0.5, de;q=1.0", Some("de")),
        ("fr;q=0.5, de;q=0.4", Some("fr")),
        ("en, EN", Some("en")),
        ("en, de", None),
        ("en;q=0.5, de;q=0.50", None),
        ("en, *;q=0.5", Some("en")),
        ("en, *", None),
        ("*, en;q=0.5", None),
        ("en;q=0.5, *", None),
        ("*", None),
        ("en;q=0", None),
        ("en;q=0.001", Some("en")),
        ("", None),
        ("en, de_AT;q=0.1", None),
        ("en;q=2", None),
    ] {
        let found = preferred_language(&headers(&[("accept-language", value)]));
        assert_eq!(found.as_deref(), expected, "{value}");
    }
    assert_eq!(preferred_language(&headers(&[])), None);
    let lines = headers(&[("accept-language", "en;q=0.1"), ("accept-language", "de")]);
    assert_eq!(preferred_language(&lines).as_deref(), Some("de"));
}

#[test]
fn the_language_of_a_response_is_one_or_none() {
    for (value, expected) in [
        ("de", Some("de")),
        ("De-AT", Some("de-at")),
        (" de ,", Some("de")),
        ("de, en", None),
        ("de, de", None),
        ("", None),
        ("*", None),
        ("d\u{e9}", None),
        ("de;q=1", None),
    ] {
        let found = content_language(&headers(&[("content-language", value)]));
        assert_eq!(found.as_deref(), expected, "{value}");
    }
    assert_eq!(content_language(&headers(&[])), None);
    let lines = headers(&[("content-language", "de"), ("content-language", "de")]);
    assert_eq!(content_language(&lines), None);
}
