//! What time is it, and can it be believed? The one place where the machine's clock is read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ledger::Timestamp;
use tokio::time::Instant;

/// The time of day moves with the steady clock, but for this much, or it was set.
const DRIFT_MS: Timestamp = 60_000;
/// A clock that was set is believed again after so long: by then it is set right, if it is wrong.
const SETTLING: Duration = Duration::from_secs(15 * 60);

/// Milliseconds since the Unix epoch by the machine's clock.
#[must_use]
pub fn wall() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Whether the time of day moves as time does. What cannot be undone, as letting a balance lapse,
/// waits where it jumps.
#[derive(Default)]
pub struct Watched {
    last: Option<(Timestamp, Instant)>,
    was_set: Option<Instant>,
}

impl Watched {
    /// Looks at both clocks; to be called again and again.
    pub fn is_steady(&mut self, wall: Timestamp, steady: Instant) -> bool {
        if let Some((before, since)) = self.last.replace((wall, steady)) {
            let passed = steady.duration_since(since).as_millis();
            let passed = Timestamp::try_from(passed).unwrap_or(Timestamp::MAX);
            let drift = wall.saturating_sub(before).saturating_sub(passed);
            if drift.saturating_abs() > DRIFT_MS {
                tracing::warn!(drift_ms = drift, "the clock was set: daily jobs wait");
                self.was_set = Some(steady);
            }
        }
        let is_settled = |at: Instant| steady.duration_since(at) >= SETTLING;
        self.was_set.is_none_or(is_settled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_clock_that_was_set_is_believed_after_a_while() {
        let (mut watched, start) = (Watched::default(), Instant::now());
        let mut looks = |wall_s: i64, steady_s: u32| {
            watched.is_steady(wall_s * 1_000, start + SECOND * steady_s)
        };
        assert!(looks(1_000, 0));
        assert!(looks(1_010, 10));
        assert!(looks(1_075, 20), "drifts by less than a minute");
        assert!(!looks(1_000_000, 30), "ahead");
        assert!(!looks(1_000_010, 40));
        assert!(!looks(1_100, 50), "and back");
        assert!(!looks(1_100 + 899, 50 + 899));
        assert!(looks(1_100 + 900, 50 + 900));
    }
}
