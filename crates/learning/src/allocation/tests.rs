//! Do shares add up, keep the floor, follow the evidence and agree with the reference?
use super::*;
use proptest::prelude::*;

fn of(n: u64, mean: f64, sd: f64) -> Evidence {
    Evidence {
        n,
        mean,
        m2: sd * sd * n.saturating_sub(1) as f64,
    }
}

fn check(evidence: &[Evidence], floor: u32, expected: &[u32]) {
    assert_eq!(allocate(evidence, floor), expected);
}

#[test]
fn without_evidence_all_are_tried_alike() {
    let none = Evidence::default();
    check(&[], 20_000, &[]);
    check(&[none], 20_000, &[1_000_000]);
    check(&[none; 3], 20_000, &[333_334, 333_333, 333_333]);
    check(&[of(50, 0.0, 0.0); 4], 0, &[250_000; 4]);
    check(&[of(50, 3.0, 2.0); 2], 0, &[500_000; 2]);
}

#[test]
fn the_floor_is_kept() {
    let (good, bad) = (of(1000, 9.0, 1.0), of(1000, 1.0, 1.0));
    check(&[good, bad], 0, &[1_000_000, 0]);
    check(&[good, bad, bad], 20_000, &[960_000, 20_000, 20_000]);
    check(&[good, bad], 500_000, &[500_000, 500_000]);
    check(&[good, bad, bad], 900_000, &[333_334, 333_333, 333_333]);
}

#[test]
fn an_offer_never_seen_is_tried() {
    let shares = allocate(&[of(1000, 9.0, 5.0), Evidence::default()], 0);
    // Believed to be average and very uncertain: better as often as not.
    assert!((450_000..=550_000).contains(&shares[1]), "{shares:?}");
    let shares = allocate(
        &[of(1000, 9.0, 5.0), of(1000, 3.0, 5.0), Evidence::default()],
        0,
    );
    assert!(shares[2] > 200_000 && shares[1] == 0, "{shares:?}");
}

#[test]
fn those_left_keep_their_proportions_above_the_floor() {
    let check = |shares: &[u32], floor, expected: &[u32]| {
        assert_eq!(restrict(shares, floor), expected);
    };
    check(&[], 0, &[]);
    check(&[0], 0, &[1_000_000]);
    check(&[200_000, 300_000], 0, &[400_000, 600_000]);
    check(&[200_000, 300_000], 100_000, &[366_667, 633_333]);
    check(&[100_000, 100_000], 100_000, &[500_000, 500_000]);
    check(&[0, 0, 0], 0, &[333_334, 333_333, 333_333]);
    check(&[20_000, 500_000], 20_000, &[20_000, 980_000]);
    check(&[1, 2], 500_001, &[500_000, 500_000]);
}

/// The reference mixes p = f + (1 - A f) w: bandits/result.json, floor_mixture.
#[test]
fn the_floor_mixes_as_in_the_reference() {
    let mixed: Vec<u32> = split(850_000, &[90, 8, 2])
        .into_iter()
        .map(|w| 50_000 + w)
        .collect();
    assert_eq!(mixed, [815_000, 118_000, 67_000]);
}

/// A thousand yes-or-no outcomes per offer: the reference's exact Beta posteriors, with a
/// successes and b failures under a flat prior. bandits/result.json, beta_best_arm.
fn check_counts(counts: &[(u64, u64)], expected: &[f64], tolerance: f64) {
    let evidence = |&(a, b): &(u64, u64)| {
        let (yes, n) = ((a - 1) as f64, a + b - 2);
        let mean = yes / n as f64;
        Evidence {
            n,
            mean,
            m2: n as f64 * mean * (1.0 - mean),
        }
    };
    let shares = allocate(&counts.iter().map(evidence).collect::<Vec<_>>(), 0);
    for (share, expected) in shares.iter().zip(expected) {
        let gap = (f64::from(*share) / 1e6 - expected).abs();
        assert!(gap < tolerance, "{shares:?} is not {expected:?}");
    }
}

#[test]
#[rustfmt::skip]
fn shares_of_yes_or_no_outcomes_are_near_the_exact_ones() {
    check_counts(&[(31, 970), (41, 960), (55, 946)],
        &[0.002507071763218267, 0.0698634831856857, 0.9276294450510958], 0.01);
    check_counts(&[(501, 9501), (530, 9472), (512, 9490), (498, 9504)], &[0.10352529964306956,
        0.5951068059051595, 0.21868353190713952, 0.08268436254463182], 0.004);
}

/// Source: mpmath 1.4.1 at 25 digits: 53164.63, 150629.29, 395916.96 and 400289.12.
#[test]
fn these_shares_have_been_the_same_on_every_machine() {
    let evidence = [
        of(120, 4.2, 9.0),
        of(80, 5.0, 11.0),
        of(7, 6.5, 4.0),
        of(0, 0.0, 0.0),
    ];
    check(&evidence, 20_000, &[53_165, 150_629, 395_917, 400_289]);
}

