//! Who is asking.

use axum::http::header::AUTHORIZATION;
use axum::http::{Extensions, HeaderMap};
use bartizan_contract::ErrorReport;
use bartizan_error_envelope::ApiError;
use tower_sessions::Session;

use crate::api::Failure;
use crate::app::AppState;
use crate::config::DemoData;
use crate::data::seed;
use crate::domain::accounts::{Account, ApiKey, ApiKeyHash};
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

/// The credential of a request: `X-API-Key`, else `Authorization: Bearer`, else the session.
pub(crate) enum Credential {
    /// What it opens is known at once.
    Known(Identity),
    /// The account of a key has to be looked up.
    Key(ApiKeyHash),
    /// What a session opens has to be looked up.
    Session(Session),
}

impl Credential {
    pub(crate) fn of(state: &AppState, headers: &HeaderMap, extensions: &Extensions) -> Self {
        match (key(headers), extensions.get::<Session>()) {
            (Some(key), _) => Self::of_key(state, key),
            (None, Some(session)) => Self::Session(session.clone()),
            (None, None) => Self::Known(Identity::Anonymous),
        }
    }

    fn of_key(state: &AppState, key: &[u8]) -> Self {
        let refused = || Self::Known(refused(Failure::Unauthorized));
        let key = std::str::from_utf8(key).ok().and_then(|key| key.parse::<ApiKey>().ok());
        let Some(hash) = key.map(|key| key.hash()) else { return refused() };
        if state.admin.is_opened_by(&hash) {
            return Self::Known(Identity::Admin);
        }
        // A database that held demo data once may still know their keys.
        if state.demo == DemoData::Absent && seed::is_demo_key(&hash) {
            return refused();
        }
        Self::Key(hash)
    }

    /// What it opens.
    pub(crate) async fn resolve(self, state: &AppState) -> Identity {
        let found = match self {
            Self::Known(identity) => return identity,
            Self::Key(hash) => by_key(state, &hash).await,
            Self::Session(session) => by_session(state, &session).await,
        };
        found.unwrap_or_else(refused)
    }
}

fn refused(failure: Failure) -> Identity {
    Identity::Refused(failure.into_report())
}

/// The key as the client sends it. Other schemes of `Authorization` are not ours to refuse.
fn key(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(key) = headers.get("x-api-key") {
        return Some(key.as_bytes());
    }
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

async fn by_key(state: &AppState, hash: &ApiKeyHash) -> Result<Identity, Failure> {
    let account = state.reads.account_by_key(hash).await?;
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
