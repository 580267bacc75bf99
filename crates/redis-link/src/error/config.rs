use std::{error, fmt};

/// Says which setting cannot be used, and what was expected; a password in it is masked.
#[derive(Debug)]
pub struct ConfigError {
    setting: &'static str,
    value: String,
    expected: &'static str,
}

impl ConfigError {
    /// `value` is masked already.
    pub(crate) fn new(
        setting: &'static str,
        value: impl Into<String>,
        expected: &'static str,
    ) -> Self {
        Self { setting, value: value.into(), expected }
    }

    /// Returns the name of the setting or variable.
    #[must_use]
    pub const fn setting(&self) -> &'static str {
        self.setting
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, value, expected } = self;
        write!(f, "{setting} is {value:?}, expected {expected}")
    }
}

impl error::Error for ConfigError {}
