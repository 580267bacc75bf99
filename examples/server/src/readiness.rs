//! Whether the server wants requests, and the two probes that tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

/// The phases of a process, in their only order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Not yet ready, as while migrations run.
    Starting,
    /// Ready for requests.
    Ready,
    /// About to end; requests are answered but not wanted.
    Draining,
}

/// The phase of this process, shared by its clones.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    phase: Arc<AtomicU8>,
}

impl Readiness {
    /// Starts in [`Phase::Starting`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that requests are wanted, unless a drain has begun before.
    pub fn ready(&self) {
        self.advance(Phase::Ready);
    }

    /// Says that requests are no longer wanted; there is no way back.
    pub fn drain(&self) {
        self.advance(Phase::Draining);
    }

    /// Returns the phase.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            _ => Phase::Draining,
        }
    }

    fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
    }
}

/// Builds the routes `/live` and `/ready`.
pub fn routes<S>(readiness: Readiness) -> Router<S> {
    Router::new().route("/live", get(live)).route("/ready", get(ready)).with_state(readiness)
}

#[derive(Debug, Serialize)]
struct Status<T> {
    status: T,
}

const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

async fn live() -> impl IntoResponse {
    (NO_STORE, Json(Status { status: "ok" }))
}

async fn ready(State(readiness): State<Readiness>) -> impl IntoResponse {
    let phase = readiness.phase();
    let code = match phase {
        Phase::Ready => StatusCode::OK,
        Phase::Starting | Phase::Draining => StatusCode::SERVICE_UNAVAILABLE,
    };
    (code, NO_STORE, Json(Status { status: phase }))
}
