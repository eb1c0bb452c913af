//! How many, how much on average, and how spread out?
use crate::Unready;
use serde::{Deserialize, Serialize};
use std::ops::Add;

/// Count, mean and spread of one outcome in one arm; can be added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    pub n: u64,
    pub mean: f64,
    /// Sum of squared deviations from the mean.
    pub m2: f64,
}

impl Moments {
    /// Add one outcome. Welford 1962: mean += d/n, m2 += d (x - mean), with d = x - old mean.
    pub fn push(&mut self, outcome: f64) {
        self.n = self.n.saturating_add(1);
        let gap = outcome - self.mean;
        self.mean += gap / self.n as f64;
        self.m2 += gap * (outcome - self.mean);
    }

    /// The unbiased variance of the outcome, m2 / (n - 1).
    pub fn variance(&self) -> Result<f64, Unready> {
        if self.n < 2 {
            return Err(Unready::TooFew {
                n: self.n,
                needed: 2,
            });
        }
        if !self.mean.is_finite() || !self.m2.is_finite() || self.m2 < 0.0 {
            return Err(Unready::NotFinite);
        }
        Ok(self.m2 / (self.n - 1) as f64)
    }

    /// The sum of the outcomes.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.mean * self.n as f64
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(outcomes: I) -> Moments {
        let mut moments = Moments::default();
        outcomes
            .into_iter()
            .for_each(|outcome| moments.push(outcome));
        moments
    }
}

/// Chan, Golub and LeVeque 1979, equations 2.1: as if all units had been pushed into one.
impl Add for Moments {
    type Output = Moments;

    fn add(self, other: Moments) -> Moments {
        let n = self.n.saturating_add(other.n);
        if n == 0 {
            return self;
        }
        let gap = other.mean - self.mean;
        let share = other.n as f64 / n as f64;
        Moments {
            n,
            mean: self.mean + gap * share,
            m2: self.m2 + other.m2 + gap * gap * self.n as f64 * share,
        }
    }
}

impl std::iter::Sum for Moments {
    fn sum<I: Iterator<Item = Moments>>(parts: I) -> Moments {
        parts.fold(Moments::default(), Add::add)
    }
}
