//! RFC 9110, section 8.8.3.

use proptest::prelude::*;

use super::super::EntityTag;

fn strong(opaque: &[u8]) -> EntityTag<'_> {
    EntityTag { is_weak: false, opaque }
}

fn weak(opaque: &[u8]) -> EntityTag<'_> {
    EntityTag { is_weak: true, opaque }
}

fn list(value: &[u8]) -> Vec<EntityTag<'_>> {
    EntityTag::list(value).collect()
}

#[test]
fn a_tag_is_what_stands_between_the_quotes() {
    for (value, expected) in [
        (b"\"xyzzy\"".as_slice(), strong(b"xyzzy")),
        (b"W/\"xyzzy\"", weak(b"xyzzy")),
        (b"\"\"", strong(b"")),
        (b"W/\"\"", weak(b"")),
        (b"\"a,b\"", strong(b"a,b")),
        (b"\"a\\\"", strong(b"a\\")),
        (b"\"W/\"", strong(b"W/")),
        (b"\"!#~\"", strong(b"!#~")),
        (b"\"\x80\xff\"", strong(b"\x80\xff")),
        (b" \t\"a\"\t ", strong(b"a")),
    ] {
        assert_eq!(EntityTag::parse(value), Some(expected), "{}", value.escape_ascii());
    }
}

#[test]
fn what_is_no_tag_or_more_than_one_is_none() {
    for value in [
        b"".as_slice(),
        b"xyzzy",
        b"\"",
        b"\"a",
        b"a\"",
        b"\"a\"b",
        b"\"a\"b\"",
        b"\"a b\"",
        b"\"a\tb\"",
        b"\"a\x7fb\"",
        b"w/\"a\"",
        b"W\"a\"",
        b"W\\\"a\"",
        b"W/ \"a\"",
        b"W/a",
        b"W/W/\"a\"",
        b"*",
        b"'a'",
        b"\"a\", \"b\"",
        b"\"a\",",
        b",\"a\"",
    ] {
        assert_eq!(EntityTag::parse(value), None, "{}", value.escape_ascii());
    }
}

#[test]
fn a_list_is_read_past_its_empty_members_and_past_what_is_no_tag() {
    let (a, b, c) = (strong(b"a"), weak(b"b"), strong(b"c"));
    for (value, expected) in [
        (b"".as_slice(), vec![]),
        (b" , ,", vec![]),
        (b"\"a\"", vec![a]),
        (b"\"a\",W/\"b\",\"c\"", vec![a, b, c]),
        (b" \"a\" ,\t, W/\"b\"\t,", vec![a, b]),
        (b",\"a\"", vec![a]),
        (b"\"a,b\", \"c\"", vec![strong(b"a,b"), c]),
        (b"\",\",\"c\"", vec![strong(b","), c]),
        (b"nothing, \"a\"", vec![a]),
        (b"*, \"a\"", vec![a]),
        (b"w/\"b\", \"a\"", vec![a]),
        (b"\"a b\", \"c\"", vec![c]),
        (b"\"a\" \"b\", \"c\"", vec![c]),
        (b"\"a\"x, \"c\"", vec![c]),
        (b"\"a\", \"b", vec![a]),
        (b"\"a\", \"", vec![a]),
        (b"\"a\", W/", vec![a]),
    ] {
        assert_eq!(list(value), expected, "{}", value.escape_ascii());
    }
}

/// The table of section 8.8.3.2.
#[test]
fn tags_are_compared_weakly_and_strongly() {
    for (left, right, strongly, weakly) in [
        (weak(b"1"), weak(b"1"), false, true),
        (weak(b"1"), weak(b"2"), false, false),
        (weak(b"1"), strong(b"1"), false, true),
        (strong(b"1"), weak(b"1"), false, true),
        (strong(b"1"), strong(b"1"), true, true),
        (strong(b"1"), strong(b"2"), false, false),
        (strong(b"a"), strong(b"A"), false, false),
    ] {
        assert_eq!(left.is_same_strongly(&right), strongly, "{left:?} {right:?}");
        assert_eq!(left.is_same_weakly(&right), weakly, "{left:?} {right:?}");
    }
}

proptest! {
    #[test]
    fn every_tag_of_a_list_is_read_back(
        tags in prop::collection::vec((any::<bool>(), "[!#-~]{0,6}", "[ ,\t]{0,3}"), 0..6),
    ) {
        let written: Vec<_> = tags
            .iter()
            .map(|(is_weak, tag, gap)| format!("{gap}{}\"{tag}\"", if *is_weak { "W/" } else { "" }))
            .collect();
        let written = written.join(",");
        let expected: Vec<_> = tags
            .iter()
            .map(|(is_weak, tag, _)| EntityTag { is_weak: *is_weak, opaque: tag.as_bytes() })
            .collect();
        prop_assert_eq!(list(written.as_bytes()), expected);
    }

    #[test]
    fn no_bytes_make_it_panic_or_find_a_quote_within_a_tag(
        value in prop::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'W'), Just(b'/'), any::<u8>()], 0..30),
    ) {
        for tag in EntityTag::list(&value) {
            prop_assert!(!tag.opaque.contains(&b'"'));
        }
        let alone = EntityTag::parse(&value);
        prop_assert!(alone.is_none() || EntityTag::list(&value).next() == alone);
    }
}
