use std::time::Duration;

use bartizan_server::data::{Database, SqlSessionStore};
use bartizan_server::domain::Timestamp;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};

use crate::world::{NOW, World, number, texts};

const HOUR: Duration = Duration::from_hours(1);

fn store(database: &Database) -> SqlSessionStore {
    SqlSessionStore::new(database.clone(), || NOW)
}

fn record(id: i128, expires_at: Timestamp) -> Record {
    let data = [("user".to_owned(), serde_json::json!({"id": "usr_1"}))].into();
    Record { id: Id(id), data, expiry_date: expires_at.try_into().unwrap() }
}

pub(crate) async fn keeps_a_session_until_it_expires(world: World) {
    let database = world.empty().await;
    let store = store(&database);
    let mut kept = record(1, NOW.after(HOUR));
    let expired = record(2, NOW);

    store.create(&mut kept).await.unwrap();
    store.save(&expired).await.unwrap();

    assert_eq!(store.load(&kept.id).await.unwrap(), Some(kept.clone()));
    assert_eq!(store.load(&expired.id).await.unwrap(), None);
    kept.data.insert("cart".to_owned(), serde_json::json!([1, 2]));
    store.save(&kept).await.unwrap();
    assert_eq!(store.load(&kept.id).await.unwrap(), Some(kept.clone()));
    store.delete(&kept.id).await.unwrap();
    assert_eq!(store.load(&kept.id).await.unwrap(), None);
}

pub(crate) async fn stores_of_a_session_id_its_hash_alone(world: World) {
    let database = world.empty().await;

    store(&database).create(&mut record(1, NOW.after(HOUR))).await.unwrap();

    let select = world.text(
        "SELECT lower(hex(id_hash)) || data AS value FROM sessions",
        "SELECT encode(id_hash, 'hex') || data AS value FROM sessions",
    );
    // printf '\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' | sha256sum
    let expected = "4cbbd8ca5215b8d161aec181a74b694f4e24b001d5b081dc0030ed797a8973e0{\"user\":{\"id\":\"usr_1\"}}";
    assert_eq!(texts(&database, select).await, [expected]);
}

pub(crate) async fn gives_a_taken_id_away_only_once(world: World) {
    let database = world.empty().await;
    let store = store(&database);
    let mut first = record(1, NOW.after(HOUR));
    let mut second = first.clone();

    store.create(&mut first).await.unwrap();
    store.create(&mut second).await.unwrap();

    assert_eq!(first.id, Id(1));
    assert_ne!(second.id, Id(1));
    assert_eq!(store.load(&second.id).await.unwrap(), Some(second));
}

pub(crate) async fn deletes_expired_sessions_alone(world: World) {
    let database = world.empty().await;
    let store = store(&database);
    for (id, expires_at) in [(1, NOW.before(HOUR)), (2, NOW), (3, NOW.after(HOUR))] {
        store.save(&record(id, expires_at)).await.unwrap();
    }

    assert_eq!(store.delete_expired(NOW).await.unwrap(), 2);
    assert_eq!(number(&database, "SELECT COUNT(*) AS value FROM sessions").await, 1);
    assert!(store.load(&Id(3)).await.unwrap().is_some());
}
