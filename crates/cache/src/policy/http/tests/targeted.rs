use std::time::Duration;

use http::HeaderName;

use super::super::{Qualified, ResponseDirectives};
use super::storing::fields;

const OURS: HeaderName = HeaderName::from_static("bartizan-cache-control");
const CDN: HeaderName = HeaderName::from_static("cdn-cache-control");

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What is read of a targeted field, beside a `Cache-Control` that says something else.
fn read(lines: &[&str]) -> ResponseDirectives {
    let lines = lines.iter().map(|line| ("cdn-cache-control", *line));
    ResponseDirectives::of(&fields(lines.chain([("cache-control", "max-age=7")])), &[OURS, CDN])
}

fn named(names: &[&'static str]) -> Qualified {
    Qualified::Fields(names.iter().map(|name| HeaderName::from_static(name)).collect())
}

#[test]
fn every_directive_is_a_member_of_the_dictionary() {
    let expected = ResponseDirectives {
        max_age: Some(secs(1)),
        s_maxage: Some(secs(2)),
        no_store: true,
        no_cache: Qualified::Whole,
        private: Qualified::Whole,
        public: true,
        must_revalidate: true,
        proxy_revalidate: true,
        must_understand: true,
        immutable: true,
        stale_while_revalidate: Some(secs(3)),
        stale_if_error: Some(secs(4)),
        is_targeted: true,
    };
    let lines = [
        "max-age=1, s-maxage=2;parameter=5,\tno-store, no-cache=?1;x, private",
        "public, must-revalidate, proxy-revalidate , must-understand, other=(a b), immutable",
        "stale-while-revalidate=3, stale-if-error=4",
    ];
    assert_eq!(read(&lines), expected);
}

#[test]
fn the_first_field_that_is_there_and_well_formed_is_read_alone() {
    let of = |all: &[(&'static str, &str)]| {
        let read = ResponseDirectives::of(&fields(all.iter().copied()), &[OURS, CDN]);
        (read.max_age.map(|age| age.as_secs()), read.no_store, read.is_targeted)
    };
    let control = ("cache-control", "max-age=7, no-store");
    let cdn = ("cdn-cache-control", "max-age=8");
    assert_eq!(of(&[control]), (Some(7), true, false));
    assert_eq!(of(&[control, cdn]), (Some(8), false, true));
    assert_eq!(
        of(&[control, cdn, ("bartizan-cache-control", "max-age=9")]),
        (Some(9), false, true)
    );
    assert_eq!(of(&[control, cdn, ("bartizan-cache-control", "public")]), (None, false, true));
    for malformed in ["", "  ", "max-age=9,", "max-age=9, &&&", "max-age =9", "max-age= 9", "A"] {
        let ours = ("bartizan-cache-control", malformed);
        assert_eq!(of(&[control, cdn, ours]), (Some(8), false, true), "{malformed:?}");
        assert_eq!(of(&[control, ours]), (Some(7), true, false), "{malformed:?}");
    }
    assert_eq!(ResponseDirectives::of(&fields([control, cdn]), &[]).max_age, Some(secs(7)));
}

#[test]
fn one_malformed_line_makes_all_of_the_field_mean_nothing() {
    assert_eq!(read(&["max-age=1"]).max_age, Some(secs(1)));
    assert_eq!(read(&["max-age=1", "&"]).max_age, Some(secs(7)));
    assert_eq!(read(&["&", "max-age=1"]).max_age, Some(secs(7)));
    assert_eq!(read(&["max-age=1", ""]).max_age, Some(secs(1)));
    assert_eq!(read(&["MaX-aGe=1"]).max_age, Some(secs(7)), "keys are in lower case");
    assert_eq!(read(&["max-age=1, \u{e9}"]).max_age, Some(secs(7)));
}

#[test]
fn the_last_of_several_members_counts() {
    assert_eq!(read(&["max-age=1, max-age=2"]).max_age, Some(secs(2)));
    assert_eq!(read(&["max-age=2", "max-age=1"]).max_age, Some(secs(1)));
    assert!(!read(&["no-store, no-store=?0"]).no_store);
    assert_eq!(read(&["max-age=1, max-age=x"]).max_age, None);
}

#[test]
fn a_member_of_another_type_is_ignored() {
    for value in ["\"10000\"", "10.5", "token", "?1", ":MTA=:", "(1)", "@1"] {
        let read = read(&[&format!("max-age={value}, public")]);
        assert_eq!((read.max_age, read.public, read.is_targeted), (None, true, true), "{value}");
    }
    assert_eq!(read(&["max-age, public"]).max_age, None);
    for value in ["1", "\"x\"", "?0", "(a)", "1.0"] {
        let read = read(&[&format!(
            "no-store={value}, public={value}, immutable={value}, must-revalidate={value}, \
             proxy-revalidate={value}, must-understand={value}"
        )]);
        let nothing = ResponseDirectives { is_targeted: true, ..ResponseDirectives::default() };
        assert_eq!(read, nothing, "{value}");
    }
    for value in ["1", "?0", "1.0", ":YQ==:"] {
        let read = read(&[&format!("no-cache={value}, private={value}")]);
        assert_eq!((read.no_cache, read.private), (Qualified::Absent, Qualified::Absent));
    }
}

#[test]
fn ages_are_whole_numbers_of_at_most_two_to_the_31_and_never_below_zero() {
    for (value, expected) in [
        ("0", 0),
        ("007", 7),
        ("-1", 0),
        ("2147483648", 2_147_483_648),
        ("99999999999", 2_147_483_648),
        ("999999999999999", 2_147_483_648),
        // Sixteen digits are no Integer (RFC 9651, section 3.3.1), so `Cache-Control` counts.
        ("1000000000000000", 7),
    ] {
        assert_eq!(read(&[&format!("max-age={value}")]).max_age, Some(secs(expected)), "{value}");
    }
}

#[test]
fn names_of_fields_stand_in_a_string_a_token_or_an_inner_list() {
    for (value, expected) in [
        ("", Qualified::Whole),
        ("=?1", Qualified::Whole),
        ("=\"x-a, X-B\"", named(&["x-a", "x-b"])),
        ("=\"\"", Qualified::Whole),
        ("=\"x a\"", Qualified::Whole),
        ("=x-a", named(&["x-a"])),
        ("=(x-a \"X-B\";p)", named(&["x-a", "x-b"])),
        ("=()", Qualified::Whole),
        ("=(\"x a\")", Qualified::Whole),
        ("=(x-a 1)", Qualified::Whole),
    ] {
        let read = read(&[&format!("no-cache{value}, private{value}")]);
        assert_eq!(read.no_cache, expected, "{value}");
        assert_eq!(read.private, expected, "{value}");
    }
}
