use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Says which setting cannot be used, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    setting: &'static str,
    value: Value,
    expected: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Number(u64),
    Duration(Duration),
    Text(String),
}

impl ConfigError {
    pub(crate) fn number(setting: &'static str, value: u64, expected: &'static str) -> Self {
        Self { setting, value: Value::Number(value), expected }
    }

    pub(crate) fn duration(setting: &'static str, value: Duration, expected: &'static str) -> Self {
        Self { setting, value: Value::Duration(value), expected }
    }

    pub(crate) fn new(
        setting: &'static str,
        value: impl Into<String>,
        expected: &'static str,
    ) -> Self {
        Self { setting, value: Value::Text(value.into()), expected }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, value, expected } = self;
        match value {
            Value::Number(value) => write!(f, "{setting} is {value}, expected {expected}"),
            Value::Duration(value) => write!(f, "{setting} is {value:?}, expected {expected}"),
            Value::Text(value) => write!(f, "{setting} is {value:?}, expected {expected}"),
        }
    }
}

impl Error for ConfigError {}

/// Why a store could not decide. Never a refusal: what happens then is the class's [`Outage`].
///
/// [`Outage`]: crate::Outage
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What was wrong with the store, in a closed set: safe as a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It could not be reached, or was known to be away.
    Unavailable,
    /// It did not answer in time, and may have counted the request.
    Timeout,
    /// It answered something that is no answer.
    Protocol,
    /// It cannot do what was asked.
    Unsupported,
    /// There is no room for what was to be set.
    Full,
}

impl StoreError {
    /// Makes an error.
    #[must_use]
    pub const fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Attaches the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What was wrong.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl StoreErrorKind {
    /// The kind as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Unsupported => "unsupported",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the store of the limits is unavailable",
            StoreErrorKind::Timeout => "the store of the limits did not answer in time",
            StoreErrorKind::Protocol => "the store of the limits gave no valid answer",
            StoreErrorKind::Unsupported => "the store of the limits cannot do that",
            StoreErrorKind::Full => "the store of the limits has no room",
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
