//! How likely is each offer to be the best of them?
use crate::posterior::Posterior;
use statrs::function::erf::erfc;
use std::f64::consts::{PI, SQRT_2};

/// Beyond so many standard deviations a normal has less than 1e-9 of its mass.
const REACH: f64 = 6.2;
/// Where panels end, in standard deviations around each mean.
const KNOTS: [f64; 9] = [-REACH, -3.0, -1.8, -0.9, 0.0, 0.9, 1.8, 3.0, REACH];
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
    knots.dedup();
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
