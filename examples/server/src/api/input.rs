use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Failure;
use crate::app::AppState;
use crate::config::DemoData;
use crate::data::seed;
use crate::domain::{LocationId, Tier};
use crate::identity::Identity;

/// Whose data a request is about: the caller's account, or the first demo location for anonymous
/// callers where demo data exist and the database has it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The location whose data the caller sees.
    pub location: LocationId,
    /// What the caller may do.
    pub tier: Tier,
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Failure> {
        match parts.extensions.get::<Identity>() {
            Some(Identity::Account(account)) => {
                Ok(Self { location: account.location_id.clone(), tier: account.tier })
            }
            _ if state.demo == DemoData::Present => {
                let location = state.reads.location(&seed::demo_location()).await?;
                let location = location.ok_or(Failure::Unauthorized)?.id;
                Ok(Self { location, tier: Tier::Free })
            }
            _ => Err(Failure::Unauthorized),
        }
    }
}
