use std::task::Waker;

/// Who is to be woken: a list with holes, so that who leaves moves nobody.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    seats: Vec<Seat>,
    /// The hole that is filled next.
    hole: Option<usize>,
}

/// Where one's waker is. Given back by leaving.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place(usize);

#[derive(Debug)]
enum Seat {
    Taken(Waker),
    /// The hole that is filled after this one.
    Hole(Option<usize>),
}

impl Wakers {
    pub(super) fn enter(&mut self, waker: Waker) -> Place {
        if let Some(index) = self.hole
            && let Some(seat) = self.seats.get_mut(index)
            && let Seat::Hole(next) = *seat
        {
            self.hole = next;
            *seat = Seat::Taken(waker);
            return Place(index);
        }
        self.seats.push(Seat::Taken(waker));
        Place(self.seats.len() - 1)
    }

    /// Changes whom to wake, and returns the waker that is no longer needed.
    pub(super) fn renew(&mut self, place: &Place, waker: &Waker) -> Option<Waker> {
        match self.seats.get_mut(place.0) {
            Some(Seat::Taken(known)) if !known.will_wake(waker) => {
                Some(std::mem::replace(known, waker.clone()))
            }
            _ => None,
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "a place that was left is somebody else's")]
    pub(super) fn leave(&mut self, place: Place) -> Option<Waker> {
        let seat = self.seats.get_mut(place.0)?;
        if let Seat::Hole(_) = seat {
            return None;
        }
        let left = std::mem::replace(seat, Seat::Hole(self.hole));
        self.hole = Some(place.0);
        left.into_waker()
    }

    /// Wakes everybody. Never to be called under a lock: a waker may run whatever it likes.
    pub(super) fn wake(self) {
        self.seats.into_iter().filter_map(Seat::into_waker).for_each(Waker::wake);
    }
}

impl Seat {
    fn into_waker(self) -> Option<Waker> {
        match self {
            Self::Taken(waker) => Some(waker),
            Self::Hole(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

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

    fn counts<const N: usize>() -> [Arc<Count>; N] {
        std::array::from_fn(|_| Arc::default())
    }

    #[test]
    fn wakes_once_who_entered_and_did_not_leave() {
        let [stays, leaves, comes_later] = counts();
        let mut wakers = Wakers::default();
        wakers.enter(stays.clone().into());
        let place = wakers.enter(leaves.clone().into());
        assert!(wakers.leave(place).unwrap().will_wake(&leaves.clone().into()));
        wakers.enter(comes_later.clone().into());
        wakers.wake();
        assert_eq!([stays.woken(), leaves.woken(), comes_later.woken()], [1, 0, 1]);
    }

    #[test]
    fn fills_its_holes_before_it_grows() {
        let mut wakers = Wakers::default();
        let mut places: Vec<_> = (0..100).map(|_| wakers.enter(Waker::noop().clone())).collect();
        for _ in 0..1_000 {
            let some = places.split_off(40);
            for place in some {
                wakers.leave(place);
            }
            places.extend((0..60).map(|_| wakers.enter(Waker::noop().clone())));
        }
        assert_eq!(wakers.seats.len(), 100);
        let mut taken: Vec<_> = places.iter().map(|place| place.0).collect();
        taken.sort_unstable();
        assert_eq!(taken, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn keeps_the_waker_it_was_shown_last() {
        let [first, last] = counts();
        let mut wakers = Wakers::default();
        let place = wakers.enter(first.clone().into());
        assert!(wakers.renew(&place, &first.clone().into()).is_none());
        assert!(wakers.renew(&place, &last.clone().into()).is_some());
        wakers.wake();
        assert_eq!([first.woken(), last.woken()], [0, 1]);
    }
}
