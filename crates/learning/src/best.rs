//! How likely is each offer to be the best of them?
use crate::posterior::Posterior;
use statrs::function::erf::erfc;
use std::f64::consts::{PI, SQRT_2};

/// Beyond so many standard deviations a normal has less than 1e-11 of its mass.
const REACH: f64 = 7.0;
/// Where panels end, in standard deviations around each mean.
const KNOTS: [f64; 11] = [
    -REACH, -4.0, -2.6, -1.7, -0.8, 0.0, 0.8, 1.7, 2.6, 4.0, REACH,
];
/// Gauss-Legendre on [-1, 1], eight points (Abramowitz and Stegun 1964, table 25.4): the positive
/// nodes and their weights.
const NODES: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// The probability that each mean is the largest of them, adding up to one but for rounding.
///
/// Thompson 1933: integral of phi_k(x) prod_{j != k} Phi_j(x) dx. The panels end where any of
/// the normals bends, so that a belief a thousand times narrower than its neighbour is not
/// stepped over, as it would be by one Gauss-Hermite rule per offer.
#[must_use]
pub fn chances_of_best(beliefs: &[Posterior]) -> Vec<f64> {
    let knots = knots(beliefs);
    let mut chances = vec![0.0; beliefs.len()];
    for (from, to) in knots.iter().zip(knots.iter().skip(1)) {
        let (middle, half) = ((from + to) / 2.0, (to - from) / 2.0);
        for (node, weight) in NODES {
            add_at(middle - half * node, half * weight, beliefs, &mut chances);
            add_at(middle + half * node, half * weight, beliefs, &mut chances);
        }
    }
    chances
}

/// The ends of the panels, rising. Below the largest of the lower reaches no offer can be best.
fn knots(beliefs: &[Posterior]) -> Vec<f64> {
    let at = |knot: f64| move |belief: &Posterior| belief.mean + knot * belief.sd;
    let lowest = beliefs
        .iter()
        .map(at(-REACH))
        .fold(f64::NEG_INFINITY, f64::max);
    let mut knots: Vec<f64> = KNOTS
        .iter()
        .flat_map(|&knot| beliefs.iter().map(at(knot)))
        .filter(|&x| x >= lowest)
        .collect();
    knots.sort_by(f64::total_cmp);
    // Panels much narrower than the narrowest belief only cost time.
    let narrowest = beliefs
        .iter()
        .map(|belief| belief.sd)
        .fold(f64::INFINITY, f64::min);
    knots.dedup_by(|next, kept| *next - *kept < narrowest * 0.3);
    knots
}

/// Add one point of the integral to every offer's chance.
fn add_at(x: f64, weight: f64, beliefs: &[Posterior], chances: &mut [f64]) {
    let standard = |belief: &Posterior| (x - belief.mean) / belief.sd;
    let below: Vec<f64> = beliefs.iter().map(|belief| cdf(standard(belief))).collect();
    let product: f64 = below.iter().product();
    for ((chance, belief), below) in chances.iter_mut().zip(beliefs).zip(below) {
        // Where this belief has no mass below, neither has it density.
        if below > 0.0 {
            *chance += weight * density(standard(belief)) / belief.sd * product / below;
        }
    }
}

fn cdf(z: f64) -> f64 {
    erfc(-z / SQRT_2) / 2.0
}

fn density(z: f64) -> f64 {
    (-z * z / 2.0).exp() / (2.0 * PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(beliefs: &[(f64, f64)], expected: &[f64], tolerance: f64) {
        let beliefs: Vec<_> = beliefs
            .iter()
            .map(|&(mean, sd)| Posterior { mean, sd })
            .collect();
        let chances = chances_of_best(&beliefs);
        assert_eq!(chances.len(), expected.len());
        for (chance, expected) in chances.iter().zip(expected) {
            assert!(
                (chance - expected).abs() < tolerance,
                "{chances:?} is not {expected}"
            );
        }
        let sum: f64 = chances.iter().sum();
        assert!(
            beliefs.is_empty() || (sum - 1.0).abs() < 1e-7,
            "{chances:?} adds up to {sum}"
        );
    }

    /// Source: bandits/result.json, normal_best_arm (Gauss-Hermite, 64 points).
    #[test]
    fn chances_are_those_of_the_reference() {
        let reference = [0.24052723235906043, 0.70267957484932, 0.05679319039163611];
        check(&[(1.0, 0.2), (1.2, 0.25), (0.9, 0.1)], &reference, 1e-7);
        check(
            &[(0.0, 0.1), (0.1, 0.1)],
            &[0.23975006109347674, 0.7602499389065234],
            1e-8,
        );
    }

    /// Of two, the chance is Phi of the gap over the root of the summed squares.
    #[test]
    fn narrow_beliefs_beside_wide_ones_are_not_stepped_over() {
        check(&[(0.0, 1000.0), (0.0, 0.001)], &[0.5, 0.5], 1e-8);
        check(
            &[(0.0, 1e6), (1e6, 1e-3)],
            &[0.15865525393145707, 0.8413447460685429],
            1e-7,
        );
        check(
            &[(5.0, 1.0), (-5.0, 1.0)],
            &[1.0, 7.687298972140297e-13],
            1e-8,
        );
    }

    #[test]
    fn equals_have_equal_chances() {
        check(&[], &[], 0.0);
        check(&[(3.0, 2.0)], &[1.0], 1e-8);
        check(&[(3.0, 2.0); 4], &[0.25; 4], 1e-9);
        check(&[(-3.0, 1e-6); 30], &[1.0 / 30.0; 30], 1e-9);
    }
}
