//! The algorithms: functions of a state, a `now`, a quota and a cost. All times are nanoseconds.
//!
//! Every algorithm keeps the same promises: a decision that refuses changes nothing; the wait it
//! names is exact; a cost above the burst counts as the burst, so whatever may be asked may be
//! admitted at some time; giving back what was taken never admits more than if it had not been.

mod fixed_window;
mod gcra;
mod sliding_window;
mod state;
mod strict;

pub(crate) use state::{State, Word};

use crate::{Algorithm, Quota};

/// What an algorithm found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// What is left, after this request when it is admitted, without it when it is not: units, or
    /// of [`Algorithm::Gcra`](crate::Algorithm::Gcra) the time that they take to come back, since
    /// dividing it costs more than all the rest.
    pub(crate) left: u64,
    /// Until nothing is consumed any more, likewise.
    pub(crate) reset_after: u64,
    /// Until the same request is admitted; 0 when it is.
    pub(crate) retry_after: u64,
}

impl Found {
    /// Units left.
    pub(crate) fn remaining(&self, quota: &Quota) -> u32 {
        match quota.algorithm() {
            Algorithm::Gcra => gcra::remaining(self.left, quota),
            _ => u32::try_from(self.left).unwrap_or(u32::MAX),
        }
    }
}

/// The cost as it is counted: at most the burst.
#[inline]
const fn effective(cost: u32, burst: u32) -> u32 {
    if cost < burst { cost } else { burst }
}
