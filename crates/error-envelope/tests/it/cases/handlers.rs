//! What handlers answer by themselves, header for header.

use super::Becomes::{Error, Untouched};
use super::{Asked, Bare, Case, Content};
use crate::support::{ErrorAnswer, Pairs};

const fn written(
    name: &'static str,
    path: &'static str,
    status: u16,
    headers: Pairs,
    body: Content,
    becomes: super::Becomes,
) -> Case {
    let asked = Asked { method: "POST", path, headers: &[], body: "" };
    Case { name, asked, bare: Bare { status, headers, body }, becomes }
}

/// One more than the 8 KiB that may become a message.
static TOO_LONG: [u8; 8193] = [b'x'; 8193];
static LONGEST: [u8; 8192] = [b'x'; 8192];

const fn longest() -> &'static str {
    match str::from_utf8(&LONGEST) {
        Ok(text) => text,
        Err(_) => panic!("x is a letter"),
    }
}

/// Gzip of "upstream is down": RFC 1952, header and a stored block.
const GZIP: &[u8] =
    b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x10\0\xef\xffupstream is down\0\0\0\0\x10\0\0\0";

pub(super) const CASES: &[Case] = &[
    written(
        "json-conflict",
        "/written/json-conflict",
        409,
        &[("content-length", "14"), ("content-type", "application/json"), ("etag", "\"1\"")],
        Content::Complete(br#"{"taken":true}"#),
        Untouched,
    ),
    written(
        "html-failure",
        "/written/html-failure",
        500,
        &[("content-length", "11"), ("content-type", "text/html; charset=utf-8")],
        Content::Complete(b"<h1>Oh</h1>"),
        Untouched,
    ),
    written(
        "events",
        "/written/events",
        200,
        &[("cache-control", "no-cache"), ("content-type", "text/event-stream")],
        Content::Stream(&[b"data: 1\n\n", b"data: 2\n\n"]),
        Untouched,
    ),
    written(
        "failed-events",
        "/written/failed-events",
        500,
        &[("content-type", "text/event-stream")],
        Content::Stream(&[b"data: 1\n\n", b"data: 2\n\n"]),
        Untouched,
    ),
    written(
        "streamed-document",
        "/written/streamed-document",
        404,
        &[("content-type", "text/plain")],
        Content::Stream(&[b"part one, ", b"part two"]),
        Untouched,
    ),
    written(
        "streamed-failure",
        "/written/streamed-failure",
        500,
        &[("content-type", "text/plain")],
        Content::Stream(&[b"part one, ", b"part two"]),
        Error(ErrorAnswer::new(500, "INTERNAL_ERROR", "Internal server error")),
    ),
    written(
        "unsatisfiable",
        "/written/unsatisfiable",
        416,
        &[
            ("content-digest", "sha-256=:abc=:"),
            ("content-length", "0"),
            ("content-range", "bytes */1271"),
            ("trailer", "x-sum"),
        ],
        Content::Complete(b""),
        Error(
            ErrorAnswer::new(416, "RANGE_NOT_SATISFIABLE", "The range cannot be satisfied")
                .keeping(&[("content-range", "bytes */1271")]),
        ),
    ),
    written(
        "gzip-text",
        "/written/gzip-text",
        500,
        &[
            ("content-encoding", "gzip"),
            ("content-length", "39"),
            ("content-type", "text/plain"),
            ("vary", "accept-encoding"),
        ],
        Content::Complete(GZIP),
        Untouched,
    ),
    written(
        "grpc-refusal",
        "/written/grpc-refusal",
        200,
        &[
            ("content-length", "0"),
            ("content-type", "application/grpc"),
            ("grpc-message", "quota"),
            ("grpc-status", "8"),
        ],
        Content::Complete(b""),
        Untouched,
    ),
    written(
        "grpc-not-found",
        "/written/grpc-not-found",
        404,
        &[("content-length", "0"), ("content-type", "application/grpc"), ("grpc-status", "5")],
        Content::Complete(b""),
        Untouched,
    ),
    written(
        "marked-text",
        "/written/marked-text",
        403,
        &[("content-length", "9"), ("content-type", "text/plain")],
        Content::Marked(b"challenge"),
        Untouched,
    ),
    written(
        "long-text",
        "/written/long-text",
        400,
        &[("content-length", "8193"), ("content-type", "text/plain")],
        Content::Complete(&TOO_LONG),
        Untouched,
    ),
    written(
        "longest-text",
        "/written/longest-text",
        400,
        &[("content-length", "8192"), ("content-type", "text/plain")],
        Content::Complete(&LONGEST),
        Error(ErrorAnswer::new(400, "BAD_REQUEST", longest())),
    ),
    written(
        "redirect",
        "/written/redirect",
        303,
        &[("content-length", "4"), ("content-type", "text/plain"), ("location", "/login")],
        Content::Complete(b"gone"),
        Untouched,
    ),
    written(
        "refused-login",
        "/written/refused-login",
        401,
        &[
            ("access-control-allow-origin", "https://app.example"),
            ("content-length", "0"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2; Secure"),
            ("www-authenticate", "Bearer"),
        ],
        Content::Complete(b""),
        Error(ErrorAnswer::new(401, "UNAUTHORIZED", "Authentication is required").keeping(&[
            ("access-control-allow-origin", "https://app.example"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2; Secure"),
            ("www-authenticate", "Bearer"),
        ])),
    ),
    written(
        "refused-quota",
        "/written/refused-quota",
        429,
        &[
            ("cache-control", "private"),
            ("content-length", "5"),
            ("content-type", "Text/Plain;charset=UTF-8"),
            ("ratelimit", "\"free\";r=0;t=30"),
            ("ratelimit-policy", "\"free\";q=20;w=60"),
            ("retry-after", "30"),
        ],
        Content::Complete(b"later"),
        Error(ErrorAnswer::new(429, "RATE_LIMIT_EXCEEDED", "later").keeping(&[
            ("cache-control", "private"),
            ("ratelimit", "\"free\";r=0;t=30"),
            ("ratelimit-policy", "\"free\";q=20;w=60"),
            ("retry-after", "30"),
        ])),
    ),
    written(
        "identity-text",
        "/written/identity-text",
        503,
        &[
            ("accept-ranges", "bytes"),
            ("content-encoding", "identity"),
            ("content-length", "14"),
            ("content-range", "bytes 0-13/14"),
            ("content-type", "text/plain"),
            ("etag", "\"1\""),
            ("last-modified", "Fri, 20 Nov 2026 09:00:00 GMT"),
            ("location", "/elsewhere"),
        ],
        Content::Complete(b"db 10.0.0.7 !!"),
        Error(
            ErrorAnswer::new(503, "SERVICE_UNAVAILABLE", "The service is unavailable")
                .keeping(&[("location", "/elsewhere")]),
        ),
    ),
    written(
        "timed-out-request",
        "/written/timed-out-request",
        408,
        &[("connection", "close"), ("content-length", "0")],
        Content::Complete(b""),
        Error(
            ErrorAnswer::new(408, "REQUEST_TIMEOUT", "The request took too long")
                .keeping(&[("connection", "close")]),
        ),
    ),
    written(
        "teapot",
        "/written/teapot",
        418,
        &[("content-length", "0")],
        Content::Complete(b""),
        Error(ErrorAnswer::new(418, "BAD_REQUEST", "The request was refused")),
    ),
];
