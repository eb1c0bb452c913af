//! In which arm is this unit?
use crate::design::{Arm, Design, WHOLE};
use sha2::{Digest, Sha256};

/// What is randomised: a customer, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(pub u64);

/// Two to the 64th: buckets are fractions of it.
const BUCKETS: u128 = 1 << 64;

/// Holdout first, then weights; the same unit always gets the same arm.
///
/// Integers throughout, so that the answer is the same on every machine. Where the weights add
/// up to less than they should, the last arm takes the rest; without weights it is the control.
#[must_use]
pub fn assign(design: &Design, unit: UnitId) -> Arm {
    let whole = u128::from(WHOLE);
    let held_out = u128::from(design.holdout.min(WHOLE)) * BUCKETS;
    let at = u128::from(bucket(&design.salt, unit.0.to_string().as_bytes())) * whole;
    if at < held_out {
        return Arm::Holdout;
    }
    // How far into what the holdout leaves, in units of a millionth of a bucket.
    let rest = whole * BUCKETS - held_out;
    let mut reached = 0;
    for &(arm, weight) in &design.weights {
        reached += u128::from(weight.min(WHOLE));
        if (at - held_out) * whole < reached * rest {
            return arm;
        }
    }
    design.weights.last().map_or(Arm::Control, |&(arm, _)| arm)
}

/// The first 8 bytes, most significant first, of SHA-256(salt ":" unit): a fraction of 2^64.
#[must_use]
pub fn bucket(salt: &[u8], unit: &[u8]) -> u64 {
    let digest = Sha256::new()
        .chain_update(salt)
        .chain_update(b":")
        .chain_update(unit)
        .finalize();
    digest
        .iter()
        .take(8)
        .fold(0, |bits, &byte| (bits << 8) | u64::from(byte))
}
