//! Stale responses, and `immutable`.

use crate::harness::{Answer, Case, Step, answer, case, get, ignored, not_modified, ok, reused};

const LONG: &str = "Cache-Control: max-age=3600";
/// Stale by ten seconds with a minute to use it in.
const WHILE: &str = "Cache-Control: max-age=10, stale-while-revalidate=60\nAge: 20\nETag: \"a\"";
const IF_ERROR: &str = "Cache-Control: max-age=10, stale-if-error=60\nAge: 20";

pub(super) fn cases() -> Vec<Case> {
    [while_revalidate(), if_error(), immutable()].concat()
}

/// Waits for what the background brings, and never makes the origin answer itself.
fn settled() -> Step {
    get().with("Cache-Control: only-if-cached").eventually()
}

fn while_revalidate() -> Vec<Case> {
    let now = |name, directives: &str| {
        let fields = format!("Cache-Control: {directives}\nAge: 20\nETag: \"a\"");
        case(name, "5861 3", [get().to(ok(&fields)).fetched(), get().fetched()])
    };
    vec![
        case(
            "a stale response is used while it is revalidated",
            "5861 3",
            [get().to(ok(WHILE)).fetched(), get().to(ok(LONG).after(300)).background().from(1)],
        )
        .may(),
        case(
            "what the revalidation brought is used then",
            "5861 3",
            [
                get().to(ok(WHILE)).fetched(),
                get().to(ok(LONG)).background().from(1),
                settled().reused(2),
            ],
        )
        .may(),
        case(
            "the revalidation asks with the stored tag",
            "5861 3",
            [
                get().to(ok(WHILE)).fetched(),
                get()
                    .to(not_modified("Cache-Control: max-age=3600\nETag: \"a\""))
                    .background()
                    .from(1),
                settled().reused(1).age(0..=3),
            ],
        )
        .may(),
        case(
            "a stale response says how old it is",
            "5861 3",
            [get().to(ok(WHILE)).fetched(), get().background().from(1).age(20..=22)],
        )
        .may(),
        case(
            "a revalidation that failed leaves the stale response in use",
            "5861 3",
            [
                get().to(ok(WHILE)).fetched(),
                get().to(answer(500, "")).background().from(1),
                get().to(answer(500, "")).eventually().from(1),
            ],
        )
        .may(),
        case(
            "an origin that is gone leaves the stale response in use",
            "5861 3",
            [
                get().to(ok(WHILE)).fetched(),
                get().to(Answer::refused()).background().from(1),
                get().to(Answer::refused()).eventually().from(1),
            ],
        )
        .may(),
        now("stale-while-revalidate ends", "max-age=10, stale-while-revalidate=5"),
        now(
            "a stale-while-revalidate of zero allows nothing",
            "max-age=10, stale-while-revalidate=0",
        ),
        now("a word is no stale-while-revalidate", "max-age=10, stale-while-revalidate=long"),
        now(
            "must-revalidate wins over stale-while-revalidate",
            "max-age=10, must-revalidate, stale-while-revalidate=60",
        ),
        now(
            "proxy-revalidate wins over stale-while-revalidate",
            "max-age=10, proxy-revalidate, stale-while-revalidate=60",
        ),
        now(
            "no-cache wins over stale-while-revalidate",
            "no-cache, max-age=10, stale-while-revalidate=60",
        ),
        now("s-maxage wins over stale-while-revalidate", "s-maxage=10, stale-while-revalidate=60"),
        case(
            "a request that wants nothing stale waits",
            "9111 5.2.1.1",
            [
                get().to(ok(WHILE)).fetched(),
                get().with("Cache-Control: max-age=15").to(ok(LONG)).fetched(),
            ],
        )
        .may(),
        case(
            "a request with no-cache waits",
            "9111 5.2.1.4",
            [
                get().to(ok(WHILE)).fetched(),
                get().with("Cache-Control: no-cache").to(ok(LONG)).fetched(),
            ],
        )
        .may(),
    ]
}

