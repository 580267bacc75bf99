use std::error::Error;
use std::fmt;

use crate::data::DataError;
use crate::upstream::UpstreamError;

/// Why a source gave nothing to keep. All who waited for it share it.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The database.
    Data(DataError),
    /// The platform.
    Upstream(UpstreamError),
    /// The answer cannot be written as JSON.
    Unwritable(serde_json::Error),
}

impl From<DataError> for ReadError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

impl From<UpstreamError> for ReadError {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data(_) => "the database gave no answer",
            Self::Upstream(_) => "the workflow platform gave no answer",
            Self::Unwritable(_) => "the answer cannot be written as JSON",
        })
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Data(source) => Some(source),
            Self::Upstream(source) => Some(source),
            Self::Unwritable(source) => Some(source),
        }
    }
}
