use std::pin::Pin;
use std::task::{Context, Poll};

use super::handle::{Flight, Landed};
use super::wakers::Place;

/// Waits for the end of a flight. Asked again afterwards, it says the same again.
///
/// Dropping it forgets its waker, and changes nothing for the flight or for others.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Wait<T> {
    flight: Flight<T>,
    /// Where its waker is, once it was polled and until the flight has ended.
    place: Option<Place>,
}

impl<T> Wait<T> {
    pub(super) fn new(flight: Flight<T>) -> Self {
        Self { flight, place: None }
    }
}

impl<T: Clone> Future for Wait<T> {
    type Output = Landed<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Landed<T>> {
        let Self { flight, place } = &mut *self;
        flight.poll(place, cx.waker())
    }
}

impl<T> Drop for Wait<T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.flight.leave(place);
        }
    }
}
