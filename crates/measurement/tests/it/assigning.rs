//! Does the same unit get the same arm, and do arms of different salts have nothing in common?
//! Source: assignment/result.json.
use crate::{design, same, same_p};
use measurement::{Arm, Design, UnitId, assign, bucket};
use statrs::distribution::{ChiSquared, ContinuousCDF};

fn check(unit: &str, expected: f64) {
    same(
        bucket(b"exp-1", unit.as_bytes()) as f64 / 2f64.powi(64),
        expected,
    );
}

#[test]
fn buckets_are_those_of_the_reference() {
    check("user-0", 0.09226649914008385);
    check("user-1", 0.5797495389174229);
    check("user-2", 0.7571246902589146);
    check("user-3", 0.7463098113676744);
    check("user-4", 0.382388304251178);
    check("user-5", 0.3069016506815313);
}

/// Of 100 000 users of the reference, in which of `parts` equal parts each falls.
fn parts(salt: &[u8], parts: u64) -> Vec<usize> {
    let part = |i: u32| {
        let bucket = bucket(salt, format!("user-{i}").as_bytes());
        ((u128::from(bucket) * u128::from(parts)) >> 64) as usize
    };
    (0..100_000).map(part).collect()
}

fn chi_square_p(counts: &[f64], expected: f64, freedom: f64) -> f64 {
    let chi_square = counts
        .iter()
        .map(|count| (count - expected).powi(2) / expected)
        .sum();
    ChiSquared::new(freedom).unwrap().sf(chi_square)
}

#[test]
fn a_hundred_buckets_fill_evenly() {
    let mut counts = [0.0; 100];
    parts(b"exp-1", 100)
        .into_iter()
        .for_each(|part| counts[part] += 1.0);
    same_p(chi_square_p(&counts, 1000.0, 99.0), 0.5865196497605751);
}

#[test]
fn two_salts_have_nothing_in_common() {
    let mut table = [[0.0; 4]; 4];
    for (row, column) in parts(b"exp-1", 4).into_iter().zip(parts(b"exp-2", 4)) {
        table[row][column] += 1.0;
    }
    let row = |i: usize| table[i].iter().sum::<f64>();
    let column = |j: usize| table.iter().map(|row| row[j]).sum::<f64>();
    let mut chi_square = 0.0;
    for (i, j) in (0..16).map(|cell| (cell / 4, cell % 4)) {
        let expected = row(i) * column(j) / 100_000.0;
        chi_square += (table[i][j] - expected).powi(2) / expected;
    }
    same_p(
        ChiSquared::new(9.0).unwrap().sf(chi_square),
        0.5612885788542139,
    );
}

#[test]
fn neighbouring_numbers_have_nothing_in_common() {
    let bucket = |i: u32| bucket(b"exp-1", i.to_string().as_bytes()) as f64 / 2f64.powi(64);
    let buckets: Vec<f64> = (0..100_000).map(bucket).collect();
    let (before, after) = (&buckets[..99_999], &buckets[1..]);
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (m0, m1) = (mean(before), mean(after));
    let products = |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum()
    };
    let spread = products(before, m0, before, m0) * products(after, m1, after, m1);
    same_p(
        products(before, m0, after, m1) / spread.sqrt(),
        -0.000486866175913959,
    );
}

/// The arm's size among the first 20 000 units, in per mille rounded.
fn check_share(design: &Design, arm: Arm, expected: u64) {
    let count = (0..20_000)
        .filter(|&i| assign(design, UnitId(i)) == arm)
        .count() as u64;
    assert!(count.abs_diff(expected * 20) < 250, "{arm}: {count}");
}

#[test]
fn arms_get_their_shares() {
    let half = [(Arm::Control, 500_000), (Arm::Treatment(1), 500_000)];
    let design = design(100_000, &half);
    check_share(&design, Arm::Holdout, 100);
    check_share(&design, Arm::Control, 450);
    check_share(&design, Arm::Treatment(1), 450);
    check_share(&design, Arm::Treatment(2), 0);
}

#[test]
fn extremes_are_what_they_say() {
    let unit = UnitId(7);
    assert_eq!(
        assign(&design(1_000_000, &[(Arm::Control, 1_000_000)]), unit),
        Arm::Holdout
    );
    assert_eq!(
        assign(&design(0, &[(Arm::Control, 1_000_000)]), unit),
        Arm::Control
    );
    assert_eq!(assign(&design(0, &[]), unit), Arm::Control);
    let short = design(0, &[(Arm::Control, 0), (Arm::Treatment(3), 1)]);
    assert_eq!(assign(&short, unit), Arm::Treatment(3));
}

#[test]
fn who_is_held_out_stays_held_out_when_the_holdout_grows_and_arms_change() {
    let one = design(50_000, &[(Arm::Control, 1_000_000)]);
    let other = design(
        100_000,
        &[(Arm::Control, 300_000), (Arm::Treatment(1), 700_000)],
    );
    let held = (0..5_000)
        .map(UnitId)
        .filter(|&unit| assign(&one, unit) == Arm::Holdout);
    assert!(held.clone().count() > 200);
    assert!(
        held.into_iter()
            .all(|unit| assign(&other, unit) == Arm::Holdout)
    );
}

#[test]
fn these_units_have_had_these_arms_since_the_first_day() {
    let design = design(
        200_000,
        &[(Arm::Control, 500_000), (Arm::Treatment(1), 500_000)],
    );
    let arms: Vec<String> = (0..12)
        .map(|i| assign(&design, UnitId(i)).to_string())
        .collect();
    assert_eq!(
        arms.join(", "),
        "holdout, control, control, holdout, holdout, holdout, holdout, treatment 1, \
         treatment 1, control, holdout, treatment 1"
    );
}
