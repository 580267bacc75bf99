//! PostgreSQL gone, silent, or slow: a typed error in time, and recovery without help.
//!
//! The tests block while they start and stop the server, so the pool has threads of its own.

use std::error::Error;
use std::time::{Duration, Instant};

use bartizan_probe::Postgres;
use bartizan_server::data::{DataError, Database, DatabaseUrl, Statement};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::world::{CONNECTIONS, World, number};

static ONE: Statement = Statement::read("test_one", "SELECT CAST(1 AS BIGINT) AS value");
static WRITE: Statement = Statement::write("test_write", "UPDATE leads SET name = name");

/// The budget of a statement and some time for a busy machine.
const GENEROUS: Duration = Duration::from_secs(5);

async fn started() -> (Postgres, Database) {
    let postgres = Postgres::start();
    let url: DatabaseUrl = postgres.url().parse().unwrap();
    let database = Database::connect(&url, CONNECTIONS).await.unwrap();
    database.migrate().await.unwrap();
    (postgres, database)
}

/// Reads, writes and begins, from more callers than there are connections.
async fn assert_unavailable(database: &Database) {
    let mut callers = Vec::new();
    for caller in 0..3 * CONNECTIONS.get() {
        let database = database.clone();
        callers.push(tokio::spawn(async move {
            let result = match caller % 3 {
                0 => database.fetch_optional::<i64>(&ONE, &[]).await.map(drop),
                1 => database.execute(&WRITE, &[]).await.map(drop),
                _ => database.begin().await.map(drop),
            };
            result.unwrap_err()
        }));
    }
    for caller in callers {
        let error = timeout(GENEROUS, caller).await.expect("it has to answer in time").unwrap();
        assert!(matches!(error, DataError::Unavailable { .. }), "{error:?}");
        assert!(error.source().is_some());
    }
}

async fn assert_available(database: &Database) {
    for _ in 0..2 * CONNECTIONS.get() {
        assert_eq!(database.fetch_optional::<i64>(&ONE, &[]).await.unwrap(), Some(1));
        database.execute(&WRITE, &[]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_a_killed_server() {
    let (mut postgres, database) = started().await;
    assert_available(&database).await;

    postgres.kill();
    assert_unavailable(&database).await;
    postgres.restart();

    assert_available(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn survives_a_restart_that_no_statement_saw() {
    let (mut postgres, database) = started().await;
    assert_available(&database).await;

    postgres.restart();

    assert_available(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_a_silent_server() {
    let (mut postgres, database) = started().await;
    assert_available(&database).await;

    postgres.pause();
    assert_unavailable(&database).await;
    assert_unavailable(&database).await;
    postgres.resume();

    assert_available(&database).await;
}

/// Passes connections on until `freeze` says true: then the old ones hang for ever, as after the
/// failover of a network, and new ones are passed on as before.
async fn relay(port: u16, freeze: watch::Receiver<bool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut freeze = freeze.clone();
            freeze.mark_unchanged();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut client, &mut server) => {}
                    _ = freeze.changed() => std::future::pending().await,
                }
            });
        }
    });
    own
}

#[tokio::test(flavor = "multi_thread")]
async fn hangs_up_on_connections_that_stay_silent() {
    static SLEEP: Statement = Statement::read("test_sleep", "SELECT pg_sleep(1)");
    let postgres = Postgres::start();
    let (freeze, frozen) = watch::channel(false);
    let url = postgres.url();
    let (_, port) = url.rsplit_once(':').unwrap();
    let (port, name) = port.split_once('/').unwrap();
    let relayed = relay(port.parse().unwrap(), frozen).await;
    let url = format!("postgres://postgres@127.0.0.1:{relayed}/{name}").parse().unwrap();
    let database = Database::connect(&url, CONNECTIONS).await.unwrap();
    database.migrate().await.unwrap();

    let sleeps = (0..CONNECTIONS.get()).map(|_| {
        let database = database.clone();
        tokio::spawn(async move { database.execute(&SLEEP, &[]).await.unwrap_err() })
    });
    let sleeps: Vec<_> = sleeps.collect();
    let busy = "SELECT COUNT(*) AS value FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(1)'";
    let direct = Database::connect(&postgres.url().parse().unwrap(), CONNECTIONS).await.unwrap();
    while number(&direct, busy).await < i64::from(CONNECTIONS.get()) {}
    freeze.send(true).unwrap();
    for sleep in sleeps {
        assert!(timeout(GENEROUS, sleep).await.unwrap().unwrap().is_unavailable());
    }

    assert_available(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rolls_back_what_a_kill_interrupted() {
    static INSERT: Statement = Statement::write(
        "test_insert",
        "INSERT INTO locations (id, name, created_at) VALUES ('a', 'x', 0)",
    );
    let (mut postgres, database) = started().await;
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(&INSERT, &[]).await.unwrap();

    postgres.kill();
    let error = transaction.finish(Ok::<_, DataError>(())).await.unwrap_err();
    postgres.restart();

    assert!(error.is_unavailable(), "{error:?}");
    assert_eq!(number(&database, "SELECT COUNT(*) AS value FROM locations").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn gives_up_a_slow_statement_within_the_budget() {
    static SLEEP: Statement = Statement::read("test_sleep", "SELECT pg_sleep(60)");
    let world = World::postgres();
    let database = world.empty().await;
    let started = Instant::now();

    let sleeps = (0..CONNECTIONS.get()).map(|_| {
        let database = database.clone();
        tokio::spawn(async move { database.execute(&SLEEP, &[]).await.unwrap_err() })
    });
    for sleep in sleeps.collect::<Vec<_>>() {
        let error = sleep.await.unwrap();
        assert!(error.is_unavailable(), "{error:?}");
        assert_eq!(error.statement(), "test_sleep");
    }

    assert!(started.elapsed() < GENEROUS);
    assert_available(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn does_not_start_without_a_server() {
    let mut postgres = Postgres::start();
    let url: DatabaseUrl = postgres.url().parse().unwrap();
    postgres.stop();

    let connect = timeout(GENEROUS, Database::connect(&url, CONNECTIONS)).await.unwrap();

    assert!(connect.unwrap_err().is_unavailable());
}

#[tokio::test(flavor = "multi_thread")]
async fn lets_only_the_writer_of_sqlite_write() {
    static DISGUISED: Statement =
        Statement::read("test_disguised", "INSERT INTO locations VALUES ('a', 'x', 0)");
    let world = World::sqlite();
    let database = world.empty().await;

    assert!(database.execute(&DISGUISED, &[]).await.is_err());
    assert_eq!(number(&database, "SELECT COUNT(*) AS value FROM locations").await, 0);
}
