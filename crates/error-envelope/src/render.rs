//! From a report to the head and bytes of an answer.

use std::sync::Arc;

use bartizan_contract::{ErrorReport, Reply, ResponseBody};
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, LAST_MODIFIED, RETRY_AFTER, TRAILER, TRANSFER_ENCODING, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, response};

use crate::asked::Asked;
use crate::negotiate::Format;
use crate::problem::ProblemBase;
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::rewrite::Enveloped;

/// Headers that describe the replaced representation, or promise what is not sent with it.
const REPRESENTATION: [HeaderName; 8] = [
    ETAG,
    LAST_MODIFIED,
    ACCEPT_RANGES,
    CONTENT_RANGE,
    CONTENT_ENCODING,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    TRAILER,
];

/// Whether the length of the body that `HEAD` leaves out is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Known,
    /// The text that belongs into the message was cut off further in. RFC 9110, section 9.3.2,
    /// lets the answer leave the length out.
    Unknown,
}

/// Replaces the representation of a response by that of a report; every other header stays.
pub(crate) fn replace<B>(
    mut head: response::Parts,
    report: Arc<ErrorReport>,
    asked: &Asked,
    request_id: &RequestId,
    base: &ProblemBase,
    length: Length,
) -> Response<ResponseBody<B>> {
    for name in REPRESENTATION {
        // RFC 9110, section 15.5.17: on a 416 it tells the length of what was asked for.
        if name != CONTENT_RANGE || head.status != StatusCode::RANGE_NOT_SATISFIABLE {
            head.headers.remove(name);
        }
    }
    head.headers.remove(CONTENT_LENGTH);
    let body = if asked.reply == Reply::GrpcTrailersOnly {
        let (mut own, body) = ErrorReport::respond(Arc::clone(&report), asked.reply).into_parts();
        head.status = own.status;
        // Filled in by `complete`, where the response has none.
        own.headers.remove(CACHE_CONTROL);
        own.headers.remove(RETRY_AFTER);
        head.headers.extend(own.headers);
        body
    } else {
        let format = asked.format;
        let (media_type, bytes) = body_of(&report, head.status, format, request_id, base);
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        // RFC 9112, section 6.2: never beside a Transfer-Encoding, which is not ours to drop.
        if length == Length::Known && !head.headers.contains_key(TRANSFER_ENCODING) {
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        }
        if asked.reply == Reply::JsonHeadersOnly {
            ResponseBody::empty()
        } else {
            ResponseBody::complete(bytes)
        }
    };
    complete(&mut head, &report, asked.reply, request_id);
    head.extensions.insert(report);
    Response::from_parts(head, body)
}

/// Adds what every error answer has, where it is absent, and the id.
pub(crate) fn complete(
    head: &mut response::Parts,
    report: &ErrorReport,
    reply: Reply,
    id: &RequestId,
) {
    if reply != Reply::GrpcTrailersOnly {
        vary_by_accept(&mut head.headers);
    }
    if !head.headers.contains_key(CACHE_CONTROL) {
        head.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Some(wait) = report.retry_after_header()
        && !head.headers.contains_key(RETRY_AFTER)
    {
        head.headers.insert(RETRY_AFTER, wait);
    }
    head.headers.insert(X_REQUEST_ID, id.as_header().clone());
    head.extensions.insert(Enveloped);
}

/// The answer when rendering itself failed: nothing here calls code that could.
pub(crate) fn fallback<B>(reply: Reply, request_id: &RequestId) -> Response<ResponseBody<B>> {
    const BODY: &str =
        r#"{"success":false,"error":{"message":"Internal server error","code":"INTERNAL_ERROR"}}"#;
    let mut response = Response::new(if reply == Reply::Json {
        ResponseBody::complete(Bytes::from_static(BODY.as_bytes()))
    } else {
        ResponseBody::empty()
    });
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_REQUEST_ID, request_id.as_header().clone());
    if reply == Reply::GrpcTrailersOnly {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", HeaderValue::from_static("13"));
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(BODY.len()));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    response.extensions_mut().insert(Enveloped);
    response
}

/// Renders a body: the request id stands in those of 5xx and of `problem+json`.
fn body_of(
    report: &ErrorReport,
    status: StatusCode,
    format: Format,
    request_id: &RequestId,
    base: &ProblemBase,
) -> (&'static str, Bytes) {
    match format {
        Format::Envelope => {
            let request_id = status.is_server_error().then(|| request_id.as_str());
            ("application/json", report.to_json_with(request_id))
        }
        Format::Problem => {
            ("application/problem+json", base.render(report, status, request_id.as_str()))
        }
    }
}

fn vary_by_accept(headers: &mut HeaderMap) {
    let varies = headers.get_all(VARY).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|name| {
            let name = name.trim_ascii();
            name == b"*" || name.eq_ignore_ascii_case(ACCEPT.as_str().as_bytes())
        })
    });
    if !varies {
        headers.append(VARY, HeaderValue::from_static("Accept"));
    }
}
