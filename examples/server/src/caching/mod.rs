//! The caches in front of the database and of the platform: what is kept, under which key, how long.

mod body;
mod error;
mod keys;
mod lifetimes;
mod reads;
mod report;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bartizan_cache::{
    Cache, CacheBuilder, Caches, ConfigError, Json, Options, Raw, Reach, RedisStore, Responses,
    TracingObserver,
};
use bartizan_redis_link::Link;
use bytes::Bytes;

use crate::data::StoredSession;
use crate::domain::accounts::Account;
use crate::domain::locations::Location;
use crate::domain::{Limit, LocationId, Tier, WorkflowId};
use body::MaybeBody;

pub use body::JsonBody;
pub(crate) use body::{LIFETIME, TAGS};
pub use error::ReadError;
pub(crate) use keys::Credential;
pub(crate) use reads::Reads;
pub use report::{CachesReport, Cleared};

/// Names of caches of answers, and tags of whole answers that were made of what these keep. The last
/// one is a tag of every page of leads, too.
const WORKFLOWS: &str = "workflows";
const WORKFLOW: &str = "workflow";
const HISTORY: &str = "history";
const LEADS: &str = "leads";

/// Which shape answers have: raise it with any of them, so that no instance sends stored ones of an
/// earlier program.
pub(crate) const SCHEMA: u16 = 1;

/// How long the start waits for the caches to reach Redis, which has begun to connect before.
const PATIENCE: Duration = Duration::from_secs(1);

/// The name of the cache of whole answers.
const RESPONSES: &str = "responses";

const MIB: u64 = 1 << 20;

/// Sessions that one process remembers while Redis is away; longer than a copy needs.
const SESSIONS: u64 = 100_000;

/// The named caches. Answers are kept as the bytes that are sent, so that a hit writes no JSON.
#[derive(Debug)]
pub(crate) struct Caching {
    caches: Caches,
    redis: Option<Link>,
    workflows: Cache<LocationId, Bytes>,
    workflow: Cache<(LocationId, WorkflowId), Option<Bytes>>,
    analysis: Cache<(LocationId, WorkflowId), Option<Bytes>>,
    history: Cache<(LocationId, Tier, Limit), Bytes>,
    leads: Cache<(&'static str, u32, Limit, &'static str), Bytes>,
    user: Cache<LocationId, Vec<Account>>,
    frequent: Cache<Credential<'static>, Option<Account>>,
    fixed: Cache<(&'static str, LocationId), Option<Location>>,
    session: Option<Cache<String, StoredSession>>,
    /// Whole answers that were made of those above.
    responses: Responses,
}

impl Caching {
    /// Opens the caches: over Redis, if there is one, else each in this process alone.
    pub(crate) fn open(redis: Option<&Link>, default_ttl: Duration) -> Result<Self, ConfigError> {
        let mut builder = Caches::builder().with_observer(TracingObserver::new());
        if let Some(link) = redis {
            builder = builder.with_store(RedisStore::new(link.clone()));
        }
        Self::over(builder.build(), redis, default_ttl)
    }

    fn over(
        caches: Caches,
        redis: Option<&Link>,
        default_ttl: Duration,
    ) -> Result<Self, ConfigError> {
        let session = redis.map(|_| {
            let builder = caches.cache("session").with_options(lifetimes::session());
            builder.with_capacity(SESSIONS).build_tiered(Json)
        });
        Ok(Self {
            workflows: bodies(&caches, WORKFLOWS, lifetimes::of_workflows()).build_tiered(Raw)?,
            workflow: maybe_bodies(&caches, WORKFLOW, lifetimes::of_workflows())
                .build_tiered(MaybeBody)?,
            analysis: maybe_bodies(&caches, "analysis", lifetimes::of_analyses())
                .build_tiered(MaybeBody)?,
            history: bodies(&caches, HISTORY, lifetimes::of_answers(lifetimes::MEDIUM))
                .build_tiered(Raw)?,
            leads: bodies(&caches, LEADS, lifetimes::of_answers(lifetimes::LEADS))
                .build_tiered(Raw)?,
            user: caches
                .cache("user")
                .with_options(lifetimes::of_credentials(lifetimes::USER))
                .build_tiered(Json)?,
            frequent: caches
                .cache("frequent")
                .with_options(lifetimes::of_credentials(lifetimes::SHORT))
                .build_tiered(Json)?,
            fixed: caches
                .cache("static")
                .with_options(lifetimes::of_answers(default_ttl))
                .build_tiered(Json)?,
            session: session.transpose()?,
            responses: caches.responses(RESPONSES).with_max_bytes(64 * MIB).build()?,
            redis: redis.cloned(),
            caches,
        })
    }

