//! The whole application over a database of its own, called without a network.

use axum::Router;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{HeaderValue, Request};
use bartizan_server::app::{App, app};
use bartizan_server::config::Config;
use bartizan_server::data::seed::{SeedSize, seed};
use bartizan_server::data::{Database, DatabaseUrl};
use bartizan_server::domain::Tier;
use bartizan_server::readiness::Readiness;
use serde_json::Value;
use tower::ServiceExt;

use super::Answer;
use crate::world::{CONNECTIONS, NOW, World};

/// The origin that CORS allows in these tests.
pub(super) const ORIGIN: &str = "https://app.example.com";

/// What production needs beside a database.
pub(crate) const PRODUCTION: [(&str, &str); 3] =
    [("NODE_ENV", "production"), ("ENCRYPTION_KEY", "e"), ("PAGINATION_KEY", "p")];

/// Tiers with room for whatever a test of something else sends; the empty value is the real table.
pub(crate) const ROOMY: (&str, &str) = (
    "RATE_LIMIT_TIERS",
    r#"tiers = [{ name = "free", quotas = [{ class = "api", limit = 1000000, period = 60 }] }]"#,
);

/// Less than the program seeds, but for the workflows, whose list is worth compressing.
const SIZE: SeedSize = SeedSize { workflows: 100, analyses: 0, leads: 45 };

/// The configuration over a database, with a fake upstream that answers at once.
pub(crate) fn config(url: &DatabaseUrl, variables: &[(&str, &str)]) -> Config {
    let url = url.to_string();
    let fixed = [
        ("DATABASE_URL", url.as_str()),
        ("FAKE_UPSTREAM_LATENCY", "0"),
        ("FRONTEND_URL", ORIGIN),
        ROOMY,
    ];
    Config::from_vars(|name| {
        let all = variables.iter().chain(&fixed);
        all.into_iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

/// Fills a new database with what [`app`] then leaves alone.
pub(crate) async fn prepare(url: &DatabaseUrl) -> Database {
    let database = Database::connect(url, CONNECTIONS).await.unwrap();
    database.migrate().await.unwrap();
    seed(&database, SIZE, NOW).await.unwrap();
    database
}

pub(super) struct Client {
    app: App,
    /// The folder of the database, where nobody else keeps it.
    _world: Option<World>,
}

impl Client {
    pub(crate) fn over(app: App) -> Self {
        app.readiness.ready();
        Self { app, _world: None }
    }

    /// With demo data in SQLite, for what does not depend on the database.
    pub(super) async fn sqlite() -> Self {
        Self::sqlite_with(&[]).await
    }

    /// As [`sqlite`](Self::sqlite), with these variables.
    pub(super) async fn sqlite_with(variables: &[(&str, &str)]) -> Self {
        let world = World::sqlite();
        let client = Self::with(&world, variables).await;
        Self { _world: Some(world), ..client }
    }

    /// With demo data in a new database.
    pub(super) async fn new(world: &World) -> Self {
        Self::with(world, &[]).await
    }

    /// With demo data in a new database, and these variables.
    pub(super) async fn with(world: &World, variables: &[(&str, &str)]) -> Self {
        let url = world.url();
        prepare(&url).await;
        Self::over(app(&config(&url, variables), Readiness::new()).await.unwrap())
    }

    /// Without demo data.
    pub(super) async fn in_production(world: &World) -> Self {
        Self::over(app(&config(&world.url(), &PRODUCTION), Readiness::new()).await.unwrap())
    }

    pub(super) fn app(&self) -> &App {
        &self.app
    }

    pub(super) fn router(&self) -> Router {
        self.app.router.clone()
    }

    /// The demo key of a tier.
    pub(super) fn key(&self, tier: Tier) -> &str {
        let key = self.app.demo_keys.iter().find(|key| key.tier == tier).unwrap();
        key.key.reveal()
    }

    pub(super) async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.unwrap();
        Answer::read(response).await.unwrap()
    }

    pub(super) fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        let head = Request::builder().method(method).uri(path);
        Ask { client: self, head, body: Body::empty() }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send().await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path).json(body).send().await
    }
}

/// A request in the making.
pub(super) struct Ask<'c> {
    client: &'c Client,
    head: Builder,
    body: Body,
}

impl Ask<'_> {
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.head = self.head.header(name, value);
        self
    }

    pub(super) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Sends it, to a host of no meaning unless it says one.
    pub(super) async fn send(self) -> Answer {
        let mut request = self.head.body(self.body).unwrap();
        request.headers_mut().entry("host").or_insert(HeaderValue::from_static("server"));
        self.client.call(request).await
    }
}
