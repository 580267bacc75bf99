//! One named cache.

mod builder;
mod change;
mod core;
mod finding;
mod handle;
mod loading;
mod member;
mod place;
mod task;
mod tier;

pub use builder::CacheBuilder;
pub(crate) use core::Core;
pub use handle::Cache;
pub(crate) use member::Member;
