//! The built-in fake of the workflow platform: an HTTP server on loopback.

mod invent;

use std::future::IntoFuture;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tokio::time;
use url::Url;

use super::{Analysis, AnalysisRequest, Workflow};
use crate::config::LatencyFactor;

pub use self::invent::TEST_WORKFLOW;

/// How long the platform takes for a list of workflows.
pub const WORKFLOWS_LATENCY: Duration = Duration::from_millis(800);

/// How long the platform takes for an analysis.
pub const ANALYSIS_LATENCY: Duration = Duration::from_millis(3500);

/// A running fake; it ends when dropped.
#[derive(Debug)]
pub struct FakeUpstream {
    base: Url,
    server: AbortHandle,
}

impl FakeUpstream {
    /// Starts the fake on a free port.
    ///
    /// # Errors
    ///
    /// No port of the loopback interface can be listened on.
    pub async fn start(latency: LatencyFactor) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base =
            Url::parse(&format!("http://{}/", listener.local_addr()?)).map_err(io::Error::other)?;
        let router = Router::new()
            .route("/workflows", get(workflows))
            .route("/analyses", post(analyses))
            .with_state(latency);
        let server = tokio::spawn(axum::serve(listener, router).into_future()).abort_handle();
        Ok(Self { base, server })
    }

    /// Returns the address to give to the client.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }
}

impl Drop for FakeUpstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    location_id: String,
}

#[derive(Serialize)]
struct Workflows {
    workflows: Vec<Workflow>,
}

async fn workflows(
    State(latency): State<LatencyFactor>,
    Query(location): Query<Location>,
) -> Json<Workflows> {
    time::sleep(latency.scale(WORKFLOWS_LATENCY)).await;
    Json(Workflows { workflows: invent::workflows(&location.location_id) })
}

async fn analyses(
    State(latency): State<LatencyFactor>,
    Json(request): Json<AnalysisRequest>,
) -> Json<Analysis> {
    time::sleep(latency.scale(ANALYSIS_LATENCY)).await;
    Json(invent::analysis(request.workflow_id))
}
