//! What a response directs.

use crate::harness::{Answer, Case, answer, case, get, ignored, not_modified, ok, reused};

const LONG: &str = "Cache-Control: max-age=3600";

pub(super) fn cases() -> Vec<Case> {
    [never(), no_cache(), listed(), revalidated(), understood(), passed()].concat()
}

fn never() -> Vec<Case> {
    vec![
        ignored("no-store is not stored", "9111 5.2.2.5", "Cache-Control: no-store"),
        ignored(
            "no-store wins over max-age",
            "9111 5.2.2.5",
            "Cache-Control: no-store, max-age=3600",
        ),
        ignored(
            "no-store wins at the end",
            "9111 5.2.2.5",
            "Cache-Control: public, max-age=3600, no-store",
        ),
        ignored(
            "no-store wins over Expires",
            "9111 5.2.2.5",
            "Cache-Control: no-store\nExpires: {+3600}",
        ),
        case(
            "no-store keeps an old status from being stored",
            "9111 5.2.2.5",
            [
                get()
                    .to(answer(301, "Cache-Control: no-store, max-age=3600\nLocation: /x"))
                    .fetched(),
                get().fetched(),
            ],
        ),
        case(
            "no-store does not validate later",
            "9111 5.2.2.5",
            [
                get().to(ok("Cache-Control: no-store\nETag: \"a\"")).fetched(),
                get().fetched().not_asked("If-None-Match"),
            ],
        ),
        case(
            "no-store is not handed to requests that wait",
            "9111 5.2.2.5",
            [get().copies(3).to(ok("Cache-Control: no-store").after(100)).fetched().calls(3)],
        ),
        case(
            "private is not handed to requests that wait",
            "9111 5.2.2.7",
            [get()
                .copies(3)
                .to(ok("Cache-Control: private, max-age=60").after(100))
                .fetched()
                .calls(3)],
        ),
        ignored("private is not stored", "9111 5.2.2.7", "Cache-Control: private"),
        ignored(
            "private wins over max-age",
            "9111 5.2.2.7",
            "Cache-Control: private, max-age=3600",
        ),
        ignored(
            "private wins over s-maxage",
            "9111 5.2.2.7",
            "Cache-Control: private, s-maxage=3600",
        ),
        ignored(
            "private wins over public",
            "9111 4.2.1",
            "Cache-Control: public, private, max-age=3600",
        ),
        ignored("PRIVATE is private", "9111 5.2", "Cache-Control: PRIVATE, max-age=3600"),
        reused("public may be reused", "9111 5.2.2.9", "Cache-Control: public, max-age=3600"),
        reused(
            "no-transform may be reused",
            "9111 5.2.2.6",
            "Cache-Control: no-transform, max-age=3600",
        ),
        reused(
            "Pragma means nothing in a response",
            "9111 5.4",
            "Cache-Control: max-age=3600\nPragma: no-cache",
        ),
        reused(
            "Warning means nothing",
            "9111 5.5",
            "Cache-Control: max-age=3600\nWarning: 110 - \"old\"",
        ),
    ]
}

fn no_cache() -> Vec<Case> {
    vec![
        ignored(
            "no-cache without a validator is asked for again",
            "9111 5.2.2.4",
            "Cache-Control: no-cache",
        ),
        case(
            "no-cache is validated before each use",
            "9111 5.2.2.4",
            [
                get().to(ok("Cache-Control: no-cache\nETag: \"a\"")).fetched(),
                get().to(not_modified("Cache-Control: no-cache\nETag: \"a\"")).validated(1),
                get().to(not_modified("Cache-Control: no-cache\nETag: \"a\"")).validated(1),
            ],
        )
        .may(),
        case(
            "no-cache with a lifetime is validated too",
            "9111 5.2.2.4",
            [
                get().to(ok("Cache-Control: no-cache, max-age=3600\nETag: \"a\"")).fetched(),
                get()
                    .to(not_modified("Cache-Control: no-cache, max-age=3600\nETag: \"a\""))
                    .validated(1),
            ],
        )
        .may(),
        case(
            "a validation may take no-cache away",
            "9111 4.3.4",
            [
                get().to(ok("Cache-Control: no-cache\nETag: \"a\"")).fetched(),
                get().to(not_modified("Cache-Control: max-age=3600\nETag: \"a\"")).validated(1),
                get().reused(1),
            ],
        )
        .may(),
        case(
            "no-cache is not used when the origin is gone",
            "9111 5.2.2.4",
            [
                get().to(ok("Cache-Control: no-cache, max-age=3600\nETag: \"a\"")).fetched(),
                get().to(Answer::refused()).broken(),
            ],
        ),
    ]
}

