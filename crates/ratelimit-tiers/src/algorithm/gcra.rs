//! The generic cell rate algorithm (ITU-T I.371, virtual scheduling). The state is the theoretical
//! arrival time: the moment at which nothing is consumed any more.

use super::{Found, effective};
use crate::Quota;

/// Decides, and gives the state that admitting leaves.
#[inline]
pub(super) fn decide(tat: u64, now: u64, quota: &Quota, cost: u32) -> (Found, u64) {
    let interval = quota.interval_nanos();
    let capacity = capacity(quota);
    let debt = debt(tat, now, capacity);
    let increment = u64::from(effective(cost, quota.burst())) * interval;
    let after = debt + increment;
    let (retry_after, kept) = if after <= capacity { (0, after) } else { (after - capacity, debt) };
    (Found { left: capacity - kept, reset_after: kept, retry_after }, now + after)
}

/// Gives back what was taken at `taken`, less what has leaked out since: that may have been it.
pub(super) fn give_back(tat: u64, now: u64, quota: &Quota, cost: u32, taken: u64) -> u64 {
    let increment = u64::from(effective(cost, quota.burst())) * quota.interval_nanos();
    let due = increment.saturating_sub(now.saturating_sub(taken));
    tat.saturating_sub(due)
}

/// Units consumed, rounded up.
pub(super) fn consumed(tat: u64, now: u64, quota: &Quota) -> u32 {
    units(debt(tat, now, capacity(quota)).div_ceil(quota.interval_nanos()))
}

/// Units that are left when this time is.
pub(super) fn remaining(left: u64, quota: &Quota) -> u32 {
    units(left / quota.interval_nanos())
}

pub(super) fn with_consumed(now: u64, quota: &Quota, consumed: u32) -> u64 {
    now + u64::from(effective(consumed, quota.burst())) * quota.interval_nanos()
}

/// Below 100 years by construction of the quota, so sums with a present fit.
#[inline]
const fn capacity(quota: &Quota) -> u64 {
    quota.burst() as u64 * quota.interval_nanos()
}

/// What is consumed, as time. A clock that was set back cannot make it more than everything.
#[inline]
fn debt(tat: u64, now: u64, capacity: u64) -> u64 {
    tat.saturating_sub(now).min(capacity)
}

/// A number of units that is at most the burst.
fn units(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
