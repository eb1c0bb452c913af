//! Are effects and their intervals those of the reference?
//! Source: ab_tests/result.json (arms A, B and C of experiment.csv, moments computed from that
//! file in exact fractions), result_hillstrom_womens_visit.json, result_cookie_cats_*.json.
use crate::{design, moments, same, same_p};
use measurement::{Moments, Unready, estimate, relative};

type Row = (u64, f64, f64);
const REVENUE_A: Row = (6006, 7.15533966033966, 5152692.859457093);
const REVENUE_B: Row = (2914, 8.854166094715168, 3106568.63242361);
const REVENUE_C: Row = (3080, 6.803467532467533, 3028223.9475667533);
const MARGIN_A: Row = (6006, 3.21990675990676, 1043416.8307477855);
const MARGIN_B: Row = (2914, 3.4432910089224436, 469824.82073922444);
const MARGIN_C: Row = (3080, 2.4201623376623376, 464911.7673188312);
const ORDERS_A: Row = (6006, 0.14901764901764902, 1679.629204129204);
const ORDERS_B: Row = (2914, 0.20727522306108442, 1242.805765271105);
const ORDERS_C: Row = (3080, 0.14253246753246754, 804.4282467532468);

/// Expected: estimate, standard error, p, then the interval's ends.
fn check(control: Row, treatment: Row, [e, se, p, low, high]: [f64; 5]) {
    let design = design(0, &[]);
    let effect = estimate(&design, &moments(control), &moments(treatment)).unwrap();
    same(effect.estimate, e);
    same(effect.standard_error, se);
    same_p(effect.p, p);
    same(effect.low, low);
    same(effect.high, high);
}

#[test]
#[rustfmt::skip]
fn differences_of_means_are_those_of_the_reference() {
    check(REVENUE_A, REVENUE_B, [1.6988264343755075, 0.7133322456130734, 0.017276077627516588,
        0.300398131747738, 3.097254737003277]);
    check(REVENUE_A, REVENUE_C, [-0.3518721278721282, 0.6798451213529405, 0.6047730749222601,
        -1.6846198219710171, 0.9808755662267608]);
    check(MARGIN_A, MARGIN_B, [0.22338424901568388, 0.29030888010537514, 0.4416442595283293,
        -0.3457262034451818, 0.7924947014765495]);
    check(MARGIN_A, MARGIN_C, [-0.7997444222444221, 0.27920403637758656, 0.004191534582181328,
        -1.3470745641499708, -0.25241428033887325]);
    check(ORDERS_A, ORDERS_B, [0.0582575740434354, 0.013891788443984547, 2.793996117943153e-05,
        0.031023336005390555, 0.08549181208148024]);
    check(ORDERS_A, ORDERS_C, [-0.006485181485181485, 0.011462833041535616, 0.5715786138133394,
        -0.028956171776061836, 0.015985808805698866]);
}

/// The moments of an outcome that is one for the successes and zero for the rest.
fn ones(successes: u64, n: u64) -> Row {
    let mean = successes as f64 / n as f64;
    (n, mean, n as f64 * mean * (1.0 - mean))
}

#[test]
#[rustfmt::skip]
fn differences_on_real_experiments_are_those_of_the_reference() {
    // Hillstrom, women's mail, visits.
    check(ones(2262, 21306), ones(3238, 21387), [0.045233106587052985, 0.0032344620990907504,
        2.43244770231271e-44, 0.03889349376208028, 0.05157271941202569]);
    // Cookie Cats, retention after seven days.
    check(ones(8502, 44700), ones(8279, 45489), [-0.008201298315205913, 0.002592042757246972,
        0.001556530181006654, -0.013281677028690975, -0.00312091960172085]);
}

/// Expected: estimate, low, high.
fn check_relative(control: Row, treatment: Row, [e, low, high]: [f64; 3]) {
    let design = design(0, &[]);
    let relative = relative(&design, &moments(control), &moments(treatment)).unwrap();
    same(relative.estimate, e);
    same(relative.low, low);
    same(relative.high, high);
}

#[test]
#[rustfmt::skip]
fn relative_effects_are_those_of_the_reference() {
    check_relative(REVENUE_A, REVENUE_B,
        [0.23742079552025974, 0.03976923455506598, 0.46190121551800467]);
    check_relative(REVENUE_A, REVENUE_C,
        [-0.049176159983357795, -0.22362531815169384, 0.1458870727108026]);
    check_relative(MARGIN_A, MARGIN_B,
        [0.06937599926718142, -0.10142972311178333, 0.263365713804931]);
    check_relative(MARGIN_A, MARGIN_C,
        [-0.2483750250791674, -0.39693778517700584, -0.08351774135069545]);
    check_relative(ORDERS_A, ORDERS_B,
        [0.3909441225752771, 0.19878848753246392, 0.6057049510332868]);
    check_relative(ones(2262, 21306), ones(3238, 21387),
        [0.42605507026691014, 0.3564780436183965, 0.49996851827579203]);
    check_relative(ones(8502, 44700), ones(8279, 45489),
        [-0.043119034896460184, -0.0689020864043135, -0.01663546365580748]);
}

#[test]
fn very_small_chances_keep_their_digits() {
    let of = |n, mean, m2| Moments { n, mean, m2 };
    let (control, treatment) = (moments(ones(2262, 21306)), moments(ones(3238, 21387)));
    let p = estimate(&design(0, &[]), &control, &treatment).unwrap().p;
    assert!((p / 2.43244770231271e-44 - 1.0).abs() < 1e-6, "{p}");
    // A million of each and a gap of 37 standard errors.
    let control = of(1_000_000, 0.0, 1e6);
    let p = estimate(&design(0, &[]), &control, &of(1_000_000, 0.053, 1e6))
        .unwrap()
        .p;
    assert!(p > 0.0 && p < 1e-300, "{p}");
}

fn refuse(control: Row, treatment: Row, expected: Unready) {
    let result = estimate(&design(0, &[]), &moments(control), &moments(treatment));
    assert_eq!(result, Err(expected));
}

#[test]
fn without_enough_there_is_no_number() {
    let good = (10, 1.0, 4.0);
    refuse((0, 0.0, 0.0), good, Unready::TooFew { n: 0, needed: 2 });
    refuse(good, (1, 5.0, 0.0), Unready::TooFew { n: 1, needed: 2 });
    refuse((9, 1.0, 0.0), (9, 2.0, 0.0), Unready::NoSpread);
    refuse(good, (9, f64::NAN, 1.0), Unready::NotFinite);
    refuse(good, (9, 1.0, f64::INFINITY), Unready::NotFinite);
    refuse(good, (9, 1.0, -1.0), Unready::NotFinite);
    refuse(good, (9, 1.0, 1e300), Unready::NotFinite);
}

#[test]
fn a_ratio_to_nothing_is_not_a_number() {
    let ratio = |control, treatment| {
        relative(&design(0, &[]), &moments(control), &moments(treatment)).map(|_| ())
    };
    assert_eq!(
        ratio((100, 0.1, 9900.0), (100, 1.0, 9900.0)),
        Err(Unready::MeanMayBeZero)
    );
    assert_eq!(
        ratio((100, -9.0, 9.0), (100, 1.0, 9.0)),
        Err(Unready::MeanMayBeZero)
    );
    assert_eq!(ratio((100, 9.0, 9.0), (100, -1.0, 9.0)), Ok(()));
}
