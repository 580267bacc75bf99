//! The promises of the crate, one module for each group of them.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod conditional;
mod conformance;
mod contract;
mod eager;
mod fail_safe;
mod gauges;
mod keys;
mod lifetimes;
mod limits;
mod loading;
mod model;
mod negative;
mod observe;
mod opentelemetry;
mod options;
mod revalidation;
mod single_flight;
mod support;
mod timeouts;
