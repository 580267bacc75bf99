//! The count of the present fixed window, and of the one before the share that a window ending now
//! still covers, rounded up.

use super::{Found, effective};
use crate::Quota;

/// Counts of two neighbouring windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// The number of the present window since the epoch.
    window: u64,
    present: u32,
    before: u32,
}

pub(super) fn decide(counts: Counts, now: u64, quota: &Quota, cost: u32) -> (Found, Counts) {
    let cost = effective(cost, quota.limit());
    let (mut counts, elapsed) = counts.at(now, quota);
    let weight = counts.weight(elapsed, quota);
    let limit = u64::from(quota.limit());
    let used = weight + u64::from(counts.present);
    let after = used + u64::from(cost);
    // A lower limit than that of the counts may be exceeded already: looking is allowed then too.
    let admitted = after <= limit || cost == 0;
    let retry_after = if admitted { 0 } else { counts.retry_after(elapsed, quota, cost) };
    let unadmitted = counts;
    counts.present = counts.present.saturating_add(cost);
    let (kept, left) = if admitted { (counts, after) } else { (unadmitted, used) };
    let found = Found {
        left: limit.saturating_sub(left),
        reset_after: kept.reset_after(elapsed, quota),
        retry_after,
    };
    (found, counts)
}

pub(super) fn give_back(counts: Counts, now: u64, quota: &Quota, cost: u32, taken: u64) -> Counts {
    let (mut counts, _) = counts.at(now, quota);
    let cost = effective(cost, quota.limit());
    let window = taken / quota.period_nanos();
    if window == counts.window {
        counts.present = counts.present.saturating_sub(cost);
    } else if window + 1 == counts.window {
        counts.before = counts.before.saturating_sub(cost);
    }
    counts
}

pub(super) fn consumed(counts: Counts, now: u64, quota: &Quota) -> u32 {
    let (counts, elapsed) = counts.at(now, quota);
    let used = counts.weight(elapsed, quota) + u64::from(counts.present);
    u32::try_from(used).unwrap_or(u32::MAX)
}

pub(super) fn with_consumed(now: u64, quota: &Quota, consumed: u32) -> Counts {
    Counts { window: now / quota.period_nanos(), present: consumed, before: 0 }
}

pub(super) fn scaled(counts: Counts, scale: impl Fn(u32) -> u32) -> Counts {
    Counts { present: scale(counts.present), before: scale(counts.before), ..counts }
}

pub(super) fn idle_at(counts: Counts, now: u64, quota: &Quota) -> u64 {
    let (counts, elapsed) = counts.at(now, quota);
    now + counts.reset_after(elapsed, quota)
}

impl Counts {
    /// The counts as they stand now, and the time since the present window began.
    fn at(self, now: u64, quota: &Quota) -> (Self, u64) {
        let period = quota.period_nanos();
        let window = now / period;
        let counts = match window.checked_sub(self.window) {
            Some(0) => self,
            Some(1) => Self { window, present: 0, before: self.present },
            Some(_) => Self { window, present: 0, before: 0 },
            // The clock was set back: what was counted stays counted.
            None => Self { window, ..self },
        };
        (counts, now - window * period)
    }

    fn weight(self, elapsed: u64, quota: &Quota) -> u64 {
        weight(self.before, elapsed, quota)
    }

    /// The first moment at which `cost` more fit, from now, when nothing else is admitted.
    fn retry_after(self, elapsed: u64, quota: &Quota, cost: u32) -> u64 {
        let period = quota.period_nanos();
        let limit = u64::from(quota.limit());
        let rest = period - elapsed;
        let asked = u64::from(self.present) + u64::from(cost);
        if asked <= limit {
            // In this window, when the one before weighs little enough.
            return fitting(self.before, limit - asked, period).saturating_sub(elapsed).max(1);
        }
        // In the next one, where the present count is the one before.
        rest + fitting(self.present, limit.saturating_sub(u64::from(cost)), period)
    }

    fn reset_after(self, elapsed: u64, quota: &Quota) -> u64 {
        let period = quota.period_nanos();
        let rest = period - elapsed;
        match (self.present, self.before) {
            (0, 0) => 0,
            (0, _) => rest,
            _ => rest + period,
        }
    }
}

/// `before * (period - elapsed) / period`, rounded up.
fn weight(before: u32, elapsed: u64, quota: &Quota) -> u64 {
    let period = u128::from(quota.period_nanos());
    let covered = u128::from(quota.period_nanos() - elapsed);
    u64::try_from((u128::from(before) * covered).div_ceil(period)).unwrap_or(u64::MAX)
}

/// The least elapsed time at which `before` weighs at most `room`.
fn fitting(before: u32, room: u64, period: u64) -> u64 {
    if u64::from(before) <= room {
        return 0;
    }
    // ceil(before * (period - e) / period) <= room  <=>  before * (period - e) <= room * period
    let covered = u128::from(room) * u128::from(period) / u128::from(before);
    period - u64::try_from(covered).unwrap_or(period).min(period)
}
