//! One named cache.

mod builder;
mod change;
mod core;
mod filling;
mod finding;
mod handle;
mod loading;
mod member;
mod place;
mod stripe;
mod task;
mod tier;

pub use builder::CacheBuilder;
pub(crate) use core::Core;
pub(crate) use filling::{Begun, Found};
pub use handle::Cache;
pub(crate) use member::Member;
