use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

/// Where the data live, parsed once: a SQLite file or a PostgreSQL server.
///
/// `Debug` and `Display` leave the password out.
#[derive(Clone)]
pub struct DatabaseUrl(pub(super) Place);

#[derive(Clone)]
pub(super) enum Place {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

impl DatabaseUrl {
    /// Names a SQLite file; it is created when the database is opened.
    pub fn sqlite_file(path: impl Into<PathBuf>) -> Self {
        Self(Place::Sqlite(path.into()))
    }

    /// Creates a SQLite file and its folder where they are missing, for this user's eyes only:
    /// they hold mail addresses and hashes.
    ///
    /// # Errors
    ///
    /// What the file system refused.
    pub fn create(&self) -> io::Result<()> {
        let Place::Sqlite(path) = &self.0 else { return Ok(()) };
        // The parent of a bare file name is the empty path.
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
    }
}

/// Reads `sqlite:path`, `sqlite://path`, `postgres://...` or `postgresql://...`.
///
/// A SQLite database in memory is refused: the writer and the readers are connections of their
/// own and must see the same pages.
impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return PgConnectOptions::from_str(text)
                .map(|options| Self(Place::Postgres(Box::new(options))))
                .map_err(|source| DatabaseUrlError { source: Some(source) });
        }
        text.strip_prefix("sqlite:")
            .map(|rest| rest.strip_prefix("//").unwrap_or(rest))
            .filter(|path| !path.is_empty() && !path.contains(":memory:") && !path.contains('?'))
            .map(Self::sqlite_file)
            .ok_or(DatabaseUrlError { source: None })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Place::Postgres(options) => write!(
                f,
                "postgres://{}@{}:{}/{}",
                options.get_username(),
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or_default(),
            ),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// The text names no database that the server can open.
#[derive(Debug)]
pub struct DatabaseUrlError {
    source: Option<sqlx::Error>,
}

impl fmt::Display for DatabaseUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected `sqlite:<file>` or `postgres://<user>@<host>:<port>/<database>`")
    }
}

impl std::error::Error for DatabaseUrlError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
