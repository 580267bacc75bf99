//! What a refused client is told.

mod answer;
mod template;

pub(crate) use template::Template;

use std::time::Duration;

use crate::{Outcome, TierName};

/// A request that a limit refuses.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    pub(crate) tier: &'a TierName,
    pub(crate) class: &'a str,
    pub(crate) outcome: Option<&'a Outcome>,
    pub(crate) retry_after: Duration,
}

impl<'a> Refusal<'a> {
    /// The caller's tier.
    #[must_use]
    pub const fn tier(&self) -> &'a TierName {
        self.tier
    }

    /// The class that refuses.
    #[must_use]
    pub const fn class(&self) -> &'a str {
        self.class
    }

    /// What its quota found; `None` where too many requests are in flight or waiting.
    #[must_use]
    pub const fn outcome(&self) -> Option<&'a Outcome> {
        self.outcome
    }

    /// How long to wait.
    #[must_use]
    pub const fn retry_after(&self) -> Duration {
        self.retry_after
    }
}
