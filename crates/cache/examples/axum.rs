//! Workflows of an upstream that takes its time, cached in front of it and served by axum.
//!
//! `cargo run -p bartizan-cache --example axum -- 3000`, then
//! `curl -i http://127.0.0.1:3000/locations/berlin/workflows/7` twice, and
//! `curl -i -X POST http://127.0.0.1:3000/locations/berlin/changed`. Without a port it takes one
//! that is free.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bartizan_cache::{
    Cache, Caches, Freshness, Item, Level, LoadError, Options, Source, TracingObserver,
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener).await
}

/// Answers whoever connects.
pub(crate) async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error + Send + Sync>> {
    let caches = Caches::builder().with_observer(TracingObserver::new()).build();
    let options = Options::new(Duration::from_secs(300))
        .with_absent_ttl(Duration::from_secs(10))
        .with_fail_safe(Duration::from_secs(3_600), Duration::from_secs(5))
        .with_hard_timeout(Duration::from_secs(2));
    let app = App {
        workflows: caches.cache("workflow").with_options(options).build()?,
        upstream: Arc::default(),
    };
    let router = Router::new()
        .route("/locations/{location}/workflows/{id}", get(workflow))
        .route("/locations/{location}/changed", post(changed))
        .with_state(app);
    Ok(axum::serve(listener, router).await?)
}

#[derive(Clone)]
struct App {
    /// By location and number; nothing where there is none.
    workflows: Cache<(String, u32), Option<Arc<str>>>,
    upstream: Arc<Upstream>,
}

async fn workflow(
    State(app): State<App>,
    Path((location, id)): Path<(String, u32)>,
) -> Result<Response, Refused> {
    let App { workflows, upstream } = app;
    let tag = tag_of(&location);
    let key = (location.as_str(), id);
    let asked = location.clone();
    // Runs once for all who ask meanwhile, and goes on when they have gone.
    let load = async move |_| {
        let found = upstream.workflow(&asked, id).await?;
        Ok::<_, UpstreamError>(Item::maybe(found).with_tag(tag))
    };
    let found = workflows.get_or_load(&key, load).await.map_err(Refused)?;
    let came_from = match (found.freshness(), found.source()) {
        (Freshness::Stale(_), _) => "stale",
        (_, Source::Cached(Level::Memory)) => "memory",
        (_, Source::Loaded) => "loaded",
        _ => "store",
    };
    let headers = [("x-cache", came_from.to_owned()), ("age", found.age().as_secs().to_string())];
    Ok(match found.value() {
        Some(workflow) => (headers, workflow.to_string()).into_response(),
        None => (StatusCode::NOT_FOUND, headers, "no such workflow\n").into_response(),
    })
}

/// Somebody tells that something of a location was changed.
async fn changed(State(app): State<App>, Path(location): Path<String>) -> StatusCode {
    app.workflows.remove_tag(&tag_of(&location)).await;
    StatusCode::NO_CONTENT
}

fn tag_of(location: &str) -> String {
    format!("location:{location}")
}

/// Why there is no workflow: what the loader said, or that it said nothing.
struct Refused(LoadError<UpstreamError>);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match (self.0.loader(), &self.0) {
            (Some(UpstreamError::Closed), _) => StatusCode::BAD_GATEWAY,
            (None, LoadError::TimedOut) => StatusCode::GATEWAY_TIMEOUT,
            (None, _) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, format!("{}\n", self.0)).into_response()
    }
}

/// Stands for a service that is asked over the network.
#[derive(Default)]
struct Upstream {
    asked: AtomicU64,
}

#[derive(Debug)]
enum UpstreamError {
    Closed,
}

impl Upstream {
    const TAKES: Duration = Duration::from_millis(300);

    async fn workflow(&self, location: &str, id: u32) -> Result<Option<Arc<str>>, UpstreamError> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::time::sleep(Self::TAKES).await;
        match (location, id) {
            ("atlantis", _) => Err(UpstreamError::Closed),
            (_, 100..) => Ok(None),
            _ => Ok(Some(format!("workflow {id} of {location}, answer {asked}\n").into())),
        }
    }
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the upstream is closed")
    }
}

impl Error for UpstreamError {}
