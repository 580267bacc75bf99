//! What axum refuses by itself: texts as its documentation words them, checked against axum.

use super::Becomes::{Error, Untouched};
use super::{Asked, Bare, Case, Content};
use crate::support::{ErrorAnswer, Pairs};

const JSON: Pairs = &[("content-type", "application/json")];

const fn get(path: &'static str) -> Asked {
    Asked { method: "GET", path, headers: &[], body: "" }
}

const fn post(path: &'static str, headers: Pairs, body: &'static str) -> Asked {
    Asked { method: "POST", path, headers, body }
}

const fn bare(status: u16, headers: Pairs, text: &'static str) -> Bare {
    Bare { status, headers, body: Content::Complete(text.as_bytes()) }
}

macro_rules! text {
    ($length:literal) => {
        &[("content-length", $length), ("content-type", "text/plain; charset=utf-8")]
    };
}

const MISSING_CONTENT_TYPE: &str = "Expected request with `Content-Type: application/json`";
const FORM_CONTENT_TYPE: &str =
    "Form requests must have `Content-Type: application/x-www-form-urlencoded`";
const JSON_SYNTAX: &str = "Failed to parse the request body as JSON: email: EOF while parsing a value at line 1 \
     column 9";
const JSON_DATA: &str = "Failed to deserialize the JSON body into the target type: missing field \
                         `email` at line 1 column 2";
const FORM_DATA: &str = "Failed to deserialize form body: missing field `email`";
const QUERY: &str = "Failed to deserialize query string: page: invalid digit found in string";
const PATH: &str = "Invalid URL: Cannot parse `abc` to a `u32`";
const TOO_LARGE: &str = "Failed to buffer the request body: length limit exceeded";
const EXTENSION: &str = "Missing request extension: Extension of type \
                         `it::cases::router::Database` was not found. Perhaps you forgot to add \
                         it? See `axum::Extension`.";

pub(super) const CASES: &[Case] = &[
    Case {
        name: "success",
        asked: get("/"),
        bare: bare(200, &[("content-length", "0")], ""),
        becomes: Untouched,
    },
    Case {
        name: "unmatched route",
        asked: get("/nowhere"),
        bare: bare(404, &[], ""),
        becomes: Error(ErrorAnswer::new(404, "ROUTE_NOT_FOUND", "No route matches the request")),
    },
    Case {
        name: "method not allowed",
        asked: get("/post-only"),
        bare: bare(405, &[("allow", "POST"), ("content-length", "0")], ""),
        becomes: Error(
            ErrorAnswer::new(405, "METHOD_NOT_ALLOWED", "The method is not allowed here")
                .keeping(&[("allow", "POST")]),
        ),
    },
    Case {
        name: "missing JSON content type",
        asked: post("/json", &[], "{}"),
        bare: bare(415, text!("54"), MISSING_CONTENT_TYPE),
        becomes: Error(ErrorAnswer::new(415, "UNSUPPORTED_MEDIA_TYPE", MISSING_CONTENT_TYPE)),
    },
    Case {
        name: "missing form content type",
        asked: post("/form", &[], "a=1"),
        bare: bare(415, text!("73"), FORM_CONTENT_TYPE),
        becomes: Error(ErrorAnswer::new(415, "UNSUPPORTED_MEDIA_TYPE", FORM_CONTENT_TYPE)),
    },
    Case {
        name: "JSON syntax",
        asked: post("/json", JSON, "{\"email\":"),
        bare: bare(400, text!("93"), JSON_SYNTAX),
        becomes: Error(ErrorAnswer::new(400, "BAD_REQUEST", JSON_SYNTAX)),
    },
    Case {
        name: "JSON data",
        asked: post("/json", JSON, "{}"),
        bare: bare(422, text!("98"), JSON_DATA),
        becomes: Error(ErrorAnswer::new(422, "VALIDATION_FAILED", JSON_DATA)),
    },
    Case {
        name: "form data",
        asked: post("/form", &[("content-type", "application/x-www-form-urlencoded")], "phone=1"),
        bare: bare(422, text!("54"), FORM_DATA),
        becomes: Error(ErrorAnswer::new(422, "VALIDATION_FAILED", FORM_DATA)),
    },
    Case {
        name: "body too large",
        asked: post("/small", &[], "nine bytes"),
        bare: bare(413, text!("56"), TOO_LARGE),
        becomes: Error(ErrorAnswer::new(413, "PAYLOAD_TOO_LARGE", TOO_LARGE)),
    },
    Case {
        name: "bad query",
        asked: get("/query?page=abc"),
        bare: bare(400, text!("71"), QUERY),
        becomes: Error(ErrorAnswer::new(400, "BAD_REQUEST", QUERY)),
    },
    Case {
        name: "bad path",
        asked: get("/items/abc"),
        bare: bare(400, text!("42"), PATH),
        becomes: Error(ErrorAnswer::new(400, "BAD_REQUEST", PATH)),
    },
    Case {
        name: "missing extension",
        asked: get("/extension"),
        bare: bare(500, text!("142"), EXTENSION),
        becomes: Error(ErrorAnswer::new(500, "INTERNAL_ERROR", "Internal server error")),
    },
    Case {
        name: "text 404 by a handler",
        asked: get("/workflows/wf_9"),
        bare: bare(404, text!("16"), "No workflow wf_9"),
        becomes: Error(ErrorAnswer::new(404, "NOT_FOUND", "No workflow wf_9")),
    },
];
