/// Draws ranks below a number, the n-th in proportion to `n` to the power of minus the exponent:
/// a few keys that everybody asks for and many that hardly anybody does. The same for a seed.
#[derive(Clone, Debug)]
pub struct Zipf {
    /// The share of all draws that fall on a rank or a lower one.
    shares: Vec<f64>,
    state: u64,
}

impl Zipf {
    /// Begins.
    #[must_use]
    pub fn new(ranks: u32, exponent: f64, seed: u64) -> Self {
        let mut sum = 0.0;
        let mut shares: Vec<f64> = (1..=ranks)
            .map(|rank| {
                sum += f64::from(rank).powf(-exponent);
                sum
            })
            .collect();
        for share in &mut shares {
            *share /= sum;
        }
        Self { shares, state: seed }
    }

    /// `SplitMix64` (Steele, Lea and Flood, 2014), its upper half.
    fn random(&mut self) -> u32 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) >> 32) as u32
    }
}

impl Iterator for Zipf {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let drawn = f64::from(self.random()) / (f64::from(u32::MAX) + 1.0);
        Some(self.shares.partition_point(|share| *share <= drawn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_drawn_as_often_as_the_law_says() {
        let mut drawn = [0_u32; 3];
        for rank in Zipf::new(3, 1.0, 7).take(110_000) {
            drawn[rank] += 1;
        }
        // 1, 1/2 and 1/3 of 11/6: 60,000, 30,000 and 20,000, give or take four deviations.
        for (drawn, expected) in drawn.into_iter().zip([60_000, 30_000, 20_000]) {
            assert!(drawn.abs_diff(expected) < 660, "{drawn} and not {expected}");
        }
    }

    #[test]
    fn a_seed_draws_the_same_again() {
        let draw = |seed| Zipf::new(1_000, 0.99, seed).take(100).collect::<Vec<_>>();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
