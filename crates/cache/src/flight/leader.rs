use super::handle::{Flight, Landed};
use super::table::Entered;

/// The duty to end a flight; belongs to whatever does its work. Dropping it abandons the flight.
#[must_use = "a flight is abandoned when its leader is dropped"]
pub(crate) struct Leader<K, T> {
    flight: Flight<T>,
    /// Where others find the flight; nothing once it has landed.
    entered: Option<Entered<K, T>>,
}

impl<K, T> Leader<K, T> {
    pub(super) fn new(flight: Flight<T>, entered: Entered<K, T>) -> Self {
        Self { flight, entered: Some(entered) }
    }

    /// Ends the flight with an outcome, for those who wait and those who are about to.
    ///
    /// In this order: the outcome is there, the flight is out of the table, who waits is woken. So
    /// whoever does not find the flight finds its outcome, if not here then where it was put
    /// before; and after this call nobody joins it any more. Nobody is woken under a lock.
    pub(crate) fn land(mut self, outcome: T) {
        let entered = self.entered.take();
        let wakers = self.flight.end(Landed::Outcome(outcome));
        if let Some(entered) = entered {
            entered.remove(&self.flight);
        }
        wakers.wake();
    }
}

impl<K, T> Drop for Leader<K, T> {
    fn drop(&mut self) {
        if let Some(entered) = self.entered.take() {
            // Out of the table first: who learns of it and joins again never meets it again.
            entered.remove(&self.flight);
            self.flight.end(Landed::Abandoned).wake();
        }
    }
}
