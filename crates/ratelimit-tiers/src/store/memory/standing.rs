use crate::Quota;
use crate::algorithm::Found;

/// How much would be lost with an entry.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Standing {
    /// Nothing is consumed.
    Idle,
    /// This share is consumed of the limit it is most of.
    Used(f64),
    /// Some limit admits nothing more now, or somebody has set something by hand.
    Kept,
}

impl Standing {
    /// Sums up slots: whether it is idle, its quota, and what one more request would find.
    pub(super) fn of<'a>(slots: impl Iterator<Item = (bool, &'a Quota, Found)>) -> Self {
        slots.fold(Self::Idle, |standing, (idle, quota, found)| {
            let slot = match found.retry_after {
                _ if idle => Self::Idle,
                0 => {
                    // The one more request is counted in `remaining`.
                    let left = f64::from(found.remaining(quota)) + 1.0;
                    Self::Used(1.0 - left / f64::from(quota.burst()))
                }
                _ => Self::Kept,
            };
            if slot > standing { slot } else { standing }
        })
    }
}