fn listed() -> Vec<Case> {
    let own = "\nX-Own: one\nX-Other: two";
    let without = |name, section, directive: &str| {
        let first = ok(&format!("Cache-Control: max-age=3600, {directive}{own}"));
        case(name, section, [get().to(first).fetched(), get().to(ok(LONG)).lacks("X-Own")])
    };
    let rest = |name, section, directive: &str| {
        let first = ok(&format!("Cache-Control: max-age=3600, {directive}{own}"));
        case(name, section, [get().to(first).fetched(), get().reused(1).has("X-Other: two")]).may()
    };
    vec![
        without(
            "private does not share a field that it lists",
            "9111 5.2.2.7",
            "private=\"X-Own\"",
        ),
        without("private lists fields in any case", "9111 5.2.2.7", "private=\"x-oWN\""),
        without("private lists several fields", "9111 5.2.2.7", "private=\"Set-Cookie, X-Own\""),
        without(
            "no-cache does not reuse a field that it lists",
            "9111 5.2.2.4",
            "no-cache=\"X-Own\"",
        ),
        without("no-cache lists fields in any case", "9111 5.2.2.4", "no-cache=\"x-oWN\""),
        without("no-cache lists several fields", "9111 5.2.2.4", "no-cache=\"X-None, X-Own\""),
        rest(
            "private shares the fields that it does not list",
            "9111 5.2.2.7",
            "private=\"X-Own\"",
        ),
        rest(
            "no-cache reuses the fields that it does not list",
            "9111 5.2.2.4",
            "no-cache=\"X-Own\"",
        ),
        case(
            "the first client is given the fields that private lists",
            "9111 5.2.2.7",
            [get()
                .to(ok(&format!("Cache-Control: max-age=3600, private=\"X-Own\"{own}")))
                .has("X-Own: one")],
        ),
        case(
            "private lists fields beside a private of its own",
            "9111 4.2.1",
            [
                get().to(ok("Cache-Control: max-age=3600, private, private=\"X-Own\"")).fetched(),
                get().fetched(),
            ],
        ),
    ]
}

/// Once stale, an answer with this directive is not used when the origin is gone.
fn error_instead(name: &'static str, section: &'static str, directives: &str) -> Case {
    let fields = format!("Cache-Control: {directives}\nAge: 20\nETag: \"a\"");
    case(name, section, [get().to(ok(&fields)).fetched(), get().to(Answer::refused()).broken()])
}

fn revalidated() -> Vec<Case> {
    vec![
        reused(
            "must-revalidate may be reused while it is fresh",
            "9111 5.2.2.2",
            "Cache-Control: must-revalidate, max-age=3600",
        ),
        reused(
            "proxy-revalidate may be reused while it is fresh",
            "9111 5.2.2.8",
            "Cache-Control: proxy-revalidate, max-age=3600",
        ),
        error_instead(
            "must-revalidate is not used stale when the origin is gone",
            "9111 5.2.2.2",
            "max-age=10, must-revalidate",
        ),
        error_instead(
            "proxy-revalidate is not used stale when the origin is gone",
            "9111 5.2.2.8",
            "max-age=10, proxy-revalidate",
        ),
        error_instead(
            "s-maxage is not used stale when the origin is gone",
            "9111 5.2.2.10",
            "s-maxage=10",
        ),
        case(
            "must-revalidate is not given to a client that takes stale",
            "9111 5.2.2.2",
            [
                get()
                    .to(ok("Cache-Control: max-age=10, must-revalidate\nAge: 20\nETag: \"a\""))
                    .fetched(),
                get().with("Cache-Control: max-stale=100").fetched(),
            ],
        ),
        case(
            "proxy-revalidate is not given to a client that takes stale",
            "9111 5.2.2.8",
            [
                get()
                    .to(ok("Cache-Control: max-age=10, proxy-revalidate\nAge: 20\nETag: \"a\""))
                    .fetched(),
                get().with("Cache-Control: max-stale=100").fetched(),
            ],
        ),
        case(
            "s-maxage is not given to a client that takes stale",
            "9111 5.2.2.10",
            [
                get().to(ok("Cache-Control: s-maxage=10\nAge: 20\nETag: \"a\"")).fetched(),
                get().with("Cache-Control: max-stale=100").fetched(),
            ],
        ),
        case(
            "must-revalidate that failed is told to the client",
            "9111 5.2.2.2",
            [
                get()
                    .to(ok("Cache-Control: max-age=10, must-revalidate\nAge: 20\nETag: \"a\""))
                    .fetched(),
                get().to(answer(503, "")).broken(),
            ],
        ),
    ]
}

fn understood() -> Vec<Case> {
    vec![
        reused(
            "must-understand outweighs no-store for 200",
            "9111 5.2.2.3",
            "Cache-Control: must-understand, no-store, max-age=3600",
        ),
        case(
            "must-understand does not outweigh no-store for an unknown status",
            "9111 5.2.2.3",
            [
                get()
                    .to(answer(599, "Cache-Control: must-understand, no-store, max-age=3600"))
                    .fetched(),
                get().fetched(),
            ],
        ),
        case(
            "must-understand keeps an unknown status from being stored",
            "9111 3",
            [
                get().to(answer(599, "Cache-Control: must-understand, max-age=3600")).fetched(),
                get().fetched(),
            ],
        ),
        case(
            "must-understand lets a known status be stored",
            "9111 5.2.2.3",
            [
                get()
                    .to(answer(404, "Cache-Control: must-understand, no-store, max-age=3600"))
                    .fetched(),
                get().reused(1),
            ],
        )
        .may(),
        ignored(
            "must-understand does not outweigh private",
            "9111 5.2.2.3",
            "Cache-Control: must-understand, private, max-age=3600",
        ),
        ignored("must-understand is no lifetime", "9111 5.2.2.3", "Cache-Control: must-understand"),
    ]
}

fn passed() -> Vec<Case> {
    vec![
        case(
            "directives of a response are passed on",
            "9111 5.2",
            [get()
                .to(ok("Cache-Control: max-age=3600, unknown=\"a, b\""))
                .says("Cache-Control", "max-age=3600")
                .says("Cache-Control", "unknown=\"a, b\"")],
        ),
        case(
            "directives of a request are passed on",
            "9111 5.2",
            [get()
                .with("Cache-Control: no-cache, unknown=1")
                .fetched()
                .asked_with("Cache-Control", "no-cache")
                .asked_with("Cache-Control", "unknown=1")],
        ),
        case(
            "Pragma of a request is passed on",
            "9110 7.6",
            [get().with("Pragma: own").fetched().asked("Pragma: own")],
        ),
    ]
}
