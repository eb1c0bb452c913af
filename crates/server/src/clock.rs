//! What time is it? The one place where the machine's clock is read.

use std::time::{SystemTime, UNIX_EPOCH};

use ledger::Timestamp;

/// Milliseconds since the Unix epoch by the machine's clock.
#[must_use]
pub fn wall() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
