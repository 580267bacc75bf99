//! Corrections of exchanges, in order: each builds on those before it. What they know of the
//! exchanges is what these are made to mean, never what our code reads.

use super::super::super::render_date;
use super::case::{Case, Means, PATH, Said, Stamp, Written};
use super::moment;

/// No heuristic lifetime is longer, in seconds.
pub(super) const MOST_HEURISTIC: u64 = 50_000;

type Repair = (&'static str, fn(&mut Case));

pub(super) const REPAIRS: &[Repair] = &[
    ("RFC 9111, 5.2: directives are known by their names in any case", |case| {
        rewrite(case, Written::InCapitals);
    }),
    ("RFC 9110, 5.6.4: what stands in a quoted string is no directive", |case| {
        rewrite(case, Written::Hidden);
    }),
    ("RFC 9111, 5.2: no space stands beside the equals sign", |case| {
        rewrite(case, Written::Spaced);
    }),
    ("RFC 9111, 1.2.2: delta-seconds are digits, and at most 2^31", |case| {
        rewrite(case, Written::OddNumber);
    }),
    ("RFC 9111, 4.2.1: of several lifetimes the most restrictive one may count", |case| {
        shortest(&mut case.control);
    }),
    ("RFC 9213, 2.2: a targeted field replaces Cache-Control and Expires", replace_by_targeted),
    ("RFC 9111, 5.1: the first value of Age counts, and none that is malformed", |case| {
        if !case.age.0.is_empty() {
            case.age.0 = vec![case.age.1.to_string()];
        }
    }),
    ("RFC 9110, 5.6.7: dates have three formats", |case| {
        let all = case.date.iter_mut().chain(&mut case.expires).chain(&mut case.modified);
        all.for_each(plainly);
    }),
    ("RFC 9111, 4.2 and 5.3: malformed and several dates are none, and past for Expires", |case| {
        if case.date.len() > 1 || case.date.iter().any(|date| date.means.is_none()) {
            case.date.clear();
        }
        if case.expires.len() > 1 || case.expires.iter().any(|date| date.means.is_none()) {
            case.expires = vec![Stamp { text: "0".to_owned(), means: None }];
        }
    }),
    ("RFC 9111, 4.2.3: the age counts from Date too, and with the delay", |case| {
        let apparent = case.date.first().and_then(|date| u64::try_from(-date.means?).ok());
        let initial = (case.age.1 + case.delay).max(apparent.unwrap_or(0));
        case.age = (vec![initial.to_string()], initial);
        case.delay = 0;
    }),
    ("RFC 9111, 5.2.2.3: must-understand overrides no-store where the status is known", |case| {
        if case.says(Means::MustUnderstand) {
            let is_known = ![206, 299, 304, 412, 416, 599].contains(&case.status);
            case.control.retain(|said| said.means != Means::NoStore);
            if !is_known {
                forbid(case);
            }
        }
    }),
    ("RFC 9110, 9.3.2: nothing is stored of an answer to HEAD that GET could use", |case| {
        if case.method == "HEAD" {
            case.method = "PUT";
        }
    }),
    ("RFC 9110, 9.3.3: answers to POST need a Content-Location, and are stored for GET", |case| {
        if case.method == "POST" {
            let locations = case.others.iter().filter(|other| other.0 == "content-location");
            let is_here = locations.map(|other| other.1).eq([PATH]);
            let is_success = (200..300).contains(&case.status);
            let is_stored = is_here && is_success && is_explicit(case);
            case.method = if is_stored { "GET" } else { "PUT" };
        }
    }),
    ("RFC 9111, 3: every final status may be stored if the response says so", |case| {
        let is_part = [206, 304, 412, 416].contains(&case.status);
        if !is_part && (is_explicit(case) || case.says(Means::Public)) {
            case.status = 200;
        }
    }),
    ("RFC 9111, 5.2.2.4 and 5.2.2.7: no-cache and private may concern fields alone", |case| {
        case.control
            .retain(|said| !matches!(said.means, Means::NoCacheField | Means::PrivateField));
    }),
    ("RFC 9111, 5.4: Pragma means nothing in a response", |case| drop_other(case, "pragma")),
    ("RFC 9111, 7.3: Set-Cookie alone does not keep a response from being reused", |case| {
        drop_other(case, "set-cookie");
    }),
    ("RFC 9111, 4.1: no other request is selected by an asterisk in Vary", |case| {
        if case.others.iter().any(|(name, value)| *name == "vary" && value.contains('*')) {
            forbid(case);
        }
        drop_other(case, "vary");
    }),
    ("RFC 9111, 3: a cache may store less: streams of events never end", |case| {
        if case.others.iter().any(|(name, _)| *name == "content-type") {
            forbid(case);
        }
    }),
    ("RFC 9111, 3: a cache may store less: what is never reused nor validated", |case| {
        if !is_validated(case) && lifetime(case) + window(case) <= case.age.1 {
            forbid(case);
        }
    }),
    ("RFC 9111, 5.4: Pragma means nothing in a request beside Cache-Control", |case| {
        for later in &mut case.later {
            later.has_pragma &= later.control.is_empty();
        }
    }),
    ("RFC 9111, 5.2.1: of several demands of a request the greatest counts", |case| {
        case.later.iter_mut().for_each(|later| shortest(&mut later.control));
    }),
    ("RFC 9111, 5.2.2.8: proxy-revalidate demands validation only of what is stale", |case| {
        if case.says(Means::ProxyRevalidate) {
            case.control.retain(|said| said.means != Means::ProxyRevalidate);
            never_stale(case);
        }
    }),
    ("RFC 9111, 5.2.2.10: s-maxage has the meaning of proxy-revalidate", |case| {
        if case.control.iter().any(|said| matches!(said.means, Means::SMaxage(_))) {
            never_stale(case);
        }
    }),
    ("RFC 9111, 5.2.2.4: no-cache lets no request take what is stale", |case| {
        if case.says(Means::NoCache) {
            never_stale(case);
        }
    }),
    (
        "RFC 8246, 2: what is immutable is fresh as long as it says, and reloads do not end it",
        |case| {
            if !case.says(Means::Immutable) {
                return;
            }
            case.control.retain(|said| said.means != Means::Immutable);
            let left = lifetime(case).saturating_sub(case.age.1);
            for later in case.later.iter_mut().filter(|later| later.after < left) {
                later.control.retain(|said| !matches!(said.means, Means::MaxAge(_)));
            }
        },
    ),
    ("RFC 9111, 4.2.2: a heuristic lifetime may be bounded", |case| {
        if !is_explicit(case) && lifetime(case) == MOST_HEURISTIC {
            case.control.push(Said::plainly(Means::MaxAge(MOST_HEURISTIC)));
        }
    }),
    ("RFC 9111, 5.2.1.1: max-age=0 is how a reload asks for validation, at any age", |case| {
        for said in case.later.iter_mut().flat_map(|later| &mut later.control) {
            if said.means == Means::MaxAge(0) {
                *said = Said::plainly(Means::NoCache);
            }
        }
    }),
    ("RFC 9111, 5.2.1.2: max-stale takes what is stale for no more than it says", |case| {
        for said in case.later.iter_mut().flat_map(|later| &mut later.control) {
            if let Means::MaxStale(seconds) = said.means {
                *said = Said::plainly(Means::MaxStale(seconds + 1));
            }
        }
    }),
    ("RFC 9111, 5.2.1.3: nothing stale is fresh for as long as min-fresh says", |case| {
        for later in &mut case.later {
            if later.control.iter().any(|said| matches!(said.means, Means::MinFresh(_))) {
                later.control.retain(|said| !takes_stale(said.means));
            }
        }
    }),
    ("RFC 5861, 3: stale-while-revalidate permits to serve what is stale", |case| {
        let Some(seconds) = window_while_revalidated(case) else { return };
        for later in &mut case.later {
            let bounds = |said: &Said| matches!(said.means, Means::MaxAge(_) | Means::MinFresh(_));
            if !later.control.iter().any(|said| bounds(said) || takes_stale(said.means)) {
                later.control.push(Said::plainly(Means::MaxStale(seconds)));
            }
        }
    }),
    (
        "RFC 9111, 3: a cache may store less: what has no validator is not kept past its use",
        |case| {
            let end = (lifetime(case) + window(case)).saturating_sub(case.age.1);
            if !is_validated(case) {
                for later in case.later.iter_mut().filter(|later| later.after >= end) {
                    later.control.push(Said::plainly(Means::NoCache));
                }
            }
        },
    ),
];

fn rewrite(case: &mut Case, written: Written) {
    let later = case.later.iter_mut().flat_map(|later| &mut later.control);
    for said in case.control.iter_mut().chain(&mut case.request).chain(later) {
        if said.written == written {
            *said = Said::plainly(said.means);
        }
    }
}

fn plainly(stamp: &mut Stamp) {
    stamp.text = stamp.means.map_or_else(
        || "0".to_owned(),
        |offset| {
            let distance = std::time::Duration::from_secs(offset.unsigned_abs());
            render_date(if offset < 0 { moment(0) - distance } else { moment(0) + distance })
        },
    );
}

/// Of directives that are the same but for their number, leaves the most restrictive one.
fn shortest(control: &mut Vec<Said>) {
    let mut left: Vec<Said> = Vec::new();
    for said in control.drain(..) {
        let same = left.iter_mut().find(|other| {
            let is_same = |one: Means, other: Means| {
                std::mem::discriminant(&one) == std::mem::discriminant(&other)
            };
            is_same(other.means, said.means) || takes_stale(other.means) && takes_stale(said.means)
        });
        match same {
            // In the order of `Means` any staleness comes before a number, and is more.
            Some(other) => {
                let is_less = match (other.means, said.means) {
                    (Means::AnyStale, Means::MaxStale(_)) => true,
                    (Means::MaxStale(_), Means::AnyStale) => false,
                    (Means::MinFresh(other), Means::MinFresh(said)) => said > other,
                    (other, said) => said < other,
                };
                if is_less {
                    *other = said;
                }
            }
            None => left.push(said),
        }
    }
    *control = left;
}

/// Of members with one key the last counts (RFC 9651, section 4.2.2).
fn replace_by_targeted(case: &mut Case) {
    if case.targeted.is_empty() {
        return;
    }
    case.control.clear();
    case.expires.clear();
    for said in case.targeted.drain(..) {
        let key = std::mem::discriminant(&said.means);
        case.control.retain(|other| std::mem::discriminant(&other.means) != key);
        case.control.push(said);
    }
}

fn drop_other(case: &mut Case, name: &str) {
    case.others.retain(|other| other.0 != name);
}

fn forbid(case: &mut Case) {
    case.control.push(Said::plainly(Means::NoStore));
}

fn takes_stale(means: Means) -> bool {
    matches!(means, Means::AnyStale | Means::MaxStale(_))
}

fn never_stale(case: &mut Case) {
    for later in &mut case.later {
        later.control.retain(|said| !takes_stale(said.means));
    }
    case.control.retain(|said| {
        !matches!(said.means, Means::StaleWhileRevalidate(_) | Means::StaleIfError(_))
    });
}

fn is_explicit(case: &Case) -> bool {
    let is_age = |said: &Said| matches!(said.means, Means::MaxAge(_) | Means::SMaxage(_));
    !case.expires.is_empty() || case.control.iter().any(is_age)
}

fn is_validated(case: &Case) -> bool {
    case.modified.is_some() || case.others.iter().any(|other| other.0 == "etag")
}

/// In seconds; zero if nothing makes the response fresh.
fn lifetime(case: &Case) -> u64 {
    let find =
        |number: fn(Means) -> Option<u64>| case.control.iter().find_map(|said| number(said.means));
    let shared = find(|means| if let Means::SMaxage(age) = means { Some(age) } else { None });
    let max_age = find(|means| if let Means::MaxAge(age) = means { Some(age) } else { None });
    let date = case.date.first().and_then(|date| date.means).unwrap_or(0);
    if case.says(Means::NoCache) {
        return 0;
    }
    if let Some(seconds) = shared.or(max_age) {
        return seconds;
    }
    if let Some(expires) = case.expires.first() {
        return expires.means.and_then(|at| u64::try_from(at - date).ok()).unwrap_or(0);
    }
    let usual = [200, 203, 204, 301, 404, 410, 501];
    if !usual.contains(&case.status) && !case.says(Means::Public) {
        return 0;
    }
    let modified = case.modified.as_ref().and_then(|modified| modified.means);
    let since = modified.and_then(|at| u64::try_from(date - at).ok());
    since.map_or(0, |since| (since / 10).min(MOST_HEURISTIC))
}

fn window_while_revalidated(case: &Case) -> Option<u64> {
    let window = |said: &Said| match said.means {
        Means::StaleWhileRevalidate(seconds) => Some(seconds),
        _ => None,
    };
    case.control.iter().find_map(window).filter(|_| !demands(case))
}

/// How long the response is of use once it is stale, without a validator.
fn window(case: &Case) -> u64 {
    let seconds = |said: &Said| match said.means {
        Means::StaleWhileRevalidate(seconds) | Means::StaleIfError(seconds) => Some(seconds),
        _ => None,
    };
    let longest = case.control.iter().filter_map(seconds).max();
    longest.filter(|_| !demands(case)).unwrap_or(0)
}

fn demands(case: &Case) -> bool {
    let is_demand = |said: &Said| {
        matches!(
            said.means,
            Means::MustRevalidate | Means::ProxyRevalidate | Means::NoCache | Means::SMaxage(_)
        )
    };
    case.control.iter().any(is_demand)
}
