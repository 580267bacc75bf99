//! Connections that come back by themselves.

mod attempt;
mod backoff;
mod epoch;
mod state;
mod supervisor;

pub(crate) use attempt::{Connection, Role};
pub(crate) use backoff::Backoff;
pub use epoch::{Epoch, EpochWatch};
pub use state::{LinkState, Outage};
pub(crate) use supervisor::supervise;
