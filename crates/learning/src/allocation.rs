//! How often should each offer be chosen?
use crate::best::chances_of_best;
use crate::posterior::{Evidence, posteriors};

/// One, in parts per million.
pub const WHOLE: u32 = 1_000_000;

/// Chances are rounded to so many parts before anything is compared, so that the last digit of
/// a logarithm or an exponential, which differs between machines, decides nothing.
const PARTS: f64 = 1e9;

/// The probability with which Thompson sampling chooses each offer, in ppm, adding up to
/// 1 000 000, none below `floor`. Nothing for no offers.
///
/// p = f + (1 - A f) w, with A offers, floor f and w the chance of being the best. A floor above
/// an equal share is taken as an equal share. The work grows with the square of the offers: ask
/// once per snapshot, and [`restrict`] the answer in each request.
#[must_use]
pub fn allocate(evidence: &[Evidence], floor: u32) -> Vec<u32> {
    let Ok(offers @ 1..) = u32::try_from(evidence.len()) else {
        return Vec::new();
    };
    let floor = floor.min(WHOLE / offers);
    let spare = WHOLE - floor * offers;
    split(spare, &weights(evidence))
        .into_iter()
        .map(|part| floor + part)
        .collect()
}

/// The shares of some offers of an allocation with this floor when the others may not be chosen,
/// adding up to 1 000 000, none below the floor. Nothing for no offers.
///
/// p' = f + (1 - B f) (p - f) / sum (p - f), over the B offers that are left; equal shares where
/// nothing was left of the others' chances. By definition: what each had above the floor keeps its
/// proportion. It is not the chance of being the best of those that are left, which would cost
/// integrals in every request. All offers of an allocation keep their shares.
#[must_use]
pub fn restrict(shares: &[u32], floor: u32) -> Vec<u32> {
    let Ok(offers @ 1..) = u32::try_from(shares.len()) else {
        return Vec::new();
    };
    let floor = floor.min(WHOLE / offers);
    let above = |share: &u32| u64::from(share.saturating_sub(floor));
    let weights: Vec<u64> = shares.iter().map(above).collect();
    split(WHOLE - floor * offers, &weights)
        .into_iter()
        .map(|part| floor + part)
        .collect()
}

/// The chances of being the best, in whole parts. Equal where nothing tells the offers apart.
fn weights(evidence: &[Evidence]) -> Vec<u64> {
    match posteriors(evidence) {
        Some(beliefs) => {
            let whole = |chance: f64| (chance * PARTS).round() as u64;
            chances_of_best(&beliefs).into_iter().map(whole).collect()
        }
        None => vec![1; evidence.len()],
    }
}

/// Whole parts of `amount` in proportion to the weights, the largest remainders rounded up, the
/// earlier first among equals: the parts add up to the amount.
fn split(amount: u32, weights: &[u64]) -> Vec<u32> {
    let sum: u64 = weights.iter().sum();
    if sum == 0 {
        return split(amount, &vec![1; weights.len()]);
    }
    let share = |&weight: &u64| u64::from(amount) * weight;
    let mut parts: Vec<u32> = weights.iter().map(|w| (share(w) / sum) as u32).collect();
    let left = amount - parts.iter().sum::<u32>();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(weights.get(i).map_or(0, |w| share(w) % sum)));
    for i in order.into_iter().take(left as usize) {
        if let Some(part) = parts.get_mut(i) {
            *part += 1;
        }
    }
    parts
}

/// Which share a draw falls in: the first whose running sum is above it. None where the draw is
/// not below the sum of the shares; a share of zero is never chosen.
#[must_use]
pub fn choose(shares: &[u32], draw: u32) -> Option<usize> {
    let mut reached = 0_u64;
    shares.iter().position(|&share| {
        reached += u64::from(share);
        u64::from(draw) < reached
    })
}

#[cfg(test)]
mod tests;
