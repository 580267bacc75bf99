//! What only the operator may read never reaches a client, in no byte of any form.

use std::panic::panic_any;
use std::sync::Arc;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::Extension;
use axum::routing::any;
use bartizan_error_envelope::{Code, ErrorEnvelopeLayer, ErrorReport};
use bartizan_probe::{Scripted, Step};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{BoxError, Layer, ServiceExt, service_fn};

use crate::errors::Wrapped;
use crate::support::{get, grpc, request, response};

/// Stands in every text, name and payload below.
const SECRET: &str = "secret";

#[derive(Clone)]
#[expect(non_camel_case_types, reason = "a type whose name gives it away")]
struct secret_database;

#[derive(Debug)]
#[expect(dead_code, reason = "its debug output gives it away")]
struct Payload(&'static str);

type Answer = Result<Response<Full<Bytes>>, BoxError>;

const FAILURES: &[fn() -> Answer] = &[
    || Ok(response(500, &[("content-type", "text/plain")], "secret")),
    || Ok(response(503, &[], "secret")),
    || Ok(response(599, &[], "secret")),
    // A text that is no UTF-8 is no message, of a 4xx either.
    || Ok(response(400, &[], &b"secret \xff"[..])),
    || Err("secret".into()),
    || Err(std::io::Error::other("secret").into()),
    || Err(Wrapped(Wrapped("secret".into()).into()).into()),
    || Err(report().into()),
    || {
        let mut response = response(409, &[], "");
        response.extensions_mut().insert(Arc::new(report()));
        Ok(response)
    },
    || {
        let mut response = response(500, &[("content-type", "text/plain")], "secret");
        response.extensions_mut().insert(Arc::new(report()));
        Ok(response)
    },
    || panic!("secret"),
    || panic!("{SECRET}"),
    || panic_any(Payload("secret")),
];

fn report() -> ErrorReport {
    ErrorReport::new(StatusCode::CONFLICT, Code::CONFLICT, "Taken").with_source("secret")
}

#[tokio::test]
async fn no_secret_of_a_service_is_sent() {
    for (index, fail) in FAILURES.iter().enumerate() {
        for request in requests() {
            let service = service_fn(move |_: Request<Full<Bytes>>| async move { fail() });
            let answer = ErrorEnvelopeLayer::new().layer(service).oneshot(request).await.unwrap();
            assert_keeps_the_secret(answer, &format!("failure {index}")).await;
        }
    }
}

#[tokio::test]
async fn no_secret_of_a_handler_is_sent() {
    let app = Router::new()
        .route("/text", any(async || (StatusCode::INTERNAL_SERVER_ERROR, SECRET)))
        .route("/extension", any(async |_: Extension<secret_database>| {}))
        .route("/panic", any(async || -> &'static str { panic!("{SECRET}") }))
        .route(
            "/stream",
            any(async || AxumBody::new(Scripted::new([Step::Data("one".into()), Step::Panic]))),
        )
        .fallback(async || -> &'static str { panic!("{SECRET}") })
        .layer(ErrorEnvelopeLayer::new());
    for path in ["/text", "/extension", "/panic", "/stream", "/nowhere"] {
        for mut request in requests() {
            *request.uri_mut() = path.parse().unwrap();
            let answer = app.clone().oneshot(request).await.unwrap();
            assert_keeps_the_secret(answer, path).await;
        }
    }
}

#[tokio::test]
async fn no_secret_of_a_mapping_is_sent() {
    let layer = ErrorEnvelopeLayer::new()
        .map_error(|_: &std::io::Error| -> ErrorReport { panic!("{SECRET}") });
    for request in requests() {
        let service = service_fn(async |_: Request<Full<Bytes>>| {
            Err::<Response<Full<Bytes>>, _>(std::io::Error::other(SECRET))
        });
        let answer = layer.layer(service).oneshot(request).await.unwrap();
        assert_keeps_the_secret(answer, "the mapping").await;
    }
}

/// Every form of answer.
fn requests() -> Vec<Request<Full<Bytes>>> {
    let problem = &[("accept", "application/problem+json")];
    vec![get(&[]), get(problem), request("HEAD", &[]), request("HEAD", problem), grpc(&[])]
}

async fn assert_keeps_the_secret<B>(answer: Response<B>, name: &str)
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let (head, body) = answer.into_parts();
    let mut sent = vec![format!("{:?} {:?}", head.status, head.headers)];
    let mut body = Box::pin(body);
    while let Some(frame) = body.frame().await {
        sent.push(match frame {
            Ok(frame) => format!("{frame:?}"),
            // Servers send no word of it, but log it.
            Err(error) => error.into().to_string(),
        });
    }
    let sent = sent.concat();
    assert!(!sent.to_lowercase().contains(SECRET), "{name}: {sent}");
    assert!(!sent.contains("it::leaks"), "{name}: {sent}");
}
