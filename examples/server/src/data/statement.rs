use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::database::Database as Sqlx;
use sqlx::postgres::PgRow;
use sqlx::query::Query;
use sqlx::sqlite::SqliteRow;
use sqlx::{
    AssertSqlSafe, ColumnIndex, Decode, Encode, Postgres, SqlSafeStr, SqlStr, Sqlite, Type,
};

use super::{BoxError, DataError};
use crate::domain::Timestamp;

/// A named text of SQL that both databases understand, with `$1`, `$2`, ... for its values.
#[derive(Clone, Debug)]
pub struct Statement {
    name: &'static str,
    sql: Sql,
    pub(super) access: Access,
}

#[derive(Clone, Debug)]
enum Sql {
    Constant(&'static str),
    Built(Arc<str>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Access {
    Read,
    Write,
}

impl Statement {
    /// Names a statement that changes nothing; on SQLite any reader runs it.
    #[must_use]
    pub const fn read(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql: Sql::Constant(sql), access: Access::Read }
    }

    /// Names a statement that changes rows; on SQLite the one writer runs it.
    #[must_use]
    pub const fn write(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql: Sql::Constant(sql), access: Access::Write }
    }

    pub(super) fn built_write(name: &'static str, sql: &str) -> Self {
        Self { name, sql: Sql::Built(sql.into()), access: Access::Write }
    }

    /// The name under which errors and measurements speak of this statement.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The text itself, to ask a database how it would run it.
    #[must_use]
    pub fn sql(&self) -> &str {
        match &self.sql {
            Sql::Constant(sql) => sql,
            Sql::Built(sql) => sql,
        }
    }

    /// Writes a value of this statement as JSON text.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<String, DataError> {
        serde_json::to_string(value).map_err(|source| DataError::other(self.name, source))
    }

    fn text(&self) -> SqlStr {
        match &self.sql {
            Sql::Constant(sql) => (*sql).into_sql_str(),
            Sql::Built(sql) => AssertSqlSafe(Arc::clone(sql)).into_sql_str(),
        }
    }

    pub(super) fn bind<'q, DB>(&self, values: &[Value<'q>]) -> Query<'q, DB, DB::Arguments>
    where
        DB: Sqlx,
        i64: Encode<'q, DB> + Type<DB>,
        &'q str: Encode<'q, DB> + Type<DB>,
        Option<&'q str>: Encode<'q, DB> + Type<DB>,
        &'q [u8]: Encode<'q, DB> + Type<DB>,
    {
        values.iter().fold(sqlx::query(self.text()), |query, value| match *value {
            Value::Integer(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::OptionalText(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        })
    }
}

/// A value for a place in a statement.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A number, or an instant in microseconds.
    Integer(i64),
    /// A text.
    Text(&'a str),
    /// A text, or `NULL`.
    OptionalText(Option<&'a str>),
    /// A blob.
    Bytes(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Integer(value.as_micros())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::OptionalText(value)
    }
}

impl<'a> From<&'a [u8; 32]> for Value<'a> {
    fn from(value: &'a [u8; 32]) -> Self {
        Self::Bytes(value)
    }
}

/// A type that a row of a statement's result holds.
pub trait FromRow: Sized {
    /// Reads the columns of one row.
    ///
    /// # Errors
    ///
    /// The column that is missing, of another type, or outside of what the type admits.
    fn from_row(row: &Row<'_>) -> Result<Self, RowError>;
}

/// One row of a result, of either database.
#[derive(Debug)]
pub struct Row<'r>(RowOf<'r>);

enum RowOf<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

impl fmt::Debug for RowOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "Sqlite",
            Self::Postgres(_) => "Postgres",
        })
    }
}

impl<'r> Row<'r> {
    /// Reads a column as a type that both databases know: `i64`, `&str`, `Vec<u8>`, `Option`s.
    ///
    /// # Errors
    ///
    /// When the column does not exist or holds another type.
    pub fn get<T>(&self, column: &'static str) -> Result<T, RowError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        match self.0 {
            RowOf::Sqlite(row) => get(row, column),
            RowOf::Postgres(row) => get(row, column),
        }
    }

    /// Reads a column of text and parses it.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and what parsing says.
    pub fn parse<T>(&self, column: &'static str) -> Result<T, RowError>
    where
        T: FromStr<Err: Into<BoxError>>,
    {
        self.get::<&str>(column)?.parse().map_err(|source| RowError::new(column, source))
    }

    /// Reads a column of JSON text.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and when the text is not JSON of that shape.
    pub fn json<T>(&self, column: &'static str) -> Result<T, RowError>
    where
        T: DeserializeOwned,
    {
        serde_json::from_str(self.get(column)?).map_err(|source| RowError::new(column, source))
    }

    /// Reads an instant.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn timestamp(&self, column: &'static str) -> Result<Timestamp, RowError> {
        self.get(column).map(Timestamp::from_micros)
    }
}

fn get<'r, R, T>(row: &'r R, column: &'static str) -> Result<T, RowError>
where
    R: sqlx::Row,
    &'static str: ColumnIndex<R>,
    T: Decode<'r, R::Database> + Type<R::Database>,
{
    row.try_get(column).map_err(|source| RowError::new(column, source))
}

/// A column that does not hold what the server wrote there.
#[derive(Debug)]
pub struct RowError {
    column: &'static str,
    source: BoxError,
}

impl RowError {
    /// Says what is wrong with a column.
    pub fn new(column: &'static str, source: impl Into<BoxError>) -> Self {
        Self { column, source: source.into() }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column `{}` is invalid", self.column)
    }
}

impl Error for RowError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

pub(super) enum Rows {
    Sqlite(Vec<SqliteRow>),
    Postgres(Vec<PgRow>),
}

impl Rows {
    pub(super) fn read<T: FromRow>(&self, statement: &Statement) -> Result<Vec<T>, DataError> {
        let rows: Result<Vec<T>, RowError> = match self {
            Self::Sqlite(rows) => {
                rows.iter().map(|row| T::from_row(&Row(RowOf::Sqlite(row)))).collect()
            }
            Self::Postgres(rows) => {
                rows.iter().map(|row| T::from_row(&Row(RowOf::Postgres(row)))).collect()
            }
        };
        rows.map_err(|error| DataError::invalid_row(statement.name, error))
    }
}

impl FromRow for i64 {
    /// Reads the column `value`.
    fn from_row(row: &Row<'_>) -> Result<Self, RowError> {
        row.get("value")
    }
}
