use std::time::Duration;

use http::HeaderName;
use proptest::prelude::*;

use super::super::{Qualified, RequestDirectives, ResponseDirectives};
use super::storing::fields;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn response(lines: &[&str]) -> ResponseDirectives {
    ResponseDirectives::of(&fields(lines.iter().map(|line| ("cache-control", *line))), &[])
}

fn request(lines: &[&str]) -> RequestDirectives {
    RequestDirectives::of(&fields(lines.iter().map(|line| ("cache-control", *line))))
}

fn named(names: &[&'static str]) -> Qualified {
    Qualified::Fields(names.iter().map(|name| HeaderName::from_static(name)).collect())
}

#[test]
fn every_directive_of_a_response_is_read_in_any_case_and_over_several_lines() {
    let read = response(&[
        "MAX-AGE=1, S-MaxAge=2,no-STORE",
        "no-cache , Private,\tPUBLIC,,",
        "must-revalidate, proxy-REVALIDATE, Must-Understand",
        "",
        "immutable, stale-while-revalidate=3, Stale-If-Error=4, unknown, other=x",
    ]);
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
        is_targeted: false,
    };
    assert_eq!(read, expected);
    assert_eq!(response(&[]), ResponseDirectives::default());
    assert_eq!(response(&["", " , ,", "=", "=,=", "unknown"]), ResponseDirectives::default());
    assert_eq!(response(&["xmax-age=1, max-agex=1, max_age=1"]), ResponseDirectives::default());
}

#[test]
fn an_age_may_stand_between_double_quotes_and_is_zero_if_it_cannot_be_read() {
    for (line, expected) in [
        ("max-age=3600", Some(3_600)),
        ("max-age=003600", Some(3_600)),
        ("max-age=\"3600\"", Some(3_600)),
        ("max-age=\"3600\" ,public", Some(3_600)),
        ("max-age=99999999999", Some(2_147_483_648)),
        ("max-age='3600'", Some(0)),
        ("max-age=3600.0", Some(0)),
        ("max-age=3600.5", Some(0)),
        ("max-age=a3600", Some(0)),
        ("max-age=3600a", Some(0)),
        ("max-age=-3600", Some(0)),
        ("max-age=\"-3600\"", Some(0)),
        ("max-age=\" 3600\"", Some(0)),
        ("max-age=\"3\\600\"", Some(0)),
        ("max-age=\"3600\"0", Some(0)),
        ("max-age=\"3600\" 0", Some(0)),
        ("max-age=\"3600", Some(0)),
        ("max-age=3600\"", Some(0)),
        ("max-age=36 00", Some(0)),
        ("max-age=3600;x", Some(0)),
        ("max-age=\"\"", Some(0)),
        ("max-age=", Some(0)),
        ("max-age", Some(0)),
        ("max-age =3600", None),
        ("max-age= 3600", None),
        ("max-age = 3600", None),
        ("max-age\t=3600", None),
    ] {
        assert_eq!(response(&[line]).max_age, expected.map(secs), "{line}");
        let shared = line.replace("max-age", "s-maxage");
        assert_eq!(response(&[&shared]).s_maxage, expected.map(secs), "{shared}");
        let stale = line.replace("max-age", "stale-while-revalidate");
        assert_eq!(response(&[&stale]).stale_while_revalidate, expected.map(secs), "{stale}");
        let error = line.replace("max-age", "stale-if-error");
        assert_eq!(response(&[&error]).stale_if_error, expected.map(secs), "{error}");
        assert_eq!(request(&[line]).max_age, expected.map(secs), "{line}");
    }
}

#[test]
fn of_several_ages_the_smallest_counts() {
    for lines in [
        &["max-age=1800, max-age=1"][..],
        &["max-age=1, max-age=1800"],
        &["max-age=1800", "max-age=1"],
        &["max-age=1", "public", "MAX-AGE=1800"],
    ] {
        assert_eq!(response(lines).max_age, Some(secs(1)), "{lines:?}");
    }
    assert_eq!(response(&["max-age=1800, max-age=x"]).max_age, Some(Duration::ZERO));
}

#[test]
fn what_stands_in_a_quoted_string_is_no_directive() {
    let read = response(&["extension=\"max-age=3600, no-store\", max-age=1"]);
    assert_eq!((read.max_age, read.no_store), (Some(secs(1)), false));
    let read = response(&["max-age=1, extension=\"max-age=0, \\\"no-store, private\", public"]);
    assert_eq!((read.max_age, read.no_store, read.public), (Some(secs(1)), false, true));
    assert_eq!(read.private, Qualified::Absent);
    let read = response(&["x=\"a\\\", no-store, b\", max-age=1"]);
    assert_eq!((read.max_age, read.no_store), (Some(secs(1)), false), "a quoted quote is no end");
    let read = response(&["x=\"\\\\\", max-age=1, y=\"no-store, z\""]);
    assert_eq!((read.max_age, read.no_store), (Some(secs(1)), false), "a quoted backslash is none");
    // No strings: their quotes are single, never end, or begin elsewhere.
    for line in
        ["x='a, no-store, b'", "x=\"a, no-store", "x=\"a\\\", no-store", "\"x, no-store, \""]
    {
        assert!(response(&[line]).no_store, "{line}");
    }
}

