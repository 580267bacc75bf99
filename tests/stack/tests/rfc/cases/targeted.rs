//! Fields for some caches only, read as structured fields.

use crate::harness::{Case, case, get, ignored, not_modified, ok, reused};

pub(super) fn cases() -> Vec<Case> {
    [chosen(), strict(), others()].concat()
}

/// With nothing but this in the targeted field the response may be reused.
fn valid(name: &'static str, value: &str) -> Case {
    reused(name, "9213 2.1", &format!("CDN-Cache-Control: {value}\nCache-Control: no-store"))
}

/// The targeted field is wrong, so the lifetime in `Cache-Control` counts.
fn invalid(name: &'static str, value: &str) -> Case {
    reused(name, "9213 2.1", &format!("CDN-Cache-Control: {value}\nCache-Control: max-age=3600"))
}

/// The targeted field is wrong, so the zero in `Cache-Control` counts.
fn unused(name: &'static str, value: &str) -> Case {
    ignored(name, "9213 2.1", &format!("CDN-Cache-Control: {value}\nCache-Control: max-age=0"))
}

fn chosen() -> Vec<Case> {
    vec![
        reused("a targeted lifetime counts alone", "9213 2.2", "CDN-Cache-Control: max-age=3600"),
        reused(
            "a targeted lifetime comes before no-store",
            "9213 2.2",
            "CDN-Cache-Control: max-age=3600\nCache-Control: no-store",
        ),
        reused(
            "a targeted lifetime comes before no-cache",
            "9213 2.2",
            "CDN-Cache-Control: max-age=3600\nCache-Control: no-cache",
        ),
        reused(
            "a targeted lifetime comes before private",
            "9213 2.2",
            "CDN-Cache-Control: max-age=3600\nCache-Control: private",
        ),
        reused(
            "a targeted lifetime comes before max-age",
            "9213 2.2",
            "CDN-Cache-Control: max-age=3600\nCache-Control: max-age=0",
        ),
        reused(
            "a targeted lifetime comes before s-maxage",
            "9213 2.2",
            "CDN-Cache-Control: max-age=3600\nCache-Control: s-maxage=0",
        ),
        reused(
            "a targeted lifetime comes before Expires",
            "9213 2.2",
            "CDN-Cache-Control: max-age=3600\nExpires: {-3600}",
        ),
        ignored(
            "a targeted zero comes before max-age",
            "9213 2.2",
            "CDN-Cache-Control: max-age=0\nCache-Control: max-age=3600",
        ),
        ignored(
            "a targeted zero comes before Expires",
            "9213 2.2",
            "CDN-Cache-Control: max-age=0\nExpires: {+3600}",
        ),
        ignored(
            "a targeted no-store comes before max-age",
            "9213 2.2",
            "CDN-Cache-Control: no-store\nCache-Control: max-age=3600",
        ),
        ignored(
            "a targeted no-cache comes before max-age",
            "9213 2.2",
            "CDN-Cache-Control: no-cache\nCache-Control: max-age=3600",
        ),
        ignored(
            "a targeted private comes before max-age",
            "9213 2.2",
            "CDN-Cache-Control: private\nCache-Control: max-age=3600",
        ),
        ignored(
            "a targeted field without a lifetime leaves Cache-Control out",
            "9213 2.2",
            "CDN-Cache-Control: must-revalidate\nCache-Control: max-age=3600",
        ),
        ignored(
            "a targeted no-store wins over its own lifetime",
            "9213 2.2",
            "CDN-Cache-Control: max-age=3600, no-store",
        ),
        ignored(
            "a targeted lifetime ends by the age",
            "9213 2.3",
            "CDN-Cache-Control: max-age=3600\nCache-Control: max-age=7200\nAge: 3600",
        ),
        reused(
            "a targeted lifetime goes on after that for others",
            "9213 2.3",
            "CDN-Cache-Control: max-age=3600\nCache-Control: max-age=60\nAge: 600",
        ),
    ]
}

