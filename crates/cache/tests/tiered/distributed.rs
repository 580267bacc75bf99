//! One loader over all instances.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bartizan_cache::test_util::{Fault, Operation, Scope};
use bartizan_cache::{Backplane, Options, StoreErrorKind};
use tokio::time::Instant;

use super::support::{HOUR, Instance, SECOND, Users, cluster, settle};

const WAIT: Duration = Duration::from_secs(5);

fn options() -> Options {
    Options::new(HOUR).with_distributed_single_flight(30 * SECOND, WAIT)
}

/// Callers in every instance, whose loaders take a second: how often one ran, and how long each
/// caller waited.
async fn crowd(members: &[(Instance, Users)], callers: usize) -> (u64, Vec<Duration>) {
    let loads = Arc::new(AtomicU64::new(0));
    let mut crowd = Vec::new();
    for (_, users) in members {
        for _ in 0..callers {
            let (users, loads) = (users.clone(), Arc::clone(&loads));
            crowd.push(tokio::spawn(async move {
                let begun = Instant::now();
                let loader = async move |_| {
                    loads.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(SECOND).await;
                    Ok::<_, ()>("Ann".to_owned())
                };
                assert_eq!(users.get_or_load("7", loader).await.unwrap().value(), "Ann");
                begun.elapsed()
            }));
        }
    }
    let mut waited = Vec::new();
    for caller in crowd {
        waited.push(caller.await.unwrap());
    }
    (loads.load(Ordering::Relaxed), waited)
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_over_four_instances_load_once() {
    let (_world, members) = cluster(4, &options()).await;
    let (loads, waited) = crowd(&members, 2_500).await;
    assert_eq!(loads, 1);
    // Woken by the message, long before they would have looked again.
    let last = waited.into_iter().max().unwrap();
    assert!((SECOND..SECOND + Duration::from_millis(10)).contains(&last), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_message_those_who_wait_look_for_themselves() {
    let (_world, members) = cluster(3, &options()).await;
    for (instance, _) in &members {
        instance.control.inject(Fault::lost_message());
    }
    let (loads, waited) = crowd(&members, 10).await;
    assert_eq!(loads, 1);
    let last = waited.into_iter().max().unwrap();
    assert!(last < SECOND + Duration::from_millis(100), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn the_option_is_what_makes_it_so() {
    let (_world, members) = cluster(3, &Options::new(HOUR)).await;
    assert_eq!(crowd(&members, 10).await.0, 3);
    assert_eq!(members[0].0.calls(Operation::Lock), 0);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_dies_delays_the_others_no_longer_than_they_agreed() {
    let (world, members) = cluster(3, &options()).await;
    assert!(world.store.lock("users:7", 42, HOUR).await.unwrap());
    let (loads, waited) = crowd(&members, 10).await;
    assert_eq!(loads, 3);
    for waited in waited {
        let most = WAIT + SECOND + Duration::from_millis(100);
        assert!((WAIT + SECOND..most).contains(&waited), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_dies_holds_the_lock_no_longer_than_it_is_kept() {
    let (world, members) = cluster(3, &options()).await;
    assert!(world.store.lock("users:7", 42, 2 * SECOND).await.unwrap());
    let (loads, waited) = crowd(&members, 10).await;
    assert_eq!(loads, 1);
    let last = waited.into_iter().max().unwrap();
    assert!(last < 3 * SECOND + Duration::from_millis(200), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn where_locks_fail_everyone_loads() {
    for kind in [StoreErrorKind::Unavailable, StoreErrorKind::ReadOnly, StoreErrorKind::Full] {
        let (_world, members) = cluster(3, &options()).await;
        for (instance, _) in &members {
            instance.control.inject(Fault::error(kind).on(Scope::Only(Operation::Lock)));
        }
        let (loads, waited) = crowd(&members, 10).await;
        assert_eq!(loads, 3);
        let last = waited.into_iter().max().unwrap();
        assert!(last < SECOND + Duration::from_millis(10), "{last:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_store_is_away_everyone_loads_at_once() {
    let (_world, members) = cluster(3, &options()).await;
    for (instance, _) in &members {
        instance.control.down();
    }
    let (loads, waited) = crowd(&members, 10).await;
    assert_eq!(loads, 3);
    assert!(waited.into_iter().max().unwrap() < SECOND + Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_fails_lets_the_next_instance_try() {
    let (_world, members) = cluster(2, &options()).await;
    let [(_, one), (_, other)] = &members[..] else { unreachable!() };
    let failing = tokio::spawn({
        let one = one.clone();
        async move {
            let loader = async |_| {
                tokio::time::sleep(SECOND).await;
                Err::<String, _>("no source")
            };
            one.get_or_load("7", loader).await.is_err()
        }
    });
    settle().await;
    let begun = Instant::now();
    let found = other.get_or_load("7", async |_| Ok::<_, ()>("Ann".to_owned())).await.unwrap();
    assert_eq!(found.value(), "Ann");
    assert!(begun.elapsed() < SECOND + Duration::from_millis(10));
    assert!(failing.await.unwrap());
}
