//! Refuses unsafe requests that another site makes a browser send with the session's cookie.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use bartizan_contract::{Code, ErrorReport, Reply};
use tower_http::csrf::{ConfigError, CsrfLayer, ProtectionError};

use crate::config::Origin;

const CROSS_SITE_REQUEST: Code = Code::from_static("CROSS_SITE_REQUEST");

type Refuse = fn(ProtectionError) -> Response<Body>;

/// The origins that CORS allows may send, too.
pub(crate) fn layer(origins: &[Origin]) -> Result<CsrfLayer<Refuse>, ConfigError> {
    let trusted = CsrfLayer::new().with_rejection_response(refuse as Refuse);
    origins.iter().try_fold(trusted, |layer, origin| layer.add_trusted_origin(origin.as_str()))
}

#[expect(clippy::needless_pass_by_value, reason = "the library asks for this signature")]
fn refuse(error: ProtectionError) -> Response<Body> {
    ErrorReport::new(StatusCode::FORBIDDEN, CROSS_SITE_REQUEST, "Cross-site requests are refused")
        .with_source(error.to_string())
        .into_response::<Body>(Reply::Json)
        .map(Body::new)
}
