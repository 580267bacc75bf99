//! Lifetimes that the origin did not give.

use crate::harness::{Case, answer, case, get, ignored, ok, reused};

const OLD: &str = "Last-Modified: Tue, 01 Jan 2019 00:00:00 GMT";

/// A response of this status with nothing but Last-Modified may be reused.
fn guessed(name: &'static str, status: u16) -> Case {
    let steps = [get().to(answer(status, OLD)).fetched(), get().reused(1)];
    case(name, "9111 4.2.2", steps).may().of_rfc()
}

/// A response of this status with nothing but Last-Modified must not be reused.
fn not_guessed(name: &'static str, status: u16) -> Case {
    let steps = [get().to(answer(status, OLD)).fetched(), get().fetched()];
    case(name, "9111 4.2.2", steps)
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        guessed("a lifetime may be guessed for 200", 200),
        guessed("a lifetime may be guessed for 203", 203),
        guessed("a lifetime may be guessed for 204", 204),
        guessed("a lifetime may be guessed for 300", 300),
        guessed("a lifetime may be guessed for 301", 301),
        guessed("a lifetime may be guessed for 308", 308),
        guessed("a lifetime may be guessed for 404", 404),
        guessed("a lifetime may be guessed for 405", 405),
        guessed("a lifetime may be guessed for 410", 410),
        guessed("a lifetime may be guessed for 414", 414),
        guessed("a lifetime may be guessed for 501", 501),
        not_guessed("no lifetime is guessed for 201", 201),
        not_guessed("no lifetime is guessed for 202", 202),
        not_guessed("no lifetime is guessed for 302", 302),
        not_guessed("no lifetime is guessed for 303", 303),
        not_guessed("no lifetime is guessed for 307", 307),
        not_guessed("no lifetime is guessed for 400", 400),
        not_guessed("no lifetime is guessed for 403", 403),
        not_guessed("no lifetime is guessed for 429", 429),
        not_guessed("no lifetime is guessed for 500", 500),
        not_guessed("no lifetime is guessed for 503", 503),
        not_guessed("no lifetime is guessed for an unknown status", 599),
        case(
            "public lets a lifetime be guessed for another status",
            "9111 5.2.2.9",
            [
                get().to(answer(302, &format!("Cache-Control: public\n{OLD}"))).fetched(),
                get().reused(1),
            ],
        )
        .may()
        .of_rfc(),
        ignored(
            "no lifetime is guessed beside max-age",
            "9111 4.2.2",
            &format!("Cache-Control: max-age=0\n{OLD}"),
        ),
        ignored(
            "no lifetime is guessed beside Expires",
            "9111 4.2.2",
            &format!("Expires: {{-60}}\n{OLD}"),
        ),
        ignored(
            "no lifetime is guessed beside a wrong Expires",
            "9111 4.2.2",
            &format!("Expires: 0\n{OLD}"),
        ),
        ignored(
            "no lifetime is guessed beside no-cache",
            "9111 4.2.2",
            &format!("Cache-Control: no-cache\n{OLD}"),
        ),
        ignored("no lifetime is guessed from nothing", "9111 4.2.2", "").may(),
        ignored(
            "no lifetime is guessed from a change just now",
            "9111 4.2.2",
            "Last-Modified: {+0}",
        )
        .may(),
        ignored(
            "no lifetime is guessed from a change to come",
            "9111 4.2.2",
            "Last-Modified: {+3600}",
        )
        .may(),
        reused(
            "a lifetime may be guessed from a change in the form of asctime",
            "9111 4.2.2",
            "Last-Modified: Tue Jan  1 00:00:00 2019",
        )
        .of_rfc(),
        case(
            "a response that was guessed fresh says its age",
            "9111 4",
            [get().to(ok(OLD)).fetched(), get().from(1).age(0..=2)],
        )
        .may()
        .of_rfc(),
    ]
}
