use super::*;
use crate::Signal;
use crate::test_util::{ManualClock, record};

fn entry(number: u8, keep: Duration) -> Record {
    let bytes = [b'B', b'Z', 1, 0, 0, 0, 0, 0, 0, 0, 0, number];
    record(Generation::from_u64(number.into()), keep, bytes.to_vec())
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn expires_at_its_moment_by_the_clock_it_was_given() {
    let clock = ManualClock::new();
    let store = LocalStore::new(clock.clone());
    store.write("a", &entry(1, SECOND)).await.unwrap();
    store.write("b", &entry(1, 2 * SECOND)).await.unwrap();
    assert!(store.lock("lock", 1, SECOND).await.unwrap());
    assert_eq!((store.len(), store.is_empty()), (2, false));
    clock.advance(Duration::from_nanos(999_999_999));
    assert!(store.read("a").await.unwrap().is_some());
    assert!(!store.lock("lock", 2, SECOND).await.unwrap());
    clock.advance(Duration::from_nanos(1));
    assert!(store.read("a").await.unwrap().is_none());
    assert!(store.lock("lock", 2, SECOND).await.unwrap());
    assert_eq!(store.len(), 1);
    clock.advance(SECOND);
    assert!(store.is_empty());
}

#[tokio::test]
async fn generations_and_the_time_are_of_the_clock() {
    let clock = ManualClock::new();
    let store = LocalStore::new(clock.clone());
    // Founded with the microsecond of the clock, and it stands.
    let founded = store.open("users").await.unwrap();
    assert_eq!(founded.generation.as_u64(), 1_795_179_514_311_294);
    assert_eq!(founded.now.as_millis(), 1_795_179_514_311);
    assert_eq!(store.issue("users").await.unwrap().as_u64(), 1_795_179_514_311_295);
    clock.advance(SECOND);
    assert_eq!(store.issue("users").await.unwrap().as_u64(), 1_795_179_515_311_294);
    clock.advance(Duration::MAX);
    let last = store.issue("users").await.unwrap();
    assert!(store.issue("users").await.unwrap() > last);
}

#[tokio::test]
async fn forgets_a_tag_after_the_retention_since_it_was_marked_last() {
    let clock = ManualClock::new();
    let store = LocalStore::with_retention(clock.clone(), 10 * SECOND);
    assert_eq!(store.retention(), 10 * SECOND);
    assert_eq!(LocalStore::new(clock.clone()).retention(), Duration::from_secs(2_592_000));
    store.mark("users", Some("admins"), Mark::Remove).await.unwrap();
    clock.advance(9 * SECOND);
    let removed = store.mark("users", Some("admins"), Mark::Remove).await.unwrap();
    clock.advance(9 * SECOND);
    let marks = store.marks("users", &["admins"], Generation::ZERO).await.unwrap();
    assert_eq!(marks, [Marks { removed, expired: Generation::ZERO }]);
    clock.advance(SECOND);
    let marks = store.marks("users", &["admins"], Generation::ZERO).await.unwrap();
    assert_eq!(marks, [Marks::default()]);
}

#[tokio::test]
async fn every_handle_and_every_clone_is_an_instance_of_its_own() {
    let one = LocalStore::new(ManualClock::new());
    let handles = [one.clone(), one.handle(), one.handle().clone()];
    let mut instances: Vec<u64> = handles.iter().map(LocalStore::instance).collect();
    instances.push(one.instance());
    instances.sort_unstable();
    instances.dedup();
    assert_eq!(instances.len(), 4);
    handles[0].write("a", &entry(1, SECOND)).await.unwrap();
    assert_eq!(handles[2].len(), 1);
}

#[tokio::test]
async fn a_flush_loses_marks_and_locks_too() {
    let store = LocalStore::new(ManualClock::new());
    store.write("a", &entry(1, SECOND)).await.unwrap();
    store.mark("users", Some("admins"), Mark::Remove).await.unwrap();
    store.lock("lock", 1, SECOND).await.unwrap();
    store.handle().flush();
    assert!(store.is_empty());
    let marks = store.marks("users", &["admins"], Generation::ZERO).await.unwrap();
    assert_eq!(marks, [Marks::default()]);
    assert!(store.lock("lock", 2, SECOND).await.unwrap());
}

#[tokio::test]
async fn a_listener_that_is_too_far_behind_is_told_so_and_hears_the_latest() {
    let store = LocalStore::new(ManualClock::new());
    let mut listener = store.listen();
    assert_eq!(listener.next().await, Some(Signal::Connected));
    let mut said = Vec::new();
    for _ in 0..1_025 {
        said.push(store.mark("users", None, Mark::Remove).await.unwrap());
    }
    assert_eq!(listener.next().await, Some(Signal::Connected));
    for expected in &said[1..] {
        let Some(Signal::Message(message)) = listener.next().await else { panic!("no message") };
        assert_eq!(message.generation, *expected);
    }
}

#[tokio::test]
async fn debug_tells_the_instance_and_the_size() {
    let store = LocalStore::new(ManualClock::new());
    store.write("a", &entry(1, SECOND)).await.unwrap();
    assert_eq!(format!("{:?}", store.handle()), "LocalStore { instance: 2, len: 1, .. }");
}
