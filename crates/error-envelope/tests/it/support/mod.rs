//! What the modules share.

mod expected;
mod heard;
mod log;
mod seen;

pub(crate) use expected::{Accepting, ErrorAnswer, PROBLEM_BASE};
pub(crate) use heard::{Heard, hear, hear_from};
pub(crate) use log::{Line, Log};
pub(crate) use seen::Seen;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bartizan_error_envelope::ErrorEnvelopeLayer;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;

/// Names with values, in the order in which they are sent.
pub(crate) type Pairs = &'static [(&'static str, &'static str)];

/// The id that every request of the suite brings.
pub(crate) const ID: &str = "case-1";

/// The envelope of the suite.
pub(crate) fn envelope() -> ErrorEnvelopeLayer {
    ErrorEnvelopeLayer::new().with_problem_base(PROBLEM_BASE).unwrap()
}

/// A `GET /` with some headers.
pub(crate) fn get(headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    request("GET", headers)
}

/// A request for `/` without a body.
pub(crate) fn request(method: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::default()).unwrap()
}

/// A gRPC call, which is always a `POST`.
pub(crate) fn grpc(headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut headers = headers.to_vec();
    headers.push(("content-type", "application/grpc+proto"));
    request("POST", &headers)
}

/// A response with a complete body.
pub(crate) fn response(
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::new(body.into())).unwrap()
}

/// Runs a future that waits for nothing, without a runtime.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits for something"),
    }
}
