//! Conditions that a client sets, met by what is stored and fresh.

use crate::harness::{Case, answer, case, get, head, ok, request};

const CHANGED: &str = "Tue, 01 Jan 2019 00:00:00 GMT";

fn stored() -> String {
    format!("Cache-Control: max-age=3600\nETag: \"a\"\nLast-Modified: {CHANGED}\nVary: X-Own")
}

/// The client is told that it has what is stored, without the origin.
fn unchanged(name: &'static str, section: &'static str, condition: &str) -> Case {
    let last = get().with(condition).status(304).text("").calls(0);
    case(name, section, [get().to(ok(&stored())).fetched(), last]).may()
}

/// The client is given what is stored, without the origin.
fn changed(name: &'static str, section: &'static str, condition: &str) -> Case {
    case(name, section, [get().to(ok(&stored())).fetched(), get().with(condition).reused(1)]).may()
}

pub(super) fn cases() -> Vec<Case> {
    [tags(), dates(), both(), answers()].concat()
}

fn tags() -> Vec<Case> {
    vec![
        unchanged("If-None-Match with the stored tag", "9110 13.1.2", "If-None-Match: \"a\""),
        unchanged(
            "If-None-Match with the stored tag as a weak one",
            "9110 8.8.3",
            "If-None-Match: W/\"a\"",
        ),
        unchanged(
            "If-None-Match with the stored tag in a list",
            "9110 13.1.2",
            "If-None-Match: \"x\", \"a\"",
        ),
        unchanged(
            "If-None-Match with the stored tag on a second line",
            "9110 13.1.2",
            "If-None-Match: \"x\"\nIf-None-Match: \"a\"",
        ),
        unchanged("If-None-Match with the stored tag after a comma in another", "9110 13.1.2", {
            "If-None-Match: \"x,y\",\"a\""
        }),
        unchanged("If-None-Match with a star", "9110 13.1.2", "If-None-Match: *"),
        changed("If-None-Match with another tag", "9110 13.1.2", "If-None-Match: \"x\""),
        changed("If-None-Match with the tag in another case", "9110 8.8.3", "If-None-Match: \"A\""),
        changed(
            "If-None-Match with a part of the tag",
            "9110 8.8.3",
            "If-None-Match: \"aa\", \"\"",
        ),
        changed(
            "If-None-Match with the stored tag inside another",
            "9110 8.8.3",
            "If-None-Match: \"x, a, y\"",
        ),
        case(
            "If-None-Match with the strong form of a stored weak tag",
            "9110 8.8.3",
            [
                get().to(ok("Cache-Control: max-age=3600\nETag: W/\"a\"")).fetched(),
                get().with("If-None-Match: \"a\"").status(304).calls(0),
            ],
        )
        .may(),
    ]
}

fn dates() -> Vec<Case> {
    vec![
        unchanged("If-Modified-Since with the date of the change", "9110 13.1.3", {
            "If-Modified-Since: Tue, 01 Jan 2019 00:00:00 GMT"
        }),
        unchanged("If-Modified-Since with a later date", "9110 13.1.3", {
            "If-Modified-Since: Wed, 02 Jan 2019 00:00:00 GMT"
        }),
        unchanged("If-Modified-Since in the form of RFC 850", "9110 5.6.7", {
            "If-Modified-Since: Wednesday, 02-Jan-19 00:00:00 GMT"
        }),
        unchanged("If-Modified-Since in the form of asctime", "9110 5.6.7", {
            "If-Modified-Since: Wed Jan  2 00:00:00 2019"
        }),
        changed("If-Modified-Since with an earlier date", "9110 13.1.3", {
            "If-Modified-Since: Mon, 31 Dec 2018 00:00:00 GMT"
        }),
        changed("If-Modified-Since that is no date", "9110 13.1.3", "If-Modified-Since: yesterday"),
        case(
            "If-Modified-Since is compared with Date without a date of change",
            "9111 4.3.2",
            [
                get().to(ok("Date: {-600}\nCache-Control: max-age=3600")).fetched(),
                get().with("If-Modified-Since: {-60}").status(304).calls(0),
            ],
        )
        .may(),
        case(
            "If-Modified-Since before Date without a date of change",
            "9111 4.3.2",
            [
                get().to(ok("Date: {-600}\nCache-Control: max-age=3600")).fetched(),
                get().with("If-Modified-Since: {-6000}").reused(1),
            ],
        )
        .may(),
    ]
}

fn both() -> Vec<Case> {
    vec![
        changed(
            "If-None-Match that fails comes before If-Modified-Since that holds",
            "9110 13.2.2",
            "If-None-Match: \"x\"\nIf-Modified-Since: Wed, 02 Jan 2019 00:00:00 GMT",
        ),
        unchanged(
            "If-None-Match that holds comes before If-Modified-Since that fails",
            "9110 13.2.2",
            "If-None-Match: \"a\"\nIf-Modified-Since: Mon, 31 Dec 2018 00:00:00 GMT",
        ),
        case(
            "If-Match is not judged by a cache",
            "9111 4.3.2",
            [get().to(ok(&stored())).fetched(), get().with("If-Match: \"x\"").status(200)],
        ),
        case(
            "If-Unmodified-Since is not judged by a cache",
            "9111 4.3.2",
            [
                get().to(ok(&stored())).fetched(),
                get().with("If-Unmodified-Since: Mon, 31 Dec 2018 00:00:00 GMT").status(200),
            ],
        ),
        case(
            "a condition on PUT goes to the origin",
            "9111 4.3.2",
            [
                get().to(ok(&stored())).fetched(),
                request("PUT")
                    .body("x")
                    .with("If-None-Match: \"a\"")
                    .to(answer(412, ""))
                    .status(412),
            ],
        ),
    ]
}

fn answers() -> Vec<Case> {
    let condition = "If-None-Match: \"a\"";
    let told = |name, check: fn(crate::harness::Step) -> crate::harness::Step| {
        let last = check(get().with(condition).to(answer(304, &stored())).status(304));
        case(name, "9110 15.4.5", [get().to(ok(&stored())).fetched(), last])
    };
    vec![
        told("a 304 has the tag", |step| step.has("ETag: \"a\"")),
        told("a 304 has the directives", |step| step.has("Cache-Control: max-age=3600")),
        told("a 304 has Vary", |step| step.has("Vary: X-Own")),
        told("a 304 has Date", |step| step.says("Date", " GMT")),
        told("a 304 has no body", |step| step.text("")),
        case(
            "a 304 from the cache says its age",
            "9111 4",
            [
                get().to(ok("Cache-Control: max-age=3600\nETag: \"a\"\nAge: 100")).fetched(),
                get().with(condition).status(304).calls(0).age(100..=102),
            ],
        )
        .may(),
        case(
            "HEAD with a condition that holds is told 304",
            "9110 13.2.1",
            [get().to(ok(&stored())).fetched(), head().with(condition).status(304).calls(0)],
        )
        .may(),
        case(
            "a condition is not judged against a stored error",
            "9110 13.2.1",
            [
                get().to(answer(404, &stored())).fetched(),
                get().with(condition).to(answer(404, "")).status(404),
            ],
        ),
        case(
            "a client that was told 304 does not spoil what is stored",
            "9111 4.3.2",
            [
                get().to(ok(&stored())).fetched(),
                get().with(condition).to(answer(304, &stored())).status(304),
                get().from(1),
            ],
        ),
    ]
}
