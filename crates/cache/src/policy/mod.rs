//! What may be served and when to load: functions of values and a `now`.

mod judge;
mod lifetime;
#[cfg(test)]
mod tests;

pub(crate) use judge::{Judged, Times, judge};
pub(crate) use lifetime::{Asked, Lifetime, lifetime, promoted};
