//! What `bartizan-probe` promises, one module per promise.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod body_plays_its_script;
mod controlled_obeys_its_control;
mod leaves_nothing_behind;
mod postgres_is_real;
mod redis_cluster_is_real;
mod redis_is_real;
mod strict_wants_readiness;
mod support;