    /// Waits a moment until Redis answers, so that the first requests find what is there.
    pub(crate) async fn ready(&self) {
        // A Redis that is away is no reason not to start; the link has logged why.
        let _ = self.caches.ready(PATIENCE).await;
    }

    /// Where sessions are kept, if there is Redis.
    pub(crate) fn sessions(&self) -> Option<&Cache<String, StoredSession>> {
        self.session.as_ref()
    }

    /// Where whole answers are kept.
    pub(crate) const fn responses(&self) -> &Responses {
        &self.responses
    }

    /// Forgets every page of leads. Whole answers go last, here and below: they are made of what else
    /// is kept.
    pub(crate) async fn forget_leads(&self) {
        self.leads.remove_tag(LEADS).await;
        self.responses.purge_tag(LEADS).await;
    }

    /// Forgets the history of a location.
    pub(crate) async fn forget_history(&self, location: &LocationId) {
        self.history.remove_tag(location.as_str()).await;
        self.responses.purge_tag(&history_tag(location)).await;
    }

    /// Forgets the accounts of a location.
    pub(crate) async fn forget_accounts(&self, location: &LocationId) {
        self.user.remove(location).await;
        self.frequent.remove_tag(location.as_str()).await;
    }

    /// Clears the cache of that name; none has it if nothing is returned.
    pub(crate) async fn clear(&self, name: &str) -> Option<Cleared> {
        let reach = match name {
            WORKFLOWS => self.workflows.clear().await,
            WORKFLOW => self.workflow.clear().await,
            "analysis" => self.analysis.clear().await,
            HISTORY => self.history.clear().await,
            LEADS => self.leads.clear().await,
            "user" => self.user.clear().await,
            "frequent" => self.frequent.clear().await,
            "static" => self.fixed.clear().await,
            "session" => self.session.as_ref()?.clear().await,
            RESPONSES => self.responses.clear().await,
            _ => return None,
        };
        let reach = match name {
            WORKFLOWS | WORKFLOW | HISTORY | LEADS => {
                let answers = self.responses.purge_tag(name).await;
                if answers == Reach::Queued { answers } else { reach }
            }
            _ => reach,
        };
        Some(Cleared::new(name, reach))
    }

    /// Clears every cache of what can be read again: sessions stay, which are nowhere else.
    pub(crate) async fn clear_all(&self) -> Vec<Cleared> {
        let mut cleared = Vec::new();
        for (name, _) in self.caches.stats() {
            if !["session", RESPONSES].contains(&&*name) {
                cleared.extend(self.clear(&name).await);
            }
        }
        cleared.extend(self.clear(RESPONSES).await);
        cleared
    }
}

/// The tag of every history of a location, as a whole answer.
fn history_tag(location: &LocationId) -> String {
    format!("{HISTORY}:{location}")
}

fn bodies<K>(caches: &Caches, name: &str, options: Options) -> CacheBuilder<K, Bytes> {
    caches.cache(name).with_options(options).with_max_bytes(32 * MIB).with_schema(SCHEMA)
}

fn maybe_bodies<K>(
    caches: &Caches,
    name: &str,
    options: Options,
) -> CacheBuilder<K, Option<Bytes>> {
    caches.cache(name).with_options(options).with_max_bytes(16 * MIB).with_schema(SCHEMA)
}

/// The word for how far a change has come.
const fn reach_label(reach: Reach) -> &'static str {
    match reach {
        Reach::Local => "local",
        Reach::Shared => "shared",
        Reach::Queued => "queued",
        _ => "unknown",
    }
}
