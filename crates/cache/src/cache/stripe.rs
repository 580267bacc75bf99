/// When keys of a stripe were invalidated. It knows the last few keys apart; of those before, it only
/// knows when the latest was, so what is being loaded meanwhile for another key of the stripe may not
/// be kept, which costs a load.
#[derive(Debug, Default)]
pub(super) struct Stripe {
    recent: [Invalidation; RECENT],
    /// The latest invalidation that is none of the recent ones.
    before: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Invalidation {
    hash: u64,
    sequence: u64,
}

/// With as many stripes as there are, a thousand keys a second may be invalidated while something is
/// loaded for a second.
const RECENT: usize = 8;

impl Stripe {
    /// Where the sequence stood when a key was invalidated last, or later; nought if it was not.
    pub(super) fn last(&self, hash: u64) -> u64 {
        let of_key = self.recent.iter().filter(|known| known.hash == hash);
        of_key.map(|known| known.sequence).fold(self.before, u64::max)
    }

    pub(super) fn note(&mut self, hash: u64, sequence: u64) {
        let order = |known: &&mut Invalidation| (known.hash != hash, known.sequence);
        let Some(place) = self.recent.iter_mut().min_by_key(order) else { return };
        if place.hash != hash {
            self.before = self.before.max(place.sequence);
        }
        *place = Invalidation { hash, sequence };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_stripe_are_known_apart() {
        let mut stripe = Stripe::default();
        stripe.note(1, 5);
        stripe.note(2, 6);
        stripe.note(1, 7);
        assert_eq!([1, 2, 3].map(|key| stripe.last(key)), [7, 6, 0]);
    }

    #[test]
    fn what_is_forgotten_is_not_thought_to_have_been_earlier() {
        let mut stripe = Stripe::default();
        for key in 1..=100 {
            stripe.note(key, 10 * key);
            for earlier in 1..=key {
                assert!(stripe.last(earlier) >= 10 * earlier, "{earlier} after {key}");
            }
        }
        // Of the eight latest each is known; all others are as late as the latest of them.
        assert_eq!([92, 93, 100, 101].map(|key| stripe.last(key)), [920, 930, 1000, 920]);
    }

    #[test]
    fn a_key_that_changes_again_and_again_makes_no_other_forgotten() {
        let mut stripe = Stripe::default();
        stripe.note(1, 1);
        for sequence in 2..1_000 {
            stripe.note(2, sequence);
        }
        assert_eq!([1, 2, 3].map(|key| stripe.last(key)), [1, 999, 0]);
    }
}
