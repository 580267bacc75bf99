//! Sizes such as `1mb`.

use std::fmt;
use std::str::FromStr;

use super::Expected;

/// A number of bytes, at least one.
///
/// Units are powers of 1024, as in the `bytes` module that Express reads such values with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(usize);

impl ByteSize {
    /// Returns the number of bytes.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        const EXPECTED: Expected =
            Expected("a size of at least one byte such as 1mb, 512kb or 65536");

        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(end);
        let factor: usize = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1 << 10,
            "mb" => 1 << 20,
            "gb" => 1 << 30,
            _ => return Err(EXPECTED),
        };
        let bytes = digits.parse::<usize>().ok().and_then(|number| number.checked_mul(factor));
        match bytes {
            None | Some(0) => Err(EXPECTED),
            Some(bytes) => Ok(Self(bytes)),
        }
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}
