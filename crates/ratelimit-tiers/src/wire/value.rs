//! Header values at the cost of one small allocation, or of none.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;

use super::rounding;

/// The value of `Retry-After`: seconds rounded up, at least 1 (RFC 9110, section 10.2.3).
#[must_use]
pub fn retry_after(wait: Duration) -> HeaderValue {
    integer(rounding::wait(wait))
}

/// An integer in decimal digits; the small ones are prepared.
pub(super) fn integer(number: u64) -> HeaderValue {
    let prepared = usize::try_from(number).ok().and_then(small);
    prepared.unwrap_or_else(|| value(itoa::Buffer::new().format(number).as_bytes().to_vec()))
}

/// `lead`, an integer, `between`, an integer.
pub(super) fn pair(lead: &[u8], first: u64, between: &[u8], second: u64) -> HeaderValue {
    let (mut first_digits, mut second_digits) = (itoa::Buffer::new(), itoa::Buffer::new());
    let first = first_digits.format(first).as_bytes();
    let second = second_digits.format(second).as_bytes();
    let parts = [lead, first, between, second];
    let mut text = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        text.extend_from_slice(part);
    }
    value(text)
}

/// Takes a text that fills its allocation, so that nothing is copied.
///
/// All that is written here is printable ASCII; the empty value stands for the case that cannot be.
fn value(text: Vec<u8>) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static(""))
}

const DIGITS: usize = 3;
const SMALL: usize = 1000;

/// `000001002...999`
static DIGITS_OF_SMALL: [u8; DIGITS * SMALL] = digits_of_small();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
#[expect(clippy::cast_possible_truncation, reason = "one digit each")]
const fn digits_of_small() -> [u8; DIGITS * SMALL] {
    let mut digits = [b'0'; DIGITS * SMALL];
    let mut number = 0;
    while number < SMALL {
        digits[number * DIGITS] += (number / 100) as u8;
        digits[number * DIGITS + 1] += (number / 10 % 10) as u8;
        digits[number * DIGITS + 2] += (number % 10) as u8;
        number += 1;
    }
    digits
}

fn small(number: usize) -> Option<HeaderValue> {
    let leading_zeros = match number {
        0..10 => 2,
        10..100 => 1,
        100..SMALL => 0,
        _ => return None,
    };
    let digits = DIGITS_OF_SMALL.get(number * DIGITS + leading_zeros..(number + 1) * DIGITS)?;
    HeaderValue::from_maybe_shared(Bytes::from_static(digits)).ok()
}
