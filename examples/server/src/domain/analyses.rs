//! Analyses: what was found in a workflow, and when.

use serde::{Deserialize, Serialize};

use super::{AnalysisId, FieldError, Limit, LocationId, Timestamp, WorkflowId};
use crate::data::{BoxError, DataError, Database, FromRow, Row, RowError, Statement};

static INSERT: Statement = Statement::write(
    "analysis_insert",
    "INSERT INTO analysis_results (id, location_id, workflow_id, health_score, issues_found, \
     issues, recommendations, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
/// Reads what [`history`] lists: location, oldest instant, number.
pub static HISTORY: Statement = Statement::read(
    "analysis_history",
    "SELECT id, location_id, workflow_id, health_score, issues, recommendations, created_at \
     FROM analysis_results WHERE location_id = $1 AND created_at >= $2 \
     ORDER BY created_at DESC, id DESC LIMIT $3",
);

/// What the client asks to have analysed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalyzeInput {
    /// The id of a workflow of the caller's location.
    pub workflow_id: String,
}

impl AnalyzeInput {
    /// The workflow that is meant.
    ///
    /// # Errors
    ///
    /// When `workflowId` is not an id.
    pub fn parse(&self) -> Result<WorkflowId, FieldError> {
        self.workflow_id.parse()
    }
}

/// How well a workflow does: 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct HealthScore(u8);

impl HealthScore {
    /// Admits 0 to 100.
    ///
    /// # Errors
    ///
    /// Above that.
    pub fn new(score: u8) -> Result<Self, FieldError> {
        if score <= 100 {
            Ok(Self(score))
        } else {
            Err(FieldError::new("healthScore", "a number from 0 to 100"))
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// How much an issue matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth a change.
    Medium,
    /// Loses contacts.
    High,
    /// Stops the workflow.
    Critical,
}

/// The kinds of issue, a closed set: they are labels of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueKind {
    /// A branch that leads nowhere.
    DeadEnd,
    /// Two workflows that start on the same event.
    DuplicateTrigger,
    /// A step whose failure nothing handles.
    MissingFallback,
    /// A wait that is longer than the contact's patience.
    LongDelay,
    /// A step that never runs.
    UnreachableStep,
}

/// One thing that is wrong with a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issue {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: IssueKind,
    /// How much it matters.
    pub severity: Severity,
    /// For people.
    pub message: String,
}

/// What an analysis found, before it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// How well the workflow does.
    pub health_score: HealthScore,
    /// What is wrong.
    pub issues: Vec<Issue>,
    /// What to do about it, a sentence each.
    pub recommendations: Vec<String>,
}

/// A stored analysis as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Analysis {
    /// Unique.
    pub id: AnalysisId,
    /// The location of the workflow.
    pub location_id: LocationId,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// How well it does.
    pub health_score: HealthScore,
    /// The number of issues.
    pub issues_found: usize,
    /// What is wrong.
    pub issues: Vec<Issue>,
    /// What to do about it.
    pub recommendations: Vec<String>,
    /// When it was analysed.
    pub created_at: Timestamp,
}

/// Stores what an analysis found.
///
/// # Errors
///
/// [`DataError::Refused`] when the location has no such workflow; else see [`DataError`].
pub async fn insert(
    database: &Database,
    location: &LocationId,
    workflow: &WorkflowId,
    findings: Findings,
    now: Timestamp,
) -> Result<Analysis, DataError> {
    let id = AnalysisId::make(now);
    let issues = INSERT.json(&findings.issues)?;
    let recommendations = INSERT.json(&findings.recommendations)?;
    let issues_found = findings.issues.len();
    let values = [
        id.as_str().into(),
        location.as_str().into(),
        workflow.as_str().into(),
        i64::from(findings.health_score.get()).into(),
        count(issues_found).into(),
        issues.as_str().into(),
        recommendations.as_str().into(),
        now.into(),
    ];
    database.execute(&INSERT, &values).await?;
    Ok(Analysis {
        id,
        location_id: location.clone(),
        workflow_id: workflow.clone(),
        health_score: findings.health_score,
        issues_found,
        issues: findings.issues,
        recommendations: findings.recommendations,
        created_at: now,
    })
}

/// Lists a location's analyses from `since` on, the newest first.
///
/// # Errors
///
/// See [`DataError`].
pub async fn history(
    database: &Database,
    location: &LocationId,
    since: Timestamp,
    limit: Limit,
) -> Result<Vec<Analysis>, DataError> {
    let values = [location.as_str().into(), since.into(), i64::from(limit.get()).into()];
    database.fetch_all(&HISTORY, &values).await
}

fn count(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}

impl FromRow for Analysis {
    fn from_row(row: &Row<'_>) -> Result<Self, RowError> {
        let issues: Vec<Issue> = row.json("issues")?;
        let score = row.get::<i64>("health_score")?;
        let health_score = u8::try_from(score)
            .map_err(BoxError::from)
            .and_then(|score| HealthScore::new(score).map_err(BoxError::from))
            .map_err(|source| RowError::new("health_score", source))?;
        Ok(Self {
            id: row.parse("id")?,
            location_id: row.parse("location_id")?,
            workflow_id: row.parse("workflow_id")?,
            health_score,
            issues_found: issues.len(),
            issues,
            recommendations: row.json("recommendations")?,
            created_at: row.timestamp("created_at")?,
        })
    }
}
