//! What is replied: packed as the scripts say, in microseconds.

use std::time::Duration;

use bartizan_redis_link::Value;
use smallvec::SmallVec;

use crate::store::verdict::Outcomes;
use crate::store::{Block, Limit, Outcome};
use crate::time::Timestamp;
use crate::{Quota, StoreError, StoreErrorKind};

/// What a decision replied.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) admitted: bool,
    pub(super) unreadable: bool,
    /// A subject's own quota was applied, which may be over before its waits are.
    pub(super) own: bool,
    pub(super) now: Timestamp,
    /// How often the ask was consumed.
    pub(super) taken: u32,
    pub(super) outcomes: Outcomes,
}

/// What a correction replied.
#[derive(Debug)]
pub(super) struct Managed {
    pub(super) unreadable: bool,
    pub(super) block: Option<Block>,
}

impl Decided {
    pub(super) fn read(reply: &Value, limits: &[Limit]) -> Result<Self, StoreError> {
        read(reply, |bytes| {
            let flags = bytes.byte()?;
            let mut decided = Self {
                admitted: flags & 1 != 0,
                unreadable: flags & 2 != 0,
                own: false,
                now: bytes.time()?,
                taken: bytes.u32()?,
                outcomes: SmallVec::new(),
            };
            for limit in limits {
                let own = bytes.byte()? != 0;
                let (left, reset, retry) = (bytes.u32()?, bytes.span()?, bytes.span()?);
                let quota = if own { bytes.head()? } else { limit.quota };
                decided.own |= own;
                decided.outcomes.push(Outcome::new(quota, left, reset, retry));
            }
            Some(decided)
        })
    }
}

impl Managed {
    pub(super) fn read(reply: &Value) -> Result<Self, StoreError> {
        read(reply, |bytes| {
            let unreadable = bytes.byte()? != 0;
            let block = match bytes.0 {
                [] => None,
                _ => Some(Block { until: bytes.time()?, strikes: bytes.u32()? }),
            };
            Some(Self { unreadable, block })
        })
    }
}

fn read<T>(
    reply: &Value,
    read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> Result<T, StoreError> {
    let mut bytes = Reader(reply.as_bytes().map_or(&[][..], |bytes| bytes));
    let read = read(&mut bytes).filter(|_| bytes.0.is_empty());
    read.ok_or(StoreError::new(StoreErrorKind::Protocol))
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.u64().map(|micros| Timestamp::from_nanos(micros.saturating_mul(1_000)))
    }

    fn span(&mut self) -> Option<Duration> {
        self.u64().map(Duration::from_micros)
    }

    fn head(&mut self) -> Option<Quota> {
        let _class = self.u32()?;
        let algorithm = self.byte()?;
        let (limit, burst, period) = (self.u32()?, self.u32()?, self.span()?);
        let quota = Quota::new(limit, period).ok()?;
        match algorithm {
            0 => quota.with_burst(burst).ok(),
            1 => Some(quota.strict()),
            2 => Some(quota.counted_by(crate::Algorithm::FixedWindow)),
            3 => Some(quota.counted_by(crate::Algorithm::SlidingWindow)),
            _ => None,
        }
    }
}
