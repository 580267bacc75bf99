//! The reference server: every layer of the workspace in one stack, over real data.

pub mod admin;
pub mod api;
pub mod app;
pub mod caching;
pub mod cli;
pub mod config;
pub mod data;
pub mod domain;
pub mod healthcheck;
mod identity;
mod layers;
pub mod limits;
pub mod readiness;
pub mod report;
pub mod routes;
pub mod serve;
pub mod stack;
pub mod starting;
pub mod telemetry;
pub mod upstream;
