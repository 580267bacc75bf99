//! A store that is away or hangs: requests are answered, in bounded time, and nothing comes back
//! that was taken away.

use std::time::Duration;

use bartizan_cache::Reach;
use bartizan_cache::test_util::{Fault, Operation, Scope};
use tokio::time::{Instant, sleep};

use super::http::answer;
use super::*;
use crate::support::{MINUTE, SOON, settle};

/// Half a second, if nothing is said.
const TIMEOUT: Duration = Duration::from_millis(500);
const VARIES: [(&str, &str); 3] =
    [("cache-control", "max-age=3600"), ("vary", "x-kind"), ("cache-tag", "t1")];

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_costs_no_time_and_no_answer() {
    let (_world, one, two) = pair(&VARIES).await;
    one.instance.control.down();
    let begun = Instant::now();
    for path in ["/a", "/b"] {
        assert_eq!(one.told(path, &[]).await, inner("one"));
        assert_eq!(one.told(path, &[]).await, fresh("one"));
        assert_eq!(one.told(path, &[("x-kind", "b")]).await, inner("one"));
    }
    assert_eq!(one.responses.purge(&uri("/a")).await, Ok(Reach::Queued));
    assert_eq!(one.told("/a", &[]).await, inner("one"));
    one.send("POST", "/b").await;
    assert_eq!(one.told("/b", &[]).await, inner("one"));
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(two.told("/a", &[]).await, inner("two"));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_at_the_start_is_used_as_soon_as_it_is_there() {
    let world = World::new();
    let control = ChaosControl::new();
    control.down();
    let origin = Origin::new([answer("one", &VARIES)]);
    let one = Gateway::unready(&world, &origin, control, |builder| builder, |layer| layer);
    let two = late(&world, "two", &VARIES).await;
    assert_eq!(one.told("/a", &[]).await, inner("one"));
    assert_eq!(one.told("/a", &[]).await, fresh("one"));
    one.instance.control.up();
    sleep(SOON).await;
    assert_eq!(two.told("/b", &[]).await, inner("two"));
    settle().await;
    assert_eq!(one.told("/b", &[]).await, fresh("two"));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_delays_a_request_by_its_timeout_at_most() {
    let varies = [VARIES[0], VARIES[1], ("content-language", "de")];
    let (_world, one, two) = pair(&varies).await;
    one.get("/a", &[("x-kind", "a")]).await;
    // Four specs, so that there are many keys to look for.
    for name in ["x-b", "x-c", "x-d"] {
        one.origin.says(answer("one", &[("cache-control", "max-age=3600"), ("vary", name)]));
        one.get("/a", &[("x-kind", name), (name, "1")]).await;
    }
    settle().await;
    two.get("/a", &[("x-kind", "a")]).await;
    two.instance.control.hang();
    let requests: [&[(&str, &str)]; 3] =
        [&[("x-kind", "z"), ("x-d", "2")], &[("x-kind", "y")], &[]];
    for request in requests {
        for path in ["/a", "/b"] {
            let begun = Instant::now();
            two.get(path, request).await;
            assert!(begun.elapsed() <= TIMEOUT, "{path} {request:?} {:?}", begun.elapsed());
        }
    }
    // What is in memory is not asked for.
    let begun = Instant::now();
    assert_eq!(
        two.told("/b", &[("x-kind", "z"), ("x-d", "2")]).await.1,
        bartizan_cache::Answered::Fresh
    );
    assert_eq!(begun.elapsed(), Duration::ZERO);
    two.send("POST", "/a").await;
    assert!(begun.elapsed() <= TIMEOUT, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_stands_for_an_error_though_the_store_hangs() {
    let (_world, one, _two) = pair(&[("cache-control", "max-age=10, stale-if-error=60")]).await;
    one.get("/a", &[]).await;
    sleep(11 * SECOND).await;
    one.instance.control.hang();
    one.origin.says(super::http::status(500, "", &[]));
    let begun = Instant::now();
    assert_eq!(one.get("/a", &[]).await.text(), "one");
    assert_eq!(begun.elapsed(), TIMEOUT);
}

/// How the store is lost and comes back.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Down,
    Hung,
    Unheard,
}

#[tokio::test(start_paused = true)]
async fn what_was_purged_meanwhile_is_not_served_afterwards() {
    for loss in [Loss::Down, Loss::Hung, Loss::Unheard] {
        for by_tag in [false, true] {
            for by in 0..2 {
                let what = format!("{loss:?} {by_tag} {by}");
                let later = answer("later", &[("cache-control", "no-store")]);
                let (world, one, two) = pair_of(answer("one", &VARIES), later.clone()).await;
                for kind in ["a", "b"] {
                    one.get("/a", &[("x-kind", kind)]).await;
                    settle().await;
                    two.get("/a", &[("x-kind", kind)]).await;
                }
                let control = &one.instance.control;
                match loss {
                    Loss::Down => control.down(),
                    Loss::Hung => control.hang(),
                    Loss::Unheard => control.disconnect_listeners(),
                }
                settle().await;
                let gateway = [&one, &two][by];
                if by_tag {
                    gateway.responses.purge_tag("t1").await;
                } else {
                    gateway.responses.purge(&uri("/a")).await.unwrap();
                }
                sleep(MINUTE).await;
                control.heal();
                sleep(2 * SECOND).await;
                let three = late(&world, "three", &[("cache-control", "no-store")]).await;
                one.origin.says(later);
                for gateway in [&one, &two, &three] {
                    for kind in ["a", "b"] {
                        let asked = gateway.asked();
                        gateway.get("/a", &[("x-kind", kind)]).await;
                        assert_eq!(gateway.asked(), asked + 1, "{what}");
                    }
                }
                // And they work together again.
                three.origin.says(answer("again", &VARIES));
                assert_eq!(three.told("/c", &[]).await, inner("again"), "{what}");
                settle().await;
                assert_eq!(one.told("/c", &[]).await, fresh("again"), "{what}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_nothing_leaves_each_instance_its_memory() {
    let (world, one, two) = pair(&VARIES).await;
    let full = Fault::error(bartizan_cache::StoreErrorKind::Full);
    for gateway in [&one, &two] {
        gateway.instance.control.inject(full.clone().on(Scope::Only(Operation::Write)));
    }
    for (gateway, text) in [(&one, "one"), (&two, "two")] {
        assert_eq!(gateway.told("/a", &[]).await, inner(text));
        settle().await;
        assert_eq!(gateway.told("/a", &[]).await, fresh(text));
        assert_eq!(gateway.told("/a", &[("x-kind", "b")]).await, inner(text));
        assert_eq!(gateway.told("/a", &[]).await, fresh(text));
    }
    assert!(world.store.is_empty());
}
