//! Methods, and messages on their way.

use crate::harness::{Answer, Case, answer, case, get, head, ok, request, reused};

const LONG: &str = "Cache-Control: max-age=3600";

pub(super) fn cases() -> Vec<Case> {
    [methods(), by_head(), ends(), hops(), together()].concat()
}

fn methods() -> Vec<Case> {
    let again = |name, section, method| {
        case(
            name,
            section,
            [
                request(method).body("x").to(ok(LONG)).fetched(),
                request(method).body("x").to(ok(LONG)).fetched(),
            ],
        )
    };
    vec![
        again("POST goes to the origin each time", "9110 9.3.3", "POST"),
        again("PUT goes to the origin each time", "9110 9.3.4", "PUT"),
        again("DELETE goes to the origin each time", "9110 9.3.5", "DELETE"),
        again("OPTIONS goes to the origin each time", "9110 9.3.7", "OPTIONS"),
        again("PATCH goes to the origin each time", "9110 9.2.3", "PATCH"),
        again("an unknown method goes to the origin each time", "9110 9.2.3", "OWN"),
        case(
            "a stored GET does not answer POST",
            "9111 4",
            [get().to(ok(LONG)).fetched(), request("POST").body("x").fetched()],
        ),
        case(
            "a stored GET does not answer OPTIONS",
            "9111 4",
            [get().to(ok(LONG)).fetched(), request("OPTIONS").fetched()],
        ),
        case(
            "a method's name has a case",
            "9110 9.1",
            [get().to(ok(LONG)).fetched(), request("get").to(answer(501, ""))],
        ),
        case(
            "a body reaches the origin",
            "9110 9.3.3",
            [request("POST").body("word").fetched().asked("Content-Length: 4")],
        )
        .may(),
    ]
}

fn by_head() -> Vec<Case> {
    let sized = "Cache-Control: max-age=3600\nContent-Length: 8\nX-Own: one";
    vec![
        case(
            "HEAD is answered from a stored GET",
            "9110 9.3.2",
            [
                get().to(ok(LONG)).fetched(),
                head().status(200).text("").calls(0).has("Content-Length: 8"),
            ],
        )
        .may(),
        case(
            "HEAD from a stored GET has its fields",
            "9110 9.3.2",
            [get().to(ok(sized)).fetched(), head().to(ok(sized)).text("").has("X-Own: one")],
        ),
        case(
            "HEAD from a stored GET says its age",
            "9111 4",
            [
                get().to(ok("Cache-Control: max-age=3600\nAge: 100")).fetched(),
                head().calls(0).age(100..=102),
            ],
        )
        .may(),
        case(
            "the answer to HEAD does not answer GET",
            "9110 9.3.2",
            [
                head().to(ok(LONG).body("words")).text(""),
                get().to(ok(LONG).body("words")).status(200).text("words"),
            ],
        ),
        case(
            "HEAD of a stored error has its status",
            "9110 9.3.2",
            [
                get().to(answer(404, LONG)).fetched(),
                head().to(answer(404, "")).status(404).text(""),
            ],
        ),
        case("HEAD has no body", "9110 9.3.2", [head().to(ok(sized)).status(200).text("")]),
        case(
            "HEAD goes to the origin for what is stale",
            "9110 9.3.2",
            [get().to(ok("Cache-Control: max-age=0")).fetched(), head().to(ok(sized)).calls(1)],
        )
        .may(),
    ]
}

