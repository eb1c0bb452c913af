//! How is an amount divided so that nothing is lost?

use crate::Minor;

/// Splits an amount by weights so that the parts add up to it exactly.
///
/// Every part is rounded down; what is left over goes one unit each to the largest remainders,
/// ties to the earlier part (the method of Hamilton, 1792). A part without weight gets nothing,
/// unless no part has any: then all weigh the same. Without parts there is nothing to return.
#[must_use]
pub fn allocate(amount: Minor, weights: &[u64]) -> Vec<Minor> {
    if weights.iter().all(|weight| *weight == 0) {
        return by_weight(amount, &vec![1; weights.len()]);
    }
    by_weight(amount, weights)
}

fn by_weight(amount: Minor, weights: &[u64]) -> Vec<Minor> {
    let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let exact = |weight: &u64| u128::from(amount) * u128::from(*weight);
    // A part is at most the amount, so that it fits again.
    let mut parts: Vec<Minor> = weights
        .iter()
        .map(|weight| (exact(weight) / total.max(1)) as Minor)
        .collect();
    let left = amount.saturating_sub(parts.iter().sum());
    let mut order: Vec<(u128, &mut Minor)> = weights
        .iter()
        .map(|weight| exact(weight) % total.max(1))
        .zip(&mut parts)
        .collect();
    // The sort is stable: of equal remainders the earlier part stays first.
    order.sort_by(|(one, _), (other, _)| other.cmp(one));
    for (_, part) in order
        .into_iter()
        .take(usize::try_from(left).unwrap_or(usize::MAX))
    {
        *part += 1;
    }
    parts
}
