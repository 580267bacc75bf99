//! What operators ask of the caches.

use axum::extract::{Query, State};
use bartizan_error_envelope::Named;
use serde::{Deserialize, Serialize};

use super::{Failure, Success};
use crate::admin::Admin;
use crate::app::AppState;
use crate::caching::{CachesReport, Cleared};

/// Tells what the caches have done since the start.
///
/// # Errors
///
/// [`Failure::Unauthorized`] and [`Failure::Forbidden`] for all but operators.
pub async fn stats(State(state): State<AppState>, _: Admin) -> Success<CachesReport> {
    Success::new(state.caching.report())
}

/// Which cache is meant.
#[derive(Clone, Debug, Deserialize)]
pub struct ClearQuery {
    cache: Option<String>,
}

/// What was cleared.
#[derive(Clone, Debug, Serialize)]
pub struct ClearedCaches {
    cleared: Vec<Cleared>,
}

/// Clears one cache, or all of what can be read again.
///
/// # Errors
///
/// [`Failure::CacheNotFound`]; [`Failure::Unauthorized`] and [`Failure::Forbidden`] for all but
/// operators.
pub async fn clear(
    State(state): State<AppState>,
    _: Admin,
    Named(Query(query)): Named<Query<ClearQuery>>,
) -> Result<Success<ClearedCaches>, Failure> {
    let cleared = match query.cache {
        None => state.caching.clear_all().await,
        Some(name) => vec![state.caching.clear(&name).await.ok_or(Failure::CacheNotFound)?],
    };
    Ok(Success::new(ClearedCaches { cleared }))
}
