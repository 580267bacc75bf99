use std::error::Error;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::http::Response;
use bartizan_contract::ErrorReport;
use bartizan_ratelimit_tiers::wire::{HeaderForms, PreparedHeaders, QuotaPolicy, Standing};
use bartizan_ratelimit_tiers::{
    Answer, Ask, ClassId, ClientIp, ConfigError, Limit, Manage, MemoryStore, Part, Penalty, Quota,
    Store, StoreError, Subject, Timestamp, Verdict,
};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Counter;
use super::outage::Outage;
use crate::api::Failure;
use crate::domain::Email;

const NAME: &str = "auth";
const CLASS: ClassId = ClassId::of(NAME);

const FAILURES: u32 = 10;
const WINDOW: Duration = Duration::from_mins(15);

const DAY: Duration = Duration::from_hours(24);

/// Room for failed logins while Redis is away.
const LOCAL_BYTES: usize = 8 << 20;

/// How many queues the subjects are spread over.
const TURNS: usize = 64;

/// More attempts than are ever under way.
const EVERYBODY: u32 = 1 << 16;

/// Bounds how often a login may fail for one account from one address, and blocks whoever goes on for
/// longer each time.
///
/// Each attempt is counted before the password is looked at, so that many at once, on several
/// instances, get no further than one after the other; [`Attempt::give_back`] forgets it. Whoever
/// would be refused waits for those under way in this process first, which may be given back: else
/// right passwords sent at once would be taken for failures.
#[derive(Clone, Debug)]
pub struct LoginGuard<St = Counter> {
    store: St,
    limit: Limit,
    penalty: Penalty,
    /// Counts while the store cannot.
    local: MemoryStore,
    share: Limit,
    headers: Arc<PreparedHeaders>,
    /// Each attempt under way holds a permit; whoever holds all is alone.
    turns: Arc<[Semaphore; TURNS]>,
    outage: Arc<Outage>,
}

/// An attempt that may go on, and is counted.
#[derive(Debug)]
#[must_use = "an attempt that did not fail is given back"]
pub struct Attempt<'g, St = Counter> {
    guard: &'g LoginGuard<St>,
    subject: Subject,
    taken: Timestamp,
    counted: Counted,
    _turn: Option<SemaphorePermit<'g>>,
}

#[derive(Clone, Copy, Debug)]
enum Counted {
    InStore,
    Locally,
}

/// Too many attempts have failed.
#[derive(Clone, Debug)]
pub struct LoginRefused {
    wait: Duration,
    standing: Standing,
    now: Timestamp,
    headers: Arc<PreparedHeaders>,
}

impl<St: Store<Future: Send> + Manage + Sync> LoginGuard<St> {
    /// Counts in this store, and while it is away in the process: there, each of `instances` has its
    /// share.
    ///
    /// # Errors
    ///
    /// None, as the figures are.
    pub fn new(store: St, instances: NonZeroU32) -> Result<Self, ConfigError> {
        let quota = Quota::new(FAILURES, WINDOW)?.strict();
        let policy = QuotaPolicy::new(NAME, quota.limit(), quota.period())?;
        let headers = PreparedHeaders::new(HeaderForms::default(), &policy);
        Ok(Self {
            store,
            limit: Limit::new(CLASS, quota),
            // A block shorter than the window would end before a failure is forgotten.
            penalty: Penalty::doubling(WINDOW, DAY, DAY),
            local: MemoryStore::with_capacity(LOCAL_BYTES)?,
            share: Limit::new(CLASS, quota.divided(instances)),
            headers: Arc::new(headers),
            turns: Arc::new(std::array::from_fn(|_| Semaphore::new(EVERYBODY as usize))),
            outage: Arc::default(),
        })
    }

