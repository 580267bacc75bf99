//! Sessions in a cache that instances share.

use std::time::Duration;

use bartizan_cache::test_util::{LocalStore, ManualClock};
use bartizan_cache::{Caches, Json, Options};
use bartizan_server::data::SharedSessionStore;
use bartizan_server::domain::Timestamp;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};

use crate::world::NOW;

const HOUR: Duration = Duration::from_hours(1);

/// A store whose cache forgets of itself after a day.
async fn over(
    store: LocalStore,
    clock: &ManualClock,
    now: fn() -> Timestamp,
) -> SharedSessionStore {
    let caches = Caches::builder().with_clock(clock.clone()).with_store(store).build();
    let options = Options::new(24 * HOUR);
    let cache = caches.cache("session").with_options(options).build_tiered(Json).unwrap();
    assert!(caches.ready(Duration::from_secs(10)).await);
    SharedSessionStore::new(cache, now)
}

fn record(id: i128, expires_at: Timestamp) -> Record {
    let data = [("user".to_owned(), serde_json::json!({"id": "usr_1"}))].into();
    Record { id: Id(id), data, expiry_date: expires_at.try_into().unwrap() }
}

#[tokio::test]
async fn a_session_is_kept_on_all_instances_until_it_expires() {
    let clock = ManualClock::new();
    let data = LocalStore::new(clock.clone());
    let one = over(data.handle(), &clock, || NOW).await;
    let other = over(data.handle(), &clock, || NOW).await;
    let later = over(data.handle(), &clock, || NOW.after(HOUR)).await;
    let mut kept = record(1, NOW.after(HOUR));
    one.create(&mut kept).await.unwrap();
    let expired = record(2, NOW);
    one.save(&expired).await.unwrap();

    assert_eq!(one.load(&kept.id).await.unwrap(), Some(kept.clone()));
    assert_eq!(other.load(&kept.id).await.unwrap(), Some(kept.clone()));
    assert_eq!(later.load(&kept.id).await.unwrap(), None);
    assert_eq!(one.load(&expired.id).await.unwrap(), None);
    // The caches forget it as well.
    clock.advance(Duration::from_mins(59));
    assert_eq!(one.load(&kept.id).await.unwrap(), Some(kept.clone()));
    clock.advance(Duration::from_mins(1));
    assert_eq!(one.load(&kept.id).await.unwrap(), None);
    assert_eq!(other.load(&kept.id).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_saved_again_replaces_what_was_and_nothing_is_left_of_what_ends() {
    let clock = ManualClock::new();
    let store = over(LocalStore::new(clock.clone()), &clock, || NOW).await;
    let mut session = record(1, NOW.after(HOUR));
    store.create(&mut session).await.unwrap();
    session.data.insert("cart".to_owned(), serde_json::json!([1, 2]));
    store.save(&session).await.unwrap();
    assert_eq!(store.load(&session.id).await.unwrap(), Some(session.clone()));
    store.delete(&session.id).await.unwrap();
    assert_eq!(store.load(&session.id).await.unwrap(), None);
    // One that ends while it is saved.
    store.save(&session).await.unwrap();
    store.save(&record(1, NOW)).await.unwrap();
    assert_eq!(store.load(&session.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_taken_id_is_given_away_only_once() {
    let clock = ManualClock::new();
    let data = LocalStore::new(clock.clone());
    let one = over(data.handle(), &clock, || NOW).await;
    let other = over(data.handle(), &clock, || NOW).await;
    let mut first = record(1, NOW.after(HOUR));
    let mut second = first.clone();
    one.create(&mut first).await.unwrap();
    other.create(&mut second).await.unwrap();
    assert_eq!(first.id, Id(1));
    assert_ne!(second.id, Id(1));
    assert_eq!(one.load(&second.id).await.unwrap(), Some(second));
}
