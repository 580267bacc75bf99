//! Responses chosen by the fields of the request.

use crate::harness::{Case, case, get, not_modified, ok, request};

const BY_OWN: &str = "Cache-Control: max-age=3600\nVary: X-Own";

/// The answer to a request with the first fields may be given to one with the second.
fn same(name: &'static str, vary: &str, first: &str, second: &str) -> Case {
    let fields = format!("Cache-Control: max-age=3600\n{vary}");
    let steps = [get().with(first).to(ok(&fields)).fetched(), get().with(second).reused(1)];
    case(name, "9111 4.1", steps).may()
}

/// The answer to a request with the first fields must not be given to one with the second.
fn other(name: &'static str, vary: &str, first: &str, second: &str) -> Case {
    let fields = format!("Cache-Control: max-age=3600\n{vary}");
    let steps = [get().with(first).to(ok(&fields)).fetched(), get().with(second).fetched()];
    case(name, "9111 4.1", steps)
}

pub(super) fn cases() -> Vec<Case> {
    [alike(), apart(), several()].concat()
}

fn alike() -> Vec<Case> {
    let own = "Vary: X-Own";
    vec![
        same("a field with the same value matches", own, "X-Own: 1", "X-Own: 1"),
        same("a field that is absent twice matches", own, "X-Else: 1", "X-Else: 2"),
        same(
            "a field that Vary does not name is free",
            own,
            "X-Own: 1\nX-Else: 1",
            "X-Own: 1\nX-Else: 2",
        ),
        same("Vary names fields in any case", "Vary: x-oWN", "X-Own: 1", "x-own: 1"),
        same("an empty member of Vary names nothing", "Vary: ,X-Own,", "X-Own: 1", "X-Own: 1"),
        same("an empty Vary names nothing", "Vary: ", "X-Own: 1", "X-Own: 2"),
        same("spaces around a value do not count", own, "X-Own: 1", "X-Own:   1  "),
        same("spaces in a list do not count", own, "X-Own: 1, 2", "X-Own: 1,2").of_rfc(),
        same("two lines match their list", own, "X-Own: 1\nX-Own: 2", "X-Own: 1, 2"),
        same("two lines match two lines", own, "X-Own: 1\nX-Own: 2", "X-Own: 1\nX-Own: 2"),
        same(
            "all fields that Vary names match",
            "Vary: X-Own, X-Else",
            "X-Own: 1\nX-Else: 1",
            "X-Else: 1\nX-Own: 1",
        ),
        same("Vary on two lines matches", "Vary: X-Own\nVary: X-Else", "X-Own: 1", "X-Own: 1"),
        same(
            "languages match",
            "Vary: Accept-Language",
            "Accept-Language: en, de",
            "Accept-Language: en, de",
        ),
        same(
            "codings match",
            "Vary: Accept-Encoding",
            "Accept-Encoding: gzip",
            "Accept-Encoding: gzip",
        ),
    ]
}

fn apart() -> Vec<Case> {
    let own = "Vary: X-Own";
    vec![
        other("another value does not match", own, "X-Own: 1", "X-Own: 2"),
        other("a value does not match its absence", own, "X-Own: 1", "X-Else: 1"),
        other("absence does not match a value", own, "X-Else: 1", "X-Own: 1"),
        other("an empty value does not match absence", own, "X-Own: ", "X-Else: 1").may(),
        other("a value has a case", own, "X-Own: a", "X-Own: A"),
        other("a list of an unknown field has an order", own, "X-Own: 1, 2", "X-Own: 2, 1"),
        other("a longer value does not match", own, "X-Own: 1", "X-Own: 11"),
        other("one line more does not match", own, "X-Own: 1", "X-Own: 1\nX-Own: 2"),
        other(
            "a quoted comma does not match two members",
            own,
            "X-Own: \"a,b\"",
            "X-Own: \"a\",\"b\"",
        ),
        other(
            "the second field that Vary names counts",
            "Vary: X-Else, X-Own",
            "X-Own: 1",
            "X-Own: 2",
        ),
        other(
            "the second line of Vary counts",
            "Vary: X-Else\nVary: X-Own",
            "X-Own: 1",
            "X-Own: 2",
        ),
        other(
            "values do not move between fields",
            "Vary: X-Own, X-Else",
            "X-Own: 1\nX-Else: 2",
            "X-Own: 2\nX-Else: 1",
        ),
        other(
            "other languages do not match",
            "Vary: Accept-Language",
            "Accept-Language: en",
            "Accept-Language: de",
        ),
        other(
            "another user agent does not match",
            "Vary: User-Agent",
            "User-Agent: a",
            "User-Agent: b",
        ),
        other(
            "another origin does not match",
            "Vary: Origin",
            "Origin: http://a.example",
            "Origin: http://b.example",
        ),
        other("another cookie does not match", "Vary: Cookie", "Cookie: a=1", "Cookie: a=2"),
        other("a star matches nothing", "Vary: *", "X-Own: 1", "X-Own: 1"),
        other("a star among names matches nothing", "Vary: X-Own, *", "X-Own: 1", "X-Own: 1"),
        other("a star before names matches nothing", "Vary: *, X-Own", "X-Own: 1", "X-Own: 1"),
        other(
            "a star on a second line matches nothing",
            "Vary: X-Own\nVary: *",
            "X-Own: 1",
            "X-Own: 1",
        ),
    ]
}

