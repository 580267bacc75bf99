//! Workflows of the caller's location.

use axum::extract::{Path, State};
use bartizan_error_envelope::Named;

use super::{Caller, Failure, Success};
use crate::app::AppState;
use crate::domain::WorkflowId;
use crate::domain::workflows::{self, Workflow};

/// Lists the workflows of the caller's location by id.
///
/// # Errors
///
/// See [`Failure`].
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Success<Vec<Workflow>>, Failure> {
    Ok(Success::new(workflows::list(&state.database, &caller.location).await?))
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
) -> Result<Success<Workflow>, Failure> {
    let id: WorkflowId = id.parse()?;
    let found = workflows::find(&state.database, &caller.location, &id).await?;
    found.map(Success::new).ok_or(Failure::WorkflowNotFound(id))
}
