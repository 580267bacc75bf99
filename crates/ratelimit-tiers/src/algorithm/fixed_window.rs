//! A count in the present window. The state is the window's number, modulo 2^32, above the count.

use super::{Found, effective};
use crate::Quota;

/// Decides, and gives the state that admitting leaves.
#[inline]
pub(super) fn decide(word: u64, now: u64, quota: &Quota, cost: u32) -> (Found, u64) {
    let cost = effective(cost, quota.limit());
    let (window, end) = window(now, quota);
    let count = count(word, window);
    let admitted = u64::from(count) + u64::from(cost) <= quota.limit().into();
    let after = count.saturating_add(cost);
    let kept = if admitted { after } else { count };
    let found = Found {
        left: quota.limit().saturating_sub(kept).into(),
        reset_after: if kept == 0 { 0 } else { end - now },
        retry_after: if admitted { 0 } else { end - now },
    };
    (found, pack(window, after))
}

pub(super) fn give_back(word: u64, now: u64, quota: &Quota, cost: u32, taken: u64) -> u64 {
    let present = window(now, quota).0;
    if window(taken, quota).0 != present {
        return word;
    }
    let cost = effective(cost, quota.limit());
    pack(present, count(word, present).saturating_sub(cost))
}

pub(super) fn consumed(word: u64, now: u64, quota: &Quota) -> u32 {
    count(word, window(now, quota).0)
}

pub(super) fn with_consumed(now: u64, quota: &Quota, consumed: u32) -> u64 {
    pack(window(now, quota).0, consumed)
}

/// When the state means nothing any more, if it means something now.
pub(super) fn idle_at(word: u64, now: u64, quota: &Quota) -> u64 {
    let (window, end) = window(now, quota);
    if count(word, window) == 0 { now } else { end }
}

/// The present window's number and end.
fn window(now: u64, quota: &Quota) -> (u32, u64) {
    let number = now / quota.period_nanos();
    #[expect(clippy::cast_possible_truncation, reason = "kept modulo 2^32")]
    (number as u32, (number + 1) * quota.period_nanos())
}

fn count(word: u64, present: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    let count = word as u32;
    if word >> 32 == u64::from(present) { count } else { 0 }
}

fn pack(window: u32, count: u32) -> u64 {
    u64::from(window) << 32 | u64::from(count)
}
