//! The second level and the backplane in Redis, over one link.

mod backplane;
mod error;
mod listen;
mod message;
mod names;
mod reply;
mod script;
mod store;
mod together;

pub use store::RedisStore;
