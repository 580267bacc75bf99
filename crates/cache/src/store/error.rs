use std::error::Error;
use std::fmt;

/// Why a store or a backplane could not do what was asked. Never a miss by itself: the cache
/// decides what happens then, and counts it.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What was wrong, in a closed set: safe as a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It could not be reached, or was known to be away.
    Unavailable,
    /// It did not answer in time, and may have done what was asked.
    Timeout,
    /// It answered something that is no answer.
    Protocol,
    /// It has no room.
    Full,
    /// It may only be read.
    ReadOnly,
    /// It cannot do what was asked.
    Unsupported,
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
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Unsupported => "unsupported",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the store of the cache is unavailable",
            StoreErrorKind::Timeout => "the store of the cache did not answer in time",
            StoreErrorKind::Protocol => "the store of the cache gave no valid answer",
            StoreErrorKind::Full => "the store of the cache has no room",
            StoreErrorKind::ReadOnly => "the store of the cache may only be read",
            StoreErrorKind::Unsupported => "the store of the cache cannot do that",
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
