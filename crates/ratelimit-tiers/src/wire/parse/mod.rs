//! What a client reads.

mod draft;
mod number;
mod status;
mod structured;
mod x;

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

pub use status::{PolicyStatus, RateLimits};

/// Reads what a response tells of limits, in whichever form.
///
/// The newest form that tells anything is read, the others are not: `RateLimit` and
/// `RateLimit-Policy` of the drafts 08 to 11, else of draft 07, else `RateLimit-Limit`,
/// `-Remaining` and `-Reset` of the drafts 03 to 06, else `X-RateLimit-*` or `X-Rate-Limit-*`.
/// `Retry-After` and `X-RateLimit-Tier` are read always.
///
/// Where a form leaves open what a reset is, a number from 10¹¹ is a Unix time in milliseconds,
/// from 10⁹ one in seconds, and less are seconds from now; an HTTP date is understood, and a time
/// gone by is now.
///
/// Times are measured from the `Date` of the response, else from `now`. What is malformed is
/// ignored, a structured field as a whole (RFC 9651, section 4.2); so is a field of more than
/// 8 KiB, and any policy after the 32nd.
#[must_use]
pub fn parse(headers: &HeaderMap, now: SystemTime) -> RateLimits {
    let now = headers.get(DATE).and_then(|date| number::date(date.as_bytes())).unwrap_or(now);
    let policies = draft::named(headers)
        .or_else(|| draft::unnamed(headers))
        .or_else(|| draft::three_fields(headers, now))
        .or_else(|| x::family(headers, now))
        .unwrap_or_default();
    let retry_after = headers.get(RETRY_AFTER).and_then(|value| delay(value.as_bytes(), now));
    RateLimits { policies, retry_after, tier: x::tier(headers) }
}

/// `delay-seconds` or an HTTP date (RFC 9110, section 10.2.3).
fn delay(text: &[u8], now: SystemTime) -> Option<Duration> {
    number::integer(text)
        .map(Duration::from_secs)
        .or_else(|| number::date(text).map(|date| date.duration_since(now).unwrap_or_default()))
}