    /// Counts an attempt, unless too many have failed.
    ///
    /// # Errors
    ///
    /// When too many have.
    pub async fn admit(
        &self,
        email: &Email,
        client: Option<ClientIp>,
    ) -> Result<Attempt<'_, St>, LoginRefused> {
        let subject = self.subject(email, client);
        let mut turn = self.turn(subject, 1).await;
        let (mut verdict, mut counted) = self.count(subject).await?;
        if !verdict.is_admitted() {
            drop(turn);
            turn = self.turn(subject, EVERYBODY).await;
            (verdict, counted) = self.count(subject).await?;
        }
        let now = verdict.now();
        if verdict.is_admitted() {
            // The others go back.
            let turn = turn.and_then(|mut turn| turn.split(1));
            return Ok(Attempt { guard: self, subject, taken: now, counted, _turn: turn });
        }
        drop(turn);
        let block = match counted {
            Counted::InStore => self.store.penalty(subject, CLASS, &self.penalty).await,
            Counted::Locally => self.local.penalty(subject, CLASS, &self.penalty).await,
        };
        // A store that fails now has refused before. The block begins a moment after the verdict.
        let block = block.map_or(Duration::ZERO, |block| {
            block.until.saturating_since(now).min(self.penalty.block(block.strikes))
        });
        let outcome = verdict.outcomes().first();
        let wait = outcome.map_or(block, |outcome| outcome.retry_after().max(block));
        let reset_after = outcome.map_or(block, |outcome| outcome.reset_after().max(block));
        Err(self.refused(wait, reset_after, now))
    }

    async fn count(&self, subject: Subject) -> Result<(Verdict, Counted), LoginRefused> {
        match decide(&self.store, subject, self.limit).await {
            Ok(verdict) => {
                self.outage.succeed();
                return Ok((verdict, Counted::InStore));
            }
            Err(error) => self.outage.fail(error.kind()),
        }
        match decide(&self.local, subject, self.share).await {
            Ok(verdict) => Ok((verdict, Counted::Locally)),
            // The store within the process never fails.
            Err(_) => Err(self.refused(WINDOW, WINDOW, UNIX_EPOCH.into())),
        }
    }

    fn subject(&self, email: &Email, client: Option<ClientIp>) -> Subject {
        let hasher = self.store.hasher();
        let account = hasher.subject("login", email.as_str().as_bytes());
        match client.map(ClientIp::prefix) {
            Some(IpAddr::V4(addr)) => hasher.within(account, "ip", &addr.octets()),
            Some(IpAddr::V6(prefix)) => hasher.within(account, "ip", &prefix.octets()),
            None => account,
        }
    }
}

impl<St> LoginGuard<St> {
    async fn turn(&self, subject: Subject, permits: u32) -> Option<SemaphorePermit<'_>> {
        let index = usize::try_from(subject.as_u128() % TURNS as u128).ok()?;
        // Nobody closes them.
        self.turns.get(index)?.acquire_many(permits).await.ok()
    }

    fn refused(&self, wait: Duration, reset_after: Duration, now: Timestamp) -> LoginRefused {
        let standing = Standing { remaining: 0, reset_after };
        LoginRefused { wait, standing, now, headers: Arc::clone(&self.headers) }
    }
}

impl<St: Manage> Attempt<'_, St> {
    /// Forgets an attempt that did not fail.
    pub async fn give_back(self) {
        let Self { guard, subject, taken, counted, _turn } = self;
        let part = |limit| [Part { subject, limits: limit }];
        // What cannot be given back stays counted.
        let _ = match counted {
            Counted::InStore => guard.store.refund(&Ask::new(&part(&[guard.limit])), taken).await,
            Counted::Locally => guard.local.refund(&Ask::new(&part(&[guard.share])), taken).await,
        };
    }
}

async fn decide<St: Store>(
    store: &St,
    subject: Subject,
    limit: Limit,
) -> Result<Verdict, StoreError> {
    let answer = store.decide(&Ask::new(&[Part { subject, limits: &[limit] }]));
    match answer {
        Answer::Now(decided) => decided,
        Answer::Later(decision) => decision.await,
    }
}

impl LoginRefused {
    /// How long to wait.
    #[must_use]
    pub const fn wait(&self) -> Duration {
        self.wait
    }
}

/// Tells a login that was refused by its own limit of that one. Stands outside of the layer that
/// tells of the others, whose word about the tier it leaves.
pub fn tell_login<B>(mut response: Response<B>) -> Response<B> {
    let report = response.extensions().get::<Arc<ErrorReport>>();
    let failure = report.and_then(|report| report.source()?.downcast_ref());
    if let Some(Failure::TooManyLogins { refused, .. }) = failure {
        let LoginRefused { standing, now, headers, .. } = refused.clone();
        let now = UNIX_EPOCH + Duration::from_nanos(now.as_nanos());
        headers.write_into(response.headers_mut(), standing, now);
    }
    response
}
