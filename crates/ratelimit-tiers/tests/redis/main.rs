//! The store in Redis, against a server of its own.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod chaos;
mod cluster;
mod conformance;
mod deny_cache;
mod differential;
mod leases;
mod outages;
mod records;
mod set_back;
mod several_subjects;
mod sharing;
mod support;
