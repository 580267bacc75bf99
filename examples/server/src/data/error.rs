use std::error::Error;
use std::fmt;

use sqlx::error::{DatabaseError, ErrorKind};

/// The cause of a failure, kept for the operator.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What a statement can fail with; the cause is reachable through `source()`.
#[derive(Debug)]
#[non_exhaustive]
pub enum DataError {
    /// The database cannot be reached, is shutting down, or did not answer in time. A write that
    /// ends so may have happened.
    Unavailable {
        /// The statement's name.
        statement: &'static str,
        /// The refused connection, the timeout, the exhausted pool.
        source: BoxError,
    },
    /// A unique constraint refuses the row.
    Conflict {
        /// The statement's name.
        statement: &'static str,
        /// The constraint as PostgreSQL names it by default: `users_email_key`.
        constraint: String,
        /// The database's own error.
        source: BoxError,
    },
    /// A check, a foreign key or a missing value refuses the row.
    Refused {
        /// The statement's name.
        statement: &'static str,
        /// The database's own error.
        source: BoxError,
    },
    /// A stored row is not what this version of the server writes.
    InvalidRow {
        /// The statement's name.
        statement: &'static str,
        /// The column and what is wrong with it.
        source: BoxError,
    },
    /// Anything else: a statement that does not parse, a migration that fails.
    Other {
        /// The statement's name.
        statement: &'static str,
        /// The cause.
        source: BoxError,
    },
}

impl DataError {
    /// Tells whether trying again later may succeed.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// The name of the statement that failed.
    #[must_use]
    pub fn statement(&self) -> &'static str {
        match self {
            Self::Unavailable { statement, .. }
            | Self::Conflict { statement, .. }
            | Self::Refused { statement, .. }
            | Self::InvalidRow { statement, .. }
            | Self::Other { statement, .. } => statement,
        }
    }

    /// The unique constraint that refused the row, if one did.
    #[must_use]
    pub fn conflicting_constraint(&self) -> Option<&str> {
        match self {
            Self::Conflict { constraint, .. } => Some(constraint),
            _ => None,
        }
    }

    pub(super) fn unavailable(statement: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Unavailable { statement, source: source.into() }
    }

    pub(super) fn invalid_row(statement: &'static str, source: impl Into<BoxError>) -> Self {
        Self::InvalidRow { statement, source: source.into() }
    }

    pub(super) fn other(statement: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Other { statement, source: source.into() }
    }

    pub(super) fn classify(statement: &'static str, error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Self::classify_answer(statement, error),
            error @ (sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed) => Self::unavailable(statement, error),
            error @ (sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) => {
                Self::invalid_row(statement, error)
            }
            error => Self::other(statement, error),
        }
    }

    fn classify_answer(statement: &'static str, error: Box<dyn DatabaseError>) -> Self {
        match error.kind() {
            ErrorKind::UniqueViolation => {
                let constraint = constraint_name(&*error);
                Self::Conflict { statement, constraint, source: error.into() }
            }
            ErrorKind::ForeignKeyViolation
            | ErrorKind::NotNullViolation
            | ErrorKind::CheckViolation => Self::Refused { statement, source: error.into() },
            _ if error.code().is_some_and(|code| means_unavailable(&code)) => {
                Self::unavailable(statement, error)
            }
            _ => Self::other(statement, error),
        }
    }
}

/// `SQLite` names the columns (`UNIQUE constraint failed: users.email`), PostgreSQL the constraint.
fn constraint_name(error: &dyn DatabaseError) -> String {
    if let Some(name) = error.constraint() {
        return name.to_owned();
    }
    let message = error.message();
    let columns = message.rsplit_once(": ").map_or(message, |(_, columns)| columns);
    let mut name = String::new();
    for column in columns.split(", ") {
        match column.split_once('.') {
            Some((table, column)) if name.is_empty() => name = format!("{table}_{column}"),
            Some((_, column)) => name = format!("{name}_{column}"),
            None => name.push_str(column),
        }
    }
    name + "_key"
}

fn means_unavailable(code: &str) -> bool {
    // SQLSTATE has five characters, a result code of SQLite at most four.
    if code.len() == 5 {
        return match code {
            // query_canceled: our own `statement_timeout`; too_many_connections;
            // read_only_sql_transaction: a standby after a failover.
            "57014" | "53300" | "25006" => true,
            // connection exceptions; operator intervention: shutdown, crash, starting up.
            _ => code.starts_with("08") || code.starts_with("57P"),
        };
    }
    // The low byte of an extended code is the primary one: busy, locked, I/O error, disk full,
    // cannot open.
    code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14))
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statement = self.statement();
        match self {
            Self::Unavailable { .. } => write!(f, "the database is unavailable for `{statement}`"),
            Self::Conflict { constraint, .. } => {
                write!(f, "`{statement}` conflicts with `{constraint}`")
            }
            Self::Refused { .. } => write!(f, "the database refuses the row of `{statement}`"),
            Self::InvalidRow { .. } => write!(f, "`{statement}` found an invalid row"),
            Self::Other { .. } => write!(f, "`{statement}` failed"),
        }
    }
}

impl Error for DataError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable { source, .. }
            | Self::Conflict { source, .. }
            | Self::Refused { source, .. }
            | Self::InvalidRow { source, .. }
            | Self::Other { source, .. } => Some(&**source),
        }
    }
}
