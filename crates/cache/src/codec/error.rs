use std::error::Error;
use std::fmt;

/// Why a codec could not do what was asked. What was wrong is its [`source`](Error::source).
#[derive(Debug)]
pub struct CodecError {
    source: Box<dyn Error + Send + Sync>,
}

impl CodecError {
    /// Takes the cause.
    #[must_use]
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value could not be turned into bytes or back")
    }
}

impl Error for CodecError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_stays_reachable_and_is_not_said_twice() {
        let error = CodecError::new(fmt::Error);
        assert!(error.source().unwrap().is::<fmt::Error>());
        assert!(!error.to_string().contains(&fmt::Error.to_string()));
    }
}
