use std::{error, fmt};

use bytes::Bytes;

/// An error that Redis replied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError(Bytes);

impl ServerError {
    /// The whole server cannot serve now: these count against the circuit breaker.
    const UNWELL: [&str; 5] = ["BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY"];

    /// Redis says these before it begins to execute, also to a script.
    const REFUSED: [&str; 12] = [
        "ASK",
        "BUSY",
        "CROSSSLOT",
        "LOADING",
        "MASTERDOWN",
        "MOVED",
        "NOAUTH",
        "NOPERM",
        "NOREPLICAS",
        "NOSCRIPT",
        "READONLY",
        "TRYAGAIN",
    ];

    pub(crate) fn new(text: Bytes) -> Self {
        Self(text)
    }

    /// Returns the first word, such as `WRONGTYPE`, `OOM` or, without any better, `ERR`.
    #[must_use]
    pub fn code(&self) -> &str {
        self.message().split_ascii_whitespace().next().unwrap_or_default()
    }

    /// Returns the whole text, the code included.
    #[must_use]
    pub fn message(&self) -> &str {
        match std::str::from_utf8(&self.0) {
            Ok(text) => text,
            Err(_) => "ERR not UTF-8",
        }
    }

    /// Tells whether no command can be served now.
    pub(crate) fn is_unwell(&self) -> bool {
        Self::UNWELL.contains(&self.code())
    }

    /// Tells whether nothing was executed.
    pub(crate) fn is_refusal(&self) -> bool {
        Self::REFUSED.contains(&self.code())
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl error::Error for ServerError {}
