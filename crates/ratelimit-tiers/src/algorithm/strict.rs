//! Never more than the limit in any window: requests are remembered in groups, each until one
//! period after its last request.
//!
//! A group spans less than a twelfth of the period, so a request is forgotten between one period
//! and 13/12 of it after it came. Groups begin at least a twelfth apart, so at most 13 live.

use smallvec::SmallVec;

use super::{Found, effective};
use crate::Quota;

/// Into how many parts a window is divided.
const PARTS: u64 = 12;

/// The groups, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Groups(SmallVec<[Group; 1]>);

/// Requests that came close to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group {
    opened: u64,
    last: u64,
    count: u32,
}

pub(super) fn check(groups: &Groups, now: u64, quota: &Quota, cost: u32) -> Found {
    let cost = effective(cost, quota.limit());
    let used = consumed(groups, now, quota);
    // A lower limit than that of the groups may be exceeded already: looking is allowed then too.
    let after = u64::from(used) + u64::from(cost);
    let limit = u64::from(quota.limit());
    if after <= limit || cost == 0 {
        let end = if cost > 0 { now } else { groups.newest(now, quota) };
        let reset_after = if after == 0 { 0 } else { (end + quota.period_nanos()) - now };
        return Found { left: limit.saturating_sub(after), reset_after, retry_after: 0 };
    }
    let reset_after = groups.newest(now, quota) + quota.period_nanos() - now;
    let mut excess = after - limit;
    let mut retry_after = reset_after;
    for group in groups.live(now, quota) {
        if excess <= u64::from(group.count) {
            retry_after = group.last.min(now) + quota.period_nanos() - now;
            break;
        }
        excess -= u64::from(group.count);
    }
    Found { left: limit.saturating_sub(used.into()), reset_after, retry_after }
}

pub(super) fn take(groups: &mut Groups, now: u64, quota: &Quota, cost: u32) {
    let cost = effective(cost, quota.limit());
    groups.forget(now, quota);
    if cost == 0 {
        return;
    }
    match groups.0.last_mut() {
        Some(group) if now.saturating_sub(group.opened) < quota.period_nanos().div_ceil(PARTS) => {
            group.last = now.max(group.last);
            group.count = group.count.saturating_add(cost);
        }
        _ => groups.0.push(Group { opened: now, last: now, count: cost }),
    }
}

pub(super) fn give_back(groups: &mut Groups, now: u64, quota: &Quota, cost: u32, taken: u64) {
    groups.forget(now, quota);
    let cost = effective(cost, quota.limit());
    let taken_in = |group: &&mut Group| (group.opened..=group.last).contains(&taken);
    if let Some(group) = groups.0.iter_mut().find(taken_in) {
        group.count = group.count.saturating_sub(cost);
    }
    groups.0.retain(|group| group.count > 0);
}

pub(super) fn consumed(groups: &Groups, now: u64, quota: &Quota) -> u32 {
    groups.live(now, quota).fold(0, |sum, group| sum.saturating_add(group.count))
}

pub(super) fn with_consumed(now: u64, consumed: u32) -> Groups {
    let mut groups = Groups::default();
    if consumed > 0 {
        groups.0.push(Group { opened: now, last: now, count: consumed });
    }
    groups
}

pub(super) fn scale(groups: &mut Groups, scale: impl Fn(u32) -> u32) {
    for group in &mut groups.0 {
        group.count = scale(group.count);
    }
}

pub(super) fn rewind(groups: &mut Groups, by: u64) {
    for group in &mut groups.0 {
        group.opened = group.opened.saturating_sub(by);
        group.last = group.last.saturating_sub(by);
    }
}

pub(super) fn idle_at(groups: &Groups, now: u64, quota: &Quota) -> u64 {
    if consumed(groups, now, quota) == 0 {
        return now;
    }
    groups.newest(now, quota) + quota.period_nanos()
}

impl Groups {
    /// Bytes beside the value itself.
    pub(crate) fn heap_bytes(&self) -> usize {
        if self.0.spilled() { self.0.capacity() * size_of::<Group>() } else { 0 }
    }

    fn live(&self, now: u64, quota: &Quota) -> impl Iterator<Item = &Group> {
        let period = quota.period_nanos();
        self.0.iter().filter(move |group| group.last.min(now) + period > now)
    }

    /// When the newest living group was last added to, never later than now.
    fn newest(&self, now: u64, quota: &Quota) -> u64 {
        self.live(now, quota).last().map_or(now, |group| group.last.min(now))
    }

    fn forget(&mut self, now: u64, quota: &Quota) {
        let period = quota.period_nanos();
        // A clock that was set back: what lies ahead counts as of now.
        for group in &mut self.0 {
            group.opened = group.opened.min(now);
            group.last = group.last.min(now);
        }
        self.0.retain(|group| group.last + period > now);
    }
}
