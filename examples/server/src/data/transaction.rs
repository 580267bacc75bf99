use std::time::Duration;

use sqlx::{Postgres, Sqlite};

use super::pool::{Database, Lease, Pools, bounded, run};
use super::statement::{FromRow, Rows, Statement, Value};
use super::{DataError, STATEMENT_BUDGET};

static BEGIN: Statement = Statement::write("transaction_begin", "BEGIN");
static COMMIT: Statement = Statement::write("transaction_commit", "COMMIT");
static UNBOUND: Statement =
    Statement::write("transaction_unbound", "SET LOCAL statement_timeout = 0");
static ROLLBACK: Statement = Statement::write("transaction_rollback", "ROLLBACK");

/// Far above what a bulk load needs, and still an end.
const BULK_BUDGET: Duration = Duration::from_mins(10);

/// Several statements that happen together or not at all; dropped, it leaves nothing behind.
pub struct Transaction {
    open: Open,
    /// For each of its statements.
    budget: Duration,
}

enum Open {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    // sqlx's own transaction returns its connection to the pool when dropped, which waits for
    // a server that may never answer; the lease hangs up, and the server rolls back.
    Postgres(Lease),
}

impl Transaction {
    pub(super) async fn begin(database: &Database) -> Result<Self, DataError> {
        let open = bounded(&BEGIN, async {
            match &database.0 {
                Pools::Sqlite { writer, .. } => {
                    writer.begin_with("BEGIN IMMEDIATE").await.map(Open::Sqlite)
                }
                Pools::Postgres { pool, .. } => {
                    let mut lease = Lease::acquire(pool).await?;
                    BEGIN.bind::<Postgres>(&[]).execute(lease.connection()?).await?;
                    Ok(Open::Postgres(lease))
                }
            }
        });
        Ok(Self { open: open.await?, budget: STATEMENT_BUDGET })
    }

    /// Begins a transaction nobody waits for: its statements may take as long as a bulk load does.
    pub(super) async fn begin_bulk(database: &Database) -> Result<Self, DataError> {
        let mut transaction = Self::begin(database).await?;
        if let Open::Postgres(_) = transaction.open {
            transaction.execute(&UNBOUND, &[]).await?;
        }
        Ok(Self { budget: BULK_BUDGET, ..transaction })
    }

    /// Runs a statement and reads every row of its result.
    ///
    /// # Errors
    ///
    /// As [`Database::fetch_all`]; after one only [`finish`](Self::finish) is of use.
    pub async fn fetch_all<T: FromRow>(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, DataError> {
        let rows = run(statement, self.budget, async {
            match &mut self.open {
                Open::Sqlite(transaction) => {
                    let query = statement.bind::<Sqlite>(values);
                    query.fetch_all(&mut **transaction).await.map(Rows::Sqlite)
                }
                Open::Postgres(lease) => {
                    let query = statement.bind::<Postgres>(values);
                    query.fetch_all(lease.connection()?).await.map(Rows::Postgres)
                }
            }
        });
        rows.await?.read(statement)
    }

    /// Runs a statement that returns nothing and counts the rows that it changed.
    ///
    /// # Errors
    ///
    /// As [`fetch_all`](Self::fetch_all).
    pub async fn execute(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<u64, DataError> {
        run(statement, self.budget, async {
            Ok(match &mut self.open {
                Open::Sqlite(transaction) => {
                    let query = statement.bind::<Sqlite>(values);
                    query.execute(&mut **transaction).await?.rows_affected()
                }
                Open::Postgres(lease) => {
                    let query = statement.bind::<Postgres>(values);
                    query.execute(lease.connection()?).await?.rows_affected()
                }
            })
        })
        .await
    }

    /// Commits what succeeded, rolls back what failed, and passes the result on.
    ///
    /// # Errors
    ///
    /// The error given, else that of the commit; after [`DataError::Unavailable`] it may be
    /// committed nevertheless.
    pub async fn finish<T, E: From<DataError>>(self, result: Result<T, E>) -> Result<T, E> {
        if result.is_ok() {
            self.commit().await?;
        } else {
            // The first error is the one that explains; a connection that cannot roll back is
            // hung up, which rolls back too.
            drop(self.rollback().await);
        }
        result
    }

    async fn commit(self) -> Result<(), DataError> {
        run(&COMMIT, self.budget, async {
            match self.open {
                Open::Sqlite(transaction) => transaction.commit().await,
                Open::Postgres(lease) => end(lease, &COMMIT).await,
            }
        })
        .await
    }

    async fn rollback(self) -> Result<(), DataError> {
        bounded(&ROLLBACK, async {
            match self.open {
                Open::Sqlite(transaction) => transaction.rollback().await,
                Open::Postgres(lease) => end(lease, &ROLLBACK).await,
            }
        })
        .await
    }
}

async fn end(mut lease: Lease, statement: &Statement) -> Result<(), sqlx::Error> {
    let result = statement.bind::<Postgres>(&[]).execute(lease.connection()?).await;
    lease.settle(result).map(drop)
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}
