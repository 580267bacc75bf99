//! Requests that change what was stored.

use crate::harness::{Case, answer, case, get, head, ok, request};

const LONG: &str = "Cache-Control: max-age=3600";

/// After this method with this status what is stored is not used.
fn invalidates(name: &'static str, method: &'static str, status: u16) -> Case {
    let steps = [
        get().to(ok(LONG)).fetched(),
        request(method).body("x").to(answer(status, "")).calls(1),
        get().fetched(),
    ];
    case(name, "9111 4.4", steps)
}

/// After this method with this status what is stored is still used.
fn spares(name: &'static str, method: &'static str, status: u16) -> Case {
    let steps = [
        get().to(ok(LONG)).fetched(),
        request(method).body("x").to(answer(status, "")).calls(1),
        get().reused(1),
    ];
    case(name, "9111 4.4", steps).may()
}

/// What a POST with this field does to `/b`.
fn neighbour(name: &'static str, status: u16, field: &str, last: crate::harness::Step) -> Case {
    let steps = [
        get().at("/b").to(ok(LONG)).fetched(),
        request("POST").body("x").to(answer(status, field)).calls(1),
        last.at("/b"),
    ];
    case(name, "9111 4.4", steps).may()
}

pub(super) fn cases() -> Vec<Case> {
    [methods(), neighbours()].concat()
}

fn methods() -> Vec<Case> {
    vec![
        invalidates("POST invalidates", "POST", 200),
        invalidates("PUT invalidates", "PUT", 200),
        invalidates("DELETE invalidates", "DELETE", 200),
        invalidates("PATCH invalidates", "PATCH", 200),
        invalidates("an unknown method invalidates", "OWN", 200),
        invalidates("a 201 invalidates", "POST", 201),
        invalidates("a 202 invalidates", "POST", 202),
        invalidates("a 204 invalidates", "PUT", 204),
        invalidates("a redirection invalidates", "POST", 303),
        invalidates("a permanent redirection invalidates", "PUT", 308),
        spares("a 400 spares what is stored", "POST", 400),
        spares("a 404 spares what is stored", "DELETE", 404),
        spares("a 500 spares what is stored", "POST", 500),
        spares("a 503 spares what is stored", "PUT", 503),
        spares("OPTIONS spares what is stored", "OPTIONS", 200),
        case(
            "HEAD spares what is stored",
            "9111 4.4",
            [get().to(ok(LONG)).fetched(), head().to(ok("Content-Length: 8")), get().reused(1)],
        )
        .may(),
        case(
            "what comes after an unsafe request is stored again",
            "9111 4.4",
            [
                get().to(ok(LONG)).fetched(),
                request("PUT").body("x").fetched(),
                get().to(ok(LONG)).fetched(),
                get().reused(3),
            ],
        )
        .may(),
        case(
            "another query is not invalidated",
            "9111 4.4",
            [
                get().at("?a").to(ok(LONG)).fetched(),
                request("POST").at("?b").body("x").fetched(),
                get().at("?a").reused(1),
            ],
        )
        .may(),
        case(
            "a path below is not invalidated",
            "9111 4.4",
            [
                get().at("/a/b").to(ok(LONG)).fetched(),
                request("POST").at("/a").body("x").fetched(),
                get().at("/a/b").reused(1),
            ],
        )
        .may(),
        case(
            "the answer to an unsafe request is not stored in place of the old one",
            "9111 4.4",
            [
                get().to(ok(LONG)).fetched(),
                request("PUT").body("x").to(ok(LONG)).fetched(),
                get().fetched(),
            ],
        ),
    ]
}

fn neighbours() -> Vec<Case> {
    vec![
        neighbour("Location invalidates", 201, "Location: {url}/b", get().fetched()),
        neighbour(
            "Location as a whole URI invalidates",
            201,
            "Location: http://{host}{url}/b",
            get().fetched(),
        ),
        neighbour(
            "Content-Location invalidates",
            200,
            "Content-Location: {url}/b",
            get().fetched(),
        ),
        neighbour(
            "Location of a redirection invalidates",
            303,
            "Location: {url}/b",
            get().fetched(),
        ),
        neighbour("Location of an error spares", 500, "Location: {url}/b", get().reused(1)),
        neighbour(
            "Location with another query spares",
            201,
            "Location: {url}/b?c",
            get().reused(1),
        ),
        neighbour(
            "Location at another host spares",
            201,
            "Location: http://other.example{url}/b",
            get().reused(1),
        ),
        neighbour(
            "Content-Location at another host spares",
            200,
            "Content-Location: http://other.example{url}/b",
            get().reused(1),
        ),
        neighbour("Location at another port spares", 201, "Location: http://127.0.0.1:1{url}/b", {
            get().reused(1)
        }),
        neighbour("Location with another scheme spares", 201, "Location: https://{host}{url}/b", {
            get().reused(1)
        }),
        neighbour("Location that is no URI spares", 201, "Location: http://[", get().reused(1)),
        case(
            "Location in the answer to GET spares",
            "9111 4.4",
            [
                get().at("/b").to(ok(LONG)).fetched(),
                get().to(answer(302, "Location: {url}/b")).fetched(),
                get().at("/b").reused(1),
            ],
        )
        .may(),
    ]
}
