//! The gateway over loopback, between clients and upstreams whose every byte is the test's.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod caching;
mod configuration;
mod drain;
mod errors;
mod forwarded;
mod framing;
mod hop_by_hop;
mod http2;
mod limits;
mod max_forwards;
mod pool;
mod program;
mod purging;
mod retries;
mod streaming;
mod support;
mod timeouts;
mod upgrades;
