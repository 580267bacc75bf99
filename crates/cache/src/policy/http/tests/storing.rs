use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::super::{
    Asked, Exchange, Heuristics, NotStorable, RequestDirectives, Rules, Terms, storing,
};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn fields<'a>(all: impl IntoIterator<Item = (&'static str, &'a str)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in all {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

/// On 1 January 2030 at midnight, in no time.
pub(super) fn exchange() -> Exchange {
    let midnight = SystemTime::UNIX_EPOCH + secs(1_893_456_000);
    Exchange { asked: midnight, answered: midnight }
}

pub(super) const RULES: Rules = Rules {
    targeted: Vec::new(),
    heuristics: None,
    stores_set_cookie: false,
    stores_refusals: true,
    serves_without_lifetime: true,
    stores_post: false,
    obeys_requests: true,
    stale_while_revalidate: Duration::ZERO,
    stale_if_error: Duration::ZERO,
    keep_for_validation: secs(1_000),
    most: secs(1_000_000),
};

const GET: Asked<'static> = Asked {
    method: &Method::GET,
    is_authorized: false,
    directives: &NOTHING,
    path_and_query: "/a?b",
};

const NOTHING: RequestDirectives = RequestDirectives {
    max_age: None,
    max_stale: None,
    min_fresh: None,
    no_cache: false,
    no_store: false,
    only_if_cached: false,
    stale_if_error: None,
};

type Fields<'a> = &'a [(&'static str, &'a str)];

fn decide(
    asked: Asked<'_>,
    status: u16,
    all: Fields<'_>,
    rules: &Rules,
) -> Result<Terms, NotStorable> {
    let status = StatusCode::from_u16(status).unwrap();
    storing(asked, status, &fields(all.iter().copied()), exchange(), rules)
}

fn get(all: Fields<'_>) -> Result<Terms, NotStorable> {
    decide(GET, 200, all, &RULES)
}

/// What a `Cache-Control` alone makes of an answer to GET.
fn control(value: &str) -> Result<Terms, NotStorable> {
    get(&[("cache-control", value)])
}

/// The same, with an entity tag and two windows of the rules.
fn windows(value: &str) -> Terms {
    let rules = Rules { stale_while_revalidate: secs(20), stale_if_error: secs(30), ..RULES };
    decide(GET, 200, &[("cache-control", value), ("etag", "\"a\"")], &rules).unwrap()
}

fn names(terms: &Terms) -> Vec<&str> {
    terms.omitted.iter().map(HeaderName::as_str).collect()
}

#[test]
fn a_response_with_a_lifetime_is_stored_for_it() {
    let expected = Terms {
        lifetime: secs(60),
        initial_age: secs(10),
        is_validated_always: false,
        is_validated_when_stale: false,
        is_immutable: false,
        stale_while_revalidate: Duration::ZERO,
        stale_if_error: Duration::ZERO,
        keep: secs(60),
        omitted: Vec::new(),
    };
    assert_eq!(get(&[("cache-control", "max-age=60"), ("age", "10")]), Ok(expected));
}

#[test]
fn every_final_status_is_stored_if_it_says_so_but_those_that_are_parts_or_answer_one_request() {
    for status in 200..=999 {
        let decision = decide(GET, status, &[("cache-control", "max-age=60")], &RULES);
        // And those of RFC 6585, sections 3 to 6.
        let never = [206, 304, 412, 416, 428, 429, 431, 511];
        let expected =
            if never.contains(&status) { Err(NotStorable::Status) } else { Ok(secs(60)) };
        assert_eq!(decision.map(|terms| terms.lifetime), expected, "{status}");
    }
    for (status, expected) in
        [(100, NotStorable::Status), (103, NotStorable::Status), (101, NotStorable::Stream)]
    {
        let decision = decide(GET, status, &[("cache-control", "max-age=60")], &RULES);
        assert_eq!(decision, Err(expected), "{status}");
    }
}

#[test]
fn errors_that_may_come_of_one_request_are_stored_if_the_rules_want_them() {
    let careful = Rules { stores_refusals: false, ..RULES };
    for status in 200..=999 {
        let decision = decide(GET, status, &[("cache-control", "max-age=60")], &careful);
        let never = [206, 304];
        let of_target = [404, 405, 410, 414, 451, 501];
        let expected =
            if status < 400 { !never.contains(&status) } else { of_target.contains(&status) };
        assert_eq!(decision.is_ok(), expected, "{status}");
    }
}

