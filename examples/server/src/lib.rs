//! The reference server: every layer of the workspace in one stack, over real data.

pub mod data;
pub mod domain;
