//! Cookie sessions.

use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::config::Environment;
use crate::data::Sessions;

/// How long a session lasts from the login on: using it writes nothing, so nothing extends it.
const LIFETIME: Duration = Duration::days(1);

pub(crate) fn layer(
    sessions: &Sessions,
    environment: Environment,
) -> SessionManagerLayer<Sessions> {
    SessionManagerLayer::new(sessions.clone())
        .with_name("session")
        .with_same_site(SameSite::Lax)
        // Browsers keep a `Secure` cookie of plain HTTP from nobody but localhost.
        .with_secure(environment == Environment::Production)
        .with_expiry(Expiry::OnInactivity(LIFETIME))
}
