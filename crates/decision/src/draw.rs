//! Which number does a decision draw? One nobody can foresee, and anybody with the secret can
//! compute again.

use hmac::{Hmac, Mac};
use measurement::WHOLE;
use offers::Ppm;
use sha2::Sha256;

use crate::DecisionId;

/// A number below 1 000 000 from a decision's id: HMAC-SHA-256 (Krawczyk, Bellare and Canetti
/// 1997, RFC 2104) of the id's eight bytes, big end first, under a secret of any length.
///
/// The first eight bytes of the code are scaled to the range; the bias is below 1 in 10^13.
#[must_use]
pub fn draw_of(secret: &[u8], id: DecisionId) -> Ppm {
    // A key of any length is allowed, so that the other branch is never taken.
    let Ok(mut code) = Hmac::<Sha256>::new_from_slice(secret) else {
        return 0;
    };
    code.update(&id.0.to_be_bytes());
    let head = code
        .finalize()
        .into_bytes()
        .iter()
        .take(8)
        .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    // Below 1 000 000 because head is below 2^64.
    ((u128::from(head) * u128::from(WHOLE)) >> 64) as Ppm
}
