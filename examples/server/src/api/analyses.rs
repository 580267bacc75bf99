//! Analyses of workflows, and their history.

use std::time::SystemTime;

use axum::Json;
use axum::extract::{Query, State};
use bartizan_error_envelope::Named;
use serde::Deserialize;

use super::{Caller, Failure, Success};
use crate::app::AppState;
use crate::domain::analyses::{self, Analysis, AnalyzeInput, Findings, HealthScore};
use crate::domain::{Limit, Timestamp, workflows};
use crate::upstream::{self, AnalysisRequest};

/// Has the platform analyse a workflow of the caller's location, and stores what it found.
///
/// # Errors
///
/// [`Failure::WorkflowNotFound`], [`Failure::NotConfigured`], or what the platform fails with.
pub async fn analyze(
    State(state): State<AppState>,
    caller: Caller,
    Named(Json(input)): Named<Json<AnalyzeInput>>,
) -> Result<Success<Analysis>, Failure> {
    let id = input.parse()?;
    let platform = state.upstream.as_ref().ok_or(Failure::NotConfigured)?;
    let workflow = workflows::find(&state.database, &caller.location, &id)
        .await?
        .ok_or_else(|| Failure::WorkflowNotFound(id.clone()))?;
    let request = AnalysisRequest {
        workflow_id: id.as_str().to_owned(),
        definition: serde_json::to_value(&workflow.steps).ok(),
    };
    let findings = findings(platform.analyze(&request).await?)?;
    let now = Timestamp::from(SystemTime::now());
    let analysis = analyses::insert(&state.database, &caller.location, &id, findings, now).await?;
    Ok(Success::new(analysis))
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
) -> Result<Success<Vec<Analysis>>, Failure> {
    let limit = query.limit.map_or(Ok(Limit::default()), Limit::new)?;
    let since = caller.tier.retention().since(SystemTime::now().into());
    Ok(Success::new(analyses::history(&state.database, &caller.location, since, limit).await?))
}

/// A score that the platform may not give is its failure, not the caller's.
fn findings(found: upstream::Analysis) -> Result<Findings, Failure> {
    let health_score = HealthScore::new(found.health_score)
        .map_err(|source| upstream::UpstreamError::Decode { source: source.into() })?;
    Ok(Findings {
        health_score,
        issues: found.issues_found,
        recommendations: found.recommendations,
    })
}
