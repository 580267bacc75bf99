//! The promises of the limiter, each in its own module, against oracles that count by hand.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support outside of test functions fails by panicking"
)]

mod algorithms;
mod answers;
mod asking;
mod bypasses;
mod classes;
mod client_ip;
mod concurrency;
mod contract;
mod delay;
mod describe;
mod differential;
mod examples;
mod governor;
mod manage;
mod memory;
mod observe;
mod outage;
mod penalty;
mod refunds;
mod resolvers;
mod support;
mod tier_changes;
mod tiers;
mod wire;
