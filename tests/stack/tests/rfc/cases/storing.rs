//! What may be stored, for which URI, and with which fields.

use crate::harness::{Case, answer, case, get, ignored, ok, request, reused};

const LONG: &str = "Cache-Control: max-age=3600";

/// A response of this status with a lifetime may be reused.
fn status(name: &'static str, status: u16) -> Case {
    let steps = [get().to(answer(status, LONG)).fetched(), get().reused(1)];
    case(name, "9111 3", steps).may()
}

pub(super) fn cases() -> Vec<Case> {
    [statuses(), authorized(), uris(), fields()].concat()
}

fn statuses() -> Vec<Case> {
    vec![
        status("a 201 with a lifetime may be reused", 201),
        status("a 203 with a lifetime may be reused", 203),
        status("a 204 with a lifetime may be reused", 204),
        status("a 299 with a lifetime may be reused", 299),
        status("a 301 with a lifetime may be reused", 301),
        status("a 302 with a lifetime may be reused", 302),
        status("a 303 with a lifetime may be reused", 303),
        status("a 307 with a lifetime may be reused", 307),
        status("a 308 with a lifetime may be reused", 308),
        status("a 400 with a lifetime may be reused", 400).of_rfc(),
        status("a 403 with a lifetime may be reused", 403).of_rfc(),
        status("a 404 with a lifetime may be reused", 404),
        status("a 410 with a lifetime may be reused", 410),
        status("a 451 with a lifetime may be reused", 451),
        status("a 500 with a lifetime may be reused", 500).of_rfc(),
        status("a 503 with a lifetime may be reused", 503).of_rfc(),
        status("an unknown status with a lifetime may be reused", 599).of_rfc(),
        case(
            "a 206 that nobody asked for is not taken for the whole",
            "9111 3.3",
            [
                get()
                    .to(answer(206, "Cache-Control: max-age=3600\nContent-Range: bytes 0-7/100"))
                    .with("Range: bytes=0-7"),
                get().fetched(),
            ],
        ),
    ]
}

/// The answer with these fields to an authorized request may be reused.
fn shared(name: &'static str, section: &'static str, fields: &str) -> Case {
    let with = "Authorization: Bearer one";
    case(name, section, [get().with(with).to(ok(fields)).fetched(), get().with(with).reused(1)])
        .may()
        .of_rfc()
}

fn authorized() -> Vec<Case> {
    let with = "Authorization: Bearer one";
    vec![
        case(
            "the answer to an authorized request is not shared",
            "9111 3.5",
            [
                get().with(with).to(ok(LONG)).fetched(),
                get().with("Authorization: Bearer two").fetched(),
            ],
        ),
        case(
            "the answer to an authorized request is not for everyone",
            "9111 3.5",
            [get().with(with).to(ok(LONG)).fetched(), get().fetched()],
        ),
        case(
            "the answer to an authorized request is not guessed fresh",
            "9111 3.5",
            [
                get().with(with).to(ok("Last-Modified: Tue, 01 Jan 2019 00:00:00 GMT")).fetched(),
                get().with(with).fetched(),
            ],
        ),
        case(
            "Expires does not share the answer to an authorized request",
            "9111 3.5",
            [get().with(with).to(ok("Expires: {+3600}")).fetched(), get().with(with).fetched()],
        ),
        case(
            "an unknown scheme of authorization counts too",
            "9111 3.5",
            [
                get().with("Authorization: foo").to(ok(LONG)).fetched(),
                get().with("Authorization: foo").fetched(),
            ],
        ),
        case(
            "private is not overridden by s-maxage for an authorized request",
            "9111 3",
            [
                get().with(with).to(ok("Cache-Control: private, s-maxage=3600")).fetched(),
                get().with(with).fetched(),
            ],
        ),
        shared(
            "public shares what was authorized",
            "9111 3.5",
            "Cache-Control: public, max-age=3600",
        ),
        shared(
            "must-revalidate shares what was authorized",
            "9111 3.5",
            "Cache-Control: must-revalidate, max-age=3600",
        ),
        shared("s-maxage shares what was authorized", "9111 3.5", "Cache-Control: s-maxage=3600"),
        case(
            "must-revalidate does not keep what was authorized past its lifetime",
            "9111 3.5",
            [
                get().with(with).to(ok("Cache-Control: must-revalidate, max-age=0")).fetched(),
                get().with("Authorization: Bearer two").fetched(),
            ],
        ),
        case(
            "what everyone was given may be given to an authorized request",
            "9111 3.5",
            [get().to(ok(LONG)).fetched(), get().with(with).reused(1)],
        )
        .may()
        .of_rfc(),
        reused(
            "Set-Cookie does not keep a response from being stored",
            "9111 7.3",
            "Cache-Control: max-age=3600\nSet-Cookie: a=b",
        )
        .of_rfc(),
        case(
            "a cookie does not keep a response from being stored",
            "9111 7.3",
            [get().with("Cookie: a=b").to(ok(LONG)).fetched(), get().with("Cookie: a=c").reused(1)],
        )
        .may()
        .of_rfc(),
        ignored(
            "private keeps a cookie from being shared",
            "9111 7.3",
            "Cache-Control: private, max-age=3600\nSet-Cookie: a=b",
        ),
    ]
}

