//! What several layers do together, over real sockets.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod grpc;
