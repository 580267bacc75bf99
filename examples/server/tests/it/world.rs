use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bartizan_probe::Postgres;
use bartizan_server::data::seed::{SeedSize, seed};
use bartizan_server::data::{Database, DatabaseUrl, FromRow, Row, RowError, Statement};
use bartizan_server::domain::Timestamp;
use tempfile::TempDir;

/// 2026-11-20T00:00:00Z
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_795_132_800_000_000);

pub(crate) const CONNECTIONS: NonZeroU32 = NonZeroU32::new(4).unwrap();

/// The tests share a server as long as one of them uses it; a static value would never be dropped,
/// and the server would outlive the tests.
static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Makes empty databases of one kind, and takes them along when it is dropped.
pub(crate) enum World {
    Sqlite(TempDir),
    Postgres(Arc<Postgres>),
}

impl World {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(TempDir::new().unwrap())
    }

    pub(crate) fn postgres() -> Self {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(postgres) = shared.upgrade() {
            return Self::Postgres(postgres);
        }
        let postgres = Arc::new(Postgres::start());
        *shared = Arc::downgrade(&postgres);
        Self::Postgres(postgres)
    }

    /// The URL of a database that does not exist before.
    pub(crate) fn url(&self) -> DatabaseUrl {
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        match self {
            Self::Sqlite(folder) => DatabaseUrl::sqlite_file(folder.path().join(name)),
            Self::Postgres(postgres) => postgres.create_database(&name).parse().unwrap(),
        }
    }

    /// A database without tables.
    pub(crate) async fn bare(&self) -> Database {
        Database::connect(&self.url(), CONNECTIONS).await.unwrap()
    }

    /// A database without rows.
    pub(crate) async fn empty(&self) -> Database {
        let database = self.bare().await;
        database.migrate().await.unwrap();
        database
    }

    /// A database with the demo data.
    pub(crate) async fn seeded(&self) -> Database {
        self.seeded_with(SeedSize::default()).await
    }

    pub(crate) async fn seeded_with(&self, size: SeedSize) -> Database {
        let database = self.empty().await;
        seed(&database, size, NOW).await.unwrap();
        database
    }

    /// The one of two texts that this kind of database understands.
    pub(crate) fn text(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }
}

/// Rows of one column of text.
pub(crate) async fn texts(database: &Database, sql: &'static str) -> Vec<String> {
    struct Text(String);

    impl FromRow for Text {
        fn from_row(row: &Row<'_>) -> Result<Self, RowError> {
            row.get("value").map(Self)
        }
    }

    let statement = Statement::read("test_texts", sql);
    let rows: Vec<Text> = database.fetch_all(&statement, &[]).await.unwrap();
    rows.into_iter().map(|Text(text)| text).collect()
}

/// One number, from a column `value`.
pub(crate) async fn number(database: &Database, sql: &'static str) -> i64 {
    let statement = Statement::read("test_number", sql);
    database.fetch_optional(&statement, &[]).await.unwrap().unwrap()
}