fn uris() -> Vec<Case> {
    let pair = |name, first: &str, second: &str| {
        case(
            name,
            "9111 4",
            [
                get().at(first).to(ok(LONG)).fetched(),
                get().at(second).fetched(),
                get().at(first).reused(1),
            ],
        )
    };
    vec![
        pair("two paths are two URIs", "/a", "/b"),
        pair("a path has a case", "/a", "/A"),
        pair("a slash at the end makes another URI", "/a", "/a/"),
        pair("a query makes another URI", "/a", "/a?b"),
        pair("another query makes another URI", "?a=1", "?a=2"),
        pair("the order of a query makes another URI", "?a=1&b=2", "?b=2&a=1"),
        pair("a parameter twice makes another URI", "?a=1", "?a=1&a=1"),
        pair("a second slash makes another URI", "/a/b", "/a//b"),
        pair("an encoded slash makes another URI", "/a/b", "/a%2Fb"),
        pair("what looks like a file is not the folder", "/a", "/a;b.css"),
        case(
            "two hosts are two URIs",
            "9111 4",
            [
                get().with("Host: one.example").to(ok(LONG)).fetched(),
                get().with("Host: two.example").fetched(),
            ],
        ),
        case(
            "a host has no case",
            "9110 4.2.3",
            [
                get().with("Host: one.example").to(ok(LONG)).fetched(),
                get().with("Host: ONE.example").reused(1),
            ],
        )
        .may(),
        case(
            "the answer to POST is not the answer to GET",
            "9111 4",
            [request("POST").body("x").to(ok(LONG)).fetched(), get().fetched()],
        ),
        case(
            "the answer to PUT is not the answer to GET",
            "9111 4",
            [request("PUT").body("x").to(ok(LONG)).fetched(), get().fetched()],
        ),
    ]
}

fn fields() -> Vec<Case> {
    let stored = |name, fields: &str, step: fn(crate::harness::Step) -> crate::harness::Step| {
        let fields = format!("{LONG}\n{fields}");
        case(name, "9111 3.1", [get().to(ok(&fields)).fetched(), step(get().from(1))])
    };
    vec![
        stored("a field that nobody knows is kept", "X-Own: one", |step| step.has("X-Own: one")),
        stored("a field's lines are kept", "Link: </a>\nLink: </b>", |step| {
            step.says("Link", "</a>").says("Link", "</b>")
        }),
        stored("the type of the content is kept", "Content-Type: text/own", |step| {
            step.has("Content-Type: text/own")
        }),
        stored("the coding of the content is kept", "Content-Encoding: own", |step| {
            step.has("Content-Encoding: own")
        }),
        stored("the entity tag is kept", "ETag: \"a\"", |step| step.has("ETag: \"a\"")),
        stored(
            "the date of the change is kept",
            "Last-Modified: Tue, 01 Jan 2019 00:00:00 GMT",
            |step| step.has("Last-Modified: Tue, 01 Jan 2019 00:00:00 GMT"),
        ),
        stored("Expires is kept", "Expires: Tue, 31 Dec 2999 23:59:59 GMT", |step| {
            step.has("Expires: Tue, 31 Dec 2999 23:59:59 GMT")
        }),
        stored("the date is kept", "Date: Tue, 31 Dec 2999 23:59:59 GMT", |step| {
            step.has("Date: Tue, 31 Dec 2999 23:59:59 GMT")
        })
        .may(),
        stored("bytes above 127 are kept", "X-Own: caf\u{e9}", |step| step.has("X-Own: caf\u{e9}")),
        stored(
            "a field that Connection names is not kept",
            "Connection: X-Hop\nX-Hop: 1",
            |step| step.lacks("X-Hop"),
        ),
        stored("Proxy-Authenticate is not kept", "Proxy-Authenticate: Basic realm=\"x\"", |step| {
            step.lacks("Proxy-Authenticate")
        }),
        stored("Proxy-Authentication-Info is not kept", "Proxy-Authentication-Info: x", |step| {
            step.lacks("Proxy-Authentication-Info")
        }),
        stored("the length is that of the content", "", |step| step.has("Content-Length: 8")),
    ]
}
