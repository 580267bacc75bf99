use std::time::Duration;

use super::super::{RequestDirectives, Reuse, Terms, may_serve_on_error, reuse};
use Reuse::{Fresh, Revalidating, Stale, Validate};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Fresh for 100 seconds, and for 20 more while it is fetched anew, for 30 in place of an error.
const TERMS: Terms = Terms {
    lifetime: secs(100),
    initial_age: Duration::ZERO,
    is_validated_always: false,
    is_validated_when_stale: false,
    is_immutable: false,
    stale_while_revalidate: secs(20),
    stale_if_error: secs(30),
    keep: secs(200),
    omitted: Vec::new(),
};

fn asking() -> RequestDirectives {
    RequestDirectives::default()
}

/// For a request at this age, where nothing but its lifetime makes it stale.
fn at(terms: &Terms, age: u64, directives: RequestDirectives) -> Reuse {
    let stale_for = secs(age).checked_sub(terms.lifetime);
    reuse(terms, secs(age), stale_for, &directives)
}

#[test]
fn a_response_is_served_while_fresh_then_while_it_is_fetched_then_validated() {
    for (age, expected) in [
        (0, Fresh),
        (99, Fresh),
        (100, Revalidating),
        (119, Revalidating),
        (120, Validate),
        (100_000, Validate),
    ] {
        assert_eq!(at(&TERMS, age, asking()), expected, "{age}");
    }
    let plain = Terms { stale_while_revalidate: Duration::ZERO, ..TERMS };
    assert_eq!(at(&plain, 99, asking()), Fresh);
    assert_eq!(at(&plain, 100, asking()), Validate);
}

#[test]
fn a_soft_purge_makes_it_stale_whatever_its_age() {
    let purged = |seconds| reuse(&TERMS, secs(10), Some(secs(seconds)), &asking());
    assert_eq!(purged(0), Revalidating);
    assert_eq!(purged(20), Validate);
    let taken = RequestDirectives { max_stale: Some(secs(25)), ..asking() };
    assert_eq!(reuse(&TERMS, secs(10), Some(secs(25)), &taken), Stale);
    let aged = RequestDirectives { min_fresh: Some(secs(5)), ..asking() };
    assert_eq!(reuse(&TERMS, secs(10), Some(Duration::ZERO), &aged), Validate);
}

#[test]
fn no_cache_on_either_side_demands_validation() {
    let no_cache = RequestDirectives { no_cache: true, max_stale: Some(Duration::MAX), ..asking() };
    let always = Terms { is_validated_always: true, is_immutable: true, ..TERMS };
    let taken = RequestDirectives { max_stale: Some(Duration::MAX), ..asking() };
    for age in [0, 50, 110, 150] {
        assert_eq!(at(&TERMS, age, no_cache), Validate);
        assert_eq!(at(&always, age, taken), Validate);
        assert_eq!(at(&always, age, asking()), Validate);
    }
}

#[test]
fn a_request_bounds_the_age_and_then_takes_nothing_stale_unless_it_says_so() {
    let most = |seconds| RequestDirectives { max_age: Some(secs(seconds)), ..asking() };
    assert_eq!(at(&TERMS, 50, most(50)), Fresh);
    assert_eq!(at(&TERMS, 51, most(50)), Validate);
    assert_eq!(at(&TERMS, 0, most(0)), Validate, "a reload of what has just come");
    assert_eq!(at(&TERMS, 105, most(1_000)), Validate);
    let both = |age, stale| RequestDirectives { max_stale: Some(secs(stale)), ..most(age) };
    assert_eq!(at(&TERMS, 105, both(1_000, 5)), Revalidating);
    assert_eq!(at(&TERMS, 130, both(1_000, 30)), Stale);
    assert_eq!(at(&TERMS, 130, both(1_000, 29)), Validate);
    assert_eq!(at(&TERMS, 130, both(129, 30)), Validate, "`max-stale` lifts no bound on the age");
    let part = Duration::from_millis(1);
    assert_eq!(reuse(&TERMS, secs(50) + part, None, &most(50)), Validate);
}

