use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{ConnectOptions, Connection, PgConnection, SqlSafeStr};
use tokio::time::timeout;

use super::pool::{Database, Pools};
use super::{DataError, STATEMENT_BUDGET};

const MIGRATE: &str = "migrate";
const ANALYZE: &str = "analyze";

/// The same steps for both databases: version, description, SQLite's text, PostgreSQL's text.
const STEPS: [(i64, &str, &str, &str); 3] = [
    (
        1,
        "schema",
        include_str!("../../migrations/sqlite/001_schema.sql"),
        include_str!("../../migrations/postgres/001_schema.sql"),
    ),
    (
        2,
        "accounts",
        include_str!("../../migrations/sqlite/002_accounts.sql"),
        include_str!("../../migrations/postgres/002_accounts.sql"),
    ),
    (
        3,
        "performance indexes",
        include_str!("../../migrations/sqlite/003_performance_indexes.sql"),
        include_str!("../../migrations/postgres/003_performance_indexes.sql"),
    ),
];

impl Database {
    /// Brings the schema up to date; a second run changes nothing. On PostgreSQL several
    /// instances may start at once: one migrates, the others wait.
    ///
    /// An index over a large table takes its time, so only connecting is bounded.
    ///
    /// # Errors
    ///
    /// [`DataError::Unavailable`] without a database, [`DataError::Other`] when a step fails or
    /// when a step that ran earlier was edited since.
    pub async fn migrate(&self) -> Result<(), DataError> {
        match &self.0 {
            Pools::Sqlite { writer, .. } => {
                migrator(|(_, _, sqlite, _)| sqlite).run(writer).await.map_err(failed)
            }
            Pools::Postgres { .. } => {
                let mut connection = self.unbounded_connection(MIGRATE).await?;
                let steps = migrator(|(_, _, _, postgres)| postgres);
                steps.run_direct(None, &mut connection, false).await.map_err(failed)?;
                close(connection).await;
                Ok(())
            }
        }
    }

    /// Tells the planner how the rows are distributed; worth its time after a bulk load.
    ///
    /// # Errors
    ///
    /// See [`DataError`].
    pub async fn analyze(&self) -> Result<(), DataError> {
        let classify = |error| DataError::classify(ANALYZE, error);
        match &self.0 {
            Pools::Sqlite { writer, .. } => {
                sqlx::raw_sql("ANALYZE").execute(writer).await.map_err(classify)?;
            }
            Pools::Postgres { .. } => {
                let mut connection = self.unbounded_connection(ANALYZE).await?;
                sqlx::raw_sql("ANALYZE").execute(&mut connection).await.map_err(classify)?;
                close(connection).await;
            }
        }
        Ok(())
    }

    /// A connection apart from the pool, whose statements may take longer than the budget.
    async fn unbounded_connection(&self, name: &'static str) -> Result<PgConnection, DataError> {
        let Pools::Postgres { options, .. } = &self.0 else {
            return Err(DataError::other(name, "this database has no connections of its own"));
        };
        timeout(STATEMENT_BUDGET, options.connect())
            .await
            .map_err(|elapsed| DataError::unavailable(name, elapsed))?
            .map_err(|error| DataError::classify(name, error))
    }
}

async fn close(connection: PgConnection) {
    // The work is done: a farewell that fails changes nothing.
    drop(timeout(STATEMENT_BUDGET, connection.close()).await);
}

type Step = (i64, &'static str, &'static str, &'static str);

fn migrator(text: fn(Step) -> &'static str) -> Migrator {
    let steps = STEPS.into_iter().map(|step| {
        let sql = text(step).into_sql_str();
        Migration::new(step.0, step.1.into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(steps.collect())
}

fn failed(error: MigrateError) -> DataError {
    match error {
        MigrateError::Execute(source) => DataError::classify(MIGRATE, source),
        source => DataError::other(MIGRATE, source),
    }
}