#[test]
fn what_has_no_lifetime_is_not_served_stale_if_the_rules_do_not_want_it() {
    let window = Rules { stale_while_revalidate: secs(20), stale_if_error: secs(30), ..RULES };
    let careful = Rules { serves_without_lifetime: false, ..window.clone() };
    let tag = ("etag", "\"a\"");
    for (fields, is_said) in [
        (&[tag][..], false),
        (&[tag, ("cache-control", "max-age=0")], false),
        (&[tag, ("expires", "0")], false),
        (&[tag, ("cache-control", "max-age=0, stale-if-error=5")], true),
        (&[tag, ("cache-control", "max-age=0, stale-while-revalidate=5")], true),
        (&[tag, ("cache-control", "max-age=1")], true),
    ] {
        let terms = decide(GET, 200, fields, &careful).unwrap();
        assert_eq!(terms.is_validated_when_stale, !is_said, "{fields:?}");
        assert_eq!(terms.stale_if_error.is_zero(), !is_said, "{fields:?}");
        assert!(!decide(GET, 200, fields, &window).unwrap().is_validated_when_stale);
    }
}

#[test]
fn must_understand_overrides_no_store_for_statuses_that_are_understood_and_forbids_the_others() {
    // The final statuses of RFC 9110, section 15, but parts, 412 and 416, and the unused ones.
    let understood = [
        200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 305, 307, 308, 400, 401, 402, 403, 404,
        405, 406, 407, 408, 409, 410, 411, 413, 414, 415, 417, 421, 422, 426, 500, 501, 502, 503,
        504, 505,
    ];
    for status in 200..=599 {
        let with = |value| decide(GET, status, &[("cache-control", value)], &RULES).err();
        let expected = (!understood.contains(&status)).then_some(NotStorable::Status);
        assert_eq!(with("must-understand, no-store, max-age=60"), expected, "{status}");
        assert_eq!(with("must-understand, max-age=60"), expected, "{status}");
    }
    assert_eq!(control("no-store, max-age=60"), Err(NotStorable::NoStore));
}

#[test]
fn no_store_of_the_request_counts_where_requests_are_obeyed() {
    let directives = RequestDirectives { no_store: true, ..NOTHING };
    let asked = Asked { directives: &directives, ..GET };
    let all: Fields<'_> = &[("cache-control", "max-age=60, must-understand")];
    assert_eq!(decide(asked, 200, all, &RULES), Err(NotStorable::RequestNoStore));
    let deaf = Rules { obeys_requests: false, ..RULES };
    assert!(decide(asked, 200, all, &deaf).is_ok());
}

#[test]
fn private_forbids_all_of_a_response_or_its_fields() {
    assert_eq!(control("private, max-age=60"), Err(NotStorable::Private));
    assert_eq!(control("private=\"x a\", max-age=60"), Err(NotStorable::Private));
    let terms = control("private=\"X-A, x-b\", no-cache=\"x-c, x-a\", max-age=60").unwrap();
    assert_eq!(names(&terms), ["x-a", "x-b", "x-c"]);
    assert_eq!(terms.lifetime, secs(60));
    assert!(!terms.is_validated_always);
}

#[test]
fn an_authorized_response_needs_a_directive_of_section_3_5() {
    let asked = Asked { is_authorized: true, ..GET };
    for (value, expected) in [
        ("max-age=60", false),
        ("max-age=60, public", true),
        ("max-age=60, must-revalidate", true),
        ("s-maxage=60", true),
        ("max-age=60, proxy-revalidate", false),
        ("max-age=60, no-cache=\"x\"", false),
        ("max-age=60, immutable", false),
    ] {
        let decision = decide(asked, 200, &[("cache-control", value)], &RULES);
        let refused = decision.err();
        assert_eq!(refused, (!expected).then_some(NotStorable::Authorization), "{value}");
    }
    let target = HeaderName::from_static("cdn-cache-control");
    let rules = Rules { targeted: vec![target], ..RULES };
    let with = |control, cdn| {
        let all: Fields<'_> = &[("cache-control", control), ("cdn-cache-control", cdn)];
        decide(asked, 200, all, &rules).err()
    };
    assert_eq!(with("max-age=60", "public, max-age=60"), None);
    assert_eq!(with("public", "max-age=60"), Some(NotStorable::Authorization));
}

