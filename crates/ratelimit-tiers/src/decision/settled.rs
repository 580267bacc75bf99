use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::asked::Permits;
use crate::policy::{Plan, Planned, PlannedTier};
use crate::store::Penalties;
use crate::time::Timestamp;
use crate::waiting::Waiting;
use crate::wire::{PreparedHeaders, Standing, Telling};
use crate::{Limit, Outcome, StoreError, Subject};

/// What the look at a request gave.
#[derive(Debug)]
pub(crate) enum Looked {
    /// No limit is meant for it.
    Unlimited,
    /// It is refused already.
    Refused(Refused),
    /// The store decides.
    Ask,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Settled {
    /// It passes.
    Pass(After),
    /// It passes later.
    Delay(Duration, Waiting, After),
    /// It does not pass.
    Refuse(Refused),
    /// A limit refuses, and those that do block their subjects for longer.
    Penalise { shown: Shown, penalties: Penalties, is_local: bool },
}

/// What is left to do when the inner service has answered.
#[derive(Debug, Default)]
pub(crate) struct After {
    pub(crate) told: Option<Told>,
    pub(crate) refund: Option<Box<Refunding>>,
    pub(crate) permits: Permits,
}

/// Why a request is refused.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A limit refuses it for so long.
    Limited(Shown, Duration),
    /// Too many of the subject's requests are in flight.
    Crowded(Place),
    /// The caller is denied.
    Denied,
    /// The store cannot decide, and a class asks for more than a guess.
    Unavailable(StoreError),
}

/// A class in a tier.
#[derive(Debug)]
pub(crate) struct Place {
    plan: Arc<Plan>,
    tier: usize,
    pub(crate) class: usize,
}

/// The limit that a refused client is told of.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) place: Place,
    pub(crate) outcome: Outcome,
    /// It refuses though enough is left.
    pub(crate) is_blocked: bool,
    pub(crate) now: Timestamp,
}

/// The headers that a response gets; small, since it is moved about.
#[derive(Debug)]
pub(crate) struct Told {
    pub(super) headers: Arc<PreparedHeaders>,
    pub(super) remaining: u32,
    /// Nanoseconds.
    pub(super) reset_after: u64,
    pub(super) now: Timestamp,
}

/// What is given back when the response says so.
#[derive(Debug)]
pub(crate) struct Refunding {
    pub(crate) limits: Vec<(usize, Subject, Limit)>,
    pub(crate) taken: Timestamp,
    /// It was counted within the process, since the store could not.
    pub(crate) is_local: bool,
}

impl Settled {
    /// It was decided within the process: what is given back or blocked is so there too.
    pub(super) fn within_process(mut self) -> Self {
        match &mut self {
            Self::Pass(After { refund: Some(refund), .. })
            | Self::Delay(_, _, After { refund: Some(refund), .. }) => refund.is_local = true,
            Self::Penalise { is_local, .. } => *is_local = true,
            Self::Pass(_) | Self::Delay(..) | Self::Refuse(_) => {}
        }
        self
    }
}

impl Place {
    pub(super) fn new(plan: &Arc<Plan>, tier: usize, class: usize) -> Self {
        Self { plan: Arc::clone(plan), tier, class }
    }

    pub(crate) fn tier(&self) -> Option<&PlannedTier> {
        self.plan.tier(self.tier)
    }

    /// What is prepared for it.
    pub(crate) fn planned(&self) -> Option<&Planned> {
        self.tier()?.limits.get(self.class)?.as_ref()
    }
}

impl Told {
    /// Writes the headers into a response.
    pub(crate) fn write_into(&self, headers: &mut HeaderMap) {
        let reset_after = Duration::from_nanos(self.reset_after);
        let standing = Standing { remaining: self.remaining, reset_after };
        self.headers.tell(headers, &Telling { standing, now: since_epoch(self.now) });
    }
}

impl Shown {
    /// What the headers of the refusal tell.
    pub(crate) fn telling(&self, wait: Duration) -> Telling {
        let Self { outcome, is_blocked, now, .. } = self;
        let remaining = if *is_blocked { 0 } else { outcome.remaining() };
        let reset_after = outcome.reset_after().max(wait);
        Telling { standing: Standing { remaining, reset_after }, now: since_epoch(*now) }
    }
}

fn since_epoch(now: Timestamp) -> Duration {
    Duration::from_nanos(now.as_nanos())
}
