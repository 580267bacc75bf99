use std::num::NonZeroU32;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Postgres, Sqlite};
use tokio::time::timeout;

use super::statement::{Access, FromRow, Rows, Statement, Value};
use super::url::{DatabaseUrl, Place};
use super::{DataError, Transaction};

/// The longest that a statement takes, waiting for its connection included.
pub const STATEMENT_BUDGET: Duration = Duration::from_secs(2);

/// A connection that was idle for longer is tested before use, so that a restart of PostgreSQL in
/// between costs no request: an empty one takes 60 ms. Under load nothing idles so long, and the
/// round trip is saved.
const TRUSTED_IDLE: Duration = Duration::from_millis(10);

/// The database: SQLite with one writer and several readers, or a pool of PostgreSQL connections.
///
/// A clone shares the connections. Nothing has to be done after an outage: the next statement
/// connects again.
#[derive(Clone, Debug)]
pub struct Database(pub(super) Pools);

#[derive(Clone, Debug)]
pub(super) enum Pools {
    Sqlite { readers: SqlitePool, writer: SqlitePool },
    Postgres { pool: PgPool, options: Box<PgConnectOptions> },
}

impl Database {
    /// Opens the database, with at most this many PostgreSQL connections or SQLite readers.
    ///
    /// # Errors
    ///
    /// [`DataError::Unavailable`] when it cannot be reached within [`STATEMENT_BUDGET`].
    pub async fn connect(
        url: &DatabaseUrl,
        max_connections: NonZeroU32,
    ) -> Result<Self, DataError> {
        static CONNECT: Statement = Statement::read("connect", "");
        bounded(&CONNECT, async {
            Ok(Self(match &url.0 {
                Place::Sqlite(path) => {
                    let options = SqliteConnectOptions::new()
                        .filename(path)
                        .create_if_missing(true)
                        .foreign_keys(true)
                        .busy_timeout(STATEMENT_BUDGET)
                        .disable_statement_logging();
                    let writer = options
                        .clone()
                        .journal_mode(SqliteJournalMode::Wal)
                        .synchronous(SqliteSynchronous::Normal);
                    // The writer comes first: it makes the file and switches it to WAL.
                    let writer = sqlite_pool(1, writer).await?;
                    let readers = options.pragma("query_only", "on");
                    let readers = sqlite_pool(max_connections.get(), readers).await?;
                    Pools::Sqlite { readers, writer }
                }
                Place::Postgres(options) => {
                    let options = options.as_ref().clone().disable_statement_logging();
                    let pool = postgres_pool(max_connections, &options).await?;
                    Pools::Postgres { pool, options: Box::new(options) }
                }
            }))
        })
        .await
    }

    /// Runs a statement and reads every row of its result.
    ///
    /// # Errors
    ///
    /// See [`DataError`]; [`DataError::Unavailable`] after [`STATEMENT_BUDGET`] at the latest.
    pub async fn fetch_all<T: FromRow>(
        &self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, DataError> {
        let rows = bounded(statement, async {
            match &self.0 {
                Pools::Sqlite { .. } => {
                    let mut connection = self.sqlite(statement).await?;
                    let query = statement.bind::<Sqlite>(values);
                    query.fetch_all(&mut *connection).await.map(Rows::Sqlite)
                }
                Pools::Postgres { pool, .. } => {
                    let mut lease = Lease::acquire(pool).await?;
                    let query = statement.bind::<Postgres>(values);
                    let result = query.fetch_all(lease.connection()?).await;
                    lease.settle(result).map(Rows::Postgres)
                }
            }
        });
        rows.await?.read(statement)
    }

    /// Runs a statement and reads the first row of its result, if there is one.
    ///
    /// # Errors
    ///
    /// As [`fetch_all`](Self::fetch_all).
    pub async fn fetch_optional<T: FromRow>(
        &self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Option<T>, DataError> {
        Ok(self.fetch_all(statement, values).await?.into_iter().next())
    }

    /// Runs a statement that returns nothing and counts the rows that it changed.
    ///
    /// # Errors
    ///
    /// As [`fetch_all`](Self::fetch_all).
    pub async fn execute(
        &self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<u64, DataError> {
        bounded(statement, async {
            match &self.0 {
                Pools::Sqlite { .. } => {
                    let mut connection = self.sqlite(statement).await?;
                    let query = statement.bind::<Sqlite>(values);
                    Ok(query.execute(&mut *connection).await?.rows_affected())
                }
                Pools::Postgres { pool, .. } => {
                    let mut lease = Lease::acquire(pool).await?;
                    let query = statement.bind::<Postgres>(values);
                    let result = query.execute(lease.connection()?).await;
                    Ok(lease.settle(result)?.rows_affected())
                }
            }
        })
        .await
    }

    /// Begins a transaction that writes; on SQLite it takes the write lock at once, so it cannot
    /// fail half-way because another one was faster.
    ///
    /// # Errors
    ///
    /// As [`fetch_all`](Self::fetch_all).
    pub async fn begin(&self) -> Result<Transaction, DataError> {
        Transaction::begin(self).await
    }

    /// Closes every connection once its statement is done.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres { pool, .. } => pool.close().await,
        }
    }

    async fn sqlite(&self, statement: &Statement) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
        match (&self.0, statement.access) {
            (Pools::Sqlite { readers, .. }, Access::Read) => readers.acquire().await,
            (Pools::Sqlite { writer, .. }, Access::Write) => writer.acquire().await,
            (Pools::Postgres { .. }, _) => Err(sqlx::Error::PoolClosed),
        }
    }
}

pub(super) async fn bounded<T>(
    statement: &Statement,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, DataError> {
    run(statement, STATEMENT_BUDGET, work).await
}

/// Every statement passes here: the one place that bounds, names and classifies.
pub(super) async fn run<T>(
    statement: &Statement,
    budget: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, DataError> {
    match timeout(budget, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(DataError::classify(statement.name(), error)),
        Err(elapsed) => Err(DataError::unavailable(statement.name(), elapsed)),
    }
}

async fn sqlite_pool(size: u32, options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    // A connection to a file does not die: testing one would cost a round trip to its thread.
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(STATEMENT_BUDGET)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
}

async fn postgres_pool(
    max_connections: NonZeroU32,
    options: &PgConnectOptions,
) -> Result<PgPool, sqlx::Error> {
    // The server ends by itself what we no longer wait for.
    let budget = STATEMENT_BUDGET.as_millis();
    let options = options.clone().options([("statement_timeout", budget)]);
    PgPoolOptions::new()
        .max_connections(max_connections.get())
        .acquire_timeout(STATEMENT_BUDGET)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(
                async move { Ok(meta.idle_for <= TRUSTED_IDLE || connection.ping().await.is_ok()) },
            )
        })
        .connect_with(options)
        .await
}

/// A PostgreSQL connection on loan. One whose statement did not finish (timed out, cancelled, cut)
/// is dropped and not returned: returning it waits for a server that may never answer.
pub(super) struct Lease {
    connection: Option<PoolConnection<Postgres>>,
}

impl Lease {
    pub(super) async fn acquire(pool: &PgPool) -> Result<Self, sqlx::Error> {
        Ok(Self { connection: Some(pool.acquire().await?) })
    }

    pub(super) fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Returns the connection if the server has answered, be it with a refusal.
    pub(super) fn settle<T>(mut self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if matches!(result, Ok(_) | Err(sqlx::Error::Database(_))) {
            drop(self.connection.take());
        }
        result
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}
