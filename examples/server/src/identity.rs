//! Who is asking: resolved before anything is limited or refused.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use bartizan_contract::{ErrorReport, Reply};
use bartizan_error_envelope::ApiError;
use tower_sessions::Session;

use crate::api::Failure;
use crate::app::AppState;
use crate::config::DemoData;
use crate::data::seed;
use crate::domain::accounts::{Account, ApiKey};
use crate::domain::{AccountId, LocationId};

/// The name under which a session keeps the account's id.
pub(crate) const ACCOUNT: &str = "account";

/// The name under which a session keeps the id of the account's location.
pub(crate) const LOCATION: &str = "location";

/// Who sent a request, among its extensions.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// No credential was given.
    Anonymous,
    /// The credential opens this account.
    Account(Account),
    /// The credential is the key of operators.
    Admin,
    /// The credential opens nothing, or could not be looked up.
    Refused(ErrorReport),
}

/// Resolves the account by `X-API-Key`, else `Authorization: Bearer`, else the session; never
/// answers.
pub(crate) async fn resolve(
    State(state): State<AppState>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let found = match key(request.headers()) {
        Some(key) => by_key(&state, key).await,
        None => by_session(&state, &session).await,
    };
    let identity = found.unwrap_or_else(|failure| Identity::Refused(failure.into_report()));
    request.extensions_mut().insert(identity);
    next.run(request).await
}

/// Answers callers whose credential was refused, tells those without one how to bring it, and marks
/// every answer as the caller's own.
pub(crate) async fn require(request: Request, next: Next) -> Response {
    let reply = Reply::for_request(&request);
    let refused = match request.extensions().get() {
        Some(Identity::Refused(report)) => Some(report.clone()),
        _ => None,
    };
    let mut response = match refused {
        Some(report) => report.into_response::<Body>(reply).map(Body::new),
        None => next.run(request).await,
    };
    if response.status().is_success() {
        // What belongs to a location is for no shared cache.
        response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private"));
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        // RFC 9110, section 15.5.2, asks for it.
        let challenge = HeaderValue::from_static("Bearer realm=\"bartizan\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The key as the client sends it. Other schemes of `Authorization` are not ours to refuse.
fn key(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(key) = headers.get("x-api-key") {
        return Some(key.as_bytes());
    }
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

async fn by_key(state: &AppState, key: &[u8]) -> Result<Identity, Failure> {
    let key = std::str::from_utf8(key).ok().and_then(|key| key.parse::<ApiKey>().ok());
    let hash = key.ok_or(Failure::Unauthorized)?.hash();
    if state.admin.is_opened_by(&hash) {
        return Ok(Identity::Admin);
    }
    // A database that held demo data once may still know their keys.
    if state.demo == DemoData::Absent && seed::is_demo_key(&hash) {
        return Err(Failure::Unauthorized);
    }
    let account = state.reads.account_by_key(&hash).await?;
    account.map(Identity::Account).ok_or(Failure::Unauthorized)
}

/// A session that has ended, or whose account is gone, is nobody.
async fn by_session(state: &AppState, session: &Session) -> Result<Identity, Failure> {
    let id: Option<String> = session.get(ACCOUNT).await?;
    let Some(id) = id.and_then(|id| id.parse::<AccountId>().ok()) else {
        return Ok(Identity::Anonymous);
    };
    let location: Option<String> = session.get(LOCATION).await?;
    let location = location.and_then(|location| location.parse::<LocationId>().ok());
    let account = state.reads.account_of_session(location.as_ref(), &id).await?;
    Ok(account.map_or(Identity::Anonymous, Identity::Account))
}
