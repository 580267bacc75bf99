//! `Named` extractors answer with codes of their own.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::routing::any;
use axum::{Extension, Form, Json, Router};
use bartizan_error_envelope::{Named, matched_path};
use http::Request;
use http_body_util::Full;
use serde::Deserialize;

use crate::support::{Accepting, ErrorAnswer, Pairs, envelope, hear_from};

#[derive(Deserialize)]
struct Page {
    page: u32,
}

#[derive(Clone)]
struct Missing;

struct Case {
    path: &'static str,
    headers: Pairs,
    body: &'static str,
    answer: ErrorAnswer,
}

const JSON: Pairs = &[("content-type", "application/json")];
const FORM: Pairs = &[("content-type", "application/x-www-form-urlencoded")];

const CASES: &[Case] = &[
    Case {
        path: "/json",
        headers: JSON,
        body: "{\"page\":",
        answer: ErrorAnswer::new(
            400,
            "MALFORMED_JSON",
            "Failed to parse the request body as JSON: page: EOF while parsing a value at line 1 \
             column 8",
        ),
    },
    Case {
        path: "/json",
        headers: JSON,
        body: "{}",
        answer: ErrorAnswer::new(
            422,
            "VALIDATION_FAILED",
            "Failed to deserialize the JSON body into the target type: missing field `page` at \
             line 1 column 2",
        ),
    },
    // serde says `expected struct Page`: the names of types stay inside.
    Case {
        path: "/json",
        headers: JSON,
        body: "7",
        answer: ErrorAnswer::new(
            422,
            "VALIDATION_FAILED",
            "Failed to deserialize the JSON body into the target type: invalid type: integer `7`, \
             expected an object at line 1 column 1",
        ),
    },
    Case {
        path: "/json",
        headers: &[],
        body: "{}",
        answer: ErrorAnswer::new(
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            "Expected request with `Content-Type: application/json`",
        ),
    },
    Case {
        path: "/bytes",
        headers: &[],
        body: "eleven bytes",
        answer: ErrorAnswer::new(
            413,
            "PAYLOAD_TOO_LARGE",
            "Failed to buffer the request body: length limit exceeded",
        ),
    },
    Case {
        path: "/string",
        headers: &[],
        body: "eleven bytes",
        answer: ErrorAnswer::new(
            413,
            "PAYLOAD_TOO_LARGE",
            "Failed to buffer the request body: length limit exceeded",
        ),
    },
    Case {
        path: "/query?page=x",
        headers: &[],
        body: "",
        answer: ErrorAnswer::new(
            400,
            "MALFORMED_QUERY",
            "Failed to deserialize query string: page: invalid digit found in string",
        ),
    },
    Case {
        path: "/path/x",
        headers: &[],
        body: "",
        answer: ErrorAnswer::new(400, "MALFORMED_PATH", "Invalid URL: Cannot parse `x` to a `u32`"),
    },
    Case {
        path: "/form",
        headers: FORM,
        body: "page=x",
        answer: ErrorAnswer::new(
            422,
            "VALIDATION_FAILED",
            "Failed to deserialize form body: page: invalid digit found in string",
        ),
    },
    // Mistakes of the program: nothing that the client could mend, so no words for it.
    Case {
        path: "/extension",
        headers: &[],
        body: "",
        answer: ErrorAnswer::new(500, "INTERNAL_ERROR", "Internal server error"),
    },
    Case {
        path: "/no-parameter",
        headers: &[],
        body: "",
        answer: ErrorAnswer::new(500, "INTERNAL_ERROR", "Internal server error"),
    },
];

fn router() -> Router {
    Router::new()
        .route("/json", any(async |Named(Json(page)): Named<Json<Page>>| page.page.to_string()))
        .route("/form", any(async |Named(Form(page)): Named<Form<Page>>| page.page.to_string()))
        .route("/query", any(async |Named(Query(page)): Named<Query<Page>>| page.page.to_string()))
        .route("/path/{id}", any(async |Named(Path(id)): Named<Path<u32>>| id.to_string()))
        .route("/no-parameter", any(async |_: Named<Path<u32>>| {}))
        .route("/extension", any(async |_: Named<Extension<Missing>>| {}))
        .route("/bytes", any(async |Named(bytes): Named<Bytes>| bytes))
        .route("/string", any(async |Named(text): Named<String>| text))
        .layer(DefaultBodyLimit::max(10))
        .layer(envelope().with_route_of(matched_path))
}

#[tokio::test]
async fn each_rejection_has_a_code_and_only_the_clients_faults_have_words() {
    for case in CASES {
        for method in ["POST", "HEAD"] {
            if method == "HEAD" && case.path == "/form" {
                // axum reads the form of a HEAD from the query.
                continue;
            }
            for accepting in Accepting::BOTH {
                let heard = hear_from(router(), request(method, case, accepting)).await;
                let expected = case.answer.heard(method, accepting);
                assert_eq!(heard, expected, "{} {} by {method}", case.path, case.body);
            }
        }
    }
}

#[tokio::test]
async fn what_the_extractor_takes_comes_through() {
    for (path, headers, body, expected) in [
        ("/json", JSON, r#"{"page":7}"#, "7"),
        ("/form", FORM, "page=7", "7"),
        ("/query?page=7", &[], "", "7"),
        ("/path/7", &[], "", "7"),
        ("/bytes", &[], "7", "7"),
        ("/string", &[], "7", "7"),
    ] {
        let answer = ErrorAnswer::new(0, "", "");
        let case = Case { path, headers, body, answer };
        let heard = hear_from(router(), request("POST", &case, Accepting::Anything)).await;
        assert_eq!((heard.status, &*heard.body), (200, expected.as_bytes()), "{path}");
    }
}

fn request(method: &str, case: &Case, accepting: Accepting) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(case.path);
    for (name, value) in case.headers.iter().chain(accepting.headers()) {
        request = request.header(*name, *value);
    }
    request.body(case.body.into()).unwrap()
}
