use std::fmt::Write as _;

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::{ErrorReport, ResponseBody};

/// A gRPC status code, as `google.rpc.Code` numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "google.rpc.Code is their documentation")]
pub enum GrpcCode {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

impl GrpcCode {
    /// Translates an HTTP status that a service chose itself.
    ///
    /// This is the table of `google/rpc/code.proto` read backwards, not the one of
    /// `http-grpc-status-mapping.md`, which is for statuses that a proxy made up.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Ok,
            400 | 411 | 414 | 415 | 422 | 431 => Self::InvalidArgument,
            401 => Self::Unauthenticated,
            402 | 403 | 451 => Self::PermissionDenied,
            404 | 410 => Self::NotFound,
            405 | 501 => Self::Unimplemented,
            408 | 504 => Self::DeadlineExceeded,
            409 | 423 => Self::Aborted,
            412 | 417 | 424 | 426 | 428 => Self::FailedPrecondition,
            413 | 429 | 507 => Self::ResourceExhausted,
            416 => Self::OutOfRange,
            499 => Self::Cancelled,
            500 => Self::Internal,
            502 | 503 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }

    /// The value of the `grpc-status` field.
    #[must_use]
    pub fn as_header(self) -> HeaderValue {
        HeaderValue::from(self as u16)
    }
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// Server pushback of gRPC's retry design (gRFC A6), in milliseconds: a signed 32-bit integer, for
/// clients read anything else as "never retry".
const GRPC_RETRY_PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");
const NANOS_PER_MILLI: u128 = 1_000_000;

/// A response that is headers only and ends the stream: "Trailers-Only" of the gRPC protocol.
pub(crate) fn trailers_only<B>(report: &ErrorReport) -> Response<ResponseBody<B>> {
    let mut response = Response::new(ResponseBody::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS, report.grpc_code().as_header());
    headers.insert(GRPC_MESSAGE, percent_encode(report.message()));
    if let Some(wait) = report.retry_after() {
        let wait = wait.as_nanos().div_ceil(NANOS_PER_MILLI);
        let wait = i32::try_from(wait).unwrap_or(i32::MAX);
        headers.insert(GRPC_RETRY_PUSHBACK, HeaderValue::from(wait));
    }
    response
}

/// The longest message, in code points: clients refuse trailers of more than 8 or 16 KiB as a whole,
/// and with them the status.
const MAX_MESSAGE: usize = 512;

/// `Percent-Encoded` of the gRPC protocol: bytes outside of space to tilde, and `%`. Spaces at
/// either end too, since a field value must not start or end with one (RFC 9113, section 8.2.1).
fn percent_encode(message: &str) -> HeaderValue {
    let message = message
        .char_indices()
        .nth(MAX_MESSAGE)
        .map_or(message, |(end, _)| message.get(..end).unwrap_or_default());
    let inside =
        message.len() - message.trim_start_matches(' ').len()..message.trim_end_matches(' ').len();
    let mut out = String::with_capacity(message.len());
    for (position, byte) in message.bytes().enumerate() {
        match byte {
            b' ' if !inside.contains(&position) => out.push_str("%20"),
            b'%' | 0..=0x1f | 0x7f..=0xff => {
                let _: std::fmt::Result = write!(out, "%{byte:02X}");
            }
            _ => out.push(char::from(byte)),
        }
    }
    HeaderValue::try_from(out).unwrap_or(HeaderValue::from_static("Internal%20server%20error"))
}
