//! What was changed while the store was away, and how the others learn of it.

use std::time::Duration;

use bartizan_cache::test_util::{ChaosControl, Fault, Operation, Scope};
use bartizan_cache::{Item, Json, Options, Reach, StoreErrorKind};

use super::support::{
    HOUR, Instance, MINUTE, SECOND, SOON, Users, World, at, cluster, fail_safe, load, load_tagged,
    settle, spare,
};

async fn two(options: &Options) -> (World, Instance, Users, Instance, Users) {
    let (world, members) = cluster(2, options).await;
    let [(first, one), (second, other)] =
        <[_; 2]>::try_from(members).unwrap_or_else(|_| unreachable!());
    (world, first, one, second, other)
}

async fn back(instance: &Instance) {
    instance.control.up();
    tokio::time::sleep(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn everything_that_was_changed_during_an_outage_reaches_the_others() {
    let (world, first, one, _second, other) = two(&fail_safe()).await;
    for key in ["removed", "set", "expired"] {
        load(&other, key, "old").await;
    }
    load_tagged(&other, "tagged", "old", "staff").await;
    load_tagged(&other, "stale", "old", "guests").await;
    settle().await;
    for key in ["removed", "set", "expired", "tagged", "stale"] {
        assert_eq!(at(&one, key).await.as_deref(), Some("old"));
    }
    tokio::time::sleep(SECOND).await;
    first.control.down();
    assert_eq!(one.remove("removed").await, Reach::Queued);
    assert_eq!(one.set("set", "new".to_owned()).await, Reach::Queued);
    let brand_new = Item::new("new".to_owned()).with_tag("a tag that nobody knows");
    assert_eq!(one.set("brand new", brand_new).await, Reach::Queued);
    assert_eq!(one.expire("expired").await, Reach::Queued);
    assert_eq!(one.remove_tag("staff").await, Reach::Queued);
    assert_eq!(one.expire_tag("guests").await, Reach::Queued);
    assert_eq!(one.stats().queued, 6);
    // At home it is done.
    let mine = [at(&one, "removed").await, at(&one, "set").await, at(&one, "expired").await];
    assert_eq!(mine, [None, Some("new".to_owned()), None]);
    assert_eq!(at(&one, "tagged").await, None);
    tokio::time::sleep(MINUTE).await;
    assert_eq!(at(&other, "set").await.as_deref(), Some("old"));
    back(&first).await;
    assert_eq!(one.stats().queued, 0);
    let late = world.instance().await;
    let third = late.open(late.builder("users").with_options(fail_safe())).await;
    for users in [&other, &third, &one] {
        assert_eq!(spare(users, "removed").await, None);
        assert_eq!(at(users, "set").await.as_deref(), Some("new"));
        assert_eq!(at(users, "brand new").await.as_deref(), Some("new"));
        assert_eq!(at(users, "expired").await, None);
        assert_eq!(spare(users, "expired").await.as_deref(), Some("old"));
        assert_eq!(spare(users, "tagged").await, None);
        assert_eq!(at(users, "stale").await, None);
        assert_eq!(spare(users, "stale").await.as_deref(), Some("old"));
    }
}

#[tokio::test(start_paused = true)]
async fn clearing_during_an_outage_reaches_the_others() {
    let (_world, first, one, _second, other) = two(&fail_safe()).await;
    load(&other, "7", "old").await;
    settle().await;
    first.control.down();
    assert_eq!(one.clear().await, Reach::Queued);
    assert_eq!(one.set("8", "new".to_owned()).await, Reach::Queued);
    back(&first).await;
    for users in [&one, &other] {
        assert_eq!(spare(users, "7").await, None);
        assert_eq!(at(users, "8").await.as_deref(), Some("new"));
    }
}

/// At every millisecond from the end of the outage on.
#[tokio::test(start_paused = true)]
async fn what_was_removed_during_an_outage_is_at_no_moment_served_again() {
    for wide in [false, true] {
        for slow in [0, 3, 40] {
            let (_world, first, one, _second, other) = two(&fail_safe()).await;
            for key in ["7", "8"] {
                load_tagged(&other, key, "old", "staff").await;
            }
            settle().await;
            assert_eq!(at(&one, "7").await.as_deref(), Some("old"));
            first.control.down();
            if wide {
                one.remove_tag("staff").await;
            } else {
                one.remove("7").await;
                one.remove("8").await;
            }
            first.control.inject(Fault::slow(Duration::from_millis(slow)));
            first.control.up();
            let mut crowd = Vec::new();
            for wait in 0..400 {
                let users = one.clone();
                crowd.push(tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    // The first is in memory and in the store, the second in the store alone.
                    let found = [at(&users, "7").await, at(&users, "8").await];
                    let many = users.get_many(["7", "8"]).await;
                    found == [None, None] && many.iter().all(Option::is_none)
                }));
            }
            for (wait, reader) in crowd.into_iter().enumerate() {
                assert!(reader.await.unwrap(), "wide {wide}, slow {slow}, {wait} ms");
            }
            assert_eq!(one.stats().queued, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_waits_and_one_that_another_instance_wrote_meanwhile_both_go() {
    let (_world, first, one, _second, other) = two(&Options::new(HOUR)).await;
    load(&other, "7", "old").await;
    settle().await;
    first.control.down();
    one.set("7", "mine".to_owned()).await;
    tokio::time::sleep(SECOND).await;
    other.set("7", "theirs".to_owned()).await;
    back(&first).await;
    for users in [&one, &other] {
        assert_eq!(at(users, "7").await.as_deref(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_removal_or_a_removed_tag_of_another_instance_wins_over_a_value_that_waits() {
    for tag in [false, true] {
        let (_world, first, one, _second, other) = two(&fail_safe()).await;
        load_tagged(&other, "7", "old", "staff").await;
        settle().await;
        assert_eq!(at(&one, "7").await.as_deref(), Some("old"));
        first.control.down();
        one.set("7", Item::new("mine".to_owned()).with_tag("staff")).await;
        tokio::time::sleep(SECOND).await;
        if tag {
            other.remove_tag("staff").await;
        } else {
            other.remove("7").await;
        }
        back(&first).await;
        for users in [&one, &other] {
            assert_eq!(at(users, "7").await, None, "tag {tag}");
            assert_eq!(spare(users, "7").await, None, "tag {tag}");
        }
    }
}

/// The connection is there again, but the cache does not know where it stands.
#[tokio::test(start_paused = true)]
async fn a_value_that_is_set_before_the_cache_is_open_again_wins_over_what_was_there_before() {
    let (_world, first, one, _second, other) = two(&Options::new(HOUR)).await;
    one.set("7", "old".to_owned()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let open = Fault::error(StoreErrorKind::Timeout).on(Scope::Only(Operation::Open));
    first.control.down();
    first.control.inject(open);
    first.control.up();
    settle().await;
    assert_eq!(one.set("7", "new".to_owned()).await, Reach::Queued);
    first.control.heal();
    tokio::time::sleep(SOON).await;
    for users in [&one, &other] {
        assert_eq!(at(users, "7").await.as_deref(), Some("new"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_set_before_the_store_was_ever_reached_wins_over_an_older_one() {
    let world = World::new();
    let before = world.instance().await;
    let there = before.users().await;
    there.set("7", "old".to_owned()).await;
    tokio::time::sleep(MINUTE).await;
    let control = ChaosControl::new();
    control.down();
    let instance = world.start_under(control);
    let users = instance.builder("users").build_tiered(Json).unwrap();
    assert_eq!(users.set("7", "new".to_owned()).await, Reach::Queued);
    tokio::time::sleep(SECOND).await;
    back(&instance).await;
    for users in [&users, &there] {
        assert_eq!(at(users, "7").await.as_deref(), Some("new"));
    }
}

/// A write fails once, and what comes after it does not overtake it.
#[tokio::test(start_paused = true)]
async fn what_comes_after_a_value_that_waits_is_told_after_it() {
    for how in ["remove", "clear", "tag", "set", "expire"] {
        let (world, first, one, _second, other) = two(&fail_safe()).await;
        load_tagged(&other, "7", "old", "staff").await;
        settle().await;
        let fail = Fault::error(StoreErrorKind::Full).on(Scope::Only(Operation::Write));
        first.control.inject(fail);
        let item = Item::new("waits".to_owned()).with_tag("staff");
        assert_eq!(one.set("7", item).await, Reach::Queued);
        let reach = match how {
            "remove" => one.remove("7").await,
            "clear" => one.clear().await,
            "tag" => one.remove_tag("staff").await,
            "set" => one.set("7", "new".to_owned()).await,
            _ => one.expire("7").await,
        };
        assert_eq!(reach, Reach::Queued, "{how}");
        let expected = (how == "set").then_some("new");
        assert_eq!(at(&one, "7").await.as_deref(), expected, "{how}");
        first.control.heal();
        tokio::time::sleep(SOON).await;
        let late = world.instance().await;
        let third = late.open(late.builder("users").with_options(fail_safe())).await;
        for users in [&one, &other, &third] {
            assert_eq!(at(users, "7").await.as_deref(), expected, "{how}");
            assert_ne!(spare(users, "7").await.as_deref(), Some("old"), "{how}");
        }
    }
}

/// While the waiting value is being told.
#[tokio::test(start_paused = true)]
async fn what_comes_while_a_value_is_told_again_wins_over_it() {
    let steps = [Operation::Read, Operation::Issue, Operation::Write, Operation::Announce];
    for how in ["remove", "clear", "set"] {
        // After an outage, or after a call that failed once.
        for (step, outage) in steps.into_iter().flat_map(|step| [(step, true), (step, false)]) {
            let (_world, first, one, _second, other) = two(&fail_safe()).await;
            if outage {
                first.control.down();
            } else {
                let fail = Fault::error(StoreErrorKind::Full).on(Scope::Only(Operation::Write));
                first.control.inject(fail.times(1));
            }
            assert_eq!(one.set("7", "waits".to_owned()).await, Reach::Queued);
            let slow = Fault::slow(Duration::from_millis(100)).on(Scope::Only(step)).times(1);
            first.control.inject(slow);
            first.control.up();
            tokio::time::sleep(Duration::from_millis(20)).await;
            match how {
                "remove" => one.remove("7").await,
                "clear" => one.clear().await,
                _ => one.set("7", "new".to_owned()).await,
            };
            let expected = (how == "set").then_some("new");
            for _ in 0..40 {
                assert_ne!(at(&one, "7").await.as_deref(), Some("waits"), "{how} {step:?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            for users in [&one, &other] {
                assert_eq!(at(users, "7").await.as_deref(), expected, "{how} {step:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_set_after_a_removal_that_waits_outlives_it() {
    for tag in [false, true] {
        let (_world, first, one, _second, other) = two(&Options::new(HOUR)).await;
        let fail = Fault::error(StoreErrorKind::Full).on(Scope::Changes).times(1);
        first.control.inject(fail);
        let reach = if tag { one.remove_tag("staff").await } else { one.remove("7").await };
        assert_eq!(reach, Reach::Queued);
        let item = Item::new("new".to_owned()).with_tag("staff");
        assert_eq!(one.set("7", item).await, Reach::Queued);
        tokio::time::sleep(SOON).await;
        for users in [&one, &other] {
            assert_eq!(at(users, "7").await.as_deref(), Some("new"), "tag {tag}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_set_after_its_tag_was_removed_in_an_outage_outlives_it() {
    let (_world, first, one, _second, other) = two(&Options::new(HOUR)).await;
    load_tagged(&other, "7", "old", "staff").await;
    settle().await;
    first.control.down();
    one.remove_tag("staff").await;
    one.remove("8").await;
    one.set("7", Item::new("new".to_owned()).with_tag("staff")).await;
    back(&first).await;
    for users in [&one, &other] {
        assert_eq!(at(users, "7").await.as_deref(), Some("new"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_removed_and_set_and_expired_does_not_come_back_as_a_spare() {
    let (_world, first, one, _second, other) = two(&fail_safe()).await;
    load(&other, "7", "old").await;
    settle().await;
    first.control.down();
    one.remove("7").await;
    one.set("7", "new".to_owned()).await;
    one.expire("7").await;
    assert_eq!(one.stats().queued, 1);
    back(&first).await;
    for users in [&one, &other] {
        assert_ne!(spare(users, "7").await.as_deref(), Some("old"));
    }
}

#[tokio::test(start_paused = true)]
async fn there_is_one_change_for_each_key_and_it_is_the_last() {
    let (_world, first, one, _second, other) = two(&Options::new(HOUR)).await;
    first.control.down();
    for round in 0..100 {
        one.set("7", round.to_string()).await;
        one.set("8", round.to_string()).await;
        one.remove("8").await;
        one.remove("9").await;
        one.set("9", round.to_string()).await;
    }
    assert_eq!(one.stats().queued, 3);
    let writes = first.calls(Operation::Write);
    back(&first).await;
    assert_eq!(first.calls(Operation::Write), writes + 3);
    let values = [at(&other, "7").await, at(&other, "8").await, at(&other, "9").await];
    assert_eq!(values, [Some("99".to_owned()), None, Some("99".to_owned())]);
}

/// Among the changes that are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Removal {
    None,
    First,
    Last,
}

async fn overflow(removal: Removal) -> (Instance, Users, Instance, Users, Instance, Users) {
    let world = World::new();
    let first = world.start_with(ChaosControl::new(), |builder| builder.with_recovery_limit(10));
    let one = first.open(first.builder("users").with_options(fail_safe())).await;
    let beside = first.open(first.builder("beside").with_options(fail_safe())).await;
    let second = world.instance().await;
    let other = second.open(second.builder("users").with_options(fail_safe())).await;
    let third = world.instance().await;
    let there = third.open(third.builder("beside").with_options(fail_safe())).await;
    for users in [&one, &beside] {
        load(users, "7", "old").await;
    }
    settle().await;
    assert_eq!(at(&other, "7").await.as_deref(), Some("old"));
    assert_eq!(at(&there, "7").await.as_deref(), Some("old"));
    tokio::time::sleep(SECOND).await;
    first.control.down();
    first.seen.take();
    beside.remove("8").await;
    if removal == Removal::First {
        one.remove("7").await;
    }
    for key in 0..1_000 {
        one.set(format!("new {key}").as_str(), "new".to_owned()).await;
    }
    // What waited is one item now: the whole cache.
    assert_eq!(one.stats().queued, 1);
    if removal == Removal::Last {
        one.remove("7").await;
    }
    let events = first.seen.take();
    assert!(events.iter().filter(|event| event.starts_with("overflowed users")).count() > 0);
    first.control.up();
    tokio::time::sleep(SOON).await;
    assert_eq!(one.stats().queued, 0);
    drop(beside);
    (first, one, second, other, third, there)
}

#[tokio::test(start_paused = true)]
async fn too_many_changes_expire_the_whole_cache_and_no_other() {
    let (_first, one, _second, other, _third, there) = overflow(Removal::None).await;
    for users in [&one, &other] {
        assert_eq!(at(users, "7").await, None);
        assert_eq!(spare(users, "7").await.as_deref(), Some("old"));
    }
    assert_eq!(at(&there, "7").await.as_deref(), Some("old"));
}

#[tokio::test(start_paused = true)]
async fn too_many_changes_with_a_removal_among_them_remove_the_whole_cache() {
    for removal in [Removal::First, Removal::Last] {
        let (_first, one, _second, other, _third, there) = overflow(removal).await;
        for users in [&one, &other] {
            assert_eq!(at(users, "7").await, None, "{removal:?}");
            assert_eq!(spare(users, "7").await, None, "{removal:?}");
        }
        assert_eq!(at(&there, "7").await.as_deref(), Some("old"));
    }
}

/// The removal comes while the whole cache is being expired for those before it.
#[tokio::test(start_paused = true)]
async fn a_change_that_comes_while_an_overflow_is_made_up_for_is_not_lost() {
    let world = World::new();
    let first = world.start_with(ChaosControl::new(), |builder| builder.with_recovery_limit(1));
    let one = first.open(first.builder("users").with_options(fail_safe())).await;
    let second = world.instance().await;
    let other = second.open(second.builder("users").with_options(fail_safe())).await;
    first.control.down();
    one.expire("1").await;
    one.expire("2").await;
    let slow = Fault::slow(Duration::from_millis(200)).on(Scope::Only(Operation::Mark)).times(1);
    first.control.inject(slow);
    first.control.up();
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Before the mark is made, so it is of an earlier generation and expired with it.
    load(&other, "7", "old").await;
    settle().await;
    assert_eq!(one.remove("7").await, Reach::Queued);
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(one.stats().queued, 0);
    for users in [&one, &other] {
        assert_eq!(spare(users, "7").await, None);
    }
}

/// The store is there, but will not have this one.
#[tokio::test(start_paused = true)]
async fn a_value_that_the_store_refuses_does_not_hold_up_what_waits_behind_it() {
    let (_world, first, one, _second, other) = two(&Options::new(HOUR)).await;
    load(&other, "7", "old").await;
    load(&other, "8", "old").await;
    settle().await;
    // At first, and when it is repeated.
    let refuse = Fault::error(StoreErrorKind::Protocol).on(Scope::Only(Operation::Write)).times(2);
    first.control.inject(refuse);
    assert_eq!(one.set("7", "too large".to_owned()).await, Reach::Queued);
    first.control.down();
    one.remove("8").await;
    back(&first).await;
    assert_eq!(one.stats().queued, 0);
    assert_eq!(at(&other, "8").await, None);
    // Nobody is left with what it had before.
    assert_eq!(at(&other, "7").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_waits_longer_than_tombstones_last_is_told_as_a_removal() {
    let (_world, first, one, _second, other) = two(&Options::new(HOUR)).await;
    load(&other, "7", "old").await;
    settle().await;
    first.control.down();
    one.set("7", "mine".to_owned()).await;
    other.remove("7").await;
    // The tombstone lasts for 330 seconds.
    tokio::time::sleep(6 * MINUTE).await;
    back(&first).await;
    for users in [&one, &other] {
        assert_eq!(at(users, "7").await, None);
    }
}
