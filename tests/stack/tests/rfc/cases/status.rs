//! What `Cache-Status` tells.

use crate::harness::{
    Answer, Case, Demand, Step, answer, case, get, head, not_modified, ok, request,
};

const STORED: &str = "Cache-Control: max-age=3600\nETag: \"a\"";
const STALE: &str = "Cache-Control: max-age=0\nETag: \"a\"";

/// A cache need not send the field, so all of this is what it may do.
pub(super) fn cases() -> Vec<Case> {
    let cases = [hits(), forwards(), chains()].concat();
    cases.into_iter().map(|case| Case { demand: Demand::May, ..case }).collect()
}

fn after(name: &'static str, section: &'static str, stored: &str, step: Step) -> Case {
    case(name, section, [get().to(ok(stored)).fetched(), step])
}

fn hits() -> Vec<Case> {
    vec![
        after(
            "a reused response is a hit",
            "9211 2.1",
            STORED,
            get().reused(1).param("hit").no_param("fwd"),
        ),
        after(
            "a HEAD from a stored GET is a hit",
            "9211 2.1",
            STORED,
            head().param("hit").no_param("fwd"),
        ),
        after(
            "a 304 from the cache is a hit",
            "9211 2.1",
            STORED,
            get().with("If-None-Match: \"a\"").status(304).param("hit").no_param("fwd"),
        ),
        after(
            "a 206 from the cache is a hit",
            "9211 2.1",
            STORED,
            get().with("Range: bytes=0-1").status(206).param("hit").no_param("fwd"),
        ),
        after(
            "a stale response that a client takes is a hit below zero",
            "9211 2.4",
            "Cache-Control: max-age=50\nAge: 100",
            get().with("Cache-Control: max-stale=100").param("hit").ttl(-53..=-50),
        )
        .of_rfc(),
        after(
            "a stale response during a revalidation is a hit below zero",
            "9211 2.4",
            "Cache-Control: max-age=10, stale-while-revalidate=60\nAge: 20",
            get().background().param("hit").ttl(-13..=-10),
        ),
        after(
            "a hit tells what is left of the lifetime",
            "9211 2.4",
            STORED,
            get().param("hit").ttl(3597..=3600),
        ),
        after(
            "what is left counts the age that came",
            "9211 2.4",
            "Cache-Control: max-age=3600\nAge: 600",
            get().param("hit").ttl(2997..=3000),
        ),
    ]
}

fn forwards() -> Vec<Case> {
    let by_own = "Cache-Control: max-age=3600\nVary: X-Own";
    vec![
        case(
            "a URI that is not known is a uri-miss",
            "9211 2.2",
            [get().to(ok(STORED)).param("fwd=uri-miss").no_param("hit")],
        ),
        case("what was stored says so", "9211 2.5", [get().to(ok(STORED)).param("stored")]),
        case(
            "what was not stored does not say so",
            "9211 2.5",
            [get().to(ok("Cache-Control: no-store")).param("fwd=uri-miss").no_param("stored")],
        ),
        case(
            "what was stored tells its lifetime",
            "9211 2.4",
            [get().to(ok(STORED)).param("stored").ttl(3598..=3600)],
        ),
        after(
            "a variant that is not known is a vary-miss",
            "9211 2.2",
            by_own,
            get().with("X-Own: 2").param("fwd=vary-miss"),
        ),
        after(
            "a stale response is forwarded as stale",
            "9211 2.2",
            STALE,
            get().fetched().param("fwd=stale"),
        ),
        after(
            "a validation tells the status that came",
            "9211 2.3",
            STALE,
            get().to(not_modified(STORED)).from(1).param("fwd=stale").param("fwd-status=304"),
        ),
        after(
            "no-cache in a request is told as the request's wish",
            "9211 2.2",
            STORED,
            get().with("Cache-Control: no-cache").fetched().param("fwd=request"),
        ),
        after(
            "a max-age of a request is told as the request's wish",
            "9211 2.2",
            STORED,
            get().with("Cache-Control: max-age=0").fetched().param("fwd=request"),
        ),
        case(
            "a method that must go on is told",
            "9211 2.2",
            [request("POST").body("x").fetched().param("fwd=method").no_param("stored")],
        ),
        after(
            "a stale response instead of an error tells the error",
            "9211 2.3",
            "Cache-Control: max-age=10, stale-if-error=60\nAge: 20",
            get()
                .to(answer(500, ""))
                .from(1)
                .status(200)
                .param("fwd=stale")
                .param("fwd-status=500"),
        ),
        case(
            "requests that were collapsed went forward",
            "9211 2.6",
            [get().copies(4).to(ok(STORED).after(300)).from(1).calls(1).no_param("hit")],
        ),
    ]
}

fn chains() -> Vec<Case> {
    let inner = "Cache-Control: max-age=3600\nCache-Status: \"Inner; hit, one\"; hit; ttl=30";
    vec![
        case(
            "the members of caches before ours are kept",
            "9211 2",
            [get()
                .to(ok(inner))
                .says("Cache-Status", "\"Inner; hit, one\"; hit; ttl=30")
                .param("fwd=uri-miss")],
        ),
        after("the members of caches before ours are kept on a hit", "9211 2", inner, {
            get().reused(1).says("Cache-Status", "\"Inner; hit, one\"; hit; ttl=30").param("hit")
        }),
        after("our own members do not pile up", "9211 2", STORED, {
            get().reused(1).says_not("Cache-Status", "fwd=uri-miss")
        }),
        case(
            "a response that we make ourselves has no member",
            "9211 2",
            [get().with("Cache-Control: only-if-cached").status(504).lacks("Cache-Status")],
        ),
        case(
            "an error that we make ourselves has no member",
            "9211 2",
            [get().to(Answer::refused()).broken().lacks("Cache-Status")],
        ),
    ]
}
