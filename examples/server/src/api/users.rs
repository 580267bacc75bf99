//! Registration and cookie sessions.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bartizan_error_envelope::Named;
use tower_sessions::Session;

use super::{Failure, Success};
use crate::app::AppState;
use crate::config::DemoData;
use crate::data::seed;
use crate::domain::users::{
    self, Credentials, Home, LoginInput, RegisterInput, Registration, User,
};
use crate::identity::ACCOUNT;

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
    let user = users::register(&state.database, &state.passwords, registration, &home, now).await?;
    Ok((StatusCode::CREATED, Success::new(user)).into_response())
}

/// Begins a session.
///
/// # Errors
///
/// [`Failure::InvalidCredentials`], the same for an unknown address and a wrong password.
pub async fn login(
    State(state): State<AppState>,
    session: Session,
    Named(Json(input)): Named<Json<LoginInput>>,
) -> Result<Success<User>, Failure> {
    let credentials = Credentials::try_from(input)?;
    let user = users::verify(&state.database, &state.passwords, credentials)
        .await?
        .ok_or(Failure::InvalidCredentials)?;
    // A new id, so that one planted before the login opens nothing.
    session.cycle_id().await?;
    session.insert(ACCOUNT, user.account_id.as_str()).await?;
    session.save().await?;
    Ok(Success::new(user))
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
