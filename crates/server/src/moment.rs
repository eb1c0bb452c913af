//! What is told of the moment at which something is asked?

use ledger::Timestamp;
use offers::Zone;
use rules::{Facts, Reads, Telling, Value, ZONE};

/// The instant.
const NOW: &str = "now";

/// The instant, and the zone by whose clock it is read.
#[must_use]
pub fn facts((now, zone): (Timestamp, &Zone), reads: &Reads) -> Facts {
    let mut telling = Telling::to(reads);
    telling.tell(NOW, Value::Time(now));
    telling.tell(ZONE, zone.name());
    telling.done()
}

/// Whether a fact is one of these.
#[must_use]
pub fn tells(path: &str) -> bool {
    [NOW, ZONE].contains(&path)
}
