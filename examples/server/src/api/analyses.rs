//! Analyses of workflows, and their history.

use axum::Json;
use axum::extract::{Query, State};
use bartizan_error_envelope::Named;
use serde::Deserialize;

use super::{Caller, Failure};
use crate::app::AppState;
use crate::caching::JsonBody;
use crate::domain::Limit;
use crate::domain::analyses::AnalyzeInput;

/// Has the platform analyse a workflow of the caller's location, and stores what it found; what was
/// found within the hour is the answer again.
///
/// # Errors
///
/// [`Failure::WorkflowNotFound`], [`Failure::NotConfigured`], or what the platform fails with.
pub async fn analyze(
    State(state): State<AppState>,
    caller: Caller,
    Named(Json(input)): Named<Json<AnalyzeInput>>,
) -> Result<JsonBody, Failure> {
    let id = input.parse()?;
    let platform = state.upstream.as_ref().ok_or(Failure::NotConfigured)?;
    let found = state.reads.analysis(platform, &caller.location, &id).await?;
    found.ok_or(Failure::WorkflowNotFound(id))
}

/// How much of the history is asked for.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct HistoryQuery {
    limit: Option<u32>,
}

/// Lists the analyses of the caller's location, newest first, as far back as the tier keeps them.
///
/// # Errors
///
/// See [`Failure`].
pub async fn history(
    State(state): State<AppState>,
    caller: Caller,
    Named(Query(query)): Named<Query<HistoryQuery>>,
) -> Result<JsonBody, Failure> {
    let limit = query.limit.map_or(Ok(Limit::default()), Limit::new)?;
    Ok(state.reads.history(&caller.location, caller.tier, limit).await?)
}
