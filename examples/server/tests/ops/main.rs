//! What an operator meets: configuration, probes, logs, the fake upstream, the drain.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper of a test fails the test"
)]

mod client;
mod configuration;
mod connections;
mod drain;
mod probes;
mod program;
mod secrets;
mod telemetry;
mod upstream;
