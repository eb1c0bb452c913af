//! What does the experiment say, if it says anything yet?
use crate::sample_ratio::pooled;
use crate::{Alarm, Arm, Design, Effect, Moments, Relative, SampleRatio, Unready};
use crate::{estimate, relative, sample_ratio};
use serde::{Deserialize, Serialize};

/// Fewer units than this in an arm carry no verdict: the mean of a skewed outcome is not yet
/// near enough to normal for the interval to hold its level.
pub const MIN_UNITS: u64 = 100;

/// The verdict of an experiment and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Readout {
    pub verdict: Verdict,
    /// The arm that the others are compared with: the holdout if there is one, or the control.
    pub against: Arm,
    /// Units per arm, in the order of the design, holdout first.
    pub n: Vec<(Arm, u64)>,
    /// One per arm other than `against`; empty where the verdict is invalid.
    pub contrasts: Vec<Contrast>,
    pub sample_ratio: SampleRatio,
    /// Confidence level of the intervals, in ppm.
    pub level: crate::Ppm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// A treatment did better than what it was compared with.
    Ship,
    /// Every treatment did worse.
    Stop,
    /// An arm is still too small for a verdict.
    KeepRunning,
    /// Enough units, and the difference may be either way or none.
    CannotTell,
    /// Sample-ratio mismatch: the arms cannot be compared.
    Invalid,
}

/// One arm compared with `against`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    pub arm: Arm,
    pub effect: Effect,
    /// Fieller's interval, where the ratio has one.
    pub relative: Result<Relative, Unready>,
    /// Adjusted for the number of contrasts (Holm 1979).
    pub adjusted_p: f64,
}

/// Read an experiment once, at a time fixed before it began. One outcome, higher is better.
///
/// Moments of the same arm are added. Errors: a malformed design, an unknown or missing arm,
/// an arm of fewer than two units, no spread.
pub fn readout(design: &Design, arms: &[(Arm, Moments)]) -> Result<Readout, Unready> {
    let sample_ratio = sample_ratio(design, arms)?;
    let against = against(design)?;
    let shares = design
        .shares()
        .into_iter()
        .filter(|&(_, share)| share > 0.0);
    let arms: Vec<_> = shares
        .map(|(arm, _)| (arm, pooled(arms, |a| a == arm)))
        .collect();
    let n: Vec<_> = arms
        .iter()
        .map(|(arm, moments)| (*arm, moments.n))
        .collect();
    let contrasts = match sample_ratio.alarm {
        Alarm::Mismatch => Vec::new(),
        Alarm::Warning | Alarm::Quiet => contrasts(design, against, &arms)?,
    };
    let verdict = verdict(&sample_ratio, &n, &contrasts, design.alpha());
    Ok(Readout {
        verdict,
        against,
        n,
        contrasts,
        sample_ratio,
        level: design.level,
    })
}

/// What the others are compared with.
pub(crate) fn against(design: &Design) -> Result<Arm, Unready> {
    let is_control = |&(arm, weight): &(Arm, crate::Ppm)| arm == Arm::Control && weight > 0;
    if design.holdout > 0 {
        Ok(Arm::Holdout)
    } else if design.weights.iter().any(is_control) {
        Ok(Arm::Control)
    } else {
        Err(Unready::ArmMissing(Arm::Holdout))
    }
}

fn contrasts(
    design: &Design,
    against: Arm,
    arms: &[(Arm, Moments)],
) -> Result<Vec<Contrast>, Unready> {
    let control = pooled(arms, |arm| arm == against);
    let contrast = |&(arm, moments): &(Arm, Moments)| {
        let effect = estimate(design, &control, &moments)?;
        let relative = relative(design, &control, &moments);
        Ok(Contrast {
            arm,
            effect,
            relative,
            adjusted_p: effect.p,
        })
    };
    let others = arms.iter().filter(|(arm, _)| *arm != against);
    let mut contrasts = others.map(contrast).collect::<Result<Vec<_>, Unready>>()?;
    if contrasts.is_empty() {
        return Err(Unready::ArmMissing(Arm::Treatment(0)));
    }
    holm(&mut contrasts);
    Ok(contrasts)
}

/// Holm 1979: the k-th smallest of m values of p is multiplied by m - k + 1, never falling.
fn holm(contrasts: &mut [Contrast]) {
    let m = contrasts.len();
    let mut by_p: Vec<&mut Contrast> = contrasts.iter_mut().collect();
    by_p.sort_by(|a, b| a.effect.p.total_cmp(&b.effect.p));
    let mut reached: f64 = 0.0;
    for (k, contrast) in by_p.into_iter().enumerate() {
        reached = reached.max((contrast.effect.p * (m - k) as f64).min(1.0));
        contrast.adjusted_p = reached;
    }
}

fn verdict(
    sample_ratio: &SampleRatio,
    n: &[(Arm, u64)],
    contrasts: &[Contrast],
    alpha: f64,
) -> Verdict {
    let better = |c: &Contrast| c.adjusted_p < alpha && c.effect.estimate > 0.0;
    let worse = |c: &Contrast| c.adjusted_p < alpha && c.effect.estimate < 0.0;
    if sample_ratio.alarm == Alarm::Mismatch {
        Verdict::Invalid
    } else if n.iter().any(|&(_, n)| n < MIN_UNITS) {
        Verdict::KeepRunning
    } else if contrasts.iter().any(better) {
        Verdict::Ship
    } else if contrasts.iter().all(worse) {
        Verdict::Stop
    } else {
        Verdict::CannotTell
    }
}

impl Readout {
    /// For people: one sentence per contrast, which names what was compared with what, and one
    /// for the verdict. `tell` writes an outcome's amount, with its sign and unit.
    #[must_use]
    pub fn sentence(&self, tell: impl Fn(f64) -> String) -> String {
        let with_whom = match self.against {
            Arm::Holdout => "similar customers held out",
            Arm::Control | Arm::Treatment(_) => "similar customers who received the usual",
        };
        let level = f64::from(self.level) / 10_000.0;
        let mut sentence = String::new();
        for Contrast { arm, effect, .. } in &self.contrasts {
            let [estimate, low, high] = [effect.estimate, effect.low, effect.high].map(&tell);
            sentence += &format!(
                "Compared with {with_whom}, customers in {arm} brought {estimate} each \
                 ({level} % interval {low} to {high}). "
            );
        }
        sentence + conclusion(self.verdict)
    }
}

fn conclusion(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ship => "The gain is larger than chance explains: ship it.",
        Verdict::Stop => "The loss is larger than chance explains: stop it.",
        Verdict::KeepRunning => "Too few customers for a verdict yet: keep it running.",
        Verdict::CannotTell => "The difference may be either way or none: it cannot be told.",
        Verdict::Invalid => {
            "The arms differ in size more than chance explains, so they cannot be compared with \
             similar customers: find the cause before reading any result."
        }
    }
}
