//! The beginning and the end of caches, and of the tasks that look after them.

use std::time::Duration;

use bartizan_cache::test_util::{LocalStore, ManualClock};
use bartizan_cache::{Cache, Caches, Json, Options, Reach};
use tokio::runtime::Handle;

use super::support::{HOUR, SECOND, World, at, load, settle};

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn tasks_end_with_the_last_handle() {
    let before = tasks();
    let world = World::new();
    let instance = world.instance().await;
    let users = instance.users().await;
    let again = users.clone();
    load(&users, "7", "Ann").await;
    settle().await;
    // One listens, one keeps.
    assert_eq!(tasks(), before + 2);
    drop(instance);
    drop(users);
    settle().await;
    assert_eq!(tasks(), before + 2);
    drop(again);
    settle().await;
    assert_eq!(tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn tasks_end_though_the_store_is_away_or_hangs() {
    for hang in [false, true] {
        let before = tasks();
        let world = World::new();
        let instance = world.instance().await;
        let users = instance.users().await;
        if hang {
            instance.control.hang();
        } else {
            instance.control.down();
        }
        users.remove("7").await;
        users.clear().await;
        drop((instance, users));
        // No call takes longer than half a second.
        tokio::time::sleep(3 * SECOND).await;
        assert_eq!(tasks(), before, "hangs {hang}");
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_of_caches_without_a_store_end_as_well() {
    let before = tasks();
    let caches = Caches::in_memory();
    let users: Cache<String, String> = caches.cache("users").build_tiered(Json).unwrap();
    assert!(caches.ready(Duration::ZERO).await);
    assert_eq!(users.set("7", "Ann".to_owned()).await, Reach::Local);
    assert_eq!(users.remove("7").await, Reach::Local);
    assert_eq!(users.clear().await, Reach::Local);
    settle().await;
    drop((caches, users));
    settle().await;
    assert_eq!(tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn a_cache_goes_on_listening_when_it_is_all_that_is_left() {
    let world = World::new();
    let (one, other) = (world.instance().await, world.instance().await);
    let (here, there) = (one.users().await, other.users().await);
    drop(one);
    load(&here, "7", "Ann").await;
    there.remove("7").await;
    settle().await;
    assert_eq!(at(&here, "7").await, None);
    // And on looking after itself.
    tokio::time::sleep(HOUR).await;
    there.set("7", "Bea".to_owned()).await;
    settle().await;
    assert_eq!(at(&here, "7").await.as_deref(), Some("Bea"));
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_made_later_is_opened_at_once() {
    let world = World::new();
    let (one, other) = (world.instance().await, world.instance().await);
    let there = other.users().await;
    load(&there, "7", "Ann").await;
    tokio::time::sleep(HOUR / 2).await;
    let here = one.builder("users").build_tiered(Json).unwrap();
    assert!(one.caches.ready(Duration::from_millis(10)).await);
    assert_eq!(at(&here, "7").await.as_deref(), Some("Ann"));
    there.remove("7").await;
    settle().await;
    assert_eq!(at(&here, "7").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_as_long_as_a_cache_has_it() {
    let world = World::new();
    let instance = world.instance().await;
    let users = instance.users().await;
    for build in [
        instance.builder("users").build_tiered(Json).unwrap_err(),
        instance.builder("users").build().unwrap_err(),
    ] {
        assert_eq!(
            build.to_string(),
            "the name of a cache is \"users\", expected one that no other cache has"
        );
    }
    // Another process may have one of the same name.
    world.instance().await.users().await;
    drop(users);
    instance.users().await;
    assert_eq!(instance.caches.stats().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn names_and_sizes_that_cannot_be_used_are_refused() {
    let caches = Caches::in_memory();
    let long = "x".repeat(65);
    for name in ["", "a:b", "a b", "a{b}", "ä", "a\n", long.as_str()] {
        let error = caches.cache::<String, String>(name).build().unwrap_err();
        assert!(error.to_string().starts_with("the name of a cache is"), "{error}");
    }
    let error = caches.cache::<String, String>("a").with_capacity(0).build().unwrap_err();
    assert_eq!(error.to_string(), "the capacity of a cache is \"0\", expected at least 1");
    for name in ["a", "A.b_c-9", &"x".repeat(64)] {
        caches.cache::<String, String>(name).build().unwrap();
    }
}

#[test]
fn without_a_runtime_it_is_a_cache_in_memory() {
    let clock = ManualClock::new();
    let store = LocalStore::new(clock.clone());
    let caches = Caches::builder().with_clock(clock.clone()).with_store(store.handle()).build();
    let builder = caches.cache("users").with_options(Options::new(HOUR));
    let users: Cache<String, String> = builder.build_tiered(Json).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let reach = runtime.block_on(users.set("7", "Ann".to_owned()));
    assert_eq!(reach, Reach::Queued);
    assert_eq!(users.peek("7").map(|found| found.value().clone()).as_deref(), Some("Ann"));
    assert_eq!(runtime.block_on(load(&users, "8", "Bea")), "Bea");
    assert_eq!(users.peek("8").map(|found| found.value().clone()).as_deref(), Some("Bea"));
    assert!(store.is_empty());
    clock.advance(HOUR);
    assert!(users.peek("7").is_none());
    assert_eq!(runtime.block_on(users.remove("8")), Reach::Queued);
    assert!(users.peek("8").is_none());
}

#[tokio::test(start_paused = true)]
async fn memory_is_swept_of_what_has_passed_its_keeping() {
    let world = World::new();
    let instance = world.instance().await;
    let users = instance.users().await;
    for key in 0..100 {
        users.set(key.to_string().as_str(), "Ann".to_owned()).await;
    }
    tokio::time::sleep(31 * SECOND).await;
    assert_eq!(users.stats().entries, 100);
    tokio::time::sleep(HOUR).await;
    assert_eq!(users.stats().entries, 0);
}
