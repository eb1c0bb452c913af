//! What is believed of each offer's mean outcome after what was seen?
use serde::{Deserialize, Serialize};

/// What was seen of one offer: outcomes after it was chosen, in minor units of contribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub n: u64,
    pub mean: f64,
    /// Sum of squared deviations from the mean.
    pub m2: f64,
}

/// A belief about a mean: normal, with this centre and this spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posterior {
    pub mean: f64,
    /// Standard deviation, above zero.
    pub sd: f64,
}

/// The prior weighs as much as one outcome on the mean,
const PRIOR_MEAN_COUNT: f64 = 1.0;
/// and as four on the variance: the least whole number for which the variance of the belief
/// exists before anything was seen.
const PRIOR_SHAPE: f64 = 2.0;

/// Normal-gamma posteriors of the means, as normals of the same mean and variance.
///
/// DeGroot 1970, section 9.6, theorem 1. The prior is weak and the same for every offer: centred
/// on the mean of all outcomes together, with their variance. An offer never seen is therefore
/// believed to be average and very uncertain, which is what makes it worth trying. Evidence that
/// is not finite counts as none. None at all where nothing tells the offers apart: fewer than
/// two outcomes in all, or all the same.
#[must_use]
pub fn posteriors(evidence: &[Evidence]) -> Option<Vec<Posterior>> {
    let seen: Vec<Evidence> = evidence.iter().map(Evidence::or_none).collect();
    let all = seen
        .iter()
        .copied()
        .fold(Evidence::default(), Evidence::and);
    let variance = all.m2 / all.n.checked_sub(1).filter(|&dof| dof > 0)? as f64;
    let usable = variance.is_finite() && variance > 0.0;
    usable.then(|| {
        seen.iter()
            .map(|offer| offer.posterior(all.mean, variance))
            .collect()
    })
}

impl Evidence {
    fn or_none(&self) -> Evidence {
        let usable = self.mean.is_finite() && self.m2.is_finite() && self.m2 >= 0.0;
        if usable { *self } else { Evidence::default() }
    }

    /// Chan, Golub and LeVeque 1979, equations 2.1.
    fn and(self, other: Evidence) -> Evidence {
        let n = self.n.saturating_add(other.n);
        if n == 0 {
            return Evidence::default();
        }
        let gap = other.mean - self.mean;
        let share = other.n as f64 / n as f64;
        Evidence {
            n,
            mean: self.mean + gap * share,
            m2: self.m2 + other.m2 + gap * gap * self.n as f64 * share,
        }
    }

    fn posterior(&self, prior_mean: f64, prior_variance: f64) -> Posterior {
        let n = self.n as f64;
        let count = PRIOR_MEAN_COUNT + n;
        let shape = PRIOR_SHAPE + n / 2.0;
        let gap = self.mean - prior_mean;
        let rate = prior_variance * (PRIOR_SHAPE - 1.0)
            + self.m2 / 2.0
            + PRIOR_MEAN_COUNT * n * gap * gap / (2.0 * count);
        Posterior {
            mean: (PRIOR_MEAN_COUNT * prior_mean + n * self.mean) / count,
            // The mean is Student's t with 2 shape degrees of freedom; this is its variance.
            sd: (rate / (count * (shape - 1.0))).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(evidence: &[(u64, f64, f64)], expected: &[(f64, f64)]) {
        let evidence: Vec<_> = evidence
            .iter()
            .map(|&(n, mean, m2)| Evidence { n, mean, m2 })
            .collect();
        let beliefs = posteriors(&evidence).unwrap();
        for (belief, (mean, sd)) in beliefs.iter().zip(expected) {
            assert!((belief.mean - mean).abs() < 1e-12, "{beliefs:?}");
            assert!((belief.sd - sd).abs() < 1e-12, "{beliefs:?}");
        }
        assert_eq!(beliefs.len(), expected.len());
    }

    /// By hand: of one offer with 9 outcomes of mean 5 and squares 72, prior mean 5 and variance 9,
    /// rate 9 + 36 = 45, shape 2 + 4.5, count 10, so the variance is 45 / 55.
    #[test]
    fn beliefs_follow_the_textbook() {
        let seen = (45.0_f64 / 55.0).sqrt();
        check(&[(9, 5.0, 72.0)], &[(5.0, seen)]);
        check(&[(9, 5.0, 72.0), (0, 0.0, 0.0)], &[(5.0, seen), (5.0, 3.0)]);
        check(
            &[(9, 5.0, 72.0), (4, f64::NAN, 0.0)],
            &[(5.0, seen), (5.0, 3.0)],
        );
        // Two outcomes of 0 and of 3: all together mean 1.5 and variance 3. The mean is drawn a
        // third of the way to 1.5; rate 3 + 2 · 2.25 / 6 = 3.75, over count 3 times shape 2.
        let sd = (3.75_f64 / 6.0).sqrt();
        check(&[(2, 0.0, 0.0), (2, 3.0, 0.0)], &[(0.5, sd), (2.5, sd)]);
    }

    #[test]
    fn where_nothing_tells_offers_apart_there_is_no_belief() {
        let of = |n, mean, m2| Evidence { n, mean, m2 };
        assert_eq!(posteriors(&[]), None);
        assert_eq!(posteriors(&[of(0, 0.0, 0.0), of(0, 0.0, 0.0)]), None);
        assert_eq!(posteriors(&[of(1, 7.0, 0.0), of(0, 0.0, 0.0)]), None);
        assert_eq!(posteriors(&[of(50, 0.0, 0.0), of(50, 0.0, 0.0)]), None);
        assert_eq!(
            posteriors(&[of(5, f64::NAN, 1.0), of(5, 1.0, f64::INFINITY)]),
            None
        );
    }
}
