use std::time::Duration;

use http::HeaderMap;
use http::header::AGE;

/// What larger values are taken for (RFC 9111, section 1.2.2).
const GREATEST: u64 = 1 << 31;

/// Reads delta-seconds: digits alone; what is larger than 2^31 is 2^31 (RFC 9111, section 1.2.2).
pub(crate) fn parse_delta(value: &[u8]) -> Option<Duration> {
    if value.is_empty() {
        return None;
    }
    let mut seconds = 0_u64;
    for byte in value {
        if !byte.is_ascii_digit() {
            return None;
        }
        seconds = (seconds * 10 + u64::from(byte - b'0')).min(GREATEST);
    }
    Some(Duration::from_secs(seconds))
}

/// The `Age` of a response: its first value if there are several, zero if it cannot be read (RFC
/// 9111, section 5.1).
pub(crate) fn parse_age(headers: &HeaderMap) -> Duration {
    headers
        .get(AGE)
        .and_then(|line| line.as_bytes().split(|byte| *byte == b',').next())
        .and_then(|first| parse_delta(first.trim_ascii()))
        .unwrap_or_default()
}
