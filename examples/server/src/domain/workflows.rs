//! Workflows: what a location automates.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::field::one_of;
use super::{FieldError, LocationId, Timestamp, WorkflowId};
use crate::data::{DataError, Database, FromRow, Row, RowError, Statement};

static LIST: Statement = Statement::read(
    "workflow_list",
    "SELECT location_id, id, name, description, status, trigger_event, steps, created_at, \
     updated_at FROM workflows WHERE location_id = $1 ORDER BY id",
);
static FIND: Statement = Statement::read(
    "workflow_find",
    "SELECT location_id, id, name, description, status, trigger_event, steps, created_at, \
     updated_at FROM workflows WHERE location_id = $1 AND id = $2",
);

/// A workflow as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Workflow {
    /// Unique within the location.
    pub id: WorkflowId,
    /// The location it belongs to.
    pub location_id: LocationId,
    /// For people.
    pub name: String,
    /// For people, a sentence or two.
    pub description: String,
    /// Whether it runs.
    pub status: WorkflowStatus,
    /// The event that starts it: `contact.created`.
    pub trigger: String,
    /// In the order they run.
    pub steps: Vec<Step>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One step of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Unique within the workflow.
    pub id: String,
    /// What it does: `send_email`.
    pub action: String,
    /// For people.
    pub name: String,
    /// Seconds to wait before it runs.
    pub delay_seconds: u32,
}

/// Whether a workflow runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkflowStatus {
    /// It runs.
    Active,
    /// It has never run.
    Draft,
    /// It ran and does not now.
    Paused,
}

impl WorkflowStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Active, Self::Draft, Self::Paused];

    /// The word for it in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Draft => "draft",
            Self::Paused => "paused",
        }
    }
}

impl FromStr for WorkflowStatus {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = FieldError::new("status", "one of active, draft, paused");
        one_of(&Self::ALL, Self::as_str, text, error)
    }
}

/// Lists a location's workflows by id.
///
/// # Errors
///
/// See [`DataError`].
pub async fn list(database: &Database, location: &LocationId) -> Result<Vec<Workflow>, DataError> {
    database.fetch_all(&LIST, &[location.as_str().into()]).await
}

/// Finds a location's workflow.
///
/// # Errors
///
/// See [`DataError`].
pub async fn find(
    database: &Database,
    location: &LocationId,
    id: &WorkflowId,
) -> Result<Option<Workflow>, DataError> {
    database.fetch_optional(&FIND, &[location.as_str().into(), id.as_str().into()]).await
}

impl FromRow for Workflow {
    fn from_row(row: &Row<'_>) -> Result<Self, RowError> {
        Ok(Self {
            id: row.parse("id")?,
            location_id: row.parse("location_id")?,
            name: row.get("name")?,
            description: row.get("description")?,
            status: row.parse("status")?,
            trigger: row.get("trigger_event")?,
            steps: row.json("steps")?,
            created_at: row.timestamp("created_at")?,
            updated_at: row.timestamp("updated_at")?,
        })
    }
}
