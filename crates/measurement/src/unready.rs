//! Why is there no number yet?
use crate::{Arm, Malformed};
use serde::{Deserialize, Serialize};

/// Why there is no number yet. Never a zero in disguise.
/// In order of precedence: when several hold, the first is reported.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Unready {
    Malformed(Malformed),
    /// The data speak of an arm that the design does not have.
    ArmUnknown(Arm),
    /// No unit of an arm that the comparison needs.
    ArmMissing(Arm),
    TooFew {
        n: u64,
        needed: u64,
    },
    /// Arms of a size that chance does not explain: nothing may be read.
    SampleRatioMismatch {
        p: f64,
    },
    /// An outcome was infinite, not a number, or had a negative spread.
    NotFinite,
    /// Every unit of both arms had the same outcome as the others of its arm.
    NoSpread,
    /// The mean of the arm compared with may be zero, so no ratio to it has bounds.
    MeanMayBeZero,
}

impl From<Malformed> for Unready {
    fn from(malformed: Malformed) -> Unready {
        Unready::Malformed(malformed)
    }
}

impl std::fmt::Display for Unready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unready::Malformed(why) => write!(f, "The design cannot be used: {why:?}."),
            Unready::ArmUnknown(arm) => write!(f, "The design has no {arm}."),
            Unready::ArmMissing(arm) => write!(f, "No customer of the {arm} was measured yet."),
            Unready::TooFew { n, needed } => {
                write!(f, "Too few customers: {n}, and {needed} are needed.")
            }
            Unready::SampleRatioMismatch { p } => {
                write!(
                    f,
                    "The arms differ in size more than chance explains (p = {p:.1e})."
                )
            }
            Unready::NotFinite => f.write_str("An outcome is not a finite number."),
            Unready::NoSpread => f.write_str("All customers of an arm had the same outcome."),
            Unready::MeanMayBeZero => {
                f.write_str("The usual outcome is too close to zero for a ratio to it.")
            }
        }
    }
}
