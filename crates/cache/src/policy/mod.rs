//! What may be served and when to load: functions of values and a `now`.

pub(crate) mod http;
mod judge;
mod lifetime;
#[cfg(test)]
mod tests;

pub use self::http::Forward;
pub(crate) use judge::{Judged, Times, judge};
pub(crate) use lifetime::{Asked, Lifetime, lifetime, promoted};
