use std::hash::Hasher;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

#[test]
fn the_first_leads_and_the_others_follow_it() {
    let flights = Flights::<_, u8>::new();
    let (_leader, flight) = begin(&flights, &"key", 7);
    assert_eq!(flight.began(), 7);
    assert_eq!(follow(&flights, &"key").began(), 7);
    assert_eq!(follow(&flights, &"key").began(), 7);
    assert_eq!(flights.len(), 1);
}

#[test]
fn asks_whether_the_flight_that_is_there_may_be_joined() {
    let flights = Flights::<_, u8>::new();
    let (_leader, _) = begin(&flights, &"key", 7);
    let mut asked = None;
    let joined = flights.join(&"key", 8, |began| {
        asked = Some(began);
        true
    });
    assert!(matches!(joined, Joined::Follower(flight) if flight.began() == 7));
    assert_eq!(asked, Some(7));
    // With nothing there, there is nothing to ask.
    assert!(matches!(flights.join(&"other", 9, |_| panic!("asked")), Joined::Leader(..)));
}

#[test]
fn a_replaced_flight_goes_on_and_its_end_leaves_the_new_one_alone() {
    for lands in [true, false] {
        let flights = Flights::new();
        let (old, before) = begin(&flights, &"key", 1);
        let mut wait = before.wait();
        let count = Arc::new(Count::default());
        assert!(poll(&mut wait, &count).is_pending());

        let (new, after) = begin(&flights, &"key", 2);
        assert_eq!(flights.len(), 1);
        assert_eq!(follow(&flights, &"key").began(), 2);
        let expected = if lands {
            old.land("old");
            Landed::Outcome("old")
        } else {
            drop(old);
            Landed::Abandoned
        };
        assert_eq!(count.woken(), 1);
        assert_eq!(poll(&mut wait, &count), Poll::Ready(expected));
        assert_eq!(after.outcome(), None);
        assert_eq!(follow(&flights, &"key").began(), 2);

        new.land("new");
        assert_eq!(after.outcome(), Some(Landed::Outcome("new")));
        assert_eq!(before.outcome(), Some(expected));
        assert_eq!(flights.len(), 0);
    }
}

#[test]
fn a_replaced_flight_of_the_same_number_is_still_another() {
    let flights = Flights::new();
    let (old, before) = begin(&flights, &"key", 1);
    let (_new, after) = begin(&flights, &"key", 1);
    old.land(7);
    assert_eq!(before.outcome(), Some(Landed::Outcome(7)));
    assert_eq!(after.outcome(), None);
    assert_eq!(follow(&flights, &"key").outcome(), None);
}

#[test]
fn a_new_flight_that_ends_first_is_not_joined_any_more() {
    let flights = Flights::new();
    let (old, before) = begin(&flights, &"key", 1);
    let (new, _) = begin(&flights, &"key", 2);
    new.land("new");
    assert_eq!(flights.len(), 0);
    // The replaced one does not come back.
    assert_eq!(begin(&flights, &"key", 3).1.began(), 3);
    old.land("old");
    assert_eq!(before.outcome(), Some(Landed::Outcome("old")));
}

#[test]
fn the_table_is_empty_when_all_have_ended() {
    let flights = Flights::new();
    let mut begun: Vec<_> = (0_u32..10_000).map(|key| begin(&flights, &key, 1)).collect();
    assert_eq!(flights.len(), 10_000);
    for key in 0..10_000 {
        drop(follow(&flights, &key));
    }
    let abandoned = begun.split_off(5_000);
    for (leader, _) in begun {
        leader.land(0);
    }
    assert_eq!(flights.len(), 5_000);
    drop(abandoned);
    assert_eq!(flights.len(), 0);
}

/// A key that has the hash of every other.
#[derive(Clone, PartialEq, Eq)]
struct Alike(u8);

impl Hash for Alike {
    fn hash<H: Hasher>(&self, state: &mut H) {
        0.hash(state);
    }
}

#[test]
fn keys_of_one_hash_fly_apart() {
    let flights = Flights::new();
    let mut begun: Vec<_> =
        (0..100_u8).map(|key| Some(begin(&flights, &Alike(key), key.into()))).collect();
    for key in (0..100_u8).rev() {
        assert_eq!(follow(&flights, &Alike(key)).began(), u64::from(key));
    }
    let (leader, flight) = begun[50].take().unwrap();
    leader.land(50);
    assert_eq!(flight.outcome(), Some(Landed::Outcome(50)));
    assert_eq!(flights.len(), 99);
    assert_eq!(follow(&flights, &Alike(49)).began(), 49);
    assert!(matches!(flights.join(&Alike(50), 1, |_| true), Joined::Leader(..)));
}

#[test]
fn a_panic_of_who_joins_spoils_nothing_for_others() {
    let flights = Flights::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    let panics = || flights.join(&"key", 2, |_| panic!("on purpose"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert_eq!(follow(&flights, &"key").began(), 1);
    leader.land(1);
    assert_eq!(flight.outcome(), Some(Landed::Outcome(1)));
    assert_eq!(flights.len(), 0);
}

#[test]
fn many_threads_that_join_one_key_over_and_over_have_one_flight_at_a_time() {
    let flights = Flights::<_, usize>::new();
    let flying = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (flights, flying) = (&flights, &flying);
            scope.spawn(move || {
                for turn in 0..2_000 {
                    match flights.join(&"key", 1, |_| true) {
                        Joined::Leader(leader, flight) => {
                            assert_eq!(flying.fetch_add(1, Ordering::SeqCst), 0);
                            std::thread::yield_now();
                            flying.fetch_sub(1, Ordering::SeqCst);
                            leader.land(thread);
                            assert_eq!(flight.outcome(), Some(Landed::Outcome(thread)));
                        }
                        Joined::Follower(flight) => {
                            while turn % 2 == 0 && flight.outcome().is_none() {
                                std::thread::yield_now();
                            }
                        }
                    }
                }
            });
        }
    });
    assert_eq!(flights.len(), 0);
}

#[test]
fn goes_to_other_threads_and_needs_no_pin() {
    fn is_shared<T: Send + Sync + 'static>() {}
    fn is_moved<T: Send + Unpin + 'static>() {}
    is_shared::<Flights<String, Vec<u8>>>();
    is_shared::<Flight<Vec<u8>>>();
    is_moved::<Leader<String, Vec<u8>>>();
    is_moved::<Wait<Vec<u8>>>();
}
