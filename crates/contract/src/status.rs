//! What a bare status means when nobody said more.

use http::StatusCode;

use crate::{Code, ErrorReport};

macro_rules! codes {
    ($($status:literal $name:ident $message:literal;)+) => {
        impl Code {
            $(
                #[doc = concat!("Made from a bare ", stringify!($status), ".")]
                pub const $name: Self = Self::from_static(stringify!($name));
            )+

            /// Names a bare status; other 4xx are `BAD_REQUEST`, everything else is
            /// `INTERNAL_ERROR`.
            #[must_use]
            pub const fn of_status(status: StatusCode) -> Self {
                match status.as_u16() {
                    $($status => Self::$name,)+
                    400..=499 => Self::BAD_REQUEST,
                    _ => Self::INTERNAL_ERROR,
                }
            }
        }

        impl ErrorReport {
            /// The client's words for a bare status.
            #[must_use]
            pub const fn message_of_status(status: StatusCode) -> &'static str {
                match status.as_u16() {
                    $($status => $message,)+
                    400..=499 => "The request was refused",
                    _ => "Internal server error",
                }
            }
        }
    };
}

codes! {
    400 BAD_REQUEST "The request is malformed";
    401 UNAUTHORIZED "Authentication is required";
    402 PAYMENT_REQUIRED "Payment is required";
    403 FORBIDDEN "Access is denied";
    404 NOT_FOUND "The resource was not found";
    405 METHOD_NOT_ALLOWED "The method is not allowed here";
    406 NOT_ACCEPTABLE "No acceptable representation exists";
    408 REQUEST_TIMEOUT "The request took too long";
    409 CONFLICT "The request conflicts with the current state";
    410 GONE "The resource is gone";
    411 LENGTH_REQUIRED "A Content-Length is required";
    412 PRECONDITION_FAILED "A precondition failed";
    413 PAYLOAD_TOO_LARGE "The request body is too large";
    414 URI_TOO_LONG "The URI is too long";
    415 UNSUPPORTED_MEDIA_TYPE "The media type is not supported";
    416 RANGE_NOT_SATISFIABLE "The range cannot be satisfied";
    417 EXPECTATION_FAILED "The expectation failed";
    421 MISDIRECTED_REQUEST "The request was sent to the wrong server";
    422 VALIDATION_FAILED "The request is not valid";
    423 LOCKED "The resource is locked";
    424 FAILED_DEPENDENCY "A dependency of the request failed";
    425 TOO_EARLY "The request was sent too early";
    426 UPGRADE_REQUIRED "A protocol upgrade is required";
    428 PRECONDITION_REQUIRED "A precondition is required";
    429 RATE_LIMIT_EXCEEDED "Too many requests";
    431 HEADERS_TOO_LARGE "The request headers are too large";
    451 UNAVAILABLE_FOR_LEGAL_REASONS "Unavailable for legal reasons";
    500 INTERNAL_ERROR "Internal server error";
    501 NOT_IMPLEMENTED "Not implemented";
    502 BAD_GATEWAY "The upstream answered badly";
    503 SERVICE_UNAVAILABLE "The service is unavailable";
    504 GATEWAY_TIMEOUT "The upstream took too long";
    507 INSUFFICIENT_STORAGE "Storage is exhausted";
}

impl Code {
    /// Made from a 404 where no route matched.
    pub const ROUTE_NOT_FOUND: Self = Self::from_static("ROUTE_NOT_FOUND");
}
