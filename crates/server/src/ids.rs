//! Which number does a new thing get? Time-ordered, unique in this process, below 2^63.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock;

/// 2026-01-01T00:00:00Z: the 41 bits of milliseconds last until 2095.
const EPOCH_MS: i64 = 1_767_225_600_000;
const SEQUENCE_BITS: u32 = 12;
const NODE_BITS: u32 = 10;

/// Milliseconds, then a sequence, then the process: ids sort by the time they were drawn, so that
/// new rows land at the end of a table.
pub struct Ids {
    /// Milliseconds and sequence of the last id drawn.
    last: AtomicU64,
    node: u64,
    /// Whether time has a part in it.
    clock: fn() -> i64,
}

impl Ids {
    /// `node` tells processes that share a store apart; ten bits of it count.
    #[must_use]
    pub fn new(node: u64) -> Self {
        Self {
            last: AtomicU64::new(0),
            node: node & ((1 << NODE_BITS) - 1),
            clock: clock::wall,
        }
    }

    /// For a process of its own: the node is drawn.
    #[must_use]
    pub fn fresh() -> Self {
        Self::new(getrandom::u64().unwrap_or_default())
    }

    /// One after the other, whatever the time: for a store that is played once, from nothing.
    #[must_use]
    pub fn counting() -> Self {
        Self {
            clock: || EPOCH_MS,
            ..Self::new(0)
        }
    }

    /// Draws the next id; never the same twice, also when the clock jumps back.
    pub fn next(&self) -> u64 {
        let since = u64::try_from((self.clock)() - EPOCH_MS).unwrap_or(0);
        let now = since << SEQUENCE_BITS;
        let step = |last: u64| Some(now.max(last + 1));
        let last = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        let drawn = now.max(last.unwrap_or(0) + 1);
        drawn << NODE_BITS | self.node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_never_repeat() {
        let ids = Ids::new(7);
        let drawn: Vec<u64> = (0..10_000).map(|_| ids.next()).collect();
        assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(drawn.iter().all(|id| *id < 1 << 63 && id & 1023 == 7));
    }
}
