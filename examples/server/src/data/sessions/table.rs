use std::collections::HashMap;

use async_trait::async_trait;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::hash;
use crate::data::{DataError, Database, FromRow, Row, RowError, Statement};
use crate::domain::Timestamp;
use crate::telemetry::TARGET;

static INSERT: Statement = Statement::write(
    "session_insert",
    "INSERT INTO sessions (id_hash, data, expires_at) VALUES ($1, $2, $3) \
     ON CONFLICT (id_hash) DO NOTHING",
);
static UPSERT: Statement = Statement::write(
    "session_upsert",
    "INSERT INTO sessions (id_hash, data, expires_at) VALUES ($1, $2, $3) \
     ON CONFLICT (id_hash) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at",
);
static FIND: Statement = Statement::read(
    "session_find",
    "SELECT data, expires_at FROM sessions WHERE id_hash = $1 AND expires_at > $2",
);
static DELETE: Statement =
    Statement::write("session_delete", "DELETE FROM sessions WHERE id_hash = $1");
static DELETE_EXPIRED: Statement =
    Statement::write("session_delete_expired", "DELETE FROM sessions WHERE expires_at <= $1");

/// Cookie sessions in the table `sessions`, under the hash of their id.
///
/// The trait's errors are texts; the cause of a failure is logged here, where it is still whole.
#[derive(Clone, Debug)]
pub struct SqlSessionStore {
    database: Database,
    now: fn() -> Timestamp,
}

impl SqlSessionStore {
    /// Keeps sessions in this database and asks `now` whether one has expired.
    #[must_use]
    pub fn new(database: Database, now: fn() -> Timestamp) -> Self {
        Self { database, now }
    }

    /// Deletes the sessions that ended by `now` and counts them.
    ///
    /// # Errors
    ///
    /// See [`DataError`].
    pub async fn delete_expired(&self, now: Timestamp) -> std::result::Result<u64, DataError> {
        self.database.execute(&DELETE_EXPIRED, &[now.into()]).await
    }

    async fn write(&self, statement: &Statement, record: &Record) -> Result<u64> {
        let data = serde_json::to_string(&record.data)
            .map_err(|error| Error::Encode(error.to_string()))?;
        let expires_at = Timestamp::from(record.expiry_date);
        let id_hash = hash(&record.id);
        let values = [(&id_hash).into(), data.as_str().into(), expires_at.into()];
        self.database.execute(statement, &values).await.map_err(|error| backend(&error))
    }
}

#[async_trait]
impl SessionStore for SqlSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while self.write(&INSERT, record).await? == 0 {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.write(&UPSERT, record).await.map(drop)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let id_hash = hash(id);
        let values = [(&id_hash).into(), (self.now)().into()];
        let stored = self
            .database
            .fetch_optional::<Stored>(&FIND, &values)
            .await
            .map_err(|error| backend(&error))?;
        Ok(stored.map(|Stored { data, expiry_date }| Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.database
            .execute(&DELETE, &[(&hash(id)).into()])
            .await
            .map(drop)
            .map_err(|error| backend(&error))
    }
}

struct Stored {
    data: HashMap<String, serde_json::Value>,
    expiry_date: OffsetDateTime,
}

impl FromRow for Stored {
    fn from_row(row: &Row<'_>) -> std::result::Result<Self, RowError> {
        let expires_at = row.timestamp("expires_at")?;
        let expiry_date = OffsetDateTime::try_from(expires_at)
            .map_err(|source| RowError::new("expires_at", source))?;
        Ok(Self { data: row.json("data")?, expiry_date })
    }
}

fn backend(error: &DataError) -> Error {
    tracing::warn!(
        target: TARGET,
        error = error as &dyn std::error::Error,
        "session store failed"
    );
    Error::Backend(error.to_string())
}