#[test]
fn draws_fall_in_the_shares() {
    let check = |shares: &[u32], draw: u32, expected: Option<usize>| {
        assert_eq!(choose(shares, draw), expected, "{shares:?} {draw}");
    };
    check(&[400_000, 0, 600_000], 0, Some(0));
    check(&[400_000, 0, 600_000], 399_999, Some(0));
    check(&[400_000, 0, 600_000], 400_000, Some(2));
    check(&[400_000, 0, 600_000], 999_999, Some(2));
    check(&[400_000, 0, 600_000], 1_000_000, None);
    check(&[0, 1], 0, Some(1));
    check(&[0, 0], 0, None);
    check(&[], 0, None);
    check(&[u32::MAX, u32::MAX], u32::MAX, Some(1));
}

fn evidence() -> impl Strategy<Value = Vec<Evidence>> {
    let one = (0_u64..5_000, -1e4..1e4_f64, 0.0..1e3_f64).prop_map(|(n, mean, sd)| of(n, mean, sd));
    proptest::collection::vec(one, 1..12)
}

/// Anything at all, as a damaged row might hold.
fn damaged() -> impl Strategy<Value = Vec<Evidence>> {
    let number = prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(0.0)];
    let one =
        (any::<u64>(), number.clone(), number).prop_map(|(n, mean, m2)| Evidence { n, mean, m2 });
    proptest::collection::vec(one, 0..6)
}

proptest! {
    #[test]
    fn shares_add_up_and_none_is_below_the_floor(
        evidence in prop_oneof![evidence(), damaged()], floor in 0_u32..300_000,
    ) {
        let shares = allocate(&evidence, floor);
        prop_assert_eq!(shares.len(), evidence.len());
        if !evidence.is_empty() {
            prop_assert_eq!(shares.iter().sum::<u32>(), WHOLE);
            let floor = floor.min(WHOLE / evidence.len() as u32);
            prop_assert!(shares.iter().all(|&share| share >= floor));
        }
    }

    #[test]
    fn any_that_are_left_add_up_and_keep_the_floor_and_all_keep_their_shares(
        evidence in evidence(), floor in 0_u32..300_000, left in any::<u8>(),
    ) {
        let shares = allocate(&evidence, floor);
        prop_assert_eq!(&restrict(&shares, floor), &shares);
        let is_left = |at: &(usize, &u32)| left >> (at.0 % 8) & 1 == 1;
        let left: Vec<u32> = shares.iter().enumerate().filter(is_left).map(|at| *at.1).collect();
        let restricted = restrict(&left, floor);
        prop_assert_eq!(restricted.len(), left.len());
        if !left.is_empty() {
            prop_assert_eq!(restricted.iter().sum::<u32>(), WHOLE);
            let floor = floor.min(WHOLE / left.len() as u32);
            prop_assert!(restricted.iter().all(|&share| share >= floor));
        }
    }

    #[test]
    fn the_order_of_offers_does_not_matter(evidence in evidence()) {
        let mut turned = evidence.clone();
        turned.reverse();
        let (one, mut other) = (allocate(&evidence, 10_000), allocate(&turned, 10_000));
        other.reverse();
        // A part in a million may go to the other of two equals.
        prop_assert!(one.iter().zip(&other).all(|(a, b)| a.abs_diff(*b) <= 1), "{one:?} {other:?}");
    }

    #[test]
    fn the_currency_does_not_matter(evidence in evidence(), shift in -1e3..1e3_f64) {
        let of = |e: &Evidence| Evidence { n: e.n, mean: 8.0 * e.mean + shift, m2: 64.0 * e.m2 };
        let other: Vec<_> = evidence.iter().map(of).collect();
        let (one, other) = (allocate(&evidence, 0), allocate(&other, 0));
        prop_assert!(one.iter().zip(&other).all(|(a, b)| a.abs_diff(*b) <= 1), "{one:?} {other:?}");
    }

    #[test]
    fn better_outcomes_get_no_smaller_share(n in 2_u64..500, gap in 0.0..5.0_f64) {
        let shares = allocate(&[of(n, 1.0, 4.0), of(n, 1.0 + gap, 4.0)], 20_000);
        prop_assert!(shares[1] >= shares[0], "{shares:?}");
    }

    #[test]
    fn every_draw_below_the_sum_chooses_in_proportion(
        shares in proptest::collection::vec(0_u32..50, 1..6),
    ) {
        let sum: u32 = shares.iter().sum();
        let mut counted = vec![0; shares.len()];
        for draw in 0..sum {
            counted[choose(&shares, draw).unwrap()] += 1;
        }
        prop_assert_eq!(counted, shares);
    }
}
