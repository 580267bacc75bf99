//! Models of joining, waiting and landing: every interleaving of a few threads.
//!
//! `RUSTFLAGS="--cfg bartizan_loom" cargo test -p bartizan-cache --lib --release flight::model`

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};

use loom::thread::{self, Thread};

use super::wait::Wait;
use super::*;
use crate::sync::Arc;

type Table = Flights<u8, u8>;

/// Wakes a thread of the model.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

fn waker() -> Waker {
    std::sync::Arc::new(Unpark(thread::current())).into()
}

/// A lost wake-up is a thread that waits for ever, which a model finds.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = waker();
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn poll(wait: &mut Wait<u8>, waker: &Waker) -> Poll<Landed<u8>> {
    Pin::new(wait).poll(&mut Context::from_waker(waker))
}

fn begin(flights: &Table, began: u64) -> (Leader<u8, u8>, Flight<u8>) {
    match flights.join(&1, began, |_| false) {
        Joined::Leader(leader, flight) => (leader, flight),
        Joined::Follower(_) => panic!("may join nothing, and has joined"),
    }
}

#[test]
fn of_those_who_join_at_the_same_time_one_leads() {
    loom::model(|| {
        let flights = Arc::new(Table::new());
        let theirs = Arc::clone(&flights);
        let thread = thread::spawn(move || theirs.join(&1, 2, |_| true));
        let mine = flights.join(&1, 1, |_| true);
        match (mine, thread.join().unwrap()) {
            (Joined::Leader(leader, flight), Joined::Follower(followed))
            | (Joined::Follower(followed), Joined::Leader(leader, flight)) => {
                assert_eq!(flight.began(), followed.began());
                leader.land(7);
                assert_eq!(followed.outcome(), Some(Landed::Outcome(7)));
            }
            _ => panic!("one leads and one follows"),
        }
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn who_waits_is_woken_by_the_landing() {
    loom::model(|| {
        let flights = Table::new();
        let (leader, flight) = begin(&flights, 1);
        let waiters = [(); 2].map(|()| {
            let wait = flight.wait();
            thread::spawn(move || assert_eq!(block_on(wait), Landed::Outcome(7)))
        });
        leader.land(7);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn who_leaves_during_the_landing_keeps_nobody_else_asleep() {
    loom::model(|| {
        let flights = Table::new();
        let (leader, flight) = begin(&flights, 1);
        let (mut leaves, stays) = (flight.wait(), flight.wait());
        let goes = thread::spawn(move || {
            let polled = poll(&mut leaves, &waker());
            drop(leaves);
            polled
        });
        let lander = thread::spawn(move || leader.land(7));
        assert_eq!(block_on(stays), Landed::Outcome(7));
        lander.join().unwrap();
        let polled = goes.join().unwrap();
        assert!(polled.is_pending() || polled == Poll::Ready(Landed::Outcome(7)));
    });
}

#[test]
fn who_shows_another_waker_during_the_landing_is_woken_by_it() {
    loom::model(|| {
        let flights = Table::new();
        let (leader, flight) = begin(&flights, 1);
        let mut wait = flight.wait();
        // Wakes nobody; only the one shown next does.
        assert!(poll(&mut wait, Waker::noop()).is_pending());
        let lander = thread::spawn(move || leader.land(7));
        assert_eq!(block_on(wait), Landed::Outcome(7));
        lander.join().unwrap();
    });
}

#[test]
fn who_learns_that_a_flight_was_abandoned_never_meets_it_again() {
    loom::model(|| {
        let flights = Arc::new(Table::new());
        let (leader, flight) = begin(&flights, 1);
        let theirs = Arc::clone(&flights);
        let waiter = thread::spawn(move || {
            assert_eq!(block_on(flight.wait()), Landed::Abandoned);
            match theirs.join(&1, 2, |_| true) {
                Joined::Leader(leader, flight) => {
                    leader.land(7);
                    assert_eq!(flight.outcome(), Some(Landed::Outcome(7)));
                }
                Joined::Follower(_) => panic!("the abandoned flight is still there"),
            }
        });
        drop(leader);
        waiter.join().unwrap();
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn who_does_not_find_a_flight_that_lands_finds_its_outcome() {
    loom::model(|| {
        let flights = Arc::new(Table::new());
        let (leader, flight) = begin(&flights, 1);
        let theirs = Arc::clone(&flights);
        let joiner = thread::spawn(move || match theirs.join(&1, 2, |_| true) {
            Joined::Follower(followed) => {
                assert_eq!(followed.began(), 1);
                assert_eq!(block_on(followed.wait()), Landed::Outcome(7));
            }
            Joined::Leader(leader, _) => {
                assert_eq!(flight.outcome(), Some(Landed::Outcome(7)));
                leader.land(8);
            }
        });
        leader.land(7);
        joiner.join().unwrap();
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn the_end_of_a_replaced_flight_leaves_the_new_one_in_its_place() {
    for lands in [true, false] {
        loom::model(move || {
            let flights = Table::new();
            let (old, before) = begin(&flights, 1);
            let lander = thread::spawn(move || if lands { old.land(7) } else { drop(old) });
            let (new, after) = begin(&flights, 2);
            let expected = if lands { Landed::Outcome(7) } else { Landed::Abandoned };
            assert_eq!(block_on(before.wait()), expected);
            lander.join().unwrap();
            match flights.join(&1, 3, |_| true) {
                Joined::Follower(followed) => assert_eq!(followed.began(), 2),
                Joined::Leader(..) => panic!("the new flight is gone"),
            }
            assert_eq!(after.outcome(), None);
            new.land(8);
            assert_eq!(after.outcome(), Some(Landed::Outcome(8)));
            assert_eq!(flights.len(), 0);
        });
    }
}
