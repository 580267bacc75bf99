use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A field of the input that is not what it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    field: &'static str,
    expected: &'static str,
}

impl FieldError {
    pub(crate) const fn new(field: &'static str, expected: &'static str) -> Self {
        Self { field, expected }
    }

    /// The field, by its name on the wire.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What it has to be.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.expected
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` must be {}", self.field, self.expected)
    }
}

impl std::error::Error for FieldError {}

/// Finds the one of `all` whose word is the text.
pub(super) fn one_of<T: Copy>(
    all: &[T],
    word: impl Fn(T) -> &'static str,
    text: &str,
    error: FieldError,
) -> Result<T, FieldError> {
    all.iter().copied().find(|one| word(*one) == text).ok_or(error)
}

/// Trims a line of text and admits 1 to `max` code points without control characters.
pub(super) fn line(text: &str, max: usize, error: FieldError) -> Result<String, FieldError> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > max || text.chars().any(char::is_control) {
        return Err(error);
    }
    Ok(text.to_owned())
}

/// As [`line`], but a missing or empty text is none.
pub(super) fn optional_line(
    text: Option<&str>,
    max: usize,
    error: FieldError,
) -> Result<Option<String>, FieldError> {
    text.filter(|text| !text.trim().is_empty()).map(|text| line(text, max, error)).transpose()
}

/// A mail address, at most 254 bytes, in lower case: two spellings of one address are one user.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Email(String);

impl Email {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = FieldError;

    /// Asks for what mail servers agree on: one local part, one dotted domain, no white space.
    /// Whether somebody reads there is learnt by writing to it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Lower case comes first, since it may be longer: what is checked is what is stored.
        let text = text.trim().to_lowercase();
        let printable = |text: &str| !text.chars().any(|c| c.is_whitespace() || c.is_control());
        let valid = text.len() <= 254
            && printable(&text)
            && text.rsplit_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && local.len() <= 64
                    && !local.contains('@')
                    && domain.contains('.')
                    && domain.split('.').all(|label| !label.is_empty())
            });
        if valid {
            Ok(Self(text))
        } else {
            Err(FieldError::new("email", "a mail address such as ada@example.com"))
        }
    }
}

/// How many items a list returns: 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Limit(u32);

impl Limit {
    /// The most that a list returns.
    pub const MAX: Self = Self(100);

    /// Admits 1 to 100.
    ///
    /// # Errors
    ///
    /// Outside of that range.
    pub fn new(limit: u32) -> Result<Self, FieldError> {
        if (1..=Self::MAX.0).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(FieldError::new("limit", "a number from 1 to 100"))
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for Limit {
    /// 20 items.
    fn default() -> Self {
        Self(20)
    }
}
