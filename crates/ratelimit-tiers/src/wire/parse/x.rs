use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName};

use super::{PolicyStatus, number};
use crate::wire::names::{X_LIMIT, X_REMAINING, X_RESET, X_TIER, X_WINDOW};

const X_RATE_LIMIT_LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const X_RATE_LIMIT_REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const X_RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");

pub(super) fn family(headers: &HeaderMap, now: SystemTime) -> Option<Vec<PolicyStatus>> {
    let read = |name: HeaderName| headers.get(name).map(http::HeaderValue::as_bytes);
    let limit = read(X_LIMIT).or_else(|| read(X_RATE_LIMIT_LIMIT));
    let remaining = read(X_REMAINING).or_else(|| read(X_RATE_LIMIT_REMAINING));
    let reset = read(X_RESET).or_else(|| read(X_RATE_LIMIT_RESET));
    let status = PolicyStatus {
        quota: limit.and_then(number::integer),
        window: read(X_WINDOW).and_then(number::integer).map(Duration::from_secs),
        remaining: remaining.and_then(number::integer),
        reset_after: reset.and_then(|reset| number::reset(reset, now)),
        ..PolicyStatus::default()
    };
    (status != PolicyStatus::default()).then(|| vec![status])
}

pub(super) fn tier(headers: &HeaderMap) -> Option<String> {
    headers.get(X_TIER)?.to_str().ok().map(str::to_owned)
}
