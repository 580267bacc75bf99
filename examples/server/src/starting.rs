//! What answers until the application is there: migrations and seeding may take a while, and probes
//! do not wait.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use bartizan_contract::{ErrorReport, Reply};
use hyper::body::Incoming;
use tower::util::Oneshot;
use tower::{Service, ServiceExt};

use crate::app::StartError;
use crate::config::Config;
use crate::readiness::{self, Readiness};
use crate::stack;

/// Answers probes, and everything else with 503, until the application takes over.
#[derive(Clone, Debug)]
pub struct Starting {
    probes: Router,
    application: Arc<OnceLock<Router>>,
}

impl Starting {
    /// Prepares the answers for the time before.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub fn new(config: &Config, readiness: Readiness) -> Result<Self, StartError> {
        let probes = readiness::routes(readiness).fallback(not_yet);
        Ok(Self { probes: probes.layer(stack::around(config)?), application: Arc::default() })
    }

    /// Lets the application take over; once.
    pub fn finish(&self, application: Router) {
        // A second application would be a second start, which nobody asks for.
        let _ = self.application.set(application);
    }
}

async fn not_yet(request: axum::extract::Request) -> Response {
    ErrorReport::from_status(StatusCode::SERVICE_UNAVAILABLE)
        .with_retry_after(Duration::from_secs(1))
        .into_response::<axum::body::Body>(Reply::for_request(&request))
        .into_response()
}

impl Service<Request<Incoming>> for Starting {
    type Response = Response;
    type Error = Infallible;
    type Future = Oneshot<Router, Request<Incoming>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let router = self.application.get().unwrap_or(&self.probes);
        router.clone().oneshot(request)
    }
}
