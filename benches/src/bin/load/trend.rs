//! Does it grow? By the median of all slopes between two points, which a few odd points do not move
//! (Theil 1950, Sen 1968).

/// Per unit of the first; `None` where fewer than two points differ in the first.
pub fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let pairs = points.iter().enumerate().flat_map(|(place, later)| {
        let earlier = points.get(..place).unwrap_or_default();
        earlier.iter().map(move |earlier| (earlier, later))
    });
    let slopes = pairs
        .filter(|((x1, _), (x2, _))| x1 < x2)
        .map(|((x1, y1), (x2, y2))| (y2 - y1) / (x2 - x1));
    median(slopes.collect())
}

/// The mean of the two in the middle where the number is even; `None` of none.
pub fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let upper = numbers.get(numbers.len() / 2)?;
    let lower = numbers.get((numbers.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], expected: Option<f64>) {
        let points: Vec<(f64, f64)> = (0..).map(f64::from).zip(values.iter().copied()).collect();
        assert_eq!(slope(&points), expected);
    }

    #[test]
    fn the_slope_is_that_of_most_pairs() {
        check(&[], None);
        check(&[5.0], None);
        check(&[5.0, 7.0], Some(2.0));
        check(&[1.0, 2.0, 3.0, 4.0, 5.0], Some(1.0));
        // One point is far off.
        check(&[1.0, 2.0, 900.0, 4.0, 5.0, 6.0, 7.0], Some(1.0));
        check(&[3.0, 3.0, 3.0, 3.0], Some(0.0));
    }
}
