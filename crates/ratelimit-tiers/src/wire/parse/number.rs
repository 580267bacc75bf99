use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// From here on a reset is a Unix time: 2001 as such, 31 years as a delay.
const EPOCH_SECONDS: u64 = 1_000_000_000;
/// From here on a Unix time is in milliseconds: 1973 as such, the year 5138 in seconds.
const EPOCH_MILLIS: u64 = 100_000_000_000;

/// Digits only; what is too large is the largest.
pub(super) fn integer(text: &[u8]) -> Option<u64> {
    let digits = text.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX))
}

/// An HTTP date in any of its three forms (RFC 9110, section 5.6.7).
pub(super) fn date(text: &[u8]) -> Option<SystemTime> {
    httpdate::parse_http_date(str::from_utf8(text).ok()?.trim_ascii()).ok()
}

/// A reset of which nobody says what it counts: see [`parse`](super::parse).
pub(super) fn reset(text: &[u8], now: SystemTime) -> Option<Duration> {
    if let Some(date) = date(text) {
        return Some(date.duration_since(now).unwrap_or_default());
    }
    let number = decimal(text)?;
    let since_epoch = match number.as_secs() {
        EPOCH_MILLIS.. => number / 1000,
        EPOCH_SECONDS.. => number,
        _ => return Some(number),
    };
    Some(since_epoch.saturating_sub(now.duration_since(UNIX_EPOCH).unwrap_or_default()))
}

/// Digits, and perhaps a point and more digits, of which nine count.
fn decimal(text: &[u8]) -> Option<Duration> {
    let text = text.trim_ascii();
    let point = text.iter().position(|byte| *byte == b'.');
    let Some((whole, fraction)) = point.and_then(|point| text.split_at_checked(point)) else {
        return integer(text).map(Duration::from_secs);
    };
    let whole = integer(whole)?;
    let fraction = fraction.strip_prefix(b".")?;
    integer(fraction)?;
    let digits = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    let nanos = digits.fold(0, |nanos: u32, digit| {
        nanos.saturating_mul(10).saturating_add(u32::from(digit.saturating_sub(b'0')))
    });
    Some(Duration::new(whole, nanos.min(999_999_999)))
}
