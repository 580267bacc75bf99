//! Refuses commands while Redis does not answer, and finds out with one command whether it does.

mod config;
mod machine;

pub use config::BreakerConfig;
pub use machine::BreakerState;
pub(crate) use machine::{Admission, Breaker, Change};
