//! A server whose handlers fail in every way that axum knows.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Form, Json};
use bartizan_error_envelope::PassThrough;
use bartizan_probe::{Scripted, Step};
use http::StatusCode;
use serde::Deserialize;

use super::{Content, handlers};

#[derive(Deserialize)]
struct Lead {
    #[expect(dead_code, reason = "only the extractor looks at it")]
    email: String,
}

#[derive(Deserialize)]
struct Page {
    #[expect(dead_code, reason = "only the extractor looks at it")]
    page: u32,
}

#[derive(Clone)]
struct Database;

/// Handlers answer any method where that lets `HEAD` reach the same extractor.
pub(super) fn router() -> Router {
    Router::new()
        .route("/", get(ok))
        .route("/post-only", post(ok))
        .route("/json", any(async |_: Json<Lead>| {}))
        .route("/form", any(async |_: Form<Lead>| {}))
        .route("/query", get(async |_: Query<Page>| {}))
        .route("/items/{id}", get(async |_: Path<u32>| {}))
        .route("/extension", get(async |_: Extension<Database>| {}))
        .route("/small", any(async |_: Bytes| {}).layer(DefaultBodyLimit::max(8)))
        .route("/workflows/{id}", get(workflow))
        .route("/written/{name}", any(written))
}

async fn ok() {}

async fn workflow(Path(id): Path<String>) -> Response {
    (StatusCode::NOT_FOUND, format!("No workflow {id}")).into_response()
}

/// Answers as the case says, in a response built by hand.
async fn written(Path(name): Path<String>) -> Response {
    let case = handlers::CASES.iter().find(|case| case.name == name).unwrap();
    let body = match case.bare.body {
        Content::Complete(bytes) | Content::Marked(bytes) => Body::from(bytes),
        Content::Stream(chunks) => Body::new(Scripted::new(
            chunks.iter().map(|chunk| Step::Data(Bytes::from_static(chunk))),
        )),
    };
    let mut response = body.into_response();
    *response.status_mut() = StatusCode::from_u16(case.bare.status).unwrap();
    for (name, value) in case.bare.headers {
        response.headers_mut().append(*name, value.parse().unwrap());
    }
    if matches!(case.bare.body, Content::Marked(_)) {
        response.extensions_mut().insert(PassThrough);
    }
    response
}
