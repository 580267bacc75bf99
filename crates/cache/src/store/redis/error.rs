use bartizan_redis_link::LinkError;

use crate::{StoreError, StoreErrorKind};

impl From<LinkError> for StoreError {
    fn from(error: LinkError) -> Self {
        Self::new(kind(&error)).with_source(error)
    }
}

/// What a failure of the link is to a store. What Redis says of keys and scripts means that they are
/// not what this was written for.
fn kind(error: &LinkError) -> StoreErrorKind {
    let absent = error.is_disconnected() || error.is_breaker_open() || error.is_busy();
    match error.code() {
        _ if error.is_timeout() => StoreErrorKind::Timeout,
        _ if absent => StoreErrorKind::Unavailable,
        _ if error.is_unsupported() => StoreErrorKind::Unsupported,
        Some("OOM") => StoreErrorKind::Full,
        // The last two refuse to write what they could not keep on disk or on a replica.
        Some("READONLY" | "MISCONF" | "NOREPLICAS") => StoreErrorKind::ReadOnly,
        Some("ERR" | "WRONGTYPE" | "CROSSSLOT" | "NOPERM") | None => StoreErrorKind::Protocol,
        Some(_) => StoreErrorKind::Unavailable,
    }
}
