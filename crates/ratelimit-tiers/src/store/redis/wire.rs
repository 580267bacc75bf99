//! What is sent: packed as the scripts say, in microseconds.

use std::time::Duration;

use crate::store::{ClassId, Limit, Mode, Override, Penalty, TierChange};
use crate::time::{Timestamp, saturating_nanos};
use crate::{Algorithm, Quota, StoreError, StoreErrorKind};

/// The format of records: a letter and a version.
const MAGIC: u16 = 0x0162;

/// The last microsecond that is exact in Lua's numbers, in the year 2255.
const LATEST: u64 = (1 << 53) - 1;

/// What is done with limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Look = 0,
    Take = 1,
}

/// The question whether limits admit; consumed up to `wish` times.
pub(super) fn ask(limits: &[Limit], what: What, wish: u32) -> Result<Vec<u8>, StoreError> {
    let count = u16::try_from(limits.len());
    let count = count.map_err(|_| StoreError::new(StoreErrorKind::Unsupported))?;
    let mut ask = Vec::with_capacity(9 + 26 * limits.len());
    ask.extend(MAGIC.to_le_bytes());
    ask.extend(count.to_le_bytes());
    for limit in limits {
        put_head(&mut ask, limit.class, &limit.quota);
    }
    ask.push(what as u8);
    ask.extend(wish.to_le_bytes());
    for limit in limits {
        ask.extend(limit.cost.to_le_bytes());
        ask.push(of_change(limit.change) + if limit.mode == Mode::Shadow { 4 } else { 0 });
    }
    Ok(ask)
}

/// What limits took, each of the quota that was applied.
pub(super) fn refund(limits: impl IntoIterator<Item = Limit>, taken: Timestamp) -> Vec<u8> {
    let mut refund = vec![0];
    refund.extend((taken.as_nanos() / 1_000).min(LATEST).to_le_bytes());
    for limit in limits {
        put_head(&mut refund, limit.class, &limit.quota);
        refund.extend(limit.cost.to_le_bytes());
        refund.push(of_change(limit.change));
    }
    refund
}

pub(super) fn reset(class: Option<ClassId>) -> Vec<u8> {
    let mut reset = vec![1];
    put_classes(&mut reset, class);
    reset
}

pub(super) fn block(class: Option<ClassId>, until: Timestamp) -> Vec<u8> {
    let mut block = vec![2];
    put_classes(&mut block, class);
    block.extend(at(until).to_le_bytes());
    block
}

pub(super) fn penalty(class: ClassId, penalty: &Penalty) -> Vec<u8> {
    let mut sent = vec![3];
    sent.extend(class.as_u32().to_le_bytes());
    for time in [penalty.first, penalty.longest, penalty.memory] {
        sent.extend(span(time).to_le_bytes());
    }
    sent
}

pub(super) fn own(class: ClassId, own: Option<&Override>) -> Vec<u8> {
    let Some(own) = own else {
        let mut sent = vec![5];
        sent.extend(class.as_u32().to_le_bytes());
        return sent;
    };
    let mut sent = vec![4];
    put_head(&mut sent, class, &own.quota);
    // The epoch has passed, and 0 means for good.
    sent.extend(own.until.map_or(0, |until| at(until).max(1)).to_le_bytes());
    sent
}

/// One quota of one class. A period is rounded up, so nothing is admitted earlier for it.
fn put_head(sent: &mut Vec<u8>, class: ClassId, quota: &Quota) {
    let algorithm = match quota.algorithm() {
        Algorithm::Gcra => 0,
        Algorithm::Strict => 1,
        Algorithm::FixedWindow => 2,
        Algorithm::SlidingWindow => 3,
    };
    sent.extend(class.as_u32().to_le_bytes());
    sent.push(algorithm);
    sent.extend(quota.limit().to_le_bytes());
    sent.extend(quota.burst().to_le_bytes());
    sent.extend(quota.period_nanos().div_ceil(1_000).to_le_bytes());
}

const fn of_change(change: TierChange) -> u8 {
    match change {
        TierChange::Keep => 0,
        TierChange::Reset => 1,
        TierChange::Proportional => 2,
    }
}

fn put_classes(sent: &mut Vec<u8>, class: Option<ClassId>) {
    sent.push(u8::from(class.is_none()));
    sent.extend(class.map_or(0, ClassId::as_u32).to_le_bytes());
}

fn at(time: Timestamp) -> u64 {
    time.as_nanos().div_ceil(1_000).min(LATEST)
}

/// At most half of what is exact, so that it can be added to the present.
fn span(time: Duration) -> u64 {
    saturating_nanos(time).div_ceil(1_000).min(LATEST / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_and_times_are_rounded_up_and_refunds_down() {
        let class = ClassId::of("a");
        let period = |nanos| {
            let quota = Quota::new(1, Duration::from_nanos(nanos)).unwrap();
            let mut head = Vec::new();
            put_head(&mut head, class, &quota);
            u64::from_le_bytes(head.last_chunk().copied().unwrap())
        };
        assert_eq!((period(1), period(1_000), period(1_001)), (1, 1, 2));
        let until = |nanos| {
            let block = block(None, Timestamp::from_nanos(nanos));
            u64::from_le_bytes(block.last_chunk().copied().unwrap())
        };
        assert_eq!((until(1_000), until(1_001), until(u64::MAX)), (1, 2, LATEST));
        let taken = refund([], Timestamp::from_nanos(1_999));
        assert_eq!(u64::from_le_bytes(taken.last_chunk().copied().unwrap()), 1);
    }
}
