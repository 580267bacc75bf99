use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::{Code, Details, GrpcCode, Reply, ResponseBody, Schema};

/// One failure, told in two languages: what the client may read (status, code, message, details,
/// retry-after) and what only the operator sees (source, log level).
///
/// Whoever makes an error response puts its report, as `Arc<ErrorReport>`, into the response's
/// extensions; layers further out render, log and count by it.
#[derive(Clone)]
pub struct ErrorReport {
    status: StatusCode,
    code: Code,
    message: Cow<'static, str>,
    details: Details,
    retry_after: Option<Duration>,
    log_level: LogLevel,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// How loud a report is in the operator's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// Nothing is logged.
    Off,
    /// The default of reports below 500.
    Debug,
    /// A notable but expected failure.
    Info,
    /// A failure to look at when it becomes frequent.
    Warn,
    /// The default of reports from 500.
    Error,
}

impl ErrorReport {
    /// Makes a report; a status from 500 is logged as an error, others for debugging.
    #[must_use]
    pub fn new(status: StatusCode, code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: Details::none(),
            retry_after: None,
            log_level: if status.is_server_error() { LogLevel::Error } else { LogLevel::Debug },
            source: None,
        }
    }

    /// Makes the report of a bare status: code by [`Code::of_status`], message by
    /// [`ErrorReport::message_of_status`].
    #[must_use]
    pub fn from_status(status: StatusCode) -> Self {
        Self::new(status, Code::of_status(status), Self::message_of_status(status))
    }

    /// Replaces the code.
    #[must_use]
    pub fn with_code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// Replaces the client's words.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// Replaces the further members of the error object.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> Self {
        self.details = details;
        self
    }

    /// Tells the client when to come back; rendered in whole seconds, rounded up, at least 1.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Replaces the log level.
    #[must_use]
    pub fn with_log_level(mut self, level: LogLevel) -> Self {
        self.log_level = level;
        self
    }

    /// Attaches the operator's cause; it never reaches a client.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The machine code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The client's words.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The further members of the error object.
    #[must_use]
    pub fn details(&self) -> &Details {
        &self.details
    }

    /// How long the client should wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// How loud the operator's log entry is.
    #[must_use]
    pub fn log_level(&self) -> LogLevel {
        self.log_level
    }

    /// The status of the same failure in gRPC, where a route is a method: one that is not there
    /// is unimplemented. Never `Ok`, since a report is of a failure.
    #[must_use]
    pub fn grpc_code(&self) -> GrpcCode {
        match GrpcCode::of_status(self.status) {
            _ if self.code == Code::ROUTE_NOT_FOUND => GrpcCode::Unimplemented,
            GrpcCode::Ok => GrpcCode::Unknown,
            code => code,
        }
    }

    /// The value of `Retry-After`, in seconds (RFC 9110, section 10.2.3).
    #[must_use]
    pub fn retry_after_header(&self) -> Option<HeaderValue> {
        self.retry_after.map(|wait| HeaderValue::from(ceil_seconds(wait).max(1)))
    }

    /// Renders the default body:
    /// `{"success":false,"error":{"message":"...","code":"...", details...}}`.
    #[must_use]
    pub fn to_json(&self) -> Bytes {
        self.to_json_with(None)
    }

    /// Renders the default body with `requestId` as the error's last member.
    #[must_use]
    pub fn to_json_with(&self, request_id: Option<&str>) -> Bytes {
        let mut out = Vec::with_capacity(96 + self.message.len() + self.details.as_str().len());
        out.extend_from_slice(br#"{"success":false,"error":{"message":"#);
        push_json_string(&mut out, &self.message);
        out.extend_from_slice(br#","code":""#);
        out.extend_from_slice(self.code.as_str().as_bytes());
        out.push(b'"');
        if !self.details.is_empty() {
            out.push(b',');
            out.extend_from_slice(self.details.as_str().as_bytes());
        }
        if let Some(id) = request_id {
            out.extend_from_slice(br#","requestId":"#);
            push_json_string(&mut out, id);
        }
        out.extend_from_slice(b"}}");
        Bytes::from(out)
    }

    /// Answers a request with this report, complete by itself: status, body, `Content-Type`,
    /// `Content-Length`, `Cache-Control: no-store`, `Retry-After`, and the report in the
    /// response's extensions. A gRPC request gets a trailers-only answer.
    #[must_use]
    pub fn into_response<B>(self, reply: Reply) -> Response<ResponseBody<B>> {
        Self::respond(Arc::new(self), reply)
    }

    /// The same as [`ErrorReport::into_response`] for a report that is shared already.
    #[must_use]
    pub fn respond<B>(report: Arc<Self>, reply: Reply) -> Response<ResponseBody<B>> {
        let mut response = match reply {
            Reply::GrpcTrailersOnly => crate::grpc::trailers_only(&report),
            Reply::Json | Reply::JsonHeadersOnly => {
                let body = report.to_json();
                let length = body.len();
                let mut response = Response::new(if reply == Reply::Json {
                    ResponseBody::complete(body)
                } else {
                    ResponseBody::empty()
                });
                *response.status_mut() = report.status;
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
                response
            }
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = report.retry_after_header() {
            headers.insert(RETRY_AFTER, wait);
        }
        response.extensions_mut().insert(report);
        response
    }

    /// The schema of the default body, named `ErrorBody`.
    #[must_use]
    pub fn body_schema() -> Schema {
        Schema::named(
            "ErrorBody",
            json!({
                "type": "object",
                "required": ["success", "error"],
                "properties": {
                    "success": { "const": false },
                    "error": {
                        "type": "object",
                        "required": ["message", "code"],
                        "properties": {
                            "message": { "type": "string" },
                            "code": { "type": "string", "pattern": Code::PATTERN },
                            "requestId": { "type": "string" },
                        },
                    },
                },
            }),
        )
    }
}

/// Appends `text` as a JSON string with its quotes.
fn push_json_string(out: &mut Vec<u8>, text: &str) {
    // Writing a string into a `Vec` has no failing path: no I/O, no non-string keys.
    let _: Result<(), serde_json::Error> = serde_json::to_writer(out, text);
}

fn ceil_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

impl fmt::Debug for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorReport")
            .field("status", &self.status.as_u16())
            .field("code", &self.code)
            .field("message", &self.message)
            .field("details", &self.details)
            .field("retry_after", &self.retry_after)
            .field("log_level", &self.log_level)
            .field("source", &self.source)
            .finish()
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.code, self.message)
    }
}

impl Error for ErrorReport {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
