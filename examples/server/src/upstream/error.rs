//! How a call to the platform fails.

use std::error::Error;
use std::fmt;

type Source = Box<dyn Error + Send + Sync>;

/// Why the platform gave no usable answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpstreamError {
    /// It did not answer in time.
    Timeout {
        /// What the client reported.
        source: Source,
    },
    /// It was not reached, or the connection broke.
    Unreachable {
        /// What the client reported.
        source: Source,
    },
    /// It answered something else than success.
    Status {
        /// The status code.
        status: u16,
    },
    /// It answered something that is not understood.
    Decode {
        /// What the decoder reported.
        source: Source,
    },
    /// It answered more than is read.
    TooLarge {
        /// The number of bytes that are read.
        limit: usize,
    },
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout { .. } => f.write_str("the upstream did not answer in time"),
            Self::Unreachable { .. } => f.write_str("the upstream was not reached"),
            Self::Status { status } => write!(f, "the upstream answered {status}"),
            Self::Decode { .. } => f.write_str("the upstream's answer was not understood"),
            Self::TooLarge { limit } => write!(f, "the upstream's answer exceeds {limit} bytes"),
        }
    }
}

impl Error for UpstreamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Timeout { source } | Self::Unreachable { source } | Self::Decode { source } => {
                Some(source.as_ref())
            }
            Self::Status { .. } | Self::TooLarge { .. } => None,
        }
    }
}

impl From<reqwest::Error> for UpstreamError {
    fn from(error: reqwest::Error) -> Self {
        // The address stays out of logs: it may carry ids.
        let error = error.without_url();
        if error.is_timeout() {
            Self::Timeout { source: error.into() }
        } else {
            Self::Unreachable { source: error.into() }
        }
    }
}

impl From<serde_json::Error> for UpstreamError {
    fn from(error: serde_json::Error) -> Self {
        Self::Decode { source: error.into() }
    }
}