fn ends() -> Vec<Case> {
    let cut = |name, section, answer: Answer| {
        case(name, section, [get().to(answer).broken(), get().to(ok(LONG)).fetched()])
    };
    vec![
        cut("a body shorter than its length is not stored", "9111 3.3", ok(LONG).truncated()),
        cut("a body without its last chunk is not stored", "9111 3.3", ok(LONG).unterminated()),
        cut("an answer that did not come is not stored", "9111 3.3", Answer::refused()),
        case(
            "what comes after a failure is stored",
            "9111 3",
            [get().to(Answer::refused()).broken(), get().to(ok(LONG)).fetched(), get().reused(2)],
        )
        .may(),
        case(
            "what comes after a body that was cut is stored",
            "9111 3",
            [
                get().to(ok(LONG).truncated()).broken(),
                get().to(ok(LONG)).fetched(),
                get().reused(2),
            ],
        )
        .may(),
        case(
            "what comes after no-store is stored",
            "9111 3",
            [
                get().to(ok("Cache-Control: no-store")).fetched(),
                get().to(ok(LONG)).fetched(),
                get().reused(2),
            ],
        )
        .may(),
        case(
            "a body in chunks may be reused",
            "9111 3",
            [get().to(ok(LONG).chunked()).fetched(), get().reused(1)],
        )
        .may(),
        case(
            "an empty body may be reused",
            "9111 3",
            [get().to(ok(LONG).body("")).fetched(), get().reused(1)],
        )
        .may(),
        case(
            "a large body may be reused",
            "9111 3",
            [get().to(ok(LONG).body(&"0123456789".repeat(20_000))).fetched(), get().reused(1)],
        )
        .may(),
        case(
            "a body that ends with the connection is passed on",
            "9112 6.3",
            [get().to(ok(LONG).until_close()).fetched()],
        ),
        case(
            "a trailer field does not become a header field",
            "9111 3.1",
            [
                get().to(ok(LONG).trailer("X-Own: one")).fetched().lacks("X-Own"),
                get().from(1).lacks("X-Own"),
            ],
        ),
        case(
            "a trailer field is passed on",
            "9110 6.5.1",
            [get()
                .with("TE: trailers")
                .to(ok(LONG).trailer("X-Own: one"))
                .fetched()
                .trailer("X-Own: one")],
        )
        .may(),
        case(
            "an early hint is not the answer",
            "9110 15.2",
            [get().to(ok(LONG).early("Link: </a>")).fetched(), get().from(1).lacks("Link")],
        ),
        case(
            "an answer that is slow is waited for",
            "9110 7.6",
            [get().to(ok(LONG).after(500)).fetched()],
        ),
    ]
}

fn hops() -> Vec<Case> {
    vec![
        case(
            "a field that Connection names does not reach the origin",
            "9110 7.6.1",
            [get().with("Connection: X-Hop\nX-Hop: 1").fetched().not_asked("X-Hop")],
        ),
        case(
            "a field that Connection names does not reach the client",
            "9110 7.6.1",
            [get().to(ok("Connection: X-Hop\nX-Hop: 1")).fetched().lacks("X-Hop")],
        ),
        case(
            "a field that the second line of Connection names does not reach the client",
            "9110 7.6.1",
            [get()
                .to(ok("Connection: keep-alive\nConnection: X-Hop\nX-Hop: 1"))
                .fetched()
                .lacks("X-Hop")],
        ),
        case(
            "Proxy-Connection does not reach the origin",
            "9110 7.6.1",
            [get().with("Proxy-Connection: keep-alive").fetched().not_asked("Proxy-Connection")],
        )
        .may(),
        case(
            "Keep-Alive does not reach the origin",
            "9110 7.6.1",
            [get()
                .with("Connection: keep-alive\nKeep-Alive: timeout=5")
                .fetched()
                .not_asked("Keep-Alive")],
        )
        .may(),
        case(
            "TE does not reach the origin without Connection",
            "9110 7.6.1",
            [get().with("Connection: TE\nTE: gzip").fetched().asked_without("TE", "gzip")],
        ),
        case(
            "Via names the gateway to the origin",
            "9110 7.6.3",
            [get().fetched().asked_with("Via", "1.1 ")],
        ),
        case(
            "a Via that came is kept",
            "9110 7.6.3",
            [get().with("Via: 1.0 before").fetched().asked_with("Via", "1.0 before")],
        ),
        case(
            "an answer without Date is given one",
            "9110 6.6.1",
            [get().to(ok("Date: none\nCache-Control: max-age=60")).fetched().says("Date", " GMT")],
        ),
        case(
            "an unknown field reaches the origin",
            "9110 5.1",
            [get().with("X-Own: one").fetched().asked("X-Own: one")],
        ),
        case(
            "an unknown field reaches the client",
            "9110 5.1",
            [get().to(ok("X-Own: one")).fetched().has("X-Own: one")],
        ),
        case(
            "lines of a field keep their order",
            "9110 5.3",
            [get().to(ok("X-Own: one\nX-Own: two")).fetched().says("X-Own", "one, two")],
        ),
    ]
}

fn together() -> Vec<Case> {
    vec![
        case(
            "requests for what is not stored are collapsed",
            "9111 4",
            [get().copies(6).to(ok(LONG).after(300)).from(1).calls(1)],
        )
        .may(),
        case(
            "requests are collapsed when the answer varies",
            "9111 4",
            [get()
                .copies(6)
                .with("X-Own: 1")
                .to(ok("Cache-Control: max-age=3600\nVary: X-Own").after(300))
                .from(1)
                .calls(1)],
        )
        .may(),
        case(
            "requests with POST are not collapsed",
            "9111 4",
            [request("POST").body("x").copies(4).to(ok(LONG).after(100)).fetched().calls(4)],
        ),
        case(
            "requests that were collapsed see each error",
            "9111 4",
            [get().copies(3).to(answer(503, "").after(100)).status(503)],
        ),
        reused("a second request is answered from the cache", "9111 4", LONG),
    ]
}
