//! Do the promises hold for any outcomes?
use crate::{design, same};
use measurement::{Moments, estimate, relative};
use proptest::prelude::*;

fn outcomes() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(-1e5..1e5_f64, 3..40)
}

/// Equal to nine digits of `scale`.
fn near(actual: f64, expected: f64, scale: f64) {
    let gap = (actual - expected).abs();
    assert!(
        gap <= 1e-9 * (scale.abs() + 1.0),
        "{actual} is not {expected}"
    );
}

fn agree(one: Moments, other: Moments) {
    assert_eq!(one.n, other.n);
    near(one.mean, other.mean, 1e5);
    near(one.m2, other.m2, one.m2);
}

proptest! {
    #[test]
    fn moments_added_are_moments_of_all(a in outcomes(), b in outcomes()) {
        let of = |x: &[f64]| -> Moments { x.iter().copied().collect() };
        agree(of(&a) + of(&b), of(&[a, b].concat()));
    }

    #[test]
    fn addition_has_no_order(a in outcomes(), b in outcomes(), c in outcomes()) {
        let of = |x: &[f64]| -> Moments { x.iter().copied().collect() };
        let (a, b, c) = (of(&a), of(&b), of(&c));
        agree(a + b, b + a);
        agree((a + b) + c, a + (b + c));
        prop_assert_eq!(a + Moments::default(), a);
        prop_assert_eq!([a, b, c].into_iter().sum::<Moments>(), (a + b) + c);
    }

    #[test]
    fn moments_are_those_of_the_two_pass_formula(a in outcomes()) {
        let moments: Moments = a.iter().copied().collect();
        let mean = a.iter().sum::<f64>() / a.len() as f64;
        let m2 = a.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        near(moments.mean, mean, 1e5);
        near(moments.m2, m2, m2);
        near(moments.total(), a.iter().sum(), 1e7);
    }

    #[test]
    fn swapping_the_arms_turns_the_effect_round(a in outcomes(), b in outcomes()) {
        let (a, b): (Moments, Moments) = (a.into_iter().collect(), b.into_iter().collect());
        let design = design(0, &[]);
        let (one, other) = (estimate(&design, &a, &b).unwrap(), estimate(&design, &b, &a).unwrap());
        same(one.estimate, -other.estimate);
        same(one.low, -other.high);
        same(one.p, other.p);
    }

    #[test]
    fn relative_excludes_zero_exactly_when_the_difference_does(
        a in outcomes(), b in outcomes(), up in 1e4..1e6_f64, gap in 0.0..2e5_f64,
    ) {
        let control: Moments = a.into_iter().map(|x| x + up).collect();
        let treatment: Moments = b.into_iter().map(|x| x + up + gap).collect();
        let design = design(0, &[]);
        let effect = estimate(&design, &control, &treatment).unwrap();
        if let Ok(relative) = relative(&design, &control, &treatment) {
            let excludes = |low: f64, high: f64| low > 0.0 || high < 0.0;
            let excluded = excludes(effect.low, effect.high);
            prop_assert_eq!(excluded, excludes(relative.low, relative.high));
            prop_assert_eq!(excluded, effect.p < 0.05);
        }
    }
}
