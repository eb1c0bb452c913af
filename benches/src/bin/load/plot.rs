//! How do the steps look in a terminal? One line each, latency to the right on a scale of ratios.

use crate::rows::Row;

/// Characters for each tenfold.
const TENFOLD: f64 = 12.0;
/// The left end, in microseconds, and what stands above each tenfold from there.
const LEFT: f64 = 100.0;
const ABOVE: [&str; 6] = ["100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"];
const WIDTH: usize = 62;

/// All steps; the later of two marks in one place is seen.
pub fn plot(rows: &[Row]) -> String {
    let above = ABOVE.map(|name| format!("{name:<12}")).concat();
    let mut text = format!("{:>10} {}\n", "offered/s", above.trim_end());
    for row in rows {
        let mut marks = vec![' '; WIDTH];
        let [p50, p90, p99, _] = row.latency;
        for (mark, micros) in [('M', row.max), ('X', p99), ('9', p90), ('5', p50)] {
            if let Some(place) = marks.get_mut(place(micros)) {
                *place = mark;
            }
        }
        let marks: String = marks.into_iter().collect();
        text += &format!("{:>10.0} {}\n", row.offered, marks.trim_end());
    }
    text + "           5 is p50, 9 is p90, X is p99, M is the longest\n"
}

fn place(micros: f64) -> usize {
    let place = (micros / LEFT).max(1.0).log10() * TENFOLD;
    (place as usize).min(WIDTH - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenfold_latency_stands_a_tenfold_further() {
        assert_eq!(
            [50.0, 100.0, 1_000.0, 1e6, 1e12].map(place),
            [0, 0, 12, 48, 61]
        );
    }
}
