//! Registration and cookie sessions.

use std::time::SystemTime;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bartizan_error_envelope::Named;
use bartizan_ratelimit_tiers::ClientIp;
use tower_sessions::Session;

use super::{Failure, Success, to_its_end};
use crate::app::AppState;
use crate::config::DemoData;
use crate::data::seed;
use crate::domain::users::{
    self, Credentials, Home, LoginInput, RegisterInput, Registration, User,
};
use crate::identity::{ACCOUNT, LOCATION};

/// Registers a user with a free account: of the demo location where there is one, else of a
/// location of their own.
///
/// # Errors
///
/// [`Failure::Invalid`], [`Failure::EmailTaken`].
pub async fn register(
    State(state): State<AppState>,
    Named(Json(input)): Named<Json<RegisterInput>>,
) -> Result<Response, Failure> {
    let registration = Registration::try_from(input)?;
    let home = match state.demo {
        DemoData::Present => Home::At(seed::demo_location()),
        DemoData::Absent => Home::New,
    };
    let now = SystemTime::now().into();
    let user = to_its_end(async move {
        let user =
            users::register(&state.database, &state.passwords, registration, &home, now).await?;
        if let Home::At(location) = &home {
            state.caching.forget_accounts(location).await;
        }
        Ok(user)
    });
    Ok((StatusCode::CREATED, Success::new(user.await?)).into_response())
}

/// Begins a session.
///
/// # Errors
///
/// [`Failure::InvalidCredentials`], the same for an unknown address and a wrong password;
/// [`Failure::TooManyLogins`].
pub async fn login(
    State(state): State<AppState>,
    client: Option<Extension<ClientIp>>,
    session: Session,
    Named(Json(input)): Named<Json<LoginInput>>,
) -> Result<Success<User>, Failure> {
    let credentials = Credentials::try_from(input)?;
    let client = client.map(|Extension(client)| client);
    // A client that leaves has not failed.
    let user = to_its_end(attempt(state.clone(), credentials, client)).await?;
    // A new id, so that one planted before the login opens nothing.
    session.cycle_id().await?;
    session.insert(ACCOUNT, user.account_id.as_str()).await?;
    let account = state.reads.account_of_session(None, &user.account_id).await?;
    if let Some(account) = account {
        session.insert(LOCATION, account.location_id.as_str()).await?;
    }
    session.save().await?;
    Ok(Success::new(user))
}

async fn attempt(
    state: AppState,
    credentials: Credentials,
    client: Option<ClientIp>,
) -> Result<User, Failure> {
    let attempt = state.logins.admit(credentials.email(), client).await?;
    let user = users::verify(&state.database, &state.passwords, credentials).await;
    // Only a wrong password is a failure of whoever asks.
    if !matches!(user, Ok(None)) {
        attempt.give_back().await;
    }
    user?.ok_or(Failure::InvalidCredentials)
}

/// Ends the session, if there is one.
///
/// # Errors
///
/// When the session cannot be deleted.
pub async fn logout(session: Session) -> Result<StatusCode, Failure> {
    // Without one the library would warn of it, whenever anybody asks.
    if session.id().is_some() {
        session.flush().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
