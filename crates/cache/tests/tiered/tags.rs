//! Tags and whole caches, over instances, restarts and a store that forgets.

use std::time::Duration;

use bartizan_cache::test_util::Operation;
use bartizan_cache::{Item, Json, Options, Reach};

use super::own_store::Shelf;
use super::support::{
    HOUR, SECOND, World, at, cluster, fail_safe, load, load_tagged, settle, spare,
};

#[tokio::test(start_paused = true)]
async fn a_tag_is_removed_in_every_instance_and_in_those_that_start_later() {
    let (world, members) = cluster(2, &fail_safe()).await;
    let [(_, one), (_, other)] = &members[..] else { unreachable!() };
    load_tagged(one, "7", "Ann", "staff").await;
    load_tagged(one, "8", "Bea", "guests").await;
    settle().await;
    assert_eq!(at(other, "7").await.as_deref(), Some("Ann"));
    assert_eq!(other.remove_tag("staff").await, Reach::Shared);
    settle().await;
    let late = world.instance().await;
    let third = late.open(late.builder("users").with_options(fail_safe())).await;
    for users in [one, other, &third] {
        assert_eq!(at(users, "7").await, None);
        assert_eq!(spare(users, "7").await, None);
        assert_eq!(at(users, "8").await.as_deref(), Some("Bea"));
    }
    // What is loaded afterwards has the tag, and is valid.
    load_tagged(one, "7", "Ann the second", "staff").await;
    settle().await;
    for users in [one, other, &third] {
        assert_eq!(at(users, "7").await.as_deref(), Some("Ann the second"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_tag_leaves_spares_and_a_removed_one_does_not() {
    let (world, members) = cluster(2, &fail_safe()).await;
    let [(_, one), (_, other)] = &members[..] else { unreachable!() };
    load_tagged(one, "7", "Ann", "staff").await;
    load_tagged(one, "8", "Bea", "guests").await;
    settle().await;
    tokio::time::sleep(SECOND).await;
    assert_eq!(one.expire_tag("staff").await, Reach::Shared);
    assert_eq!(one.remove_tag("guests").await, Reach::Shared);
    settle().await;
    let late = world.instance().await;
    let third = late.open(late.builder("users").with_options(fail_safe())).await;
    for users in [one, other, &third] {
        assert_eq!(at(users, "7").await, None);
        assert_eq!(spare(users, "7").await.as_deref(), Some("Ann"));
        assert_eq!(at(users, "8").await, None);
        assert_eq!(spare(users, "8").await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn clearing_a_cache_says_nothing_of_another_whatever_its_name() {
    let world = World::new();
    let (one, other) = (world.instance().await, world.instance().await);
    let names = ["users", "usersAbc", "user", "users.x", "Users"];
    let made = [&one, &other]
        .map(|instance| names.map(|name| instance.builder(name).build_tiered(Json).unwrap()));
    assert!(one.caches.ready(SECOND).await && other.caches.ready(SECOND).await);
    for cache in &made[0] {
        load_tagged(cache, "7", cache.name(), "staff").await;
    }
    settle().await;
    for cache in &made[1] {
        assert_eq!(at(cache, "7").await.as_deref(), Some(cache.name()));
    }
    assert_eq!(made[1][0].clear().await, Reach::Shared);
    assert_eq!(made[1][2].remove_tag("staff").await, Reach::Shared);
    settle().await;
    let late = world.instance().await;
    let third = names.map(|name| late.builder(name).build_tiered(Json).unwrap());
    assert!(late.caches.ready(SECOND).await);
    for caches in [&made[0], &made[1], &third] {
        for (index, cache) in caches.iter().enumerate() {
            let is_there = !matches!(index, 0 | 2);
            assert_eq!(at(cache, "7").await.is_some(), is_there, "{}", cache.name());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn expiring_all_leaves_spares_everywhere() {
    let (_world, members) = cluster(2, &fail_safe()).await;
    let [(_, one), (_, other)] = &members[..] else { unreachable!() };
    load(one, "7", "Ann").await;
    settle().await;
    assert_eq!(at(other, "7").await.as_deref(), Some("Ann"));
    tokio::time::sleep(SECOND).await;
    assert_eq!(other.expire_all().await, Reach::Shared);
    settle().await;
    for users in [one, other] {
        assert_eq!(at(users, "7").await, None);
        assert_eq!(spare(users, "7").await.as_deref(), Some("Ann"));
    }
    other.clear().await;
    settle().await;
    for users in [one, other] {
        assert_eq!(spare(users, "7").await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn the_marks_of_a_tag_are_asked_for_once_in_a_connection() {
    let (_world, members) = cluster(2, &Options::new(HOUR)).await;
    let [(_, one), (second, other)] = &members[..] else { unreachable!() };
    for key in ["1", "2", "3"] {
        load_tagged(one, key, "Ann", "staff").await;
    }
    settle().await;
    for key in ["1", "2", "3"] {
        assert_eq!(at(other, key).await.as_deref(), Some("Ann"));
    }
    assert_eq!(second.calls(Operation::Marks), 1);
}

/// However the store forgets the mark of a tag, what it removed does not come back.
#[tokio::test(start_paused = true)]
async fn a_store_that_forgets_marks_causes_misses_and_nothing_older() {
    let shelf = Shelf::new();
    let (first, one) = shelf.users().await;
    let (_second, other) = shelf.users().await;
    // Begins before everything else, and carries the tag in the end.
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let early = tokio::spawn({
        let (one, gate) = (one.clone(), std::sync::Arc::clone(&gate));
        async move {
            one.get_or_load("early", async move |_| {
                gate.notified().await;
                Ok::<_, ()>(Item::new("early".to_owned()).with_tag("staff"))
            })
            .await
        }
    });
    settle().await;
    // A later generation, under which the value is loaded.
    other.remove("nothing").await;
    settle().await;
    load_tagged(&other, "7", "old", "staff").await;
    settle().await;
    other.remove_tag("staff").await;
    settle().await;
    shelf.forget_tags();
    gate.notify_one();
    early.await.unwrap().unwrap();
    settle().await;
    let (_third, late) = shelf.users().await;
    assert_eq!(at(&late, "7").await, None);
    for users in [&one, &other, &late] {
        assert_eq!(at(users, "7").await, None);
    }
    for users in [&one, &other, &late] {
        assert_eq!(load_tagged(users, "7", "new", "staff").await, "new");
        settle().await;
    }
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn what_a_flushed_store_held_does_not_come_back_and_the_instances_agree() {
    let (world, members) = cluster(3, &Options::new(HOUR)).await;
    let [(_, one), (_, two), (_, three)] = &members[..] else { unreachable!() };
    load_tagged(one, "7", "Ann", "staff").await;
    load(one, "8", "Bea").await;
    settle().await;
    for users in [two, three] {
        assert_eq!(at(users, "7").await.as_deref(), Some("Ann"));
    }
    world.store.flush();
    two.remove_tag("staff").await;
    two.remove("8").await;
    settle().await;
    for users in [one, two, three] {
        assert_eq!(at(users, "7").await, None);
        assert_eq!(at(users, "8").await, None);
    }
    load_tagged(three, "7", "Ann the second", "staff").await;
    load(three, "8", "Bea the second").await;
    settle().await;
    let late = world.instance().await;
    for users in [one, two, three, &late.users().await] {
        assert_eq!(load(users, "7", "Ann the second").await, "Ann the second");
        assert_eq!(load(users, "8", "Bea the second").await, "Bea the second");
        settle().await;
    }
}

/// A load that began before a removal is kept out by the tombstone; here that is lost, and the
/// message is late.
#[tokio::test(start_paused = true)]
async fn a_flush_between_a_removal_and_its_message_leaves_nothing_old_past_the_next_round() {
    let (world, members) = cluster(2, &Options::new(HOUR)).await;
    let [(first, one), (_, other)] = &members[..] else { unreachable!() };
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let loading = tokio::spawn({
        let (one, gate) = (one.clone(), std::sync::Arc::clone(&gate));
        async move {
            one.get_or_load("7", async move |_| {
                gate.notified().await;
                Ok::<_, ()>("old".to_owned())
            })
            .await
        }
    });
    settle().await;
    first.control.inject(bartizan_cache::test_util::Fault::late_message(SECOND));
    other.remove("7").await;
    world.store.flush();
    gate.notify_one();
    loading.await.unwrap().unwrap();
    settle().await;
    // Read now, if it is there.
    other.get("7").await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    for users in [one, other] {
        assert_eq!(load(users, "7", "new").await, "new");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_was_forgotten_still_keeps_an_older_load_out() {
    let (_world, members) = cluster(1, &Options::new(HOUR)).await;
    let (_, users) = &members[0];
    let gates = [(); 2].map(|()| std::sync::Arc::new(tokio::sync::Notify::new()));
    let mut loads = Vec::new();
    for (index, gate) in gates.iter().enumerate() {
        let (cache, gate) = (users.clone(), std::sync::Arc::clone(gate));
        loads.push(tokio::spawn(async move {
            let tag = ["other", "staff"][index];
            cache
                .get_or_load(["first", "second"][index], async move |_| {
                    gate.notified().await;
                    Ok::<_, ()>(Item::new("old".to_owned()).with_tag(tag))
                })
                .await
        }));
        settle().await;
        // The second begins later in the sequence.
        users.remove("nothing").await;
    }
    users.remove_tag("staff").await;
    // As many as are kept without an entry, so that the next one sweeps them away.
    for index in 0..16_383 {
        users.expire_tag(&index.to_string()).await;
    }
    for gate in &gates {
        gate.notify_one();
        settle().await;
    }
    for load in loads {
        load.await.unwrap().unwrap();
    }
    assert!(users.peek("second").is_none());
    assert_eq!(at(users, "second").await, None);
}