#[test]
fn a_request_bounds_the_freshness_that_is_left() {
    let least = |seconds| RequestDirectives { min_fresh: Some(secs(seconds)), ..asking() };
    assert_eq!(at(&TERMS, 60, least(40)), Fresh);
    assert_eq!(at(&TERMS, 60, least(41)), Validate);
    assert_eq!(at(&TERMS, 99, least(0)), Fresh);
    assert_eq!(at(&TERMS, 100, least(0)), Validate);
    let both = RequestDirectives { max_stale: Some(Duration::MAX), ..least(10) };
    assert_eq!(at(&TERMS, 105, both), Validate);
}

#[test]
fn a_request_takes_what_has_been_stale_for_as_long_as_it_says() {
    let most = |stale| RequestDirectives { max_stale: Some(stale), ..asking() };
    assert_eq!(at(&TERMS, 99, most(secs(50))), Fresh);
    assert_eq!(at(&TERMS, 119, most(secs(50))), Revalidating);
    assert_eq!(at(&TERMS, 120, most(secs(50))), Stale);
    assert_eq!(at(&TERMS, 150, most(secs(50))), Stale);
    assert_eq!(at(&TERMS, 151, most(secs(50))), Validate);
    assert_eq!(at(&TERMS, 100_000, most(Duration::MAX)), Stale);
    assert_eq!(at(&TERMS, 110, most(secs(5))), Validate, "not even while it is fetched anew");
}

#[test]
fn must_revalidate_wins_over_everything_once_stale() {
    // `storing` has no windows then; here they are left to see that they mean nothing.
    let terms = Terms { is_validated_when_stale: true, ..TERMS };
    let taken = RequestDirectives { max_stale: Some(Duration::MAX), ..asking() };
    assert_eq!(at(&terms, 99, taken), Fresh);
    assert_eq!(at(&terms, 100, taken), Validate);
    assert_eq!(at(&terms, 100, asking()), Validate);
}

#[test]
fn what_is_immutable_and_fresh_is_validated_for_no_cache_alone() {
    let terms = Terms { is_immutable: true, ..TERMS };
    let reload = RequestDirectives { max_age: Some(Duration::ZERO), ..asking() };
    let forced = RequestDirectives { no_cache: true, ..asking() };
    let fresh = RequestDirectives { min_fresh: Some(secs(60)), ..asking() };
    assert_eq!(at(&terms, 50, reload), Fresh);
    assert_eq!(at(&terms, 50, forced), Validate);
    assert_eq!(at(&terms, 50, fresh), Validate);
    assert_eq!(at(&terms, 100, reload), Validate);
    assert_eq!(at(&terms, 100, asking()), Revalidating);
}

#[test]
fn a_stale_response_stands_for_an_error_within_either_window() {
    let window = |error| RequestDirectives { stale_if_error: Some(secs(error)), ..asking() };
    for (stale_for, directives, expected) in [
        (0, asking(), true),
        (29, asking(), true),
        (30, asking(), false),
        (30, window(31), true),
        (29, window(5), true),
        (31, window(31), false),
        (0, RequestDirectives { no_cache: true, ..asking() }, false),
    ] {
        assert_eq!(may_serve_on_error(&TERMS, secs(stale_for), &directives), expected);
    }
    let always = Terms { is_validated_always: true, ..TERMS };
    let stale = Terms { is_validated_when_stale: true, ..TERMS };
    let plain = Terms { stale_if_error: Duration::ZERO, ..TERMS };
    for terms in [&always, &stale] {
        assert!(!may_serve_on_error(terms, Duration::ZERO, &window(1_000)));
    }
    assert!(!may_serve_on_error(&plain, Duration::ZERO, &asking()));
    assert!(may_serve_on_error(&plain, Duration::ZERO, &window(1)));
}