fn if_error() -> Vec<Case> {
    let used = |name, answer: Answer| {
        case(
            name,
            "5861 4",
            [get().to(ok(IF_ERROR)).fetched(), get().to(answer).from(1).status(200)],
        )
        .may()
    };
    let error = |name, directives: &str| {
        let fields = format!("Cache-Control: {directives}\nAge: 20\nETag: \"a\"");
        case(name, "5861 4", [get().to(ok(&fields)).fetched(), get().to(answer(503, "")).broken()])
    };
    vec![
        used("a 500 lets a stale response be used", answer(500, "")),
        used("a 502 lets a stale response be used", answer(502, "")),
        used("a 503 lets a stale response be used", answer(503, "")),
        used("a 504 lets a stale response be used", answer(504, "")),
        used("an origin that is gone lets a stale response be used", Answer::refused()),
        case(
            "a stale response instead of an error says its age",
            "5861 4",
            [
                get().to(ok(IF_ERROR)).fetched(),
                get().to(answer(500, "")).from(1).status(200).age(20..=22),
            ],
        )
        .may(),
        case(
            "an error in the place of a stale response is not stored over it",
            "5861 4",
            [
                get().to(ok(IF_ERROR)).fetched(),
                get().to(answer(500, LONG)).from(1).status(200),
                get().to(ok(LONG)).status(200),
            ],
        )
        .may(),
        case(
            "a 404 is no such error",
            "5861 4",
            [get().to(ok(IF_ERROR)).fetched(), get().to(answer(404, "")).fetched()],
        ),
        case(
            "an origin that answers is believed",
            "5861 4",
            [get().to(ok(IF_ERROR)).fetched(), get().to(ok(LONG)).fetched()],
        ),
        case(
            "a request may allow stale on errors",
            "5861 4",
            [
                get().to(ok("Cache-Control: max-age=10\nAge: 20")).fetched(),
                get()
                    .with("Cache-Control: stale-if-error=60")
                    .to(answer(500, ""))
                    .from(1)
                    .status(200),
            ],
        )
        .may()
        .of_rfc(),
        case(
            "must-revalidate wins over a request that allows stale on errors",
            "9111 5.2.2.2",
            [
                get()
                    .to(ok("Cache-Control: max-age=10, must-revalidate\nAge: 20\nETag: \"a\""))
                    .fetched(),
                get().with("Cache-Control: stale-if-error=60").to(answer(503, "")).broken(),
            ],
        ),
        error("stale-if-error ends", "max-age=10, stale-if-error=5").may(),
        error(
            "must-revalidate wins over stale-if-error",
            "max-age=10, must-revalidate, stale-if-error=60",
        ),
        error(
            "proxy-revalidate wins over stale-if-error",
            "max-age=10, proxy-revalidate, stale-if-error=60",
        ),
        error("s-maxage wins over stale-if-error", "s-maxage=10, stale-if-error=60"),
        error("no-cache wins over stale-if-error", "no-cache, max-age=10, stale-if-error=60"),
    ]
}

fn immutable() -> Vec<Case> {
    let fields = "Cache-Control: max-age=3600, immutable\nETag: \"a\"";
    vec![
        reused("immutable may be reused while it is fresh", "8246 2", fields),
        reused(
            "an argument of immutable is skipped",
            "8246 2",
            "Cache-Control: max-age=3600, immutable=no",
        ),
        reused(
            "immutable twice is immutable",
            "8246 2",
            "Cache-Control: immutable, max-age=3600, immutable",
        ),
        ignored("immutable is no lifetime", "8246 2", "Cache-Control: immutable"),
        ignored(
            "immutable ends with the lifetime",
            "8246 2",
            "Cache-Control: max-age=60, immutable\nAge: 60",
        ),
        ignored(
            "immutable does not win over no-store",
            "8246 2",
            "Cache-Control: max-age=60, immutable, no-store",
        ),
        case(
            "a stale immutable is validated",
            "8246 2",
            [
                get()
                    .to(ok("Cache-Control: max-age=60, immutable\nAge: 60\nETag: \"a\""))
                    .fetched(),
                get().to(not_modified(fields)).validated(1),
            ],
        )
        .may(),
        case(
            "a client that wants immutable validated is obeyed",
            "8246 2.1",
            [get().to(ok(fields)).fetched(), get().with("Cache-Control: no-cache").fetched()],
        )
        .may(),
        case(
            "a client's condition about a fresh immutable does not go to the origin",
            "8246 2.1",
            [
                get().to(ok(fields)).fetched(),
                get().with("If-None-Match: \"a\"").status(304).calls(0),
            ],
        )
        .may(),
    ]
}
