//! The workflow platform behind the server: a client, and a fake to call.

mod analysis;
mod client;
mod error;
mod fake;

pub use self::analysis::{Analysis, AnalysisRequest, Workflow};
pub use self::client::{Timeouts, UpstreamClient};
pub use self::error::UpstreamError;
pub use self::fake::{ANALYSIS_LATENCY, FakeUpstream, TEST_WORKFLOW, WORKFLOWS_LATENCY};
