use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bartizan_redis_link::Link;
use bytes::Bytes;

use super::decide::{RedisDecision, one, several};
use super::deny_cache::{Denials, DenyCache};
use super::leases::{Leased, Leases, Next, Wish};
use super::reply::{Decided, Managed};
use super::script::Scripts;
use super::stats::{Counters, RedisStats, count};
use super::wire::{self, What};
use crate::store::{Answer, Ask, Limit, Store, Verdict};
use crate::time::Timestamp;
use crate::{StoreError, Subject, SubjectHasher};

/// Counts in Redis, for all processes that share its secret and its prefix.
///
/// A subject is one key with one packed value, which expires when nothing of it counts any more,
/// and one script decides about all its limits by the server's clock. All times are microseconds,
/// rounded up: never more is admitted than in memory, and of quotas of more than one unit a
/// microsecond only one. Once the clock of the server is set back, what was consumed counts as of
/// now: nobody waits longer for it than a full quota takes to come back. A clock that is set forward
/// frees what would be free by then.
///
/// A request with several subjects asks for one after the other, since a cluster may keep them on
/// different nodes, and gives back what was taken when a later one refuses or fails. In between,
/// a concurrent request may be refused that need not be; none is admitted that must not be. That
/// goes on to its end even when the future is dropped.
///
/// Cloning shares the store.
#[derive(Clone)]
pub struct RedisStore {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    settings: Settings,
    pub(super) denials: Option<Denials>,
    pub(super) leased: Option<Arc<Leased>>,
    counters: Counters,
}

#[derive(Clone)]
struct Settings {
    link: Link,
    hasher: SubjectHasher,
    prefix: Arc<str>,
    scripts: Scripts,
    deny_cache: Option<DenyCache>,
    leases: Option<Leases>,
}

impl RedisStore {
    const PREFIX: &str = "rl:";

    /// Counts over this link. Subjects are hashed with the secret, which all processes share: their
    /// names never reach Redis, and who cannot know it cannot aim for another's key.
    #[must_use]
    pub fn new(link: Link, secret: &[u8]) -> Self {
        Self::with(Settings {
            link,
            hasher: SubjectHasher::from_secret(secret),
            prefix: Self::PREFIX.into(),
            scripts: Scripts::new(),
            deny_cache: Some(DenyCache::new()),
            leases: None,
        })
    }

    /// Replaces what keys begin with, `rl:`. Braces would put all keys into one slot of a cluster.
    #[must_use]
    pub fn with_prefix(self, prefix: &str) -> Self {
        self.changed(|settings| settings.prefix = prefix.into())
    }

    /// Replaces how refusals are remembered.
    #[must_use]
    pub fn with_deny_cache(self, cache: DenyCache) -> Self {
        self.changed(|settings| settings.deny_cache = Some(cache))
    }

    /// Asks Redis about each request, also about those that it refused just before.
    #[must_use]
    pub fn without_deny_cache(self) -> Self {
        self.changed(|settings| settings.deny_cache = None)
    }

    /// Takes in advance what busy subjects are about to consume.
    #[must_use]
    pub fn with_leases(self, leases: Leases) -> Self {
        self.changed(|settings| settings.leases = Some(leases))
    }

    /// Takes the time from a key of the server, in microseconds, to test without waiting. What is
    /// known of subjects expires an hour late then.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn with_clock_key(self, key: &str) -> Self {
        self.changed(|settings| settings.scripts = Scripts::by_clock_key(key))
    }

    /// What it has done since it was configured.
    #[must_use]
    pub fn stats(&self) -> RedisStats {
        self.shared.counters.read()
    }

    fn changed(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.shared.settings.clone();
        change(&mut settings);
        Self::with(settings)
    }

    fn with(settings: Settings) -> Self {
        let denials = settings.deny_cache.map(Denials::new);
        let leased = settings.leases.map(|leases| Arc::new(Leased::new(leases)));
        let counters = Counters::default();
        Self { shared: Arc::new(Shared { settings, denials, leased, counters }) }
    }
}

impl Store for RedisStore {
    type Future = RedisDecision;

    fn decide(&self, ask: &Ask<'_>) -> Answer<RedisDecision> {
        let shared = &self.shared;
        if let Some(verdict) = shared.denials.as_ref().and_then(|denials| denials.refused(ask)) {
            count(&shared.counters.refused_at_hand);
            return Answer::Now(Ok(verdict));
        }
        match ask.parts() {
            [] => {
                let now = Timestamp::from(SystemTime::now());
                Answer::Now(Ok(Verdict::new(true, now, [])))
            }
            [part] => {
                let next = shared.leased.as_ref().map(|leased| leased.next(part));
                match next.unwrap_or_else(|| Next::Ask(Wish::once(part.subject))) {
                    Next::Admitted(verdict) => {
                        count(&shared.counters.admitted_at_hand);
                        Answer::Now(Ok(verdict))
                    }
                    Next::Ask(wish) => {
                        let limits = part.limits.into();
                        let decision = one(Arc::clone(shared), part.subject, limits, wish);
                        Answer::Later(RedisDecision::new(decision))
                    }
                }
            }
            parts => {
                let parts = parts.iter().map(|part| (part.subject, part.limits.into())).collect();
                Answer::Later(RedisDecision::new(several(Arc::clone(shared), parts)))
            }
        }
    }

    fn hasher(&self) -> &SubjectHasher {
        &self.shared.settings.hasher
    }
}

impl Shared {
    /// Asks about the limits of one subject.
    pub(super) async fn ask(
        &self,
        subject: Subject,
        limits: &[Limit],
        what: What,
        wish: u32,
    ) -> Result<Decided, StoreError> {
        let ask = wire::ask(limits, what, wish)?;
        count(&self.counters.round_trips);
        let Settings { link, scripts, .. } = &self.settings;
        let reply = link.run(&scripts.decide, [self.key(subject)], [Bytes::from(ask)]).await?;
        let decided = Decided::read(&reply, limits)?;
        self.note_unreadable(decided.unreadable);
        Ok(decided)
    }

    /// Corrects what is known of one subject.
    pub(super) async fn manage(
        &self,
        subject: Subject,
        what: Vec<u8>,
    ) -> Result<Managed, StoreError> {
        count(&self.counters.round_trips);
        let Settings { link, scripts, .. } = &self.settings;
        let reply = link.run(&scripts.manage, [self.key(subject)], [Bytes::from(what)]).await?;
        let managed = Managed::read(&reply)?;
        self.note_unreadable(managed.unreadable);
        Ok(managed)
    }

    fn key(&self, subject: Subject) -> Bytes {
        let Settings { prefix, .. } = &self.settings;
        let digits = (0..32).map(|digit| {
            let nibble = (subject.as_u128() >> (124 - 4 * digit)) & 0xf;
            let nibble = nibble as u8;
            nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
        });
        prefix.bytes().chain(digits).collect()
    }

    fn note_unreadable(&self, unreadable: bool) {
        if unreadable {
            count(&self.counters.unreadable);
            tracing::warn!(
                target: "bartizan::ratelimit_tiers",
                "a record in Redis could not be read and was forgotten"
            );
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("link", &self.shared.settings.link)
            .field("prefix", &self.shared.settings.prefix)
            .field("deny_cache", &self.shared.settings.deny_cache)
            .field("leases", &self.shared.settings.leases)
            .finish_non_exhaustive()
    }
}
