//! What a backplane promises of generations, its clock and locks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bartizan_cache::{Backplane, Generation, Mark, Marks};
use tokio::time::Instant;

use super::{HOUR, SHORT, World, after, at_once, generation};

pub(crate) async fn generations_rise_over_all_instances<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let mut last = one.open("users").await.unwrap().generation;
    for _ in 0..50 {
        for backplane in [&one, &other, &other, &one] {
            let next = backplane.issue("users").await.unwrap();
            assert!(next > last, "{next} after {last}");
            last = next;
        }
        for (tag, mark) in [(None, Mark::Expire), (Some("admins"), Mark::Remove)] {
            let next = other.mark("users", tag, mark).await.unwrap();
            assert!(next > last, "{next} after {last}");
            last = next;
        }
    }
}

pub(crate) async fn generations_rise_among_tasks_at_once<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let tasks = (0..20).map(|number| {
        let backplane = Arc::clone(if number % 2 == 0 { &one } else { &other });
        async move {
            let mut issued = Vec::new();
            for _ in 0..20 {
                issued.push(backplane.issue("users").await.unwrap());
            }
            issued
        }
    });
    let issued = at_once(tasks).await;
    assert!(issued.iter().all(|task| task.is_sorted_by(|one, next| one < next)), "{issued:?}");
    let apart: BTreeSet<_> = issued.iter().flatten().collect();
    assert_eq!(apart.len(), 400, "two are the same");
    let last = one.open("users").await.unwrap().generation;
    assert_eq!(Some(&&last), apart.last());
}

pub(crate) async fn generations_rise_over_a_flush<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    let mut last = Generation::ZERO;
    for _ in 0..5 {
        for _ in 0..10 {
            last = backplane.issue("users").await.unwrap();
        }
        world.flush().await;
        let next = backplane.issue("users").await.unwrap();
        assert!(next > last, "{next} after {last}");
    }
}

pub(crate) async fn opening_tells_the_last_generation<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    one.open("users").await.unwrap();
    let issued = one.issue("users").await.unwrap();
    assert_eq!(other.open("users").await.unwrap().generation, issued);
    let marked = one.mark("users", None, Mark::Expire).await.unwrap();
    assert_eq!(other.open("users").await.unwrap().generation, marked);
    let marked = one.mark("users", Some("admins"), Mark::Remove).await.unwrap();
    assert_eq!(other.open("users").await.unwrap().generation, marked);
    assert_eq!(one.open("users").await.unwrap().generation, marked);
}

pub(crate) async fn the_clock_goes_on_and_all_instances_share_it<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let rounding = Duration::from_millis(10);
    let begin = Instant::now();
    let first = one.open("users").await.unwrap().now;
    tokio::time::sleep(SHORT).await;
    let second = other.open("orders").await.unwrap().now;
    let passed = Duration::from_millis(second.as_millis() - first.as_millis());
    assert!(passed + rounding >= SHORT, "{passed:?}");
    assert!(passed <= begin.elapsed() + rounding, "{passed:?}");
    world.flush().await;
    assert!(one.open("users").await.unwrap().now >= second);
}

pub(crate) async fn caches_say_nothing_of_one_another<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    let before = backplane.open("users").await.unwrap();
    let told = backplane.marks("users", &["admins"], Generation::ZERO).await.unwrap();
    for cache in ["user", "users2", "users:admins", "Users", ""] {
        backplane.mark(cache, None, Mark::Remove).await.unwrap();
        backplane.mark(cache, Some("admins"), Mark::Remove).await.unwrap();
        backplane.issue(cache).await.unwrap();
    }
    let after = backplane.open("users").await.unwrap();
    assert_eq!((after.generation, after.marks), (before.generation, before.marks));
    assert_eq!(backplane.marks("users", &["admins"], generation(1)).await.unwrap(), told);
    // Names that are the same once they are put together.
    backplane.mark("a", Some("b:c"), Mark::Remove).await.unwrap();
    let other = backplane.marks("a:b", &["c"], Generation::ZERO).await.unwrap();
    assert_eq!(other, [Marks::default()]);
}

pub(crate) async fn a_lock_is_for_one_holder<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    // Doubles do not tell these tokens apart.
    assert!(one.lock("users:7", u64::MAX, HOUR).await.unwrap());
    assert!(!other.lock("users:7", u64::MAX - 1, HOUR).await.unwrap());
    assert!(!one.lock("users:7", 0, HOUR).await.unwrap());
}

pub(crate) async fn a_holder_that_asks_again_has_the_lock<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    assert!(backplane.lock("users:7", 1, HOUR).await.unwrap());
    assert!(backplane.lock("users:7", 1, HOUR).await.unwrap());
    assert!(!backplane.lock("users:7", 2, HOUR).await.unwrap());
}

pub(crate) async fn a_lock_ends_by_itself_and_not_before<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let begin = Instant::now();
    assert!(one.lock("users:7", 1, SHORT).await.unwrap());
    after(SHORT, begin, "the lock ends", || async {
        other.lock("users:7", 2, HOUR).await.unwrap()
    })
    .await;
    // It is somebody else's by now.
    one.unlock("users:7", 1).await.unwrap();
    assert!(!one.lock("users:7", 1, HOUR).await.unwrap());
}

pub(crate) async fn a_lock_is_given_back_by_its_holder_only<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    one.unlock("users:7", u64::MAX).await.unwrap();
    assert!(one.lock("users:7", u64::MAX, HOUR).await.unwrap());
    other.unlock("users:7", u64::MAX - 1).await.unwrap();
    assert!(!other.lock("users:7", 2, HOUR).await.unwrap());
    one.unlock("users:7", u64::MAX).await.unwrap();
    assert!(other.lock("users:7", 2, HOUR).await.unwrap());
}

pub(crate) async fn of_many_one_takes_the_lock<W: World>(world: W) {
    let (one, other) = (world.instance().await.backplane, world.instance().await.backplane);
    let takers = (0..40).map(|token| {
        let backplane: Arc<dyn Backplane> = Arc::clone(if token % 2 == 0 { &one } else { &other });
        async move { backplane.lock("users:7", token, HOUR).await.unwrap() }
    });
    let taken = at_once(takers).await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
}

pub(crate) async fn locks_of_other_names_are_apart<W: World>(world: W) {
    let backplane = world.instance().await.backplane;
    for name in ["users:7", "users:77", "users:", "orders:7", "{users}:7"] {
        assert!(backplane.lock(name, 1, HOUR).await.unwrap(), "{name}");
    }
    backplane.unlock("users:77", 1).await.unwrap();
    assert!(!backplane.lock("users:7", 2, HOUR).await.unwrap());
    assert!(backplane.lock("users:77", 2, HOUR).await.unwrap());
}