fn several() -> Vec<Case> {
    let stale = "Cache-Control: max-age=0\nVary: X-Own\nETag: \"a\"";
    vec![
        case(
            "two variants are kept side by side",
            "9111 4.1",
            [
                get().with("X-Own: 1").to(ok(BY_OWN)).fetched(),
                get().with("X-Own: 2").to(ok(BY_OWN)).fetched(),
                get().with("X-Own: 1").reused(1),
                get().with("X-Own: 2").reused(2),
            ],
        )
        .may(),
        case(
            "the variant without the field is kept too",
            "9111 4.1",
            [
                get().to(ok(BY_OWN)).fetched(),
                get().with("X-Own: 2").to(ok(BY_OWN)).fetched(),
                get().reused(1),
                get().with("X-Own: 2").reused(2),
            ],
        )
        .may(),
        case(
            "variants may differ in what they vary by",
            "9111 4.1",
            [
                get().with("X-Own: 1").to(ok(BY_OWN)).fetched(),
                get()
                    .with("X-Own: 2")
                    .to(ok("Cache-Control: max-age=3600\nVary: X-Own, X-Else"))
                    .fetched(),
                get().with("X-Own: 2\nX-Else: 1").fetched(),
            ],
        ),
        case(
            "a variant is validated with its own tag",
            "9111 4.3.1",
            [
                get().with("X-Own: 1").to(ok(stale)).fetched(),
                get()
                    .with("X-Own: 1")
                    .to(not_modified(stale))
                    .validated(1)
                    .asked_with("If-None-Match", "\"a\"")
                    .asked("X-Own: 1"),
            ],
        ),
        case(
            "a new answer replaces only its variant",
            "9111 4.1",
            [
                get().with("X-Own: 1").to(ok(BY_OWN)).fetched(),
                get().with("X-Own: 2").to(ok(BY_OWN)).fetched(),
                get().with("X-Own: 1\nCache-Control: no-cache").to(ok(BY_OWN)).fetched(),
                get().with("X-Own: 1").reused(3),
                get().with("X-Own: 2").reused(2),
            ],
        )
        .may(),
        case(
            "an unsafe request invalidates all variants",
            "9111 4.4",
            [
                get().with("X-Own: 1").to(ok(BY_OWN)).fetched(),
                get().with("X-Own: 2").to(ok(BY_OWN)).fetched(),
                request("POST").body("x").fetched(),
                get().with("X-Own: 1").to(ok(BY_OWN)).fetched(),
                get().with("X-Own: 2").fetched(),
            ],
        ),
        case(
            "Vary is told to the client that is given a stored variant",
            "9111 3.1",
            [get().to(ok(BY_OWN)).fetched(), get().from(1).has("Vary: X-Own")],
        ),
        case(
            "fields that Vary names reach the origin",
            "9111 4.1",
            [get().with("X-Own: 1").to(ok(BY_OWN)).fetched().asked("X-Own: 1")],
        ),
        case(
            "an answer with a star is passed on",
            "9111 4.1",
            [get().to(ok("Cache-Control: max-age=3600\nVary: *")).fetched().has("Vary: *")],
        ),
        case(
            "an answer with a star may be validated",
            "9111 4.1",
            [
                get().to(ok("Cache-Control: max-age=3600\nVary: *\nETag: \"a\"")).fetched(),
                get().fetched(),
            ],
        ),
    ]
}
