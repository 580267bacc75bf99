//! What the server is about: one file per concept, plain types and the statements beside them.

pub mod accounts;
pub mod analyses;
mod field;
mod ids;
pub mod leads;
pub mod locations;
pub mod passwords;
mod tier;
mod timestamp;
pub mod users;
pub mod workflows;

pub use field::{Email, FieldError, Limit};
pub use ids::{AccountId, AnalysisId, LeadId, LocationId, UserId, WorkflowId};
pub use tier::{Retention, Tier};
pub use timestamp::Timestamp;
