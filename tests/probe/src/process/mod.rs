//! Private real servers, and what starts and ends their processes.
//!
//! A server lives until its value is dropped, or until the test process ends in whatever way:
//! a [`guard`] process sees that and cleans up. A parent-death signal would not do, since the
//! kernel sends it when the *thread* that started the server ends (a server shared by several
//! tests would die with the first), and it leaves paused children and the folder behind.

mod account;
mod family;
mod guard;
mod patience;
mod port;
mod postgres;
mod program;
mod redis;
mod redis_cluster;
mod server;

pub use port::free_port;
pub use postgres::Postgres;
pub use redis::Redis;
pub use redis_cluster::RedisCluster;
