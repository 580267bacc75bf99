use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request};

/// The form in which a request can be told of an error.
///
/// Read from the request before it is passed on: afterwards it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reply {
    /// A JSON body.
    Json,
    /// `HEAD`: the headers of the JSON answer without its body (RFC 9110, section 9.3.2).
    JsonHeadersOnly,
    /// gRPC: status 200, `grpc-status` among the headers, no body.
    GrpcTrailersOnly,
}

impl Reply {
    /// Reads the form from a request.
    #[must_use]
    pub fn for_request<B>(request: &Request<B>) -> Self {
        Self::for_head(request.method(), request.headers())
    }

    /// Reads the form from a request's method and headers.
    #[must_use]
    pub fn for_head(method: &Method, headers: &HeaderMap) -> Self {
        if *method == Method::HEAD {
            Self::JsonHeadersOnly
        } else if *method == Method::POST && is_grpc(headers) {
            Self::GrpcTrailersOnly
        } else {
            Self::Json
        }
    }
}

/// gRPC over HTTP/2: `application/grpc`, alone or followed by `+` or `;`. gRPC-Web is not meant,
/// since its clients read the status from a body frame.
fn is_grpc(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return false };
    let Some((kind, rest)) = value.as_bytes().split_at_checked("application/grpc".len()) else {
        return false;
    };
    kind.eq_ignore_ascii_case(b"application/grpc") && matches!(rest, [] | [b'+' | b';' | b' ', ..])
}
