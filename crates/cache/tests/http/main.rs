//! The promises of the layer over HTTP responses.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod basics;
mod bodies;
mod collapse;
mod contract;
mod driven;
mod head_and_ranges;
mod invalidation;
mod leaks;
mod revalidation;
mod support;
mod validation;
