//! Is a sample-ratio mismatch seen, and nothing else taken for one?
//! Source: result.json of the reference for sample ratios.
use crate::{design, same, same_p};
use measurement::{Alarm, Arm, Moments, Ppm, Unready, sample_ratio};

const ARMS: [Arm; 3] = [Arm::Control, Arm::Treatment(1), Arm::Treatment(2)];

fn of(n: u64) -> Moments {
    Moments {
        n,
        mean: 0.0,
        m2: 0.0,
    }
}

fn check(sizes: &[u64], weights: &[Ppm], (chi_square, p, alarm): (f64, f64, Alarm)) {
    let weights: Vec<_> = ARMS.into_iter().zip(weights.iter().copied()).collect();
    let arms: Vec<_> = ARMS.into_iter().zip(sizes.iter().map(|&n| of(n))).collect();
    let ratio = sample_ratio(&design(0, &weights), &arms).unwrap();
    same(ratio.chi_square, chi_square);
    same_p(ratio.p, p);
    assert_eq!(ratio.alarm, alarm);
}

#[test]
#[rustfmt::skip]
fn ratios_are_those_of_the_reference() {
    use Alarm::{Mismatch, Quiet, Warning};
    let half = [500_000, 500_000];
    check(&[5000, 5000], &half, (0.0, 1.0, Quiet));
    check(&[5150, 4850], &half, (9.0, 0.0026997960632601883, Warning));
    check(&[821588, 815482], &half, (22.77436884189436, 1.8217928726191858e-06, Mismatch));
    check(&[9000, 1050], &[900_000, 100_000], (2.2388059701492535, 0.13458487139107647, Quiet));
    check(&[50, 30], &half, (5.0, 0.025347318677468325, Quiet));
    let quarters = [500_000, 250_000, 250_000];
    check(&[6006, 2914, 3080], &quarters, (4.604666666666667, 0.10002517913548353, Quiet));
    // Cookie Cats: ab_tests/result_cookie_cats_retention7.json.
    check(&[44700, 45489], &half, (6.9024049496058275, 0.008607987810836262, Warning));
}

#[test]
fn the_holdout_has_a_share_too() {
    let design = design(
        100_000,
        &[(Arm::Control, 500_000), (Arm::Treatment(1), 500_000)],
    );
    let arms = |h, c, t| {
        [
            (Arm::Holdout, of(h)),
            (Arm::Control, of(c)),
            (Arm::Treatment(1), of(t)),
        ]
    };
    same(
        sample_ratio(&design, &arms(1000, 4500, 4500))
            .unwrap()
            .chi_square,
        0.0,
    );
    assert_eq!(
        sample_ratio(&design, &arms(850, 4575, 4575)).unwrap().alarm,
        Alarm::Mismatch
    );
}

#[test]
fn arms_must_be_those_of_the_design() {
    let design = design(0, &[(Arm::Control, 1_000_000), (Arm::Treatment(1), 0)]);
    let check = |arms: &[(Arm, Moments)], expected: Unready| {
        assert_eq!(sample_ratio(&design, arms), Err(expected));
    };
    check(&[], Unready::ArmMissing(Arm::Control));
    check(&[(Arm::Control, of(0))], Unready::ArmMissing(Arm::Control));
    check(&[(Arm::Holdout, of(5))], Unready::ArmUnknown(Arm::Holdout));
    check(
        &[(Arm::Treatment(1), of(5))],
        Unready::ArmUnknown(Arm::Treatment(1)),
    );
    assert_eq!(
        sample_ratio(&design, &[(Arm::Control, of(5))]).unwrap().p,
        1.0
    );
}
