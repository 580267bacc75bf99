//! What two levels promise: several instances over one store, in one process and in virtual time.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod bytes;
mod distributed;
mod levels;
mod life;
mod linear;
mod outage;
mod own_store;
mod races;
mod recovery;
mod responses;
mod support;
mod tags;
