//! How much did the treatment change the average, and how sure are we?
use crate::student::Student;
use crate::{Design, Moments, Unready};
use serde::{Deserialize, Serialize};

/// The average difference between two arms, treatment minus control, in units of the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    pub estimate: f64,
    pub standard_error: f64,
    /// Lower end of the interval at the design's level.
    pub low: f64,
    pub high: f64,
    /// Two-sided: how often chance alone would differ at least this much.
    pub p: f64,
}

impl Effect {
    /// The same effect for `times` units together.
    #[must_use]
    pub fn times(self, times: u64) -> Effect {
        let times = times as f64;
        Effect {
            estimate: self.estimate * times,
            standard_error: self.standard_error * times,
            low: self.low * times,
            high: self.high * times,
            p: self.p,
        }
    }
}

/// The difference as a share of the control's mean: 0.25 is a quarter more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relative {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

/// Difference of means without assuming equal variances.
///
/// Welch 1938: se² = s1²/n1 + s0²/n0; Satterthwaite 1946 for the degrees of freedom,
/// (v1 + v0)² / (v1² / (n1 - 1) + v0² / (n0 - 1)); interval and p from Student's t.
/// Errors: too few units, no spread, not finite.
pub fn estimate(
    design: &Design,
    control: &Moments,
    treatment: &Moments,
) -> Result<Effect, Unready> {
    let welch = Welch::of(design, control, treatment)?;
    let gap = treatment.mean - control.mean;
    let error = (welch.control + welch.treatment).sqrt();
    let reach = welch.critical * error;
    Ok(Effect {
        estimate: gap,
        standard_error: error,
        low: gap - reach,
        high: gap + reach,
        p: welch.t.two_sided(gap / error),
    })
}

/// Ratio of means, less one. It excludes zero exactly when [`estimate`] does.
///
/// Fieller 1954: the theta solving (m1 - theta m0)² = t² (v1 + theta² v0).
/// Errors: as [`estimate`]; the control's mean may be zero or is negative.
pub fn relative(
    design: &Design,
    control: &Moments,
    treatment: &Moments,
) -> Result<Relative, Unready> {
    let welch = Welch::of(design, control, treatment)?;
    let square = welch.critical * welch.critical;
    let a = control.mean * control.mean - square * welch.control;
    let b = control.mean * treatment.mean;
    let c = treatment.mean * treatment.mean - square * welch.treatment;
    let root = (b * b - a * c).sqrt();
    // A mean below zero has no "more than": a quarter more of a loss is less.
    if control.mean <= 0.0 || a <= 0.0 || root.is_nan() {
        return Err(Unready::MeanMayBeZero);
    }
    Ok(Relative {
        estimate: treatment.mean / control.mean - 1.0,
        low: (b - root) / a - 1.0,
        high: (b + root) / a - 1.0,
    })
}

/// What Welch's comparison needs: the variances of the two means and the critical value.
struct Welch {
    control: f64,
    treatment: f64,
    t: Student,
    critical: f64,
}

impl Welch {
    fn of(design: &Design, control: &Moments, treatment: &Moments) -> Result<Welch, Unready> {
        design.check_level()?;
        let of_mean = |arm: &Moments| arm.variance().map(|variance| variance / arm.n as f64);
        let (v0, v1) = (of_mean(control)?, of_mean(treatment)?);
        if v0 + v1 <= 0.0 {
            return Err(Unready::NoSpread);
        }
        let dof = |v: f64, arm: &Moments| v * v / (arm.n - 1) as f64;
        let freedom = (v0 + v1) * (v0 + v1) / (dof(v0, control) + dof(v1, treatment));
        let t = Student::new(freedom)?;
        let critical = t.critical(design.alpha());
        Ok(Welch {
            control: v0,
            treatment: v1,
            t,
            critical,
        })
    }
}
