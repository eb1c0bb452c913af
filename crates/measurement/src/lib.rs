//! What changed, how sure are we, and what did it earn?
//!
//! Knows nothing of rules, profiles, policies or storage.
use serde::{Deserialize, Serialize};

/// Parts per million.
pub type Ppm = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Arm {
    /// Receives nothing, kept across campaigns.
    Holdout,
    /// Receives the usual.
    Control,
    Treatment(u8),
}

/// How units are assigned and how often we look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Design {
    pub salt: [u8; 16],
    pub holdout: Ppm,
    /// Shares of control, then each treatment, of what the holdout leaves; they add up to 1 000 000.
    pub weights: Vec<(Arm, Ppm)>,
    /// Confidence level in ppm: 950 000.
    pub level: Ppm,
}

/// What is randomised: a customer, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(pub u64);

/// Holdout first, then weights; the same unit always gets the same arm.
#[must_use]
pub fn assign(_design: &Design, _unit: UnitId) -> Arm {
    Arm::Holdout
}
