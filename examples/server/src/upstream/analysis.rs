//! What is said over the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::analyses::Issue;

/// A workflow as the platform lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Workflow {
    /// The platform's id.
    pub id: String,
    /// The location it belongs to.
    pub location_id: String,
    /// What its owner calls it.
    pub name: String,
    /// `active`, `draft` or `paused`.
    pub status: String,
    /// Counts its changes.
    pub version: u32,
}

/// Asks for the analysis of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisRequest {
    /// The platform's id.
    pub workflow_id: String,
    /// Its steps, where the caller has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Value>,
}

/// What an analysis found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Analysis {
    /// The platform's id.
    pub workflow_id: String,
    /// From 0 to 100, where 100 has no issue.
    pub health_score: u8,
    /// What is wrong.
    pub issues_found: Vec<Issue>,
    /// What to do, one for each type of issue.
    pub recommendations: Vec<String>,
}