#[test]
fn a_response_with_a_cookie_is_stored_only_if_wanted_or_without_the_cookie() {
    let cookie = ("set-cookie", "a=b");
    let plain: Fields<'_> = &[cookie, ("cache-control", "max-age=60")];
    assert_eq!(get(plain), Err(NotStorable::SetCookie));
    assert_eq!(
        get(&[cookie, ("cache-control", "public, s-maxage=6")]),
        Err(NotStorable::SetCookie)
    );
    let wanted = Rules { stores_set_cookie: true, ..RULES };
    assert_eq!(decide(GET, 200, plain, &wanted).map(|terms| terms.omitted), Ok(Vec::new()));
    for value in ["max-age=60, no-cache=\"set-cookie\"", "max-age=60, private=Set-Cookie"] {
        let terms = get(&[cookie, ("cache-control", value)]).unwrap();
        assert_eq!(names(&terms), ["set-cookie"], "{value}");
    }
}

#[test]
fn a_response_that_varies_on_anything_is_not_stored() {
    let fresh = ("cache-control", "max-age=60");
    assert_eq!(get(&[fresh, ("vary", "*")]), Err(NotStorable::VaryAny));
    assert_eq!(get(&[fresh, ("vary", "accept"), ("vary", "x, *")]), Err(NotStorable::VaryAny));
    assert!(get(&[fresh, ("vary", "accept")]).is_ok());
}

#[test]
fn an_event_stream_is_not_stored() {
    for (value, is_stream) in [
        ("text/event-stream", true),
        ("Text/Event-Stream; charset=utf-8", true),
        ("text/event-stream ;x", true),
        ("text/event-streams", false),
        ("text/plain; x=text/event-stream", false),
    ] {
        let decision = get(&[("cache-control", "max-age=60"), ("content-type", value)]);
        assert_eq!(decision.err(), is_stream.then_some(NotStorable::Stream), "{value}");
    }
}

#[test]
fn only_get_is_stored_and_post_on_its_own_conditions() {
    let fresh = ("cache-control", "max-age=60");
    let here = ("content-location", "/a?b");
    let posts = Rules { stores_post: true, ..RULES };
    for method in [Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        let asked = Asked { method: &method, ..GET };
        let decision = decide(asked, 200, &[fresh, here], &posts);
        assert_eq!(decision, Err(NotStorable::Method), "{method}");
    }
    let asked = Asked { method: &Method::POST, ..GET };
    let post = |status, all: Fields<'_>, rules: &Rules| decide(asked, status, all, rules).err();
    let refused = Some(NotStorable::Method);
    assert_eq!(post(200, &[fresh, here], &posts), None);
    assert_eq!(post(201, &[fresh, here], &posts), None);
    assert_eq!(post(200, &[fresh, here], &RULES), refused);
    assert_eq!(post(404, &[fresh, here], &posts), refused);
    assert_eq!(post(200, &[fresh], &posts), refused);
    assert_eq!(post(200, &[fresh, ("content-location", "/a")], &posts), refused);
    assert_eq!(post(200, &[fresh, here, ("content-location", "/b")], &posts), refused);
    assert_eq!(post(200, &[here, ("etag", "\"a\"")], &posts), refused);
    let heuristics = Some(Heuristics { share: 0.1, most: secs(1_000) });
    let guessing = Rules { heuristics, ..posts.clone() };
    let modified = ("last-modified", "Mon, 31 Dec 2029 21:13:20 GMT");
    assert_eq!(post(200, &[here, modified], &guessing), refused);
    assert_eq!(decide(GET, 200, &[modified], &guessing).unwrap().lifetime, secs(1_000));
}

