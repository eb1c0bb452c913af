//! What happens by chance? One number for each question, the same whenever it is asked again, so
//! that a shopper's life with an offer and without it differ by the offer alone.

/// Draws for one shop. A draw depends on the seed and on the question, not on what was drawn
/// before.
#[derive(Clone, Copy, Debug)]
pub struct Chance {
    seed: u64,
}

impl Chance {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A number of 64 random bits for a shopper, a day and a question.
    #[must_use]
    pub fn bits(self, shopper: u32, day: u32, question: u32) -> u64 {
        let place = u64::from(shopper) << 32 | u64::from(day);
        mix(mix(self.seed ^ u64::from(question).wrapping_mul(GOLDEN)) ^ mix(place))
    }

    /// A number in `[0, 1)`.
    #[must_use]
    pub fn unit(self, shopper: u32, day: u32, question: u32) -> f64 {
        const SCALE: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.bits(shopper, day, question) >> 11) as f64 * SCALE
    }

    /// A whole number below `bound`, which is not 0.
    #[must_use]
    pub fn below(self, bound: u64, (shopper, day, question): (u32, u32, u32)) -> u64 {
        let wide = u128::from(self.bits(shopper, day, question)) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014, figure 16).
fn mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(GOLDEN);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_spread_evenly_and_come_back_the_same() {
        let chance = Chance::new(7);
        let mean = (0..10_000).map(|one| chance.unit(one, 3, 1)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert_eq!(chance.bits(5, 6, 7), chance.bits(5, 6, 7));
        assert_ne!(chance.bits(5, 6, 7), chance.bits(6, 5, 7));
    }
}
