//! Asking the origin whether what is stored is still good.

use crate::harness::{Answer, Case, Step, answer, case, get, head, not_modified, ok};

const LM: &str = "Last-Modified: Tue, 01 Jan 2019 00:00:00 GMT";
const SINCE: &str = "If-Modified-Since: Tue, 01 Jan 2019 00:00:00 GMT";
const STALE: &str = "Cache-Control: max-age=0\nETag: \"a\"";
const FRESH: &str = "Cache-Control: max-age=3600\nETag: \"a\"";

pub(super) fn cases() -> Vec<Case> {
    [sent(), answered(), of_the_client(), freshened(), taken_back(), by_head()].concat()
}

fn sent() -> Vec<Case> {
    let dated = format!("Cache-Control: max-age=0\n{LM}");
    let both = format!("{STALE}\n{LM}");
    vec![
        case(
            "a stored tag is sent to the origin",
            "9111 4.3.1",
            [
                get().to(ok(STALE)).fetched(),
                get().to(not_modified(STALE)).validated(1).asked("If-None-Match: \"a\""),
            ],
        ),
        case(
            "a stored weak tag is sent to the origin",
            "9111 4.3.1",
            [
                get().to(ok("Cache-Control: max-age=0\nETag: W/\"a\"")).fetched(),
                get()
                    .to(not_modified("ETag: W/\"a\""))
                    .validated(1)
                    .asked("If-None-Match: W/\"a\""),
            ],
        ),
        case(
            "a stored date is sent to the origin",
            "9111 4.3.1",
            [get().to(ok(&dated)).fetched(), get().to(not_modified(LM)).validated(1).asked(SINCE)],
        )
        .may(),
        case(
            "a stored tag is sent beside the date",
            "9111 4.3.1",
            [
                get().to(ok(&both)).fetched(),
                get().to(not_modified(&both)).validated(1).asked("If-None-Match: \"a\""),
            ],
        ),
        case(
            "a stored date is sent beside the tag",
            "9111 4.3.1",
            [
                get().to(ok(&both)).fetched(),
                get().to(not_modified(&both)).validated(1).asked(SINCE),
            ],
        )
        .may(),
        case(
            "without a validator nothing is asked but the whole",
            "9111 4.3.1",
            [
                get().to(ok("Cache-Control: max-age=0")).fetched(),
                get().fetched().not_asked("If-None-Match").not_asked("If-Modified-Since"),
            ],
        ),
        case(
            "a tag with odd characters is sent as it came",
            "9111 4.3.1",
            [
                get().to(ok("Cache-Control: max-age=0\nETag: \"a,b\\\"")).fetched(),
                get()
                    .to(not_modified("ETag: \"a,b\\\""))
                    .validated(1)
                    .asked("If-None-Match: \"a,b\\\""),
            ],
        )
        .may(),
        case(
            "a HEAD validates what GET stored",
            "9111 4.3.1",
            [
                get().to(ok(STALE)).fetched(),
                head().to(not_modified(FRESH)).status(200).text("").asked("If-None-Match: \"a\""),
            ],
        )
        .may(),
    ]
}

fn answered() -> Vec<Case> {
    vec![
        case(
            "a 304 lets what is stored be used",
            "9111 4.3.3",
            [
                get().to(ok(STALE)).fetched(),
                get().to(not_modified(FRESH)).validated(1).status(200),
                get().reused(1),
            ],
        )
        .may(),
        case(
            "a whole answer replaces what is stored",
            "9111 4.3.3",
            [get().to(ok(STALE)).fetched(), get().to(ok(FRESH)).fetched(), get().reused(2)],
        ),
        case(
            "a whole answer that must not be stored does not bring the old one back",
            "9111 4.3.3",
            [
                get().to(ok(STALE)).fetched(),
                get().to(ok("Cache-Control: no-store")).fetched(),
                get().fetched(),
            ],
        ),
        case(
            "a 404 to a validation is told to the client",
            "9111 4.3.3",
            [get().to(ok(STALE)).fetched(), get().to(answer(404, "")).fetched()],
        ),
        case(
            "a redirection to a validation is told to the client",
            "9111 4.3.3",
            [get().to(ok(STALE)).fetched(), get().to(answer(302, "Location: /x")).fetched()],
        ),
        case(
            "a client without a condition never sees 304",
            "9111 4.3.3",
            [get().to(ok(STALE)).fetched(), get().to(not_modified(STALE)).status(200)],
        ),
        case(
            "a failed validation is tried again at the next request",
            "9111 4.3.3",
            [
                get().to(ok("Cache-Control: max-age=0, must-revalidate\nETag: \"a\"")).fetched(),
                get().to(answer(503, "")).broken(),
                get().to(not_modified(STALE)).from(1).calls(1),
            ],
        ),
        case(
            "requests that wait for a validation are answered by it",
            "9111 4",
            [
                get().to(ok(STALE)).fetched(),
                get().copies(4).to(not_modified(FRESH).after(200)).from(1).status(200),
            ],
        ),
        case(
            "an origin that is gone during a validation does not break the next",
            "9111 4.3.3",
            [
                get().to(ok("Cache-Control: max-age=0, must-revalidate\nETag: \"a\"")).fetched(),
                get().to(Answer::refused()).broken(),
                get().to(ok(FRESH)).fetched(),
            ],
        ),
    ]
}

