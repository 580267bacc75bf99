#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod ends;
mod locks;
mod table;
mod waits;

use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::wait::Wait;
use super::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    fn woken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn poll<T: Clone>(
    wait: &mut Wait<T>,
    waker: &Arc<impl Wake + Send + Sync + 'static>,
) -> Poll<Landed<T>> {
    let waker = Waker::from(Arc::clone(waker));
    Pin::new(wait).poll(&mut Context::from_waker(&waker))
}

fn begin<K: Clone + Eq + Hash, T>(
    flights: &Flights<K, T>,
    key: &K,
    began: u64,
) -> (Leader<K, T>, Flight<T>) {
    match flights.join(key, began, |_| false) {
        Joined::Leader(leader, flight) => (leader, flight),
        Joined::Follower(_) => panic!("may join nothing, and has joined"),
    }
}

fn follow<K: Clone + Eq + Hash, T>(flights: &Flights<K, T>, key: &K) -> Flight<T> {
    match flights.join(key, u64::MAX, |_| true) {
        Joined::Follower(flight) => flight,
        Joined::Leader(..) => panic!("there is nothing to follow"),
    }
}
