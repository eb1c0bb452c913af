//! Is the verdict the one the figures carry, and does the sentence say against whom?
use crate::{design, same_p};
use measurement::{Arm, Design, Malformed, Moments, Unready, Verdict, readout};

const HALVES: [(Arm, u32); 2] = [(Arm::Treatment(1), 500_000), (Arm::Treatment(2), 500_000)];

/// A mean with a standard deviation of ten.
fn of(n: u64, mean: f64) -> Moments {
    Moments {
        n,
        mean,
        m2: 100.0 * (n - 1) as f64,
    }
}

fn three_arms(n: u64, means: [f64; 3]) -> [(Arm, Moments); 3] {
    let [holdout, one, two] = means;
    [
        (Arm::Holdout, of(2 * n, holdout)),
        (Arm::Treatment(1), of(4 * n, one)),
        (Arm::Treatment(2), of(4 * n, two)),
    ]
}

fn told(outcome: f64) -> String {
    format!("{outcome:+.2}")
}

fn check(n: u64, means: [f64; 3], verdict: Verdict, ending: &str) {
    let readout = readout(&design(200_000, &HALVES), &three_arms(n, means)).unwrap();
    assert_eq!(readout.verdict, verdict);
    let sentence = readout.sentence(told);
    assert!(sentence.ends_with(ending), "{sentence}");
    assert_eq!(readout.against, Arm::Holdout);
    assert_eq!(readout.contrasts.len(), 2);
}

#[test]
fn verdicts_follow_from_the_intervals() {
    check(500, [0.0, 2.0, 0.0], Verdict::Ship, "ship it.");
    check(500, [0.0, -2.0, 2.0], Verdict::Ship, "ship it.");
    check(500, [0.0, -2.0, -2.0], Verdict::Stop, "stop it.");
    check(
        500,
        [0.0, -2.0, 0.0],
        Verdict::CannotTell,
        "cannot be told.",
    );
    check(
        500,
        [0.0, 0.1, -0.1],
        Verdict::CannotTell,
        "cannot be told.",
    );
    check(
        49,
        [0.0, 9.0, 9.0],
        Verdict::KeepRunning,
        "keep it running.",
    );
    check(50, [0.0, 9.0, 9.0], Verdict::Ship, "ship it.");
}

#[test]
fn the_sentence_names_what_was_compared_with() {
    let design = design(200_000, &HALVES);
    let readout = readout(&design, &three_arms(500, [1.0, 3.0, 1.0])).unwrap();
    assert_eq!(
        readout.sentence(told),
        "Compared with similar customers held out, customers in treatment 1 brought +2.00 \
         each (95 % interval +1.24 to +2.76). Compared with similar customers held out, \
         customers in treatment 2 brought +0.00 each (95 % interval -0.76 to +0.76). \
         The gain is larger than chance explains: ship it."
    );
    assert_eq!(
        readout.n,
        [
            (Arm::Holdout, 1000),
            (Arm::Treatment(1), 2000),
            (Arm::Treatment(2), 2000)
        ]
    );
}

#[test]
fn a_sample_ratio_mismatch_shows_no_effect() {
    let arms = [
        (Arm::Holdout, of(1000, 0.0)),
        (Arm::Treatment(1), of(2000, 9.0)),
        (Arm::Treatment(2), of(1500, 9.0)),
    ];
    let readout = readout(&design(200_000, &HALVES), &arms).unwrap();
    assert_eq!(readout.verdict, Verdict::Invalid);
    assert!(readout.contrasts.is_empty());
    assert!(readout.sentence(told).contains("differ in size"));
}

#[test]
fn without_a_holdout_the_control_is_compared_with() {
    let design = design(0, &[(Arm::Control, 500_000), (Arm::Treatment(1), 500_000)]);
    let arms = [
        (Arm::Control, of(1000, 0.0)),
        (Arm::Treatment(1), of(1000, 2.0)),
    ];
    let readout = readout(&design, &arms).unwrap();
    assert_eq!(
        (readout.against, readout.verdict),
        (Arm::Control, Verdict::Ship)
    );
    assert!(
        readout
            .sentence(told)
            .starts_with("Compared with similar customers who received the usual")
    );
}

/// Holm's adjustment: ab_tests/result.json, multiplicity, the two margins of the family of eight
/// recomputed for two, by hand: the smaller p doubles, the larger stays.
#[test]
fn several_treatments_are_judged_more_strictly_than_one() {
    let thirds = [
        (Arm::Control, 500_000),
        (Arm::Treatment(1), 250_000),
        (Arm::Treatment(2), 250_000),
    ];
    let arms = [
        (
            Arm::Control,
            Moments {
                n: 6006,
                mean: 3.21990675990676,
                m2: 1043416.8307477855,
            },
        ),
        (
            Arm::Treatment(1),
            Moments {
                n: 2914,
                mean: 3.4432910089224436,
                m2: 469824.82073922444,
            },
        ),
        (
            Arm::Treatment(2),
            Moments {
                n: 3080,
                mean: 2.4201623376623376,
                m2: 464911.7673188312,
            },
        ),
    ];
    let readout = readout(&design(0, &thirds), &arms).unwrap();
    same_p(readout.contrasts[0].adjusted_p, 0.4416442595283293);
    same_p(readout.contrasts[1].adjusted_p, 2.0 * 0.004191534582181328);
    assert_eq!(readout.verdict, Verdict::CannotTell);
}

#[test]
fn moments_of_the_same_arm_are_added() {
    let design = design(200_000, &HALVES);
    let whole = three_arms(500, [0.0, 2.0, 1.0]);
    let half = three_arms(250, [0.0, 2.0, 1.0]);
    let halves = [half, half].concat();
    let (one, two) = (
        readout(&design, &whole).unwrap(),
        readout(&design, &halves).unwrap(),
    );
    assert_eq!(one.n, two.n);
    assert_eq!(one.verdict, two.verdict);
}

fn refuse(design: &Design, arms: &[(Arm, Moments)], expected: Unready) {
    assert_eq!(readout(design, arms), Err(expected));
}

#[test]
fn what_cannot_be_read_says_why() {
    let arms = three_arms(500, [0.0, 2.0, 0.0]);
    let sums_to_half = design(200_000, &HALVES[..1]);
    let malformed = Malformed::WeightsDoNotAddUp(500_000);
    refuse(&sums_to_half, &arms, Unready::Malformed(malformed));
    refuse(
        &design(200_000, &HALVES),
        &arms[..2],
        Unready::ArmMissing(Arm::Treatment(2)),
    );
    refuse(
        &design(200_000, &HALVES),
        &[],
        Unready::ArmMissing(Arm::Holdout),
    );
    refuse(
        &design(0, &HALVES),
        &arms[1..],
        Unready::ArmMissing(Arm::Holdout),
    );
    let flat = |arm| {
        (
            arm,
            Moments {
                n: 1000,
                mean: 1.0,
                m2: 0.0,
            },
        )
    };
    let alone = design(500_000, &[(Arm::Control, 1_000_000)]);
    refuse(
        &alone,
        &[flat(Arm::Holdout), flat(Arm::Control)],
        Unready::NoSpread,
    );
}