fn of_the_client() -> Vec<Case> {
    vec![
        case(
            "the client's condition is sent when nothing is stored",
            "9111 4.3.2",
            [get().with("If-None-Match: \"x\"").to(ok("")).fetched().asked("If-None-Match: \"x\"")],
        )
        .may(),
        case(
            "a 304 to the client's own condition is given to it",
            "9111 4.3.2",
            [get().with("If-None-Match: \"x\"").to(not_modified("ETag: \"x\"")).status(304)],
        )
        .may(),
        case(
            "a 304 to the client's own condition is not stored",
            "9111 3",
            [
                get()
                    .with("If-None-Match: \"x\"")
                    .to(not_modified("Cache-Control: max-age=60\nETag: \"x\"")),
                get().status(200),
            ],
        ),
        case(
            "a client that has what is stored is told 304 after a validation",
            "9111 4.3.2",
            [
                get().to(ok(STALE)).fetched(),
                get().with("If-None-Match: \"a\"").to(not_modified(STALE)).status(304),
            ],
        )
        .may(),
        case(
            "a client that has something else is given a new answer",
            "9111 4.3.2",
            [
                get().to(ok(STALE)).fetched(),
                get().with("If-None-Match: \"x\"").to(ok(FRESH)).fetched(),
            ],
        ),
        case(
            "the answer to a client's condition may be stored",
            "9111 4.3.3",
            [get().with("If-None-Match: \"x\"").to(ok(FRESH)).fetched(), get().reused(1)],
        )
        .may(),
    ]
}

fn freshened() -> Vec<Case> {
    let first = format!("{STALE}\nX-Own: old\nX-Kept: yes");
    let cases = |name, section, first: &str, second: &str, last: Step| {
        case(name, section, [get().to(ok(first)).fetched(), get().to(not_modified(second)), last])
    };
    vec![
        cases("a 304 replaces fields", "9111 4.3.4", &first, &format!("{FRESH}\nX-Own: new"), {
            get().from(1).has("X-Own: new").says_not("X-Own", "old")
        }),
        cases("a 304 adds fields", "9111 3.2", &first, &format!("{FRESH}\nX-New: 1"), {
            get().from(1).has("X-New: 1")
        }),
        cases("a 304 keeps the fields that it does not have", "9111 3.2", &first, FRESH, {
            get().from(1).has("X-Kept: yes").has("X-Own: old")
        }),
        cases("a 304 gives a new lifetime", "9111 4.3.4", &first, FRESH, get().reused(1)).may(),
        cases(
            "a 304 gives a new Expires",
            "9111 4.3.4",
            "Expires: {-60}\nETag: \"a\"",
            "Expires: {+3600}\nETag: \"a\"",
            get().reused(1),
        )
        .may(),
        cases(
            "a 304 replaces several lines by one",
            "9111 3.2",
            &format!("{STALE}\nX-Own: 1\nX-Own: 2"),
            &format!("{FRESH}\nX-Own: 3"),
            get().from(1).has("X-Own: 3").says_not("X-Own", "1"),
        ),
        cases(
            "a 304 does not change the length",
            "9111 3.2",
            STALE,
            &format!("{FRESH}\nContent-Length: 3"),
            get().from(1).has("Content-Length: 8"),
        ),
        cases(
            "a 304 does not store what Connection names",
            "9111 3.2",
            STALE,
            &format!("{FRESH}\nConnection: X-Hop\nX-Hop: 1"),
            get().lacks("X-Hop"),
        ),
        cases(
            "a 304 with the weak tag that is stored is understood",
            "9111 4.3.4",
            "Cache-Control: max-age=0\nETag: W/\"a\"",
            "Cache-Control: max-age=3600\nETag: W/\"a\"",
            get().reused(1),
        )
        .may(),
        cases(
            "a 304 with only the date that is stored is understood",
            "9111 4.3.4",
            &format!("Cache-Control: max-age=0\n{LM}"),
            &format!("Cache-Control: max-age=3600\n{LM}"),
            get().reused(1),
        )
        .may(),
        case(
            "a 304 with another strong tag does not freshen what is stored",
            "9111 4.3.4",
            [
                get().to(ok(STALE)).fetched(),
                get().to(not_modified("Cache-Control: max-age=3600\nETag: \"b\"")
                    .otherwise(ok("Cache-Control: no-store"))),
                get().fetched(),
            ],
        ),
    ]
}

