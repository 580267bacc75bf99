use std::sync::{Mutex, OnceLock};

use super::*;

/// Looks about itself when it is woken and when it is dropped.
struct Nosy {
    flights: Flights<&'static str, u8>,
    flight: Flight<u8>,
    woken: Mutex<Vec<Seen>>,
    dropped: Arc<AtomicUsize>,
}

/// Whether a lock was held, how the flight had ended, and how many flights there were.
type Seen = (bool, Option<Landed<u8>>, usize);

impl Nosy {
    fn sees_a_lock(&self) -> bool {
        self.flight.is_locked() || self.flights.is_locked()
    }
}

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        let seen = if self.sees_a_lock() {
            (true, None, usize::MAX)
        } else {
            (false, self.flight.outcome(), self.flights.len())
        };
        self.woken.lock().unwrap().push(seen);
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        assert!(!self.sees_a_lock(), "dropped under a lock");
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

fn nosy(flights: &Flights<&'static str, u8>, flight: &Flight<u8>) -> Arc<Nosy> {
    let (flights, flight) = (flights.share(), flight.clone());
    Arc::new(Nosy { flights, flight, woken: Mutex::default(), dropped: Arc::default() })
}

#[test]
fn who_is_woken_finds_the_flight_ended_and_gone_and_nothing_locked() {
    for landed in [Landed::Outcome(5), Landed::Abandoned] {
        let flights = Flights::new();
        let (leader, flight) = begin(&flights, &"key", 1);
        let (_other, _) = begin(&flights, &"other", 1);
        let nosy = nosy(&flights, &flight);
        let mut wait = flight.wait();
        assert!(poll(&mut wait, &nosy).is_pending());
        match landed {
            Landed::Outcome(outcome) => leader.land(outcome),
            Landed::Abandoned => drop(leader),
        }
        assert_eq!(*nosy.woken.lock().unwrap(), [(false, Some(landed), 1)]);
    }
}

#[test]
fn a_waker_is_dropped_outside_of_the_lock() {
    let flights = Flights::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    let mut wait = flight.wait();
    let mut dropped = Vec::new();
    for _ in 0..2 {
        let nosy = nosy(&flights, &flight);
        dropped.push(Arc::clone(&nosy.dropped));
        assert!(poll(&mut wait, &nosy).is_pending());
    }
    assert_eq!(dropped[0].load(Ordering::Relaxed), 1, "replaced");
    drop(wait);
    assert_eq!(dropped[1].load(Ordering::Relaxed), 1, "left");
    leader.land(1);
}

/// An outcome whose clone and whose drop look whether its flight is locked.
struct Wary(Arc<OnceLock<Flight<Wary>>>);

impl Wary {
    fn look(&self) {
        assert!(!self.0.get().is_some_and(Flight::is_locked), "under the lock");
    }
}

impl Clone for Wary {
    fn clone(&self) -> Self {
        self.look();
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Wary {
    fn drop(&mut self) {
        self.look();
    }
}

#[test]
fn an_outcome_is_cloned_and_dropped_outside_of_the_lock() {
    let flights = Flights::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    let known = Arc::new(OnceLock::new());
    assert!(known.set(flight.clone()).is_ok());
    let mut wait = flight.wait();
    let count = Arc::new(Count::default());
    assert!(poll(&mut wait, &count).is_pending());
    leader.land(Wary(known));
    assert!(poll(&mut wait, &count).is_ready());
    assert!(flight.outcome().is_some());
}
