//! What locks and counts, so that a model checker can stand in for it.

#[cfg(bartizan_loom)]
pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};
#[cfg(not(bartizan_loom))]
pub(crate) use std::sync::{Arc, Mutex, MutexGuard};

/// How many shards a sharded map has: more than threads, so that two seldom meet; few enough that
/// empty ones cost nothing. A model has two, so that threads do meet.
pub(crate) const SHARDS: usize = if cfg!(bartizan_loom) { 2 } else { 64 };

/// Hashes otherwise in every process, so that who chooses the keys does not choose their shard. A
/// model hashes alike, since it repeats itself.
#[cfg(bartizan_loom)]
pub(crate) type HashKeys = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;
#[cfg(not(bartizan_loom))]
pub(crate) type HashKeys = std::hash::RandomState;