fn taken_back() -> Vec<Case> {
    let first = format!("{STALE}\nX-Own: old");
    let cases = |name, section, first: &str, second: &str, last: Step| {
        case(name, section, [get().to(ok(first)).fetched(), get().to(not_modified(second)), last])
    };
    vec![
        cases(
            "a 304 with no-store takes what is stored out of use",
            "9111 5.2.2.5",
            STALE,
            "Cache-Control: no-store\nETag: \"a\"",
            get().fetched(),
        ),
        cases(
            "a 304 with private takes what is stored out of use",
            "9111 5.2.2.7",
            STALE,
            "Cache-Control: private, max-age=3600\nETag: \"a\"",
            get().fetched(),
        ),
        case(
            "the client that waited sees the new fields",
            "9111 4.3.4",
            [
                get().to(ok(&first)).fetched(),
                get().to(not_modified(&format!("{FRESH}\nX-Own: new"))).from(1).has("X-Own: new"),
            ],
        ),
        case(
            "a 304 freshens only the variant that it is about",
            "9111 4.3.4",
            [
                get().with("X-Own: 1").to(ok(&format!("{STALE}\nVary: X-Own"))).fetched(),
                get()
                    .with("X-Own: 2")
                    .to(ok("Cache-Control: max-age=0\nETag: \"b\"\nVary: X-Own"))
                    .fetched(),
                get().with("X-Own: 1").to(not_modified(&format!("{FRESH}\nVary: X-Own"))).from(1),
                get()
                    .with("X-Own: 2")
                    .to(not_modified("ETag: \"b\"\nVary: X-Own"))
                    .from(2)
                    .calls(1),
            ],
        ),
    ]
}

fn by_head() -> Vec<Case> {
    let no_cache = "Cache-Control: no-cache";
    let long = "Cache-Control: max-age=3600\nContent-Length: 8\nETag: \"a\"";
    vec![
        case(
            "a HEAD with the same tag freshens what is stored",
            "9111 4.3.5",
            [
                get().to(ok(STALE)).fetched(),
                head().to(ok(&format!("{long}\nX-Own: new"))).status(200),
                get().reused(1).has("X-Own: new"),
            ],
        )
        .may(),
        case(
            "a HEAD with another tag makes what is stored stale",
            "9111 4.3.5",
            [
                get().to(ok(FRESH)).fetched(),
                head()
                    .with(no_cache)
                    .to(ok("Cache-Control: max-age=3600\nContent-Length: 8\nETag: \"b\""))
                    .calls(1),
                get().fetched(),
            ],
        )
        .may(),
        case(
            "a HEAD with another length makes what is stored stale",
            "9111 4.3.5",
            [
                get().to(ok(FRESH)).fetched(),
                head().with(no_cache).to(ok(&format!("{FRESH}\nContent-Length: 3"))).calls(1),
                get().fetched(),
            ],
        )
        .may(),
        case(
            "a HEAD with another date of change makes what is stored stale",
            "9111 4.3.5",
            [
                get().to(ok(&format!("Cache-Control: max-age=3600\n{LM}"))).fetched(),
                head()
                    .with(no_cache)
                    .to(ok("Content-Length: 8\nLast-Modified: Wed, 02 Jan 2019 00:00:00 GMT"))
                    .calls(1),
                get().fetched(),
            ],
        )
        .may(),
        case(
            "a HEAD never makes the body shorter",
            "9111 4.3.5",
            [
                get().to(ok(FRESH)).fetched(),
                head().with(no_cache).to(ok(&format!("{FRESH}\nContent-Length: 3"))),
                get().to(ok("").body("answer 1")).text("answer 1"),
            ],
        ),
    ]
}