#[test]
fn without_a_lifetime_a_validator_or_a_window_is_needed_and_a_usual_status_or_public() {
    let refused = Err(NotStorable::NoFreshness);
    assert_eq!(get(&[]), refused);
    assert_eq!(control("public"), refused);
    assert_eq!(control("no-cache"), refused);
    let tag = ("etag", "\"a\"");
    let modified = ("last-modified", "Mon, 31 Dec 2029 21:13:20 GMT");
    for validator in [tag, modified] {
        let terms = get(&[validator]).unwrap();
        assert_eq!((terms.lifetime, terms.keep), (Duration::ZERO, secs(1_000)));
    }
    assert_eq!(decide(GET, 302, &[tag], &RULES), refused);
    assert_eq!(decide(GET, 500, &[tag], &RULES), refused);
    assert!(decide(GET, 404, &[tag], &RULES).is_ok());
    assert!(decide(GET, 302, &[tag, ("cache-control", "public")], &RULES).is_ok());
    assert_eq!(control("stale-if-error=5").unwrap().keep, secs(5));
    assert_eq!(control("stale-while-revalidate=5").unwrap().keep, secs(5));
    let rules = Rules { stale_if_error: secs(5), ..RULES };
    assert_eq!(decide(GET, 200, &[], &rules), refused, "the rules alone make no use of it");
}

#[test]
fn what_is_stale_when_it_comes_is_stored_only_if_there_is_a_use_for_it() {
    let tag = ("etag", "\"a\"");
    let past = ("expires", "0");
    let old = ("age", "60");
    let fresh = ("cache-control", "max-age=60");
    let outdated = Err(NotStorable::Outdated);
    assert_eq!(get(&[past]), outdated);
    assert_eq!(control("max-age=0"), outdated);
    assert_eq!(control("no-cache, max-age=60"), outdated);
    assert_eq!(get(&[fresh, old]), outdated);
    assert!(get(&[fresh, ("age", "59")]).is_ok());
    assert_eq!(get(&[past, tag]).unwrap().keep, secs(1_000));
    assert_eq!(get(&[fresh, old, tag]).unwrap().keep, secs(1_060));
    let window = ("cache-control", "max-age=60, stale-while-revalidate=10");
    assert_eq!(get(&[window, old]).unwrap().keep, secs(70));
    assert_eq!(get(&[window, ("age", "70")]), outdated);
    assert_eq!(get(&[("cache-control", "max-age=0, stale-if-error=10")]).unwrap().keep, secs(10));
    let none = Rules { keep_for_validation: Duration::ZERO, ..RULES };
    assert_eq!(decide(GET, 200, &[past, tag], &none), outdated);
}

#[test]
fn no_cache_is_validated_always_and_kept_for_that() {
    let tag = ("etag", "\"a\"");
    let all: Fields<'_> = &[tag, ("cache-control", "no-cache, max-age=60, stale-if-error=5")];
    let rules = Rules { stale_while_revalidate: secs(20), stale_if_error: secs(30), ..RULES };
    let terms = decide(GET, 200, all, &rules).unwrap();
    assert!(terms.is_validated_always && terms.is_validated_when_stale);
    assert_eq!(terms.lifetime, Duration::ZERO);
    assert_eq!((terms.stale_while_revalidate, terms.stale_if_error), Default::default());
    assert_eq!(terms.keep, secs(1_000));
}

#[test]
fn windows_are_those_of_the_response_else_of_the_rules_and_none_where_validation_is_demanded() {
    for (value, revalidate, error) in [
        ("max-age=60", 20, 30),
        ("max-age=60, stale-while-revalidate=5", 5, 30),
        ("max-age=60, stale-if-error=5", 20, 5),
        ("max-age=60, stale-while-revalidate=0, stale-if-error=0", 0, 0),
        ("max-age=60, stale-while-revalidate=x", 0, 30),
        // Never fresh, so the rules do not make it be served without validation.
        ("max-age=0", 0, 30),
        ("max-age=0, stale-while-revalidate=5", 5, 30),
        ("public", 0, 30),
    ] {
        let terms = windows(value);
        let both = (terms.stale_while_revalidate, terms.stale_if_error);
        assert_eq!(both, (secs(revalidate), secs(error)), "{value}");
        assert!(!terms.is_validated_when_stale, "{value}");
    }
    for demand in ["must-revalidate", "proxy-revalidate", "s-maxage=60", "no-cache"] {
        let own = "max-age=60, stale-while-revalidate=5, stale-if-error=5";
        for value in [format!("max-age=60, {demand}"), format!("{own}, {demand}")] {
            let terms = windows(&value);
            assert!(terms.is_validated_when_stale, "{value}");
            let both = (terms.stale_while_revalidate, terms.stale_if_error);
            assert_eq!(both, (Duration::ZERO, Duration::ZERO), "{value}");
            assert_eq!(terms.is_validated_always, demand == "no-cache");
        }
    }
}

