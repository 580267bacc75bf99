use std::time::Duration;

use crate::Generation;
use crate::entry::Validators;
use crate::store::StoreTime;

/// What stands before a value.
///
/// Durations are kept in whole milliseconds; what is left is cut off, and what is longer than
/// 2^64 milliseconds becomes the longest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Less than 2^53, so that the numbers of a script in Redis can hold it.
    pub(crate) generation: Generation,
    pub(crate) kind: Kind,
    pub(crate) created: StoreTime,
    pub(crate) fresh_for: Duration,
    pub(crate) keep_for: Duration,
    pub(crate) tags: Vec<Box<str>>,
    pub(crate) validators: Validators,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Value,
    /// A value that somebody has expired.
    Expired,
    /// Removed: there is no value, and loads that began under an earlier generation may not write.
    Tombstone,
}
