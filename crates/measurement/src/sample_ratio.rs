//! Are the arms as large as they were meant to be?
use crate::{Arm, Design, Moments, Unready};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Below this, nothing may be read. Customary in the field (Fabijan et al. 2019).
const ALARM: f64 = 0.001;
/// Below this, the readout is shown with a warning.
const WARNING: f64 = 0.01;

/// How the sizes of the arms compare with their shares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleRatio {
    pub chi_square: f64,
    /// How often chance alone gives sizes at least this far from the shares.
    pub p: f64,
    pub alarm: Alarm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Alarm {
    Quiet,
    /// p below 0.01: look for the cause.
    Warning,
    /// p below 0.001: a sample-ratio mismatch, stop reading.
    Mismatch,
}

/// Compare the units counted per arm with the design's shares.
///
/// Pearson 1900: chi² = sum (O - nE)² / (nE), with one degree of freedom less than arms.
/// Arms with no share are left out. Errors: a malformed design, an unknown arm, an arm of the
/// design without units.
pub fn sample_ratio(design: &Design, arms: &[(Arm, Moments)]) -> Result<SampleRatio, Unready> {
    let counted = sizes(design, arms)?;
    let n: f64 = counted.iter().map(|&(_, size)| size).sum();
    let distance = |&(share, size): &(f64, f64)| (size - n * share).powi(2) / (n * share);
    let chi_square = counted.iter().map(distance).sum();
    let freedom = counted.len().saturating_sub(1);
    let p = match ChiSquared::new(freedom as f64) {
        Ok(distribution) => distribution.sf(chi_square),
        // One arm alone cannot be out of proportion.
        Err(_) => 1.0,
    };
    Ok(SampleRatio {
        chi_square,
        p,
        alarm: alarm(p),
    })
}

/// The meant share and the counted size of every arm that has a share.
fn sizes(design: &Design, arms: &[(Arm, Moments)]) -> Result<Vec<(f64, f64)>, Unready> {
    design.check()?;
    let shares: Vec<_> = design
        .shares()
        .into_iter()
        .filter(|&(_, share)| share > 0.0)
        .collect();
    if let Some(&(arm, _)) = arms
        .iter()
        .find(|(arm, _)| !shares.iter().any(|(a, _)| a == arm))
    {
        return Err(Unready::ArmUnknown(arm));
    }
    let size = |(arm, share)| match pooled(arms, |a| a == arm).n {
        0 => Err(Unready::ArmMissing(arm)),
        n => Ok((share, n as f64)),
    };
    shares.into_iter().map(size).collect()
}

/// The moments of all arms that `wanted` names, as one.
pub(crate) fn pooled(arms: &[(Arm, Moments)], wanted: impl Fn(Arm) -> bool) -> Moments {
    arms.iter()
        .filter(|&&(arm, _)| wanted(arm))
        .map(|&(_, moments)| moments)
        .sum()
}

fn alarm(p: f64) -> Alarm {
    if p < ALARM {
        Alarm::Mismatch
    } else if p < WARNING {
        Alarm::Warning
    } else {
        Alarm::Quiet
    }
}
