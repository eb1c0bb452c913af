//! When is each request due? As shoppers come who do not know of each other: a Poisson process.

use std::time::Duration;

use simulation::Chance;

/// Moments since the beginning, without end.
pub struct Schedule {
    chance: Chance,
    /// Tells apart what is drawn from one seed.
    stream: u32,
    drawn: u32,
    per_second: f64,
    /// Seconds.
    at: f64,
}

impl Schedule {
    pub fn new((seed, stream): (u64, u32), per_second: f64) -> Self {
        Self {
            chance: Chance::new(seed),
            stream,
            drawn: 0,
            per_second,
            at: 0.0,
        }
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    /// Gaps are exponential, by inversion: −ln(1 − U) / rate (Devroye 1986, chapter II, example
    /// 2.2).
    fn next(&mut self) -> Option<Duration> {
        self.drawn = self.drawn.wrapping_add(1);
        let unit = self.chance.unit(self.stream, self.drawn, 0);
        self.at -= (1.0 - unit).ln() / self.per_second;
        Duration::try_from_secs_f64(self.at).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(seed: u64) -> Vec<f64> {
        let moments: Vec<f64> = Schedule::new((seed, 7), 100.0)
            .take(20_000)
            .map(|at| at.as_secs_f64())
            .collect();
        moments.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[test]
    fn gaps_are_as_long_as_the_rate_says_and_spread_as_exponential_ones() {
        let gaps = gaps(1);
        let count = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / count;
        assert!((mean - 0.01).abs() < 0.000_3, "{mean}");
        let longer = gaps.iter().filter(|gap| **gap > 0.02).count() as f64 / count;
        assert!((longer - (-2.0_f64).exp()).abs() < 0.01, "{longer}");
    }

    #[test]
    fn a_seed_names_the_moments() {
        assert_eq!(gaps(1), gaps(1));
        assert_ne!(gaps(1), gaps(2));
    }
}
