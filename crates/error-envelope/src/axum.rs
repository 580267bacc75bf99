use std::convert::Infallible;

use ::axum::body::Body;
use ::axum::extract::rejection::{
    BytesRejection, ExtensionRejection, FormRejection, JsonRejection, PathRejection,
    QueryRejection, StringRejection,
};
use ::axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use ::axum::response::{IntoResponse, Response};
use bartizan_contract::{Code, ErrorReport, Reply};
use http::request::Parts;
use http::{Extensions, StatusCode};

/// Reads axum's route template: a [`RouteOf`](bartizan_contract::RouteOf) for a layer that is
/// added with `Router::layer`.
#[must_use]
pub fn matched_path(extensions: &Extensions) -> Option<&str> {
    extensions.get::<MatchedPath>().map(MatchedPath::as_str)
}

/// Answers with a report. The envelope further out adds what depends on the request.
#[doc(hidden)]
#[must_use]
pub fn into_response(report: ErrorReport) -> Response {
    report.into_response::<Body>(Reply::Json).map(Body::new)
}

/// Wraps an extractor so that what it refuses has a code of its own instead of a bare text.
///
/// `Named<Json<T>>`, `Named<Query<T>>`, `Named<Path<T>>` and others whose rejection converts into
/// [`Rejection`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Named<E>(pub E);

impl<S, E> FromRequest<S> for Named<E>
where
    S: Send + Sync,
    E: FromRequest<S>,
    Rejection: From<E::Rejection>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        Ok(Self(E::from_request(request, state).await?))
    }
}

impl<S, E> FromRequestParts<S> for Named<E>
where
    S: Send + Sync,
    E: FromRequestParts<S>,
    Rejection: From<E::Rejection>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        Ok(Self(E::from_request_parts(parts, state).await?))
    }
}

/// What an axum extractor refused, as a report.
#[derive(Debug)]
pub struct Rejection(Box<ErrorReport>);

impl From<ErrorReport> for Rejection {
    fn from(report: ErrorReport) -> Self {
        Self(Box::new(report))
    }
}

impl From<Infallible> for Rejection {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Takes the names of Rust types out of serde's words: `expected struct NewLead` becomes
/// `expected an object`.
fn without_type_names(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Quoted input may say the same words; what is lost of it is an echo.
    while let Some((before, after)) = rest.split_once(", expected ") {
        out.push_str(before);
        out.push_str(", expected ");
        let kind = ["struct ", "tuple struct ", "unit struct ", "newtype struct ", "enum "]
            .into_iter()
            .find_map(|kind| Some((kind, after.strip_prefix(kind)?)));
        rest = match kind {
            Some((kind, named)) => {
                out.push_str(if kind == "enum " { "one of several forms" } else { "an object" });
                named.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
            }
            None => after,
        };
    }
    out + rest
}

/// The longest message, in code points: serde quotes what it does not understand, whole.
const MAX_TEXT: usize = 512;

impl Rejection {
    /// The report that answers the request.
    #[must_use]
    pub fn into_report(self) -> ErrorReport {
        *self.0
    }

    /// A fault of the client, whose text says what to mend.
    fn client(status: StatusCode, code: Code, text: String) -> Self {
        if status.is_client_error() {
            let mut text = without_type_names(&text);
            if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
                text.truncate(end);
            }
            Self(Box::new(ErrorReport::new(status, code, text)))
        } else {
            Self::server(status, text)
        }
    }

    /// A mistake of the program, such as an extractor for a parameter that the route lacks.
    fn server(status: StatusCode, text: String) -> Self {
        Self(Box::new(ErrorReport::from_status(status).with_source(text)))
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        into_response(*self.0)
    }
}

const MALFORMED_JSON: Code = Code::from_static("MALFORMED_JSON");
const MALFORMED_QUERY: Code = Code::from_static("MALFORMED_QUERY");
const MALFORMED_PATH: Code = Code::from_static("MALFORMED_PATH");
const MALFORMED_FORM: Code = Code::from_static("MALFORMED_FORM");

impl From<JsonRejection> for Rejection {
    fn from(rejection: JsonRejection) -> Self {
        let (status, text) = (rejection.status(), rejection.body_text());
        let code = match rejection {
            JsonRejection::JsonSyntaxError(_) => MALFORMED_JSON,
            _ => Code::of_status(status),
        };
        Self::client(status, code, text)
    }
}

macro_rules! named {
    ($($rejection:ty => $bad_request:expr;)+) => {
        $(
            impl From<$rejection> for Rejection {
                fn from(rejection: $rejection) -> Self {
                    let status = rejection.status();
                    let code = if status == StatusCode::BAD_REQUEST {
                        $bad_request
                    } else {
                        Code::of_status(status)
                    };
                    Self::client(status, code, rejection.body_text())
                }
            }
        )+
    };
}

named! {
    QueryRejection => MALFORMED_QUERY;
    PathRejection => MALFORMED_PATH;
    FormRejection => MALFORMED_FORM;
    BytesRejection => Code::BAD_REQUEST;
    StringRejection => Code::BAD_REQUEST;
    ExtensionRejection => Code::BAD_REQUEST;
}
