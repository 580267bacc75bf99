//! Workflows of the caller's location.

use axum::extract::{Path, State};
use bartizan_error_envelope::Named;

use super::{Caller, Failure};
use crate::app::AppState;
use crate::caching::JsonBody;
use crate::domain::WorkflowId;

/// Lists the workflows of the caller's location by id.
///
/// # Errors
///
/// See [`Failure`].
pub async fn list(State(state): State<AppState>, caller: Caller) -> Result<JsonBody, Failure> {
    Ok(state.reads.workflows(&caller.location).await?)
}

/// Shows one workflow of the caller's location.
///
/// # Errors
///
/// [`Failure::WorkflowNotFound`], also for a workflow of another location.
pub async fn find(
    State(state): State<AppState>,
    caller: Caller,
    Named(Path(id)): Named<Path<String>>,
) -> Result<JsonBody, Failure> {
    let id: WorkflowId = id.parse()?;
    let found = state.reads.workflow(&caller.location, &id).await?;
    found.ok_or(Failure::WorkflowNotFound(id))
}
