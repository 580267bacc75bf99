//! The promises of the link, each in its own module, against real servers.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod auto_traits;
mod breaker;
mod cancellation;
mod cluster;
mod commands;
mod config;
mod connects;
mod drops;
mod epochs;
mod errors;
mod ghosts;
mod logged;
mod observed;
mod open_telemetry;
mod outages;
mod queue;
mod scripts;
mod subscriptions;
mod support;
