//! What stops the start.

use std::fmt;

/// What a value must look like, in words for whoever set it wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected(pub(super) &'static str);

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Expected {}

/// Why the configuration was refused: one line that names the setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Wrong { setting: String, expected: String, got: Option<String> },
    Missing { settings: Vec<&'static str> },
    Contradiction { setting: &'static str, other: &'static str },
    Dependent { setting: &'static str, needs: &'static str },
    Arguments { message: String },
}

impl ConfigError {
    /// The exit code of a program that was started with a wrong configuration.
    pub const EXIT_CODE: u8 = 2;

    /// `got` is `None` for a secret.
    pub(super) fn wrong(setting: String, expected: String, got: Option<String>) -> Self {
        Self { kind: Kind::Wrong { setting, expected, got } }
    }

    pub(super) fn missing(settings: Vec<&'static str>) -> Self {
        Self { kind: Kind::Missing { settings } }
    }

    pub(super) fn contradiction(setting: &'static str, other: &'static str) -> Self {
        Self { kind: Kind::Contradiction { setting, other } }
    }

    pub(super) fn dependent(setting: &'static str, needs: &'static str) -> Self {
        Self { kind: Kind::Dependent { setting, needs } }
    }

    pub(super) fn arguments(message: String) -> Self {
        Self { kind: Kind::Arguments { message } }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Wrong { setting, expected, got: Some(got) } => {
                write!(f, "{setting}: expected {expected}, got {got:?}")
            }
            Kind::Wrong { setting, expected, got: None } => {
                write!(f, "{setting}: expected {expected}; what it got is a secret")
            }
            Kind::Missing { settings } => {
                let settings = settings.join(", ");
                write!(f, "{settings}: expected a value, because NODE_ENV is production")
            }
            Kind::Contradiction { setting, other } => {
                write!(f, "{setting}: expected the value of {other} or none, got another one")
            }
            Kind::Dependent { setting, needs } => {
                write!(f, "{setting}: expected {needs} beside it, got none")
            }
            Kind::Arguments { message } => f.write_str(message),
        }
    }
}

impl std::error::Error for ConfigError {}
