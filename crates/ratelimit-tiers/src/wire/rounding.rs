use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The largest integer of a structured field (RFC 9651, section 3.3.1).
const MAX_INTEGER: u64 = 999_999_999_999_999;

/// Whole seconds, rounded up.
pub(super) fn seconds(duration: Duration) -> u64 {
    let more = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(more).min(MAX_INTEGER)
}

/// A wait in whole seconds, rounded up, at least 1 (RFC 9110, section 10.2.3).
pub(crate) fn wait(wait: Duration) -> u64 {
    seconds(wait).max(1)
}

/// Whole milliseconds, rounded up.
pub(super) fn millis(duration: Duration) -> u64 {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    u64::try_from(millis).unwrap_or(MAX_INTEGER).min(MAX_INTEGER)
}

/// The time since 1970 of what comes `after` from `now`.
pub(super) fn epoch(now: SystemTime, after: Duration) -> Duration {
    now.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_add(after)
}
