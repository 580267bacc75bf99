//! What the server keeps: one code base over SQLite and PostgreSQL.

mod bulk;
mod error;
mod migrations;
mod pool;
pub mod seed;
mod sessions;
mod statement;
mod transaction;
mod url;

pub use error::{BoxError, DataError};
pub use pool::{Database, STATEMENT_BUDGET};
pub(crate) use sessions::Sessions;
pub use sessions::{SharedSessionStore, SqlSessionStore, StoredSession};
pub use statement::{FromRow, Row, RowError, Statement, Value};
pub use transaction::Transaction;
pub use url::{DatabaseUrl, DatabaseUrlError};
