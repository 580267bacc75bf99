//! How old a response is, and that it says so.

use crate::harness::{Case, case, get, ignored, not_modified, ok, reused};

const LONG: &str = "Cache-Control: max-age=3600";
const SHORT: &str = "Cache-Control: max-age=60\nETag: \"a\"";

pub(super) fn cases() -> Vec<Case> {
    [field(), values(), arithmetic()].concat()
}

fn field() -> Vec<Case> {
    vec![
        case(
            "a reused response says its age",
            "9111 4",
            [get().to(ok(LONG)).fetched(), get().reused(1).age(0..=2)],
        ),
        case(
            "the age grows",
            "9111 4.2.3",
            [get().to(ok(LONG)).fetched(), get().wait(1050).reused(1).age(1..=3)],
        ),
        case(
            "the age begins with the one that came",
            "9111 4.2.3",
            [
                get().to(ok("Cache-Control: max-age=3600\nAge: 100")).fetched(),
                get().reused(1).age(100..=102),
            ],
        ),
        case(
            "a response that the origin made for the request has no age",
            "9111 5.1",
            [get().to(ok(LONG)).fetched().lacks("Age")],
        )
        .may(),
        case(
            "a response that came with an age keeps it on the way",
            "9111 5.1",
            [get().to(ok("Cache-Control: max-age=3600\nAge: 100")).fetched().age(100..=101)],
        ),
        case(
            "the age of a response that is not stored stays",
            "9111 5.1",
            [get().to(ok("Cache-Control: no-store\nAge: 100")).fetched().age(100..=101)],
        ),
    ]
}

fn values() -> Vec<Case> {
    vec![
        ignored(
            "an age above the lifetime is stale",
            "9111 4.2.3",
            "Cache-Control: max-age=3600\nAge: 7200",
        ),
        ignored("an age above Expires is stale", "9111 4.2.3", "Expires: {+3600}\nAge: 7200"),
        ignored(
            "an age above s-maxage is stale",
            "9111 4.2.3",
            "Cache-Control: s-maxage=3600\nAge: 7200",
        ),
        reused(
            "an age below the lifetime is fresh",
            "9111 4.2.3",
            "Cache-Control: max-age=3600\nAge: 3000",
        ),
        reused(
            "an age that is no number is skipped",
            "9111 5.1",
            "Cache-Control: max-age=3600\nAge: old",
        ),
        reused(
            "an age below zero is skipped",
            "9111 5.1",
            "Cache-Control: max-age=3600\nAge: -7200",
        ),
        reused("a fraction is no age", "9111 5.1", "Cache-Control: max-age=3600\nAge: 7200.5"),
        reused("an empty age is skipped", "9111 5.1", "Cache-Control: max-age=3600\nAge: "),
        reused(
            "of a list of ages the first counts",
            "9111 5.1",
            "Cache-Control: max-age=3600\nAge: 0, 7200",
        ),
        ignored(
            "of a list of ages the first counts though it is higher",
            "9111 5.1",
            "Cache-Control: max-age=3600\nAge: 7200, 0",
        )
        .may(),
        reused(
            "of two lines of ages the first counts",
            "9111 5.1",
            "Cache-Control: max-age=3600\nAge: 0\nAge: 7200",
        ),
        ignored(
            "an age past 2^31 is stale",
            "9111 1.2.2",
            "Cache-Control: max-age=3600\nAge: 2147483649",
        ),
        ignored(
            "an age past 2^32 is stale",
            "9111 1.2.2",
            "Cache-Control: max-age=3600\nAge: 4294967297",
        ),
        ignored(
            "an age past 2^64 is stale",
            "9111 1.2.2",
            "Cache-Control: max-age=3600\nAge: 18446744073709551617",
        ),
    ]
}

fn arithmetic() -> Vec<Case> {
    vec![
        ignored(
            "an old Date makes a response old",
            "9111 4.2.3",
            "Date: {-7200}\nCache-Control: max-age=3600",
        )
        .may(),
        reused(
            "a Date ahead of our clock makes a response no younger than new",
            "9111 4.2.3",
            "Date: {+7200}\nCache-Control: max-age=3600",
        ),
        case(
            "the time that the origin took belongs to the age",
            "9111 4.2.3",
            [get().to(ok(LONG).after(1050)).fetched(), get().reused(1).age(1..=3)],
        ),
        case(
            "a response that took its whole lifetime is stale",
            "9111 4.2.3",
            [get().to(ok("Cache-Control: max-age=1").after(1050)).fetched(), get().fetched()],
        ),
        case(
            "a validation makes the age new",
            "9111 4.2.3",
            [
                get().to(ok("Cache-Control: max-age=60\nAge: 100\nETag: \"a\"")).fetched(),
                get().to(not_modified(SHORT)).validated(1),
                get().reused(1).age(0..=2),
            ],
        ),
        case(
            "a validation brings its own age",
            "9111 4.2.3",
            [
                get().to(ok("Cache-Control: max-age=60\nAge: 100\nETag: \"a\"")).fetched(),
                get().to(not_modified(&format!("{SHORT}\nAge: 30"))).validated(1),
                get().reused(1).age(30..=32),
            ],
        ),
        case(
            "a validation with an age above the lifetime is soon needed again",
            "9111 4.2.3",
            [
                get().to(ok("Cache-Control: max-age=60\nAge: 100\nETag: \"a\"")).fetched(),
                get().to(not_modified(&format!("{SHORT}\nAge: 100"))).validated(1),
                get().fetched(),
            ],
        ),
    ]
}
