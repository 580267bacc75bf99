use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, StatusCode};

use super::super::{
    Exchange, Heuristics, Lifetime, ResponseDirectives, Rules, initial_age, lifetime,
};
use super::storing::{RULES, exchange, fields};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The lifetime of a response that came on 1 January 2030 at midnight.
fn of(status: u16, all: &[(&'static str, &str)], rules: &Rules) -> Lifetime {
    let headers = fields(all.iter().copied());
    let directives = ResponseDirectives::of(&headers, &rules.targeted);
    lifetime(StatusCode::from_u16(status).unwrap(), &headers, &directives, exchange(), rules)
}

fn explicit(all: &[(&'static str, &str)]) -> Option<u64> {
    match of(200, all, &RULES) {
        Lifetime::Explicit(lifetime) => Some(lifetime.as_secs()),
        _ => None,
    }
}

const TARGET: &str = "cdn-cache-control";
const DATE: (&str, &str) = ("date", "Tue, 01 Jan 2030 00:00:00 GMT");
const HOUR: (&str, &str) = ("expires", "Tue, 01 Jan 2030 01:00:00 GMT");

#[test]
fn targeted_fields_go_before_s_maxage_before_max_age_before_expires() {
    let control = ("cache-control", "s-maxage=1, max-age=2");
    assert_eq!(explicit(&[DATE, HOUR]), Some(3_600));
    assert_eq!(explicit(&[DATE, HOUR, ("cache-control", "max-age=2")]), Some(2));
    assert_eq!(explicit(&[DATE, HOUR, ("cache-control", "max-age=7200")]), Some(7_200));
    assert_eq!(explicit(&[DATE, HOUR, control]), Some(1));
    assert_eq!(explicit(&[DATE, HOUR, ("cache-control", "s-maxage=9, max-age=2")]), Some(9));
    assert_eq!(explicit(&[DATE, HOUR, ("cache-control", "max-age=x")]), Some(0));
    let rules = Rules { targeted: vec![HeaderName::from_static(TARGET)], ..RULES };
    let targeted = |value: &'static str| of(200, &[DATE, HOUR, control, (TARGET, value)], &rules);
    assert_eq!(targeted("max-age=3"), Lifetime::Explicit(secs(3)));
    assert_eq!(targeted("public"), Lifetime::Unknown, "`Expires` means nothing beside it");
    assert_eq!(targeted("&"), Lifetime::Explicit(secs(1)));
}

#[test]
fn expires_counts_from_date_and_from_the_receipt_without_one() {
    assert_eq!(explicit(&[HOUR]), Some(3_600));
    let earlier = ("date", "Mon, 31 Dec 2029 23:00:00 GMT");
    assert_eq!(explicit(&[earlier, HOUR]), Some(7_200));
    assert_eq!(explicit(&[("date", "yesterday"), HOUR]), Some(3_600));
    assert_eq!(explicit(&[earlier, earlier, HOUR]), Some(3_600), "two dates are no date");
    for past in ["Tue, 01 Jan 2030 00:00:00 GMT", "Mon, 31 Dec 2029 23:59:59 GMT", "0", "-1", ""] {
        assert_eq!(explicit(&[DATE, ("expires", past)]), Some(0), "{past}");
    }
    assert_eq!(explicit(&[DATE, HOUR, HOUR]), Some(0), "section 5.3 knows one date alone");
    let two = "Tue, 01 Jan 2030 01:00:00 GMT, Tue, 01 Jan 2030 01:00:00 GMT";
    assert_eq!(explicit(&[DATE, ("expires", two)]), Some(0));
}

#[test]
fn expires_is_read_in_every_format_and_past_2038() {
    for (value, expected) in [
        ("tue, 01 jan 2030 00:00:01 gmt", 1),
        ("Tue Jan  1 00:00:01 2030", 1),
        ("Tuesday, 01-Jan-30 00:00:01 GMT", 1),
        // 50 years, of which 12 have a leap day: 2032, 2036, ..., 2076.
        ("Monday, 01-Jan-80 00:00:00 GMT", 18_262 * 86_400),
        // A second more, and it is a year of the past.
        ("Tuesday, 01-Jan-80 00:00:01 GMT", 0),
        // From 2030 to 2038 there are 2,922 days.
        ("Tue, 19 Jan 2038 03:14:08 GMT", (2_922 + 18) * 86_400 + 3 * 3_600 + 14 * 60 + 8),
        ("Tue, 01 Jan 2030 00:00:01 UTC", 0),
        ("Tue, 01 Jan 2030 0:00:01 GMT", 0),
    ] {
        assert_eq!(explicit(&[DATE, ("expires", value)]), Some(expected), "{value}");
    }
}

fn heuristic(share: f64, most: Duration) -> Rules {
    Rules { heuristics: Some(Heuristics { share, most }), ..RULES }
}

/// Ten thousand seconds before the response.
const MODIFIED: (&str, &str) = ("last-modified", "Mon, 31 Dec 2029 21:13:20 GMT");

#[test]
fn without_a_lifetime_a_share_of_the_time_since_the_last_modification_is_taken_if_it_is_wanted() {
    let tenth = heuristic(0.1, secs(100_000));
    let thousand = Lifetime::Heuristic(secs(1_000));
    assert_eq!(of(200, &[DATE, MODIFIED], &tenth), thousand);
    assert_eq!(of(200, &[MODIFIED], &tenth), thousand);
    assert_eq!(of(200, &[DATE, MODIFIED], &RULES), Lifetime::Unknown);
    assert_eq!(of(200, &[DATE], &tenth), Lifetime::Unknown);
    assert_eq!(of(200, &[DATE, ("last-modified", "0")], &tenth), Lifetime::Unknown);
    assert_eq!(of(200, &[DATE, MODIFIED, MODIFIED], &tenth), Lifetime::Unknown);
    assert_eq!(of(200, &[DATE, MODIFIED, HOUR], &tenth), Lifetime::Explicit(secs(3_600)));
    let later = ("date", "Tue, 01 Jan 2030 02:46:40 GMT");
    assert_eq!(of(200, &[later, MODIFIED], &tenth), Lifetime::Heuristic(secs(2_000)));
    let future = ("last-modified", "Tue, 01 Jan 2030 00:00:01 GMT");
    assert_eq!(of(200, &[DATE, future], &tenth), Lifetime::Heuristic(Duration::ZERO));
}

#[test]
fn a_heuristic_lifetime_stays_within_its_bounds_whatever_the_share() {
    for (share, most, expected) in [
        (0.1, 999, 999),
        (0.1, 0, 0),
        (1.0, 100_000, 10_000),
        (0.0, 100, 0),
        (-1.0, 100, 0),
        (f64::NAN, 0, 0),
        (f64::INFINITY, 100, 100),
        (f64::MAX, 100, 100),
    ] {
        let rules = heuristic(share, secs(most));
        let lifetime = of(200, &[DATE, MODIFIED], &rules);
        assert_eq!(lifetime, Lifetime::Heuristic(secs(expected)), "{share} {most}");
    }
    let rules = heuristic(f64::INFINITY, Duration::MAX);
    assert!(matches!(of(200, &[DATE, MODIFIED], &rules), Lifetime::Heuristic(_)));
}

#[test]
fn only_some_statuses_are_given_a_heuristic_lifetime_unless_the_response_is_public() {
    let tenth = heuristic(0.1, secs(100_000));
    let usual = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];
    for status in 200..=599 {
        let lifetime = of(status, &[DATE, MODIFIED], &tenth);
        assert_eq!(lifetime != Lifetime::Unknown, usual.contains(&status), "{status}");
        let public = of(status, &[DATE, MODIFIED, ("cache-control", "public")], &tenth);
        assert_eq!(public, Lifetime::Heuristic(secs(1_000)), "{status}");
    }
}

fn aged(all: &[(&'static str, &str)], exchange: Exchange) -> Duration {
    let headers: HeaderMap = fields(all.iter().copied());
    initial_age(&headers, exchange)
}

#[test]
fn the_initial_age_is_the_greater_of_the_apparent_and_the_corrected_one() {
    let delayed = Exchange { asked: exchange().answered - secs(5), ..exchange() };
    let minute_ago = ("date", "Mon, 31 Dec 2029 23:59:00 GMT");
    for (all, exchange, expected) in [
        (&[DATE][..], exchange(), 0),
        (&[], exchange(), 0),
        (&[DATE, ("age", "10")], exchange(), 10),
        (&[DATE], delayed, 5),
        (&[DATE, ("age", "10")], delayed, 15),
        (&[("age", "10")], delayed, 15),
        (&[minute_ago], exchange(), 60),
        (&[minute_ago], delayed, 60),
        (&[minute_ago, ("age", "10")], delayed, 60),
        (&[minute_ago, ("age", "58")], delayed, 63),
        (&[("date", "Tue, 01 Jan 2030 00:01:00 GMT"), ("age", "10")], exchange(), 10),
        (&[minute_ago, minute_ago], exchange(), 0),
        (&[("date", "x"), ("age", "x")], exchange(), 0),
        (&[DATE, ("age", "99999999999")], delayed, 2_147_483_653),
    ] {
        assert_eq!(aged(all, exchange), secs(expected), "{all:?}");
    }
}

#[test]
fn fractions_of_a_second_count_in_delays_and_not_in_the_distance_to_date() {
    let part = Duration::from_millis(900);
    let later = Exchange { asked: exchange().asked + part, answered: exchange().answered + part };
    assert_eq!(aged(&[DATE], later), Duration::ZERO);
    let slow = Exchange { answered: exchange().answered + part, ..exchange() };
    assert_eq!(aged(&[DATE, ("age", "1")], slow), secs(1) + part);
}

#[test]
fn a_clock_that_is_set_back_makes_no_age() {
    let back = Exchange { asked: exchange().answered + secs(100), ..exchange() };
    assert_eq!(aged(&[DATE, ("age", "3")], back), secs(3));
    let epoch = Exchange { asked: SystemTime::UNIX_EPOCH, answered: SystemTime::UNIX_EPOCH };
    assert_eq!(aged(&[DATE], epoch), Duration::ZERO);
}
