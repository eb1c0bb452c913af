//! What changed, how sure are we, and what did it earn?
//!
//! Outcomes of units come in as [`Moments`] per [`Arm`]; verdicts, effects with intervals and
//! statements go out. Where there is no number, there is an [`Unready`] with the reason.
//! Knows nothing of rules, profiles, policies or storage. The formulas are explained in
//! `docs/STATISTICS.md`.

mod assignment;
mod design;
mod effect;
mod moments;
mod readout;
mod sample_ratio;
mod statement;
mod student;
mod unready;

pub use assignment::{UnitId, assign, bucket};
pub use design::{Arm, Design, Malformed, Ppm, WHOLE};
pub use effect::{Effect, Relative, estimate, relative};
pub use moments::Moments;
pub use readout::{Contrast, MIN_UNITS, Readout, Verdict, readout};
pub use sample_ratio::{Alarm, SampleRatio, sample_ratio};
pub use statement::{ArmOutcome, Increment, Line, Posted, Statement, statement};
pub use unready::Unready;
