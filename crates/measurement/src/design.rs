//! Which arms are there, and how large is each meant to be?
use serde::{Deserialize, Serialize};

/// Parts per million.
pub type Ppm = u32;

/// One, in parts per million.
pub const WHOLE: Ppm = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Arm {
    /// Receives nothing, kept across campaigns.
    Holdout,
    /// Receives the usual.
    Control,
    Treatment(u8),
}

impl std::fmt::Display for Arm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Arm::Holdout => f.write_str("holdout"),
            Arm::Control => f.write_str("control"),
            Arm::Treatment(0) => f.write_str("treatment"),
            Arm::Treatment(number) => write!(f, "treatment {number}"),
        }
    }
}

/// How units are assigned and how sure a readout must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Design {
    pub salt: [u8; 16],
    /// Share of all units that receive nothing, in ppm.
    pub holdout: Ppm,
    /// Shares of control, then each treatment, of what the holdout leaves, adding up to 1 000 000.
    pub weights: Vec<(Arm, Ppm)>,
    /// Confidence level in ppm: 950 000.
    pub level: Ppm,
}

/// Why a design cannot be used. In order of precedence: the first that holds is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Malformed {
    /// The level must lie between 0 and 1 000 000, both left out.
    LevelOutOfRange(Ppm),
    /// The holdout must be less than everybody.
    HoldoutTooLarge(Ppm),
    /// The holdout has its own share and may not be weighted again.
    HoldoutWeighted,
    ArmTwice(Arm),
    /// Weights must add up to 1 000 000.
    WeightsDoNotAddUp(u64),
}

impl Design {
    /// Whether the design means what it says.
    pub fn check(&self) -> Result<(), Malformed> {
        self.check_level()?;
        if self.holdout >= WHOLE {
            return Err(Malformed::HoldoutTooLarge(self.holdout));
        }
        let mut seen = std::collections::BTreeSet::from([Arm::Holdout]);
        for &(arm, _) in &self.weights {
            match (arm, seen.insert(arm)) {
                (Arm::Holdout, _) => return Err(Malformed::HoldoutWeighted),
                (_, false) => return Err(Malformed::ArmTwice(arm)),
                (_, true) => {}
            }
        }
        let sum = self
            .weights
            .iter()
            .map(|&(_, weight)| u64::from(weight))
            .sum();
        if sum != u64::from(WHOLE) {
            return Err(Malformed::WeightsDoNotAddUp(sum));
        }
        Ok(())
    }

    pub(crate) fn check_level(&self) -> Result<(), Malformed> {
        match self.level {
            0 | WHOLE.. => Err(Malformed::LevelOutOfRange(self.level)),
            _ => Ok(()),
        }
    }

    /// The arms with their shares of all units, as fractions that add up to one.
    #[must_use]
    pub fn shares(&self) -> Vec<(Arm, f64)> {
        let whole = f64::from(WHOLE);
        let rest = f64::from(WHOLE.saturating_sub(self.holdout)) / whole;
        let weighted = self
            .weights
            .iter()
            .map(|&(arm, w)| (arm, rest * f64::from(w) / whole));
        std::iter::once((Arm::Holdout, f64::from(self.holdout) / whole))
            .chain(weighted)
            .collect()
    }

    /// What may be wrong: one minus the level.
    pub(crate) fn alpha(&self) -> f64 {
        f64::from(WHOLE.saturating_sub(self.level)) / f64::from(WHOLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(holdout: Ppm, weights: &[(Arm, Ppm)], level: Ppm, expected: Result<(), Malformed>) {
        let design = Design {
            salt: [0; 16],
            holdout,
            weights: weights.to_vec(),
            level,
        };
        assert_eq!(design.check(), expected);
    }

    #[test]
    fn a_design_is_checked_in_order_of_precedence() {
        use Arm::{Control, Holdout, Treatment};
        check(
            100_000,
            &[(Control, 400_000), (Treatment(1), 600_000)],
            950_000,
            Ok(()),
        );
        check(0, &[], 0, Err(Malformed::LevelOutOfRange(0)));
        check(0, &[], WHOLE, Err(Malformed::LevelOutOfRange(WHOLE)));
        check(WHOLE, &[], 950_000, Err(Malformed::HoldoutTooLarge(WHOLE)));
        check(
            1,
            &[(Holdout, WHOLE)],
            950_000,
            Err(Malformed::HoldoutWeighted),
        );
        check(
            1,
            &[(Control, 1), (Control, 1)],
            950_000,
            Err(Malformed::ArmTwice(Control)),
        );
        check(
            1,
            &[(Control, 999_999)],
            950_000,
            Err(Malformed::WeightsDoNotAddUp(999_999)),
        );
        check(1, &[], 950_000, Err(Malformed::WeightsDoNotAddUp(0)));
    }
}
