use std::time::Duration;

use bartizan_server::data::{DataError, Database, Statement};
use tokio::time::timeout;

use crate::world::{CONNECTIONS, World, number};

static INSERT: Statement = Statement::write(
    "test_insert",
    "INSERT INTO locations (id, name, created_at) VALUES ($1, 'x', 0)",
);

async fn locations(database: &Database) -> i64 {
    number(database, "SELECT COUNT(*) AS value FROM locations").await
}

pub(crate) async fn leaves_nothing_behind_when_dropped(world: World) {
    let database = world.empty().await;

    // More often than there are connections: none may be lost.
    for _ in 0..=CONNECTIONS.get() {
        let mut transaction = database.begin().await.unwrap();
        transaction.execute(&INSERT, &["a".into()]).await.unwrap();
        drop(transaction);
    }

    assert_eq!(locations(&database).await, 0);
    database.execute(&INSERT, &["a".into()]).await.unwrap();
    assert_eq!(locations(&database).await, 1);
}

pub(crate) async fn leaves_nothing_behind_when_a_statement_fails(world: World) {
    let database = world.empty().await;

    for _ in 0..=CONNECTIONS.get() {
        let mut transaction = database.begin().await.unwrap();
        transaction.execute(&INSERT, &["a".into()]).await.unwrap();
        let failed = transaction.execute(&INSERT, &["a".into()]).await;
        let error = transaction.finish(failed).await.unwrap_err();
        assert!(matches!(error, DataError::Conflict { .. }), "{error:?}");
    }

    assert_eq!(locations(&database).await, 0);
    database.execute(&INSERT, &["a".into()]).await.unwrap();
}

pub(crate) async fn goes_on_after_a_statement_was_cancelled(world: World) {
    let database = world.empty().await;
    // About a second of work for either database.
    let slow = world.text(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) \
         SELECT COUNT(*) AS value FROM n",
        "SELECT COUNT(*) AS value FROM pg_sleep(1)",
    );
    let slow = Statement::write("test_slow", slow);

    for _ in 0..=CONNECTIONS.get() {
        let work = database.fetch_optional::<i64>(&slow, &[]);
        assert!(timeout(Duration::from_millis(20), work).await.is_err(), "it was to be slow");
    }

    assert_eq!(locations(&database).await, 0);
}
