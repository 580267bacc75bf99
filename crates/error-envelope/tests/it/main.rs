//! The promises of the envelope, each in its own module.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support outside of test functions fails by panicking"
)]

mod auto_traits;
mod bodies;
mod cases;
mod contract;
mod derive;
mod errors;
mod failures;
mod grpc;
mod headers;
mod leaks;
mod logged_once;
mod named_rejections;
mod negotiation;
mod observed;
mod open_telemetry;
mod panics;
mod reports;
mod request_ids;
mod settings;
mod support;
mod wire;
