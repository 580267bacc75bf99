//! Sessions in a cache that instances share.

use std::time::Duration;

use bartizan_cache::test_util::{
    Chaos, ChaosControl, Fault, LocalStore, ManualClock, Operation, Scope,
};
use bartizan_cache::{Backplane, Cache, Caches, Json, Options, Store};
use bartizan_server::data::{SharedSessionStore, StoredSession};
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
    SharedSessionStore::new(cache(store, clock).await, now)
}

async fn cache(store: impl Store + Backplane, clock: &ManualClock) -> Cache<String, StoredSession> {
    let caches = Caches::builder().with_clock(clock.clone()).with_store(store).build();
    let options = Options::new(24 * HOUR);
    let cache = caches.cache("session").with_options(options).build_tiered(Json).unwrap();
    assert!(caches.ready(Duration::from_secs(10)).await);
    cache
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
async fn a_session_is_found_although_it_is_changed_meanwhile() {
    let clock = ManualClock::new();
    let data = LocalStore::new(clock.clone());
    let one = over(data.handle(), &clock, || NOW).await;
    let control = ChaosControl::new();
    let other = cache(Chaos::new(data.handle(), &control), &clock).await;
    let store = SharedSessionStore::new(other.clone(), || NOW);
    let mut kept = record(1, NOW.after(HOUR));
    one.create(&mut kept).await.unwrap();

    // What is read is answered only when the change has been heard of.
    let heard = async |count| {
        while other.stats().invalidations_elsewhere < count {
            tokio::task::yield_now().await;
        }
    };
    heard(1).await;
    control.inject(Fault::hang().on(Scope::Only(Operation::Read)).times(1));
    let id = kept.id;
    let found = tokio::spawn(async move { store.load(&id).await });
    while control.calls(Operation::Read) == 0 {
        tokio::task::yield_now().await;
    }
    one.save(&kept).await.unwrap();
    heard(2).await;
    control.release();

    assert_eq!(found.await.unwrap().unwrap(), Some(kept));
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
