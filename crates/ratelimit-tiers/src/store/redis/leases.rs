use std::sync::Arc;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::table::{Passing, Table};
use crate::Subject;
use crate::store::verdict::Outcomes;
use crate::store::{Limit, Outcome, Part, Verdict};
use crate::time::Timestamp;

/// How much a process may take of a subject's limits in advance, to admit without asking Redis.
///
/// A lease is taken when a subject asks the same again and again, for as many requests as came
/// within the last lifetime, and at most [`with_most`](Self::with_most) of them. It is at most a
/// 64th of each burst, and is given only while a quarter of each burst is left after it: quotas
/// below 128 and subjects near their limits are decided one by one. Requests with several subjects
/// take no leases.
///
/// What is leased is consumed in Redis when it is taken, and admitted within the lifetime. So a
/// window sees, beside what its quota promises, at most what was leased before it began and is
/// used in it: one lease less its first request for each process, `processes * (burst / 64 - 1)`
/// units. What is not used within the lifetime is lost, not handed back.
#[derive(Clone, Copy, Debug)]
pub struct Leases {
    most: u32,
    lifetime: Duration,
}

impl Leases {
    const MOST: u32 = 1_000;
    const LIFETIME: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(60);

    /// The most subjects that may have a lease.
    const SUBJECTS: usize = 65_536;

    /// Leases of 1,000 requests at most, for 250 ms.
    #[must_use]
    pub const fn new() -> Self {
        Self { most: Self::MOST, lifetime: Self::LIFETIME }
    }

    /// Replaces for how many requests a lease is at most.
    #[must_use]
    pub const fn with_most(mut self, most: u32) -> Self {
        self.most = most;
        self
    }

    /// Replaces within which time a lease is used; at most a minute.
    #[must_use]
    pub const fn with_lifetime(mut self, lifetime: Duration) -> Self {
        let longer = lifetime.as_nanos() > Self::LONGEST.as_nanos();
        self.lifetime = if longer { Self::LONGEST } else { lifetime };
        self
    }
}

impl Default for Leases {
    fn default() -> Self {
        Self::new()
    }
}

/// The subjects that ask, and their leases.
#[derive(Debug)]
pub(super) struct Leased {
    table: Table<Account>,
    leases: Leases,
}

#[derive(Debug)]
struct Account {
    limits: SmallVec<[Limit; 4]>,
    lease: Option<Lease>,
    /// Somebody asks for the next one. There is never more than one for a subject.
    asking: bool,
    /// Requests since then, and in the lifetime before.
    since: Instant,
    seen: u32,
    before: u32,
    over_at: Instant,
}

#[derive(Debug)]
struct Lease {
    left: u32,
    until: Instant,
    /// When it was taken; refunds go there.
    now: Timestamp,
    outcomes: Outcomes,
}

impl Passing for Account {
    fn over_at(&self) -> Instant {
        self.over_at
    }
}

/// What a request with leases does.
#[derive(Debug)]
pub(super) enum Next {
    /// It is admitted out of a lease.
    Admitted(Verdict),
    /// It asks.
    Ask(Wish),
}

/// For how many requests to ask. Dropped before its end, it lets others ask for a lease.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) times: u32,
    changes: u64,
    subject: Subject,
    leased: Option<Arc<Leased>>,
}

impl Leased {
    pub(super) fn new(leases: Leases) -> Self {
        Self { table: Table::new(Leases::SUBJECTS), leases }
    }

    /// Admits out of a lease, or says for how many requests to ask.
    pub(super) fn next(self: &Arc<Self>, part: &Part<'_>) -> Next {
        let now = Instant::now();
        let lifetime = self.leases.lifetime;
        let mut shard = self.table.shard(part.subject);
        let changes = shard.changes();
        let once = Wish { times: 1, changes, subject: part.subject, leased: None };
        let Some(account) = shard.find(part.subject).filter(|known| *known.limits == *part.limits)
        else {
            let account = Account::new(part.limits, now, lifetime);
            shard.keep(part.subject, account, self.table.most(), now);
            return Next::Ask(once);
        };
        account.count(now, lifetime);
        if let Some(verdict) = account.lease.as_mut().and_then(|lease| lease.admit(part, now)) {
            return Next::Admitted(verdict);
        }
        let times = account.before.max(account.seen).min(self.leases.most);
        if account.asking || times <= 1 {
            return Next::Ask(once);
        }
        account.asking = true;
        Next::Ask(Wish { times, leased: Some(Arc::clone(self)), ..once })
    }

    pub(super) fn forget(&self, subject: Subject) {
        self.table.forget(subject);
    }
}

impl Account {
    fn new(limits: &[Limit], now: Instant, lifetime: Duration) -> Self {
        let (limits, over_at) = (limits.into(), now + 2 * lifetime);
        Self { limits, lease: None, asking: false, since: now, seen: 1, before: 0, over_at }
    }

    fn count(&mut self, now: Instant, lifetime: Duration) {
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed >= lifetime {
            self.before = if elapsed < 2 * lifetime { self.seen } else { 0 };
            self.seen = 0;
            self.since = now;
        }
        self.seen = self.seen.saturating_add(1);
        self.over_at = now + 2 * lifetime;
    }
}

impl Lease {
    fn admit(&mut self, part: &Part<'_>, now: Instant) -> Option<Verdict> {
        if now >= self.until {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        Some(self.verdict(part.limits))
    }

    /// What is left is what is left in Redis, and of the lease.
    fn verdict(&self, limits: &[Limit]) -> Verdict {
        // As of when it was taken, which is the time of the verdict.
        let outcomes = self.outcomes.iter().zip(limits).map(|(outcome, limit)| {
            let leased = limit.cost.saturating_mul(self.left);
            let left = outcome.remaining().saturating_add(leased);
            Outcome::new(outcome.quota, left, outcome.reset_after(), outcome.retry_after())
        });
        Verdict::new(true, self.now, outcomes)
    }
}

impl Wish {
    /// Without leases.
    pub(super) const fn once(subject: Subject) -> Self {
        Self { times: 1, changes: 0, subject, leased: None }
    }

    /// Opens the lease of which the first request is the one that asked, and gives its verdict.
    /// Counted from when it was sent, it ends before Redis would think so.
    pub(super) fn granted(
        &self,
        limits: &[Limit],
        taken: u32,
        verdict: Verdict,
        sent: Instant,
    ) -> Verdict {
        let (Some(leased), Some(left)) = (&self.leased, taken.checked_sub(1)) else {
            return verdict;
        };
        let until = sent + leased.leases.lifetime;
        let lease = Lease { left, until, now: verdict.now, outcomes: verdict.outcomes };
        let verdict = lease.verdict(limits);
        let mut shard = leased.table.shard(self.subject);
        if shard.changes() == self.changes
            && let Some(account) = shard.find(self.subject)
            && *account.limits == *limits
        {
            account.lease = Some(lease);
        }
        verdict
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        if let Some(leased) = &self.leased
            && let Some(account) = leased.table.shard(self.subject).find(self.subject)
        {
            account.asking = false;
        }
    }
}
