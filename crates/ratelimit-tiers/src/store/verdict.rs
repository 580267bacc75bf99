use std::time::Duration;

use smallvec::SmallVec;

use crate::algorithm::Found;
use crate::time::{Timestamp, saturating_nanos};
use crate::{Algorithm, Limit, Mode, Quota};

/// The decision about one request.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub(crate) admitted: bool,
    pub(crate) now: Timestamp,
    pub(crate) outcomes: Outcomes,
}

/// What one limit says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub(crate) quota: Quota,
    pub(crate) found: Found,
}

/// One for each limit; of more than these, on the heap.
pub(crate) type Outcomes = SmallVec<[Outcome; FEW]>;

/// What a request consumed that was admitted with these outcomes, under the quotas that were
/// applied: limits in shadow that would have refused have consumed nothing.
pub(crate) fn consumed<'a>(
    limits: &[Limit],
    outcomes: impl IntoIterator<Item = &'a Outcome>,
) -> impl Iterator<Item = Limit> {
    let admitted = limits.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_admitted());
    admitted.map(|(limit, outcome)| Limit { quota: outcome.quota, ..*limit })
}

/// How many limits one request mostly has at most.
pub(crate) const FEW: usize = 3;

impl Verdict {
    /// What up to three limits found, written where it is wanted rather than pushed and moved.
    #[inline]
    pub(crate) fn of(
        admitted: bool,
        now: Timestamp,
        limits: &[Limit],
        found: [Found; FEW],
    ) -> Self {
        let [first, second, third] = found;
        let outcome = |limit: &Limit, found| Outcome { quota: limit.quota, found };
        // Those beyond the length are never read.
        let outcomes = match limits {
            [a] => [outcome(a, first); FEW],
            [a, b] => {
                let second = outcome(b, second);
                [outcome(a, first), second, second]
            }
            [a, b, c] => [outcome(a, first), outcome(b, second), outcome(c, third)],
            _ => return Self { admitted, now, outcomes: SmallVec::new() },
        };
        let outcomes = SmallVec::from_buf_and_len(outcomes, limits.len());
        Self { admitted, now, outcomes }
    }

    /// Tells that a request was decided at this time of the store's clock, with one outcome for
    /// each limit in the order of the ask.
    pub fn new(
        admitted: bool,
        now: Timestamp,
        outcomes: impl IntoIterator<Item = Outcome>,
    ) -> Self {
        Self { admitted, now, outcomes: outcomes.into_iter().collect() }
    }

    /// Tells whether the request may pass: each enforced limit admits it, and it was consumed.
    #[must_use]
    pub const fn is_admitted(&self) -> bool {
        self.admitted
    }

    /// When it was decided, by the store's clock.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// One outcome for each limit, in the order of the ask.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }
}

impl Outcome {
    /// Tells what a limit found.
    #[must_use]
    pub fn new(quota: Quota, remaining: u32, reset_after: Duration, retry_after: Duration) -> Self {
        let unit = if quota.algorithm() == Algorithm::Gcra { quota.interval_nanos() } else { 1 };
        let left = u64::from(remaining).saturating_mul(unit);
        let reset_after = saturating_nanos(reset_after);
        let retry_after = saturating_nanos(retry_after);
        Self { quota, found: Found { left, reset_after, retry_after } }
    }

    /// Tells whether this limit admits the request.
    #[must_use]
    pub const fn is_admitted(&self) -> bool {
        self.found.retry_after == 0
    }

    /// Tells whether the request is refused for this outcome of a limit: none in shadow refuses.
    pub(crate) fn refuses(&self, limit: &Limit) -> bool {
        limit.mode == Mode::Enforce && !self.is_admitted()
    }

    /// The quota that was applied: the asked one, or the subject's own.
    #[must_use]
    pub const fn quota(&self) -> &Quota {
        &self.quota
    }

    /// Units left: after the request when it was admitted, else as they are.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        self.found.remaining(&self.quota)
    }

    /// Until the whole quota is free again, if nothing more is consumed.
    #[must_use]
    pub const fn reset_after(&self) -> Duration {
        Duration::from_nanos(self.found.reset_after)
    }

    /// Until the same request would be admitted, if nothing more is consumed; zero when it is.
    #[must_use]
    pub const fn retry_after(&self) -> Duration {
        Duration::from_nanos(self.found.retry_after)
    }

    /// The share of the burst that is left, between 0 and 1.
    #[must_use]
    pub fn share_left(&self) -> f64 {
        f64::from(self.remaining()) / f64::from(self.quota.burst())
    }
}
