//! The store and the backplane in Redis, against servers of their own.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

#[macro_use]
#[path = "../conformance/mod.rs"]
mod suite;

mod backplane;
mod caches;
mod cluster;
mod conformance;
mod faults;
mod processes;
mod proxy;
mod responses;
mod store;
mod support;
