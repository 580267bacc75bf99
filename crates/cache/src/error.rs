use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Says which setting cannot be used, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    setting: &'static str,
    value: String,
    expected: &'static str,
}

impl ConfigError {
    pub(crate) fn new(
        setting: &'static str,
        value: impl Into<String>,
        expected: &'static str,
    ) -> Self {
        Self { setting, value: value.into(), expected }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, value, expected } = self;
        write!(f, "{setting} is {value:?}, expected {expected}")
    }
}

impl Error for ConfigError {}

/// Why there is no value: the loader gave none, and fail-safe had none.
///
/// Never says anything of the store or the backplane: without them the loader is asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The loader failed. Those who waited for it share its error.
    Failed(Arc<E>),
    /// The loader panicked.
    Panicked,
    /// The loader took longer than the caller's hard timeout, and goes on.
    TimedOut,
    /// The loader took longer than it may, or the runtime is shutting down.
    Abandoned,
}

impl<E> LoadError<E> {
    /// The loader's own error.
    #[must_use]
    pub fn loader(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Panicked | Self::TimedOut | Self::Abandoned => None,
        }
    }
}

impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::Panicked => Self::Panicked,
            Self::TimedOut => Self::TimedOut,
            Self::Abandoned => Self::Abandoned,
        }
    }
}

impl<E> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed(_) => "the loader failed",
            Self::Panicked => "the loader panicked",
            Self::TimedOut => "the loader did not answer in time",
            Self::Abandoned => "the loader was given up",
        })
    }
}

impl<E: Error + 'static> Error for LoadError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.loader().map(|error| error as &(dyn Error + 'static))
    }
}

/// What a load ended with, for whoever waits: callers of one key may have loaders whose errors are
/// of different types.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    Error(Arc<dyn Any + Send + Sync>),
    Panicked,
    Abandoned,
}

impl Failure {
    /// As the error of a caller, if it is of the caller's type.
    pub(crate) fn into_error<E: Send + Sync + 'static>(self) -> Option<LoadError<E>> {
        match self {
            Self::Error(error) => error.downcast().ok().map(LoadError::Failed),
            Self::Panicked => Some(LoadError::Panicked),
            Self::Abandoned => Some(LoadError::Abandoned),
        }
    }
}
