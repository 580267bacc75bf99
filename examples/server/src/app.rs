//! The application: what the handlers share, and the router over it.

use std::error::Error;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fmt, io};

use axum::Router;
use bartizan_redis_link::Link;
use tokio::time::interval;
use tower_http::csrf;

use crate::admin::AdminRule;
use crate::caching::{Caching, Reads};
use crate::config::{Config, DemoData, Redis};
use crate::data::seed::{self, DemoKey, SeedSize};
use crate::data::{DataError, Database, Sessions, SharedSessionStore, SqlSessionStore};
use crate::domain::Timestamp;
use crate::domain::passwords::Passwords;
use crate::limits::{Counter, LoginGuard};
use crate::readiness::{self, Readiness};
use crate::telemetry::TARGET;
use crate::upstream::{FakeUpstream, Timeouts, UpstreamClient, UpstreamError};
use crate::{routes, stack};

/// Connections to PostgreSQL, or readers of SQLite: more of them only queue elsewhere.
const CONNECTIONS: NonZeroU32 = NonZeroU32::new(16).unwrap();

/// What the handlers share. A request clones it with each service that it passes, so it is one `Arc`.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Shared>);

/// What is behind an [`AppState`].
#[derive(Debug)]
pub struct Shared {
    pub(crate) database: Database,
    pub(crate) passwords: Passwords,
    /// Where workflows are analysed; `None` when that is not configured.
    pub(crate) upstream: Option<UpstreamClient>,
    pub(crate) caching: Arc<Caching>,
    pub(crate) reads: Arc<Reads>,
    pub(crate) sessions: Sessions,
    pub(crate) admin: AdminRule,
    pub(crate) demo: DemoData,
    pub(crate) counter: Counter,
    pub(crate) logins: LoginGuard,
    /// Lives as long as somebody may call it.
    _fake: Option<Arc<FakeUpstream>>,
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// The application, ready to be served.
#[derive(Debug)]
pub struct App {
    /// Every route within the whole stack.
    pub router: Router,
    /// What `/ready` tells.
    pub readiness: Readiness,
    /// Keys that open the demo accounts, where demo data exist.
    pub demo_keys: Vec<DemoKey>,
    /// The data, to be closed at the end.
    pub database: Database,
}

/// Opens the database, brings it up to date, and builds the router over it; where demo data
/// exist, over the fake upstream.
///
/// # Errors
///
/// See [`StartError`].
pub async fn app(config: &Config, readiness: Readiness) -> Result<App, StartError> {
    let fake = match config.demo {
        DemoData::Present => {
            let fake = FakeUpstream::start(config.fake_upstream_latency).await;
            Some(Arc::new(fake.map_err(StartError::FakeUpstream)?))
        }
        DemoData::Absent => None,
    };
    let client =
        |fake: &Arc<FakeUpstream>| UpstreamClient::new(fake.base().clone(), Timeouts::default());
    let upstream = fake.as_ref().map(client).transpose()?;
    build(config, upstream, fake, readiness).await
}

/// As [`app`], but with this client of the workflow platform, or without one.
///
/// # Errors
///
/// See [`StartError`].
pub async fn app_over(
    config: &Config,
    upstream: Option<UpstreamClient>,
) -> Result<App, StartError> {
    build(config, upstream, None, Readiness::new()).await
}

async fn build(
    config: &Config,
    upstream: Option<UpstreamClient>,
    fake: Option<Arc<FakeUpstream>>,
    readiness: Readiness,
) -> Result<App, StartError> {
    let redis = connect(&config.redis);
    let database = open(config).await?;
    let demo_keys = match config.demo {
        DemoData::Present => {
            seed(&database, config).await?;
            seed::demo_keys(&database).await?
        }
        DemoData::Absent => Vec::new(),
    };
    let caching = Arc::new(Caching::open(redis.as_ref(), config.cache_ttl_default)?);
    let (counter, ()) = tokio::join!(Counter::open(config, redis.as_ref()), caching.ready());
    let state = AppState(Arc::new(Shared {
        database: database.clone(),
        passwords: Passwords::default(),
        reads: Arc::new(Reads::new(Arc::clone(&caching), database.clone(), upstream.clone())),
        upstream,
        sessions: sessions(&caching, redis.as_ref(), &database),
        caching,
        admin: AdminRule::of(config),
        demo: config.demo,
        logins: LoginGuard::new(counter.manageable(), config.limits.instances)?,
        counter,
        _fake: fake,
    }));
    let within = (stack::around(config)?, stack::within(&state, config)?);
    let identified = routes::identified().layer(within).with_state(state);
    let others = readiness::routes(readiness.clone()).layer(stack::around(config)?);
    // Merged last, theirs is what answers where no route matches.
    let router = identified.merge(others);
    Ok(App { router, readiness, demo_keys, database })
}

/// In Redis, where there is one, else in the table.
fn sessions(caching: &Caching, redis: Option<&Link>, database: &Database) -> Sessions {
    let now = || SystemTime::now().into();
    match caching.sessions().zip(redis) {
        Some((cache, link)) => {
            Sessions::Shared(SharedSessionStore::new(cache.clone(), now).with_link(link.clone()))
        }
        None => Sessions::Table(SqlSessionStore::new(database.clone(), now)),
    }
}

/// Begins to connect to Redis, where there is one.
fn connect(redis: &Redis) -> Option<Link> {
    match redis {
        Redis::Absent => None,
        Redis::At(config) => Some(Link::connect(config)),
        Redis::Unusable(reason) => {
            tracing::warn!(target: TARGET, reason, "Redis cannot be used, memory takes its place");
            None
        }
    }
}

/// Opens the database and brings its tables up to date.
///
/// # Errors
///
/// See [`StartError`].
pub async fn open(config: &Config) -> Result<Database, StartError> {
    config.database.create().map_err(StartError::Folder)?;
    let database = Database::connect(&config.database, CONNECTIONS).await?;
    database.migrate().await?;
    Ok(database)
}

/// Fills an empty database with the demo data, where they may exist.
///
/// # Errors
///
/// [`StartError::NoDemo`] in production without `--demo`.
pub async fn seed(database: &Database, config: &Config) -> Result<seed::Seeding, StartError> {
    if config.demo == DemoData::Absent {
        return Err(StartError::NoDemo);
    }
    let size = SeedSize::default().times(config.seed);
    Ok(seed::seed(database, size, Timestamp::from(SystemTime::now())).await?)
}

/// Deletes sessions that have ended, now and then every hour.
pub async fn sweep_sessions(database: Database) {
    let store = SqlSessionStore::new(database, || SystemTime::now().into());
    let mut hours = interval(Duration::from_hours(1));
    loop {
        hours.tick().await;
        if let Err(error) = store.delete_expired(SystemTime::now().into()).await {
            let error = &error as &dyn Error;
            tracing::warn!(target: TARGET, error, "sessions that have ended are kept for now");
        }
    }
}

/// Why the application does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The folder of the database cannot be made.
    Folder(io::Error),
    /// The database cannot be opened, brought up to date or filled.
    Data(DataError),
    /// The demo data, with their published keys, are not for production.
    NoDemo,
    /// The fake upstream cannot listen.
    FakeUpstream(io::Error),
    /// The client of the upstream cannot be set up.
    Client(UpstreamError),
    /// An origin cannot be trusted.
    Origin(csrf::ConfigError),
    /// The limits contradict each other.
    Limits(bartizan_ratelimit_tiers::ConfigError),
    /// A cache cannot be made.
    Caches(bartizan_cache::ConfigError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Folder(_) => "DATABASE_URL: the folder of the database cannot be made",
            Self::Data(_) => "DATABASE_URL: the database cannot be used",
            Self::NoDemo => "in production, demo data need --demo: their keys are published",
            Self::FakeUpstream(_) => "the fake upstream cannot listen",
            Self::Client(_) => "the client of the upstream cannot be set up",
            Self::Origin(_) => "FRONTEND_URL: an origin cannot be trusted",
            Self::Caches(_) => "a cache cannot be made",
            Self::Limits(_) => "RATE_LIMIT_TIERS: the limits cannot be used",
        })
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoDemo => None,
            Self::Folder(source) | Self::FakeUpstream(source) => Some(source),
            Self::Data(source) => Some(source),
            Self::Client(source) => Some(source),
            Self::Origin(source) => Some(source),
            Self::Limits(source) => Some(source),
            Self::Caches(source) => Some(source),
        }
    }
}

impl From<DataError> for StartError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

impl From<csrf::ConfigError> for StartError {
    fn from(error: csrf::ConfigError) -> Self {
        Self::Origin(error)
    }
}

impl From<bartizan_ratelimit_tiers::ConfigError> for StartError {
    fn from(error: bartizan_ratelimit_tiers::ConfigError) -> Self {
        Self::Limits(error)
    }
}

impl From<bartizan_cache::ConfigError> for StartError {
    fn from(error: bartizan_cache::ConfigError) -> Self {
        Self::Caches(error)
    }
}

impl From<UpstreamError> for StartError {
    fn from(error: UpstreamError) -> Self {
        Self::Client(error)
    }
}
