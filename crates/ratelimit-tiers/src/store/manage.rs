use std::time::Duration;

use super::{Ask, ClassId, Verdict};
use crate::time::Timestamp;
use crate::{Quota, StoreError, Subject};

/// Looks into a store and corrects it, off the path of requests.
pub trait Manage {
    /// Tells what the limits would say, and consumes nothing.
    fn peek(&self, ask: &Ask<'_>) -> impl Future<Output = Result<Verdict, StoreError>> + Send;

    /// Gives back what a request consumed at `taken`, the time of its verdict.
    ///
    /// Only what still counts is given back: of [`Algorithm::Gcra`](crate::Algorithm::Gcra) the
    /// cost less what has leaked out since, which may have been the very same units.
    fn refund(
        &self,
        ask: &Ask<'_>,
        taken: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets what a subject has consumed, its blocks and its penalties; of one class, or of all.
    /// Overrides stay.
    fn reset(
        &self,
        subject: Subject,
        class: Option<ClassId>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Refuses a subject until then, in one class or in all; a time that has passed lifts the
    /// block.
    fn block_until(
        &self,
        subject: Subject,
        class: Option<ClassId>,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Blocks a subject in a class, each time for longer. While a block stands it stays as it is, so
    /// that whoever keeps knocking is not blocked for ever. Gives the block that now stands.
    fn penalty(
        &self,
        subject: Subject,
        class: ClassId,
        penalty: &Penalty,
    ) -> impl Future<Output = Result<Block, StoreError>> + Send;

    /// Gives a subject its own quota in a class, or takes it away. It stands in for the quota that
    /// is asked, as long as it is not over.
    fn set_override(
        &self,
        subject: Subject,
        class: ClassId,
        quota: Option<Override>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A subject's own quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override {
    /// What it may do.
    pub quota: Quota,
    /// When that is over; `None` for good.
    pub until: Option<Timestamp>,
}

/// How blocks grow: the n-th within `memory` lasts `first * 2^(n-1)`, at most `longest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Penalty {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
    pub(crate) memory: Duration,
}

/// A block that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// When it is over.
    pub until: Timestamp,
    /// How many penalties there were within the memory, this one included.
    pub strikes: u32,
}

impl Penalty {
    /// Blocks for `first`, then twice as long each time, up to `longest`, which is no less; counts are forgotten
    /// when a block has been over for `memory`.
    #[must_use]
    pub fn doubling(first: Duration, longest: Duration, memory: Duration) -> Self {
        Self { first, longest: longest.max(first), memory }
    }

    /// How long the n-th block lasts, counted from 1.
    #[must_use]
    pub fn block(&self, strikes: u32) -> Duration {
        let factor = 1_u32.checked_shl(strikes.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}
