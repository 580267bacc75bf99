//! Loads and reads that are under way while something is invalidated.

use std::sync::Arc;
use std::time::Duration;

use bartizan_cache::test_util::{Fault, Operation, Scope};
use bartizan_cache::{Access, Item, Options};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::support::{HOUR, Instance, SECOND, Users, World, at, cluster, fail_safe, load, settle};

/// How an entry is made invalid.
#[derive(Clone, Copy, Debug)]
enum How {
    Removed,
    Set,
    Tag,
    Cleared,
}

const EVERY: [How; 4] = [How::Removed, How::Set, How::Tag, How::Cleared];

impl How {
    async fn invalidate(self, users: &Users) {
        match self {
            Self::Removed => users.remove("7").await,
            Self::Set => users.set("7", "new".to_owned()).await,
            Self::Tag => users.remove_tag("staff").await,
            Self::Cleared => users.clear().await,
        };
    }
}

/// A caller whose loader has read `old` and is slow to say so.
fn slow_load(users: &Users, gate: &Arc<Notify>) -> JoinHandle<String> {
    let (users, gate) = (users.clone(), Arc::clone(gate));
    tokio::spawn(async move {
        let loader = async move |_| {
            gate.notified().await;
            Ok::<_, ()>(Item::new("old".to_owned()).with_tag("staff"))
        };
        users.get_or_load("7", loader).await.unwrap().into_value()
    })
}

/// No instance, nor one that starts now, has the old value.
async fn nobody_has_old(world: &World, members: &[(Instance, Users)], what: &str) {
    settle().await;
    let late = world.instance().await;
    let late_users = late.open(late.builder("users").with_options(fail_safe())).await;
    for users in members.iter().map(|(_, users)| users).chain([&late_users]) {
        for found in [at(users, "7").await, users.get_many(["7"]).await[0].as_deref().cloned()] {
            assert_ne!(found.as_deref(), Some("old"), "{what}");
        }
        let spare = super::support::spare(users, "7").await;
        assert_ne!(spare.as_deref(), Some("old"), "{what}");
    }
    for (_, users) in members {
        assert_eq!(load(users, "7", "new").await, "new", "{what}");
        settle().await;
    }
}

