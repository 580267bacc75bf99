use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why the configuration was refused: one line that names the field.
#[derive(Debug)]
pub struct ConfigError {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Wrong { field: String, got: Option<String>, expected: String },
    Unknown { field: String, known: String },
    Missing { field: &'static str, expected: &'static str },
    Syntax { line: Option<usize>, message: String },
    File { path: PathBuf, source: io::Error },
    Arguments { message: String },
}

impl ConfigError {
    /// The exit code of a program that was started with a wrong configuration.
    pub const EXIT_CODE: u8 = 2;

    /// `got` is `None` for a secret.
    pub(super) fn wrong(
        field: impl Into<String>,
        got: Option<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { kind: Kind::Wrong { field: field.into(), got, expected: expected.into() } }
    }

    pub(super) fn unknown(field: String, known: &[&str]) -> Self {
        Self { kind: Kind::Unknown { field, known: known.join(", ") } }
    }

    pub(super) const fn missing(field: &'static str, expected: &'static str) -> Self {
        Self { kind: Kind::Missing { field, expected } }
    }

    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| before.matches('\n').count().saturating_add(1));
        Self { kind: Kind::Syntax { line, message: error.message().to_owned() } }
    }

    pub(crate) fn file(path: PathBuf, source: io::Error) -> Self {
        Self { kind: Kind::File { path, source } }
    }

    pub(crate) fn arguments(message: String) -> Self {
        Self { kind: Kind::Arguments { message } }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Wrong { field, got: Some(got), expected } => {
                write!(f, "{field} is {got}, expected {expected}")
            }
            Kind::Wrong { field, got: None, expected } => {
                write!(f, "{field} is not what was expected: {expected}")
            }
            Kind::Unknown { field, known } => {
                write!(f, "{field} is unknown, expected one of {known}")
            }
            Kind::Missing { field, expected } => {
                write!(f, "{field} is missing, expected {expected}")
            }
            Kind::Syntax { line: Some(line), message } => {
                write!(f, "line {line}, expected TOML: {message}")
            }
            Kind::Syntax { line: None, message } => write!(f, "expected TOML: {message}"),
            Kind::File { path, .. } => write!(f, "{} cannot be read", path.display()),
            Kind::Arguments { message } => f.write_str(message),
        }
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