#[test]
fn directives_about_fields_name_them_and_mean_everything_if_the_names_cannot_be_read() {
    for (value, expected) in [
        ("", Qualified::Whole),
        ("=\"x-a\"", named(&["x-a"])),
        ("=x-a", named(&["x-a"])),
        ("=\"X-A, x-b\"", named(&["x-a", "x-b"])),
        ("=\" x-a ,, x-b,\"", named(&["x-a", "x-b"])),
        ("=\"set-cookie\" , public", named(&["set-cookie"])),
        ("=\"\"", Qualified::Whole),
        ("=\" , \"", Qualified::Whole),
        ("=", Qualified::Whole),
        ("=\"x a\"", Qualified::Whole),
        ("=\"x-a, \\x-b\"", Qualified::Whole),
        ("=\"x-a", Qualified::Whole),
        ("=\"x-a\"b", Qualified::Whole),
        ("='x-a'", named(&["'x-a'"])),
        (" =\"x-a\"", Qualified::Whole),
        ("= \"x-a\"", Qualified::Whole),
        ("=\"x-a\", NAME=\"x-b\"", named(&["x-a", "x-b"])),
        ("=\"x-a\", NAME", Qualified::Whole),
        (", NAME=\"x-a\"", Qualified::Whole),
    ] {
        let line = |name: &str| format!("{name}{}", value.replace("NAME", name));
        assert_eq!(response(&[&line("no-cache")]).no_cache, expected, "{value}");
        assert_eq!(response(&[&line("private")]).private, expected, "{value}");
    }
}

#[test]
fn what_restricts_counts_with_a_value_and_what_permits_does_not() {
    let read = response(&["no-store=1, must-revalidate=\"x\", proxy-revalidate =0, no-cache=\"\""]);
    assert!(read.no_store && read.must_revalidate && read.proxy_revalidate);
    assert_eq!(read.no_cache, Qualified::Whole);
    let read = response(&["public=1, immutable=\"\", must-understand=x"]);
    assert!(!read.public && !read.immutable && !read.must_understand);
    let read = response(&["public=1, public"]);
    assert!(read.public);
}

#[test]
fn every_directive_of_a_request_is_read() {
    let read = request(&[
        "Max-Age=1, max-stale=2, MIN-FRESH=3, no-cache",
        "no-store, Only-If-Cached, stale-if-error=4, other",
    ]);
    let expected = RequestDirectives {
        max_age: Some(secs(1)),
        max_stale: Some(secs(2)),
        min_fresh: Some(secs(3)),
        no_cache: true,
        no_store: true,
        only_if_cached: true,
        stale_if_error: Some(secs(4)),
    };
    assert_eq!(read, expected);
    assert_eq!(request(&[]), RequestDirectives::default());
    assert_eq!(request(&["public, s-maxage=1"]), RequestDirectives::default());
}

#[test]
fn of_several_demands_of_a_request_the_greatest_counts_and_unreadable_ones_are_ignored() {
    assert_eq!(request(&["max-stale"]).max_stale, Some(Duration::MAX));
    assert_eq!(request(&["max-stale, max-stale=5"]).max_stale, Some(secs(5)));
    assert_eq!(request(&["max-stale=5, max-stale=9"]).max_stale, Some(secs(5)));
    assert_eq!(request(&["max-stale=x, max-stale="]).max_stale, None);
    assert_eq!(request(&["min-fresh=5, min-fresh=9, min-fresh=x"]).min_fresh, Some(secs(9)));
    assert_eq!(request(&["min-fresh=x"]).min_fresh, None);
    assert_eq!(request(&["stale-if-error=5, stale-if-error=9"]).stale_if_error, Some(secs(5)));
    assert_eq!(request(&["stale-if-error"]).stale_if_error, None);
    assert_eq!(request(&["max-age=9", "max-age=5"]).max_age, Some(secs(5)));
}

#[test]
fn pragma_counts_where_there_is_no_cache_control() {
    let no_cache =
        |all: &[(&'static str, &str)]| RequestDirectives::of(&fields(all.iter().copied())).no_cache;
    assert!(no_cache(&[("pragma", "no-cache")]));
    assert!(no_cache(&[("pragma", "x"), ("pragma", "y, No-Cache")]));
    assert!(!no_cache(&[("pragma", "no-cachex")]));
    assert!(!no_cache(&[("pragma", "x=\"no-cache\"")]));
    assert!(!no_cache(&[("pragma", "no-cache"), ("cache-control", "max-age=1")]));
    assert!(!no_cache(&[("pragma", "no-cache"), ("cache-control", "")]));
    let of_response = fields([("pragma", "no-cache")]);
    assert_eq!(ResponseDirectives::of(&of_response, &[]), ResponseDirectives::default());
}

proptest! {
    #[test]
    fn no_line_makes_the_readers_panic_and_a_member_after_it_is_read(
        line in "[ -~]{0,40}", number in 0_u64..1_000,
    ) {
        // A quote would put the member after it into a string, which is no panic.
        let line = line.replace('"', "");
        let lines = format!("{line}, max-age={number}");
        prop_assert!(response(&[&lines]).max_age.is_some_and(|age| age <= secs(number)));
        prop_assert!(request(&[&lines]).max_age.is_some_and(|age| age <= secs(number)));
    }

    #[test]
    fn no_bytes_make_the_readers_panic(line in "(\\PC|[\"\\\\=,]){0,40}") {
        let _ = (response(&[&line]), request(&[&line]));
    }
}
