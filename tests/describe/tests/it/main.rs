//! What `bartizan-contract` promises about descriptions, one module per promise.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod fragment_is_the_golden_file;
mod inputs_cross_crates;
mod keys_are_those_of_openapi;
mod limits_are_told;
mod security_is_multiplied_out;
mod stack_does_what_the_fragment_says;
mod support;
