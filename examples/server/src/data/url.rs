use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
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

    /// Creates the folder that a SQLite file lies in.
    ///
    /// # Errors
    ///
    /// What the file system refused.
    pub fn create_folder(&self) -> io::Result<()> {
        match &self.0 {
            Place::Sqlite(path) => path.parent().map_or(Ok(()), create_all),
            Place::Postgres(_) => Ok(()),
        }
    }
}

fn create_all(folder: &Path) -> io::Result<()> {
    // The parent of a bare file name is the empty path.
    if folder.as_os_str().is_empty() { Ok(()) } else { std::fs::create_dir_all(folder) }
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
