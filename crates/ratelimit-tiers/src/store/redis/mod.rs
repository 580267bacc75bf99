//! The store in Redis, which several processes share.

mod decide;
mod deny_cache;
mod error;
mod leases;
mod manage;
mod reply;
mod script;
mod stats;
mod store;
mod table;
mod wire;

pub use decide::RedisDecision;
pub use deny_cache::DenyCache;
pub use leases::Leases;
pub use stats::RedisStats;
pub use store::RedisStore;
