//! Under which number is the transfer written that funds an account when it is opened?

use ledger::{FUNDING_LINES, Opening, TransferId};

use crate::Command;
use crate::hash::fnv1a;

/// By convention a line of the command's own chain, past the lines of the caller. A command
/// without a chain gets a number made from the account: an account is opened once, so the number
/// is used once.
pub(crate) fn funding_id(command: &Command, place: usize, opening: &Opening) -> TransferId {
    let chain = match command.chain.first() {
        Some(first) => first.id.chain,
        None => number_of(opening),
    };
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    TransferId {
        chain,
        line: FUNDING_LINES.saturating_add(place),
    }
}

/// A hash of the account's four integers, cut to 63 bits.
fn number_of(opening: &Opening) -> u64 {
    let id = opening.id;
    let parts = [u64::from(id.kind), id.owner, id.party, u64::from(id.window)];
    fnv1a(parts.into_iter().flat_map(u64::to_be_bytes)) >> 1
}