#[test]
fn a_response_is_kept_for_the_longest_of_its_windows_and_no_longer_than_allowed() {
    let tag = ("etag", "\"a\"");
    let value = "max-age=60, stale-while-revalidate=20, stale-if-error=3000";
    assert_eq!(get(&[("cache-control", value)]).unwrap().keep, secs(3_060));
    let value = "max-age=60, stale-while-revalidate=2000, stale-if-error=30";
    assert_eq!(get(&[("cache-control", value)]).unwrap().keep, secs(2_060));
    let value = ("cache-control", "max-age=60, stale-while-revalidate=20");
    assert_eq!(get(&[value, tag]).unwrap().keep, secs(1_060));
    let most = Rules { most: secs(500), ..RULES };
    let kept = |all: Fields<'_>| decide(GET, 200, all, &most).unwrap().keep;
    assert_eq!(kept(&[value, tag]), secs(500));
    assert_eq!(kept(&[("cache-control", "max-age=2147483648")]), secs(500));
    // As long as others, although it is older.
    assert_eq!(kept(&[("cache-control", "max-age=9999"), ("age", "700")]), secs(1_200));
    let forever = Rules { keep_for_validation: Duration::MAX, most: Duration::MAX, ..RULES };
    assert_eq!(decide(GET, 200, &[value, tag], &forever).unwrap().keep, Duration::MAX);
}

#[test]
fn an_immutable_response_is_known_as_such() {
    assert!(control("max-age=60, immutable").unwrap().is_immutable);
    assert!(!control("max-age=60").unwrap().is_immutable);
}

#[test]
fn what_the_connection_lists_is_omitted() {
    let fresh = ("cache-control", "max-age=60, private=x-a");
    let terms = get(&[fresh, ("connection", "close, X-B, te"), ("connection", "x-a,, x c, x-d")]);
    assert_eq!(names(&terms.unwrap()), ["x-a", "x-b", "x-d"]);
}

#[test]
fn reasons_come_in_a_fixed_order() {
    let mut all: Vec<(&'static str, &str)> = vec![
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store, private"),
        ("set-cookie", "a=b"),
        ("vary", "*"),
        ("expires", "0"),
    ];
    let directives = RequestDirectives { no_store: true, ..NOTHING };
    let asked = Asked { directives: &directives, is_authorized: true, ..GET };
    let head = Asked { method: &Method::HEAD, ..asked };
    assert_eq!(decide(head, 206, &all, &RULES), Err(NotStorable::Method));
    assert_eq!(decide(asked, 206, &all, &RULES), Err(NotStorable::Status));
    assert_eq!(decide(asked, 200, &all, &RULES), Err(NotStorable::Stream));
    all.remove(0);
    assert_eq!(decide(asked, 200, &all, &RULES), Err(NotStorable::NoStore));
    all[0].1 = "private";
    assert_eq!(decide(asked, 200, &all, &RULES), Err(NotStorable::RequestNoStore));
    let asked = Asked { directives: &NOTHING, ..asked };
    assert_eq!(decide(asked, 200, &all, &RULES), Err(NotStorable::Private));
    all[0].1 = "";
    assert_eq!(decide(asked, 200, &all, &RULES), Err(NotStorable::Authorization));
    let asked = Asked { is_authorized: false, ..asked };
    assert_eq!(decide(asked, 200, &all, &RULES), Err(NotStorable::SetCookie));
    all.remove(1);
    assert_eq!(decide(asked, 200, &all, &RULES), Err(NotStorable::VaryAny));
    all.remove(1);
    assert_eq!(decide(asked, 200, &all, &RULES), Err(NotStorable::Outdated));
}
