use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use smallvec::SmallVec;

use super::leases::Wish;
use super::reply::Decided;
use super::store::Shared;
use super::wire::{self, What};
use crate::store::verdict::consumed;
use crate::store::{Limit, Verdict};
use crate::{StoreError, StoreErrorKind, Subject};

/// Waits for a decision of Redis.
#[must_use = "futures do nothing unless polled"]
pub struct RedisDecision(Pin<Box<dyn Future<Output = Result<Verdict, StoreError>> + Send>>);

impl RedisDecision {
    pub(super) fn new(
        decision: impl Future<Output = Result<Verdict, StoreError>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(decision))
    }
}

impl Future for RedisDecision {
    type Output = Result<Verdict, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for RedisDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisDecision").finish_non_exhaustive()
    }
}

pub(super) type Limits = SmallVec<[Limit; 4]>;

/// Decides about one subject.
pub(super) async fn one(
    shared: Arc<Shared>,
    subject: Subject,
    limits: Limits,
    wish: Wish,
) -> Result<Verdict, StoreError> {
    let changes = shared.denials.as_ref().map(|denials| denials.changes(subject));
    let sent = Instant::now();
    let decided = shared.ask(subject, &limits, What::Take, wish.times).await?;
    let Decided { admitted, own, now, taken, outcomes, .. } = decided;
    if let (Some(denials), Some(changes), false, false) = (&shared.denials, changes, admitted, own)
    {
        let said = limits.iter().zip(&outcomes).map(|(limit, said)| (subject, *limit, *said));
        denials.remember(subject, said, now, sent, changes);
    }
    Ok(wish.granted(&limits, taken, Verdict { admitted, now, outcomes }, sent))
}

/// Decides about several subjects, to the end even when nobody waits any more: else what the first
/// ones consumed would stay consumed.
pub(super) async fn several(
    shared: Arc<Shared>,
    parts: Vec<(Subject, Limits)>,
) -> Result<Verdict, StoreError> {
    let decision = tokio::spawn(Several { shared, parts, said: Vec::new() }.decide());
    let decided = decision.await;
    decided.map_err(|error| StoreError::new(StoreErrorKind::Unavailable).with_source(error))?
}

struct Several {
    shared: Arc<Shared>,
    parts: Vec<(Subject, Limits)>,
    /// Of the first parts: what they said, and of those before the first refusal, it was taken.
    said: Vec<Decided>,
}

impl Several {
    async fn decide(mut self) -> Result<Verdict, StoreError> {
        let changes: Vec<_> = self.changes();
        let sent = Instant::now();
        let mut refusing = None;
        for (index, (subject, limits)) in self.parts.iter().enumerate() {
            let what = if refusing.is_none() { What::Take } else { What::Look };
            match self.shared.ask(*subject, limits, what, 1).await {
                Ok(decided) => {
                    if !decided.admitted && refusing.is_none() {
                        refusing = Some(index);
                    }
                    self.said.push(decided);
                }
                Err(error) => {
                    self.give_back(refusing.unwrap_or(index)).await;
                    return Err(error);
                }
            }
        }
        if let Some(index) = refusing {
            self.give_back(index).await;
            self.remember(index, sent, changes.get(index).copied().flatten());
        }
        // The earliest of them: a refund that comes too late for one of them gives back less.
        let now = self.said.iter().map(|said| said.now).min().unwrap_or_default();
        let outcomes = self.said.into_iter().flat_map(|said| said.outcomes).collect();
        Ok(Verdict { admitted: refusing.is_none(), now, outcomes })
    }

    /// Gives back what these first parts consumed.
    async fn give_back(&self, first: usize) {
        for ((subject, limits), said) in self.parts.iter().zip(&self.said).take(first) {
            let refund = wire::refund(consumed(limits, &said.outcomes), said.now);
            if let Err(error) = self.shared.manage(*subject, refund).await {
                tracing::debug!(
                    target: "bartizan::ratelimit_tiers", %error,
                    "what a refused request had taken was not given back"
                );
            }
        }
    }

    fn changes(&self) -> Vec<Option<u64>> {
        let denials = self.shared.denials.as_ref();
        let subjects = self.parts.iter().map(|(subject, _)| *subject);
        subjects.map(|subject| denials.map(|denials| denials.changes(subject))).collect()
    }

    fn remember(&self, refusing: usize, sent: Instant, changes: Option<u64>) {
        let own = self.said.get(refusing).is_none_or(|said| said.own);
        let (Some(denials), Some(changes), false) = (&self.shared.denials, changes, own) else {
            return;
        };
        let (Some((subject, _)), Some(decided)) =
            (self.parts.get(refusing), self.said.get(refusing))
        else {
            return;
        };
        let parts = self.parts.iter().zip(&self.said);
        let said = parts.flat_map(|((subject, limits), said)| {
            limits.iter().zip(&said.outcomes).map(|(limit, said)| (*subject, *limit, *said))
        });
        denials.remember(*subject, said, decided.now, sent, changes);
    }
}
