//! gRPC calls get "Trailers-Only" answers: status 200, `grpc-status` in the head, no body.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bartizan_contract::Reply;
use bartizan_error_envelope::{Code, ErrorReport, Origin};
use bartizan_probe::strict_fn;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{BoxError, Layer, ServiceExt};

use crate::support::{Heard, ID, Seen, envelope, grpc, hear, now, response};

type Answer = Result<Response<Full<Bytes>>, BoxError>;
type Fail = fn() -> Answer;

#[test]
fn failures_are_trailers_only() {
    // The numbers are those of google.rpc.Code.
    let table: [(Fail, &str, &str); 7] = [
        (|| Ok(response(404, &[], "")), "5", "The resource was not found"),
        (
            || Ok(response(401, &[("www-authenticate", "Bearer")], "")),
            "16",
            "Authentication is required",
        ),
        (|| Ok(response(429, &[], "50% of \u{fc}")), "8", "50%25 of %C3%BC"),
        (
            || Ok(response(500, &[("content-type", "text/plain")], "secret")),
            "13",
            "Internal server error",
        ),
        (|| Err("secret".into()), "13", "Internal server error"),
        (|| panic!("secret"), "13", "Internal server error"),
        (|| Err(tower::timeout::error::Elapsed::new().into()), "4", "The upstream took too long"),
    ];
    for (fail, status, message) in table {
        let (heard, seen) = ask(fail);
        assert_eq!((heard.status, &*heard.body), (200, &b""[..]));
        assert_eq!(heard.header("grpc-status"), Some(status));
        assert_eq!(heard.header("grpc-message"), Some(message));
        let mut names: Vec<_> = heard.headers.iter().map(|(name, _)| &**name).collect();
        names.retain(|name| *name != "www-authenticate");
        let expected =
            ["cache-control", "content-type", "grpc-message", "grpc-status", "x-request-id"];
        assert_eq!(names, expected);
        assert_eq!(heard.header("content-type"), Some("application/grpc"));
        assert_eq!(heard.header("x-request-id"), Some(ID));
        // The observer is told the HTTP status that is sent.
        assert_eq!(seen.answered().len(), 1);
        assert_eq!(seen.answered()[0].0, 200);
    }
}

#[test]
fn a_refusal_of_a_layer_passes_and_is_counted() {
    let report = || {
        ErrorReport::new(StatusCode::TOO_MANY_REQUESTS, Code::RATE_LIMIT_EXCEEDED, "Later")
            .with_retry_after(Duration::from_millis(1500))
    };
    let seen = Seen::default();
    let service =
        envelope().with_observer(seen.clone()).layer(strict_fn(|request: Request<Full<Bytes>>| {
            let reply = Reply::for_request(&request);
            std::future::ready(Ok::<_, Infallible>(report().into_response::<Full<Bytes>>(reply)))
        }));
    let heard =
        now(async { hear(service.oneshot(grpc(&[("x-request-id", ID)])).await.unwrap()).await });
    let expected = [
        ("cache-control", "no-store"),
        ("content-type", "application/grpc"),
        ("grpc-message", "Later"),
        ("grpc-retry-pushback-ms", "1500"),
        ("grpc-status", "8"),
        ("retry-after", "2"),
        ("x-request-id", ID),
    ];
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let headers = expected.map(own).to_vec();
    assert_eq!(heard, Heard { status: 200, headers, body: Bytes::new() });
    assert_eq!(seen.answered(), [(200, "RATE_LIMIT_EXCEEDED", Origin::Report)]);
}

#[test]
fn a_json_refusal_of_a_layer_that_does_not_know_grpc_is_translated() {
    let (heard, _) = ask(|| {
        let report = ErrorReport::new(StatusCode::FORBIDDEN, Code::FORBIDDEN, "Not yours");
        let mut response =
            response(403, &[("content-type", "application/json"), ("etag", "\"1\"")], "{}");
        response.extensions_mut().insert(Arc::new(report));
        Ok(response)
    });
    assert_eq!((heard.status, heard.header("grpc-status")), (200, Some("7")));
    assert_eq!((heard.header("etag"), &*heard.body), (None, &b""[..]));
}

#[test]
fn only_grpc_calls_are_answered_so() {
    // gRPC-Web reads the status from the body, and other types only look alike.
    for kind in ["application/grpc-web", "application/grpcx", "application/json"] {
        let service = envelope().layer(strict_fn(async |_: Request<Full<Bytes>>| {
            Ok::<_, Infallible>(response(404, &[], ""))
        }));
        let request = crate::support::request("POST", &[("content-type", kind)]);
        let heard = now(async { hear(service.oneshot(request).await.unwrap()).await });
        assert_eq!((heard.status, heard.header("grpc-status")), (404, None), "{kind}");
    }
}

fn ask(fail: Fail) -> (Heard, Seen) {
    let seen = Seen::default();
    let service = envelope()
        .with_observer(seen.clone())
        .layer(strict_fn(move |_: Request<Full<Bytes>>| async move { fail() }));
    let request = grpc(&[("x-request-id", ID)]);
    (now(async { hear(service.oneshot(request).await.unwrap()).await }), seen)
}