fn strict() -> Vec<Case> {
    vec![
        valid("parameters are skipped", "max-age=3600;own=1"),
        valid("an unknown directive is skipped in a targeted field", "own=\"x\", max-age=3600"),
        valid("of the same key the last counts", "max-age=0, max-age=3600"),
        valid(
            "of the same key on two lines the last counts",
            "max-age=0\nCDN-Cache-Control: max-age=3600",
        ),
        valid("tabs may part the members", "own,\tmax-age=3600"),
        ignored(
            "of the same key the last counts though it is less",
            "9213 2.1",
            "CDN-Cache-Control: max-age=3600, max-age=0",
        ),
        invalid("an empty targeted field is skipped", ""),
        invalid("a comma at the end makes a targeted field wrong", "no-store,"),
        invalid("an empty member makes a targeted field wrong", "no-store,,own"),
        invalid("an unclosed string makes a targeted field wrong", "no-store, own=\"x"),
        invalid("a wrong escape makes a targeted field wrong", "no-store, own=\"\\x\""),
        invalid("capitals make a targeted field wrong", "No-Store"),
        invalid("a character that no key has makes a targeted field wrong", "no-store, &"),
        invalid("two values for a key make a targeted field wrong", "no-store=1 2"),
        unused("a wrong targeted field gives no lifetime", "max-age=3600, &"),
        unused("capitals give no lifetime", "MAX-AGE=3600"),
        unused("a space before the value gives no lifetime", "max-age= 3600"),
        unused("a comma at the end gives no lifetime", "max-age=3600,"),
        ignored("a string is no lifetime", "9213 2.1", "CDN-Cache-Control: max-age=\"3600\"").may(),
        ignored("a decimal is no lifetime", "9213 2.1", "CDN-Cache-Control: max-age=3600.0").may(),
        ignored(
            "a number below zero is no lifetime",
            "9213 2.1",
            "CDN-Cache-Control: max-age=-3600",
        ),
        ignored("a lifetime has a number", "9213 2.1", "CDN-Cache-Control: max-age"),
    ]
}

fn others() -> Vec<Case> {
    let stale = "CDN-Cache-Control: max-age=60\nAge: 60\nETag: \"a\"";
    vec![
        ignored(
            "a field for other caches gives no lifetime",
            "9213 2.2",
            "Elsewhere-Cache-Control: max-age=3600",
        ),
        reused(
            "a field for other caches forbids nothing",
            "9213 2.2",
            "Elsewhere-Cache-Control: no-store\nCache-Control: max-age=3600",
        ),
        case(
            "a field for other caches is passed on",
            "9213 2.2",
            [get()
                .to(ok("Elsewhere-Cache-Control: max-age=1\nCache-Control: max-age=3600"))
                .has("Elsewhere-Cache-Control: max-age=1")],
        ),
        case(
            "a targeted lifetime is told to nobody as Cache-Control",
            "9213 2.2",
            [get().to(ok("CDN-Cache-Control: max-age=3600\nCache-Control: no-store")).has("Cache-Control: no-store")],
        ),
        case(
            "a validation may bring a targeted lifetime",
            "9213 2.2",
            [
                get().to(ok(stale)).fetched(),
                get().to(not_modified("CDN-Cache-Control: max-age=3600\nETag: \"a\"")).validated(1),
                get().reused(1),
            ],
        )
        .may(),
        case(
            "a targeted field may allow stale",
            "9213 2.2",
            [
                get()
                    .to(ok("CDN-Cache-Control: max-age=10, stale-while-revalidate=60\nAge: 20"))
                    .fetched(),
                get().background().from(1),
            ],
        )
        .may(),
        case(
            "a targeted must-revalidate forbids stale",
            "9213 2.2",
            [
                get()
                    .to(ok("CDN-Cache-Control: max-age=10, must-revalidate, stale-while-revalidate=60\nAge: 20"))
                    .fetched(),
                get().fetched(),
            ],
        ),
    ]
}
