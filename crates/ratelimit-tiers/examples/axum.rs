//! Tiers of a configuration in front of axum, with a limit for logins that blocks who guesses.
//!
//! `cargo run -p bartizan-ratelimit-tiers --example axum --features axum`, then
//! `for i in 1 2 3 4 5; do curl -i -X POST http://127.0.0.1:3000/login; done`

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::MatchedPath;
use axum::http::{Extensions, StatusCode};
use axum::routing::{get, post};
use bartizan_ratelimit_tiers::{
    Class, ClientIpLayer, Limits, MemoryStore, Penalty, RateLimitLayer, Tiers, TracingObserver,
    connect_info,
};
use tokio::net::TcpListener;

/// What a file beside the program would hold.
const TIERS: &str = r#"{
    "tiers": [{
        "name": "free",
        "quotas": [
            { "class": "api", "limit": 20, "period": 60, "algorithm": "strict" },
            { "class": "login", "limit": 3, "period": 900 }
        ]
    }]
}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener).await
}

/// Answers whoever connects.
pub(crate) async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error + Send + Sync>> {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let login = Class::new("login")
        .with_route("/login")
        .counting_failures()
        .with_penalty(Penalty::doubling(minutes(15), minutes(240), minutes(1_440)));
    let tiers: Tiers = serde_json::from_str(TIERS)?;
    let limits = Limits::new(tiers)
        .with_class(Class::new("api"))
        .with_class(login)
        .with_route_of(matched_path);
    let limit =
        RateLimitLayer::managed(MemoryStore::new(), limits)?.with_observer(TracingObserver::new());

    let router = Router::new()
        .route("/", get(async || "hello\n"))
        .route("/login", post(async || (StatusCode::UNAUTHORIZED, "wrong password\n")))
        .layer(limit)
        // Outside of the limit, which asks who the client is.
        .layer(ClientIpLayer::new().with_peer_of(connect_info));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

fn matched_path(extensions: &Extensions) -> Option<&str> {
    extensions.get::<MatchedPath>().map(MatchedPath::as_str)
}
