//! Do the figures agree with other implementations, and do the promises hold?
//!
//! Reference answers are those of scipy 1.17.1, statsmodels 0.15.0 and ssrm-test 0.1.5 as
//! recorded in the reference folder's `result.json`, named in each module.

#[cfg(test)]
mod assigning;
#[cfg(test)]
mod effects;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod readouts;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod statements;

#[cfg(test)]
use measurement::{Arm, Design, Moments, Ppm};

/// Equal to nine digits, or to 1e-12 near zero.
#[cfg(test)]
fn same(actual: f64, expected: f64) {
    let gap = (actual - expected).abs();
    assert!(
        gap <= 1e-9 * expected.abs() + 1e-12,
        "{actual} is not {expected}"
    );
}

/// Equal to 1e-8: the bound for probabilities.
#[cfg(test)]
fn same_p(actual: f64, expected: f64) {
    assert!(
        (actual - expected).abs() <= 1e-8,
        "{actual} is not {expected}"
    );
}

#[cfg(test)]
fn moments((n, mean, m2): (u64, f64, f64)) -> Moments {
    Moments { n, mean, m2 }
}

/// Level 95 %.
#[cfg(test)]
fn design(holdout: Ppm, weights: &[(Arm, Ppm)]) -> Design {
    Design {
        salt: *b"0123456789abcdef",
        holdout,
        weights: weights.to_vec(),
        level: 950_000,
    }
}
