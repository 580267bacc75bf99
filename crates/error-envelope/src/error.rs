use std::{error, fmt};

/// Says which setting of a layer cannot be used, and what was expected.
#[derive(Debug)]
pub struct ConfigError {
    setting: &'static str,
    value: String,
    expected: &'static str,
}

impl ConfigError {
    pub(crate) fn new(setting: &'static str, value: &str, expected: &'static str) -> Self {
        Self { setting, value: value.to_owned(), expected }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, value, expected } = self;
        write!(f, "{setting} is {value:?}, expected {expected}")
    }
}

impl error::Error for ConfigError {}