/// What happens to the messages that tell the loading instance.
fn message_faults() -> [(&'static str, Option<Fault>); 4] {
    [
        ("told", None),
        ("told late", Some(Fault::late_message(SECOND))),
        ("told twice", Some(Fault::repeated_message())),
        ("told in another order", Some(Fault::swapped_message())),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_load_that_began_before_does_not_outlive_an_invalidation() {
    for how in EVERY {
        for by in 0..2 {
            for (told, fault) in message_faults() {
                let what = format!("{how:?} by {by}, {told}");
                let (world, members) = cluster(3, &fail_safe()).await;
                if let Some(fault) = fault {
                    members[0].0.control.inject(fault);
                }
                let gate = Arc::new(Notify::new());
                let caller = slow_load(&members[0].1, &gate);
                settle().await;
                how.invalidate(&members[by].1).await;
                // At once, so that the message may not be there yet.
                gate.notify_one();
                assert_eq!(caller.await.unwrap(), "old", "{what}");
                settle().await;
                members[0].0.control.release();
                tokio::time::sleep(2 * SECOND).await;
                nobody_has_old(&world, &members, &what).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_comes_after_an_invalidation_does_not_get_what_was_loaded_before() {
    for how in [How::Removed, How::Tag, How::Cleared] {
        for by in 0..2 {
            let (_world, members) = cluster(2, &Options::new(HOUR)).await;
            let gate = Arc::new(Notify::new());
            let caller = slow_load(&members[0].1, &gate);
            settle().await;
            how.invalidate(&members[by].1).await;
            settle().await;
            let users = members[0].1.clone();
            let later = tokio::spawn(async move { load(&users, "7", "new").await });
            settle().await;
            gate.notify_one();
            assert_eq!(caller.await.unwrap(), "old");
            assert_eq!(later.await.unwrap(), "new", "{how:?} by {by}");
        }
    }
}

/// Every call of the loading instance is held in turn, and the invalidation comes meanwhile.
#[tokio::test(start_paused = true)]
async fn an_invalidation_may_come_between_any_two_steps_of_a_load() {
    let steps = [Operation::Read, Operation::Marks, Operation::Write];
    for how in EVERY {
        for step in steps {
            for by in 0..2 {
                let what = format!("{how:?} by {by} while {step:?}");
                let (world, members) = cluster(2, &fail_safe()).await;
                let held = Fault::slow(Duration::from_millis(100)).on(Scope::Only(step)).times(1);
                members[0].0.control.inject(held);
                let gate = Arc::new(Notify::new());
                let caller = slow_load(&members[0].1, &gate);
                if step != Operation::Read {
                    gate.notify_one();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
                how.invalidate(&members[by].1).await;
                gate.notify_one();
                caller.await.unwrap();
                tokio::time::sleep(SECOND).await;
                nobody_has_old(&world, &members, &what).await;
            }
        }
    }
}

/// The old value is in the store, and is read while it is invalidated.
#[tokio::test(start_paused = true)]
async fn an_invalidation_may_come_between_any_two_steps_of_a_read() {
    for how in EVERY {
        for step in [Operation::Read, Operation::ReadMany, Operation::Marks] {
            for lost in [false, true] {
                let what = format!("{how:?} while {step:?}");
                let (world, members) = cluster(3, &fail_safe()).await;
                let [(_, one), (second, other), _] = &members[..] else { unreachable!() };
                let item = Item::new("old".to_owned()).with_tag("staff");
                one.get_or_load("7", async |_| Ok::<_, ()>(item)).await.unwrap();
                settle().await;
                // The answer is slow, or the question is.
                let slow = Duration::from_millis(100);
                let held = if lost { Fault::hang() } else { Fault::slow(slow) };
                second.control.inject(held.on(Scope::Only(step)).times(1));
                let users = other.clone();
                let reading = tokio::spawn(async move {
                    match step {
                        Operation::ReadMany => {
                            users.get_many(["7"]).await;
                        }
                        _ => {
                            users.get("7").await;
                        }
                    }
                });
                tokio::time::sleep(Duration::from_millis(10)).await;
                how.invalidate(one).await;
                reading.await.unwrap();
                tokio::time::sleep(SECOND).await;
                nobody_has_old(&world, &members, &what).await;
            }
        }
    }
}

/// The calls of the invalidation itself are slow, and a reader of the same instance comes meanwhile.
#[tokio::test(start_paused = true)]
async fn a_reader_may_come_between_any_two_steps_of_an_invalidation() {
    let steps = [Operation::Issue, Operation::Write, Operation::Mark, Operation::Announce];
    for how in EVERY {
        for step in steps {
            for reader in 0..2 {
                let what = format!("{how:?} while {step:?}, reader {reader}");
                let (world, members) = cluster(2, &fail_safe()).await;
                let item = Item::new("old".to_owned()).with_tag("staff");
                members[1].1.get_or_load("7", async |_| Ok::<_, ()>(item)).await.unwrap();
                settle().await;
                let held = Fault::slow(Duration::from_millis(100)).on(Scope::Only(step)).times(1);
                members[0].0.control.inject(held);
                let users = members[0].1.clone();
                let invalidating = tokio::spawn(async move { how.invalidate(&users).await });
                for _ in 0..30 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    members[reader].1.get("7").await;
                    members[reader].1.get_many(["7"]).await;
                }
                invalidating.await.unwrap();
                nobody_has_old(&world, &members, &what).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_set_while_another_is_removed_is_there_or_is_not_for_all() {
    for first in [Operation::Issue, Operation::Write, Operation::Announce] {
        for second in [Operation::Issue, Operation::Write, Operation::Announce] {
            let (world, members) = cluster(3, &fail_safe()).await;
            load(&members[0].1, "7", "old").await;
            settle().await;
            for ((instance, _), step) in members.iter().zip([first, second]) {
                let slow = Fault::slow(Duration::from_millis(50));
                instance.control.inject(slow.on(Scope::Only(step)));
            }
            let (one, other) = (members[0].1.clone(), members[1].1.clone());
            tokio::join!(one.set("7", "new".to_owned()), other.remove("7"));
            settle().await;
            let late = world.instance().await;
            let expected = at(&late.users().await, "7").await;
            assert_ne!(expected.as_deref(), Some("old"));
            for (_, users) in &members {
                assert_eq!(at(users, "7").await, expected, "{first:?} {second:?}");
            }
        }
    }
}

/// Nothing of later generation is in memory that would keep the old value out.
#[tokio::test(start_paused = true)]
async fn a_reader_may_come_while_a_value_is_set_that_is_not_for_the_memory() {
    let (_world, members) = cluster(2, &Options::new(HOUR)).await;
    let [(first, one), (_, other)] = &members[..] else { unreachable!() };
    load(other, "7", "old").await;
    settle().await;
    let slow = Fault::slow(Duration::from_millis(100)).on(Scope::Only(Operation::Write));
    first.control.inject(slow);
    let users = one.clone();
    let setting = tokio::spawn(async move {
        let options = Options::new(HOUR).with_memory(Access::None);
        users.set_with("7", &options, "new".to_owned()).await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(at(one, "7").await.as_deref(), Some("old"));
    setting.await.unwrap();
    assert_eq!(at(one, "7").await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_comes_late_takes_nothing_that_is_newer() {
    let (_world, members) = cluster(2, &Options::new(HOUR)).await;
    let [(first, one), (_, other)] = &members[..] else { unreachable!() };
    first.control.inject(Fault::late_message(SECOND));
    other.set("7", "Ann".to_owned()).await;
    other.remove("8").await;
    assert_eq!(at(one, "7").await.as_deref(), Some("Ann"));
    one.set("8", "Bea".to_owned()).await;
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(one.peek("7").map(|found| found.value().clone()).as_deref(), Some("Ann"));
    assert_eq!(one.peek("8").map(|found| found.value().clone()).as_deref(), Some("Bea"));
}
