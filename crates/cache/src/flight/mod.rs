//! One run of a loader for all who ask for a key at the same time.
//!
//! Who [joins](Flights::join) first leads: it hands its [`Leader`] to whatever does the work, and
//! waits for the [`Flight`] as those do who come later. So nobody's patience decides over the
//! work, and nobody's polling: a waiter may be dropped, or never polled, and no other notices. Work
//! that ends without an outcome, however it ends, is known to all who wait for it.

mod handle;
mod leader;
#[cfg(all(test, bartizan_loom))]
mod model;
mod table;
#[cfg(all(test, not(bartizan_loom)))]
mod tests;
mod wait;
mod wakers;

pub(crate) use handle::{Flight, Landed};
pub(crate) use leader::Leader;
pub(crate) use table::{Flights, Joined};
