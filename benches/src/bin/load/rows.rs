//! What is said of one step? A row of figures, and whether the servers could follow.

use std::time::Duration;

use crate::{
    drive::{Heard, Offered},
    gauges::Gauges,
};

/// Less of what is offered than this is not followed.
const FOLLOWED: f64 = 0.95;
/// Neither is a 99th percentile above this.
const LONGEST: Duration = Duration::from_secs(1);

/// The percentiles that are shown, with their names.
pub const PERCENTILES: [(&str, f64); 4] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// One step; times in microseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Requests that were due, a second.
    pub offered: f64,
    /// Requests answered with success, a second, from the first that was due to the last answer.
    pub achieved: f64,
    /// As [`PERCENTILES`] names them.
    pub latency: [f64; 4],
    pub max: f64,
    /// Of the servers, for each request that succeeded; a database's own is not among it.
    pub cpu: f64,
    /// Bytes.
    pub memory: u64,
    pub files: u64,
    pub busy: u64,
    /// Other answers than success, or none.
    pub failed: u64,
    /// The driver's own 99th percentile: what is seen of latency is not exact below it.
    pub late: f64,
}

impl Row {
    pub fn new(offered: Offered, heard: &Heard, (before, after): (Gauges, Gauges)) -> Self {
        let at = |quantile: f64| heard.latency.value_at_quantile(quantile) as f64;
        let spent = after.cpu.saturating_sub(before.cpu) as f64 / 1e3;
        Self {
            offered: heard.due as f64 / offered.lasts.as_secs_f64(),
            achieved: heard.achieved(),
            latency: PERCENTILES.map(|(_, quantile)| at(quantile)),
            max: heard.latency.max() as f64,
            cpu: spent / heard.done.max(1) as f64,
            memory: after.memory,
            files: after.files,
            busy: heard.busy,
            failed: heard.failed + heard.unanswered,
            late: heard.late.value_at_quantile(0.99) as f64,
        }
    }

    pub fn p99(&self) -> f64 {
        let [_, _, p99, _] = self.latency;
        p99
    }

    pub fn is_followed(&self) -> bool {
        self.achieved >= FOLLOWED * self.offered && self.p99() <= LONGEST.as_micros() as f64
    }
}

pub fn head() -> String {
    let columns = PERCENTILES.map(|(name, _)| format!("{name:>9}")).join("");
    format!(
        "{:>10} {:>10} {columns} {:>9} {:>10} {:>8} {:>6} {:>6} {:>6} {:>9}",
        "offered/s",
        "achieved/s",
        "max",
        "CPU/req",
        "memory",
        "files",
        "busy",
        "failed",
        "own late"
    )
}

pub fn line(row: &Row) -> String {
    let columns = row.latency.map(|one| format!("{:>9}", time(one))).concat();
    let verdict = if row.is_followed() {
        ""
    } else {
        "  not followed"
    };
    format!(
        "{:>10.0} {:>10.0} {columns} {:>9} {:>10} {:>8} {:>6} {:>6} {:>6} {:>9}{verdict}",
        row.offered,
        row.achieved,
        time(row.max),
        time(row.cpu),
        bytes(row.memory),
        row.files,
        row.busy,
        row.failed,
        time(row.late),
    )
}

/// Microseconds, in three digits or so.
pub fn time(micros: f64) -> String {
    match micros {
        micros if micros < 1e3 => format!("{micros:.0} µs"),
        micros if micros < 1e4 => format!("{:.2} ms", micros / 1e3),
        micros if micros < 1e5 => format!("{:.1} ms", micros / 1e3),
        micros if micros < 1e6 => format!("{:.0} ms", micros / 1e3),
        micros => format!("{:.2} s", micros / 1e6),
    }
}

pub fn bytes(bytes: u64) -> String {
    match bytes {
        ..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(offered: f64, achieved: f64, p99: f64) -> bool {
        let row = Row {
            offered,
            achieved,
            latency: [1.0, 2.0, p99, 2.0 * p99],
            max: 3.0 * p99,
            cpu: 50.0,
            memory: 1,
            files: 1,
            busy: 0,
            failed: 0,
            late: 80.0,
        };
        row.is_followed()
    }

    #[test]
    fn a_step_is_followed_when_nearly_all_is_done_and_nearly_nobody_waits_a_second() {
        assert!(followed(100.0, 95.0, 999_000.0));
        assert!(!followed(100.0, 94.0, 1_000.0));
        assert!(!followed(100.0, 100.0, 1_001_000.0));
    }

    #[test]
    fn times_and_sizes_are_read_at_a_glance() {
        let times = [999.0, 1_500.0, 15_000.0, 150_000.0, 1_500_000.0].map(time);
        assert_eq!(times, ["999 µs", "1.50 ms", "15.0 ms", "150 ms", "1.50 s"]);
        let sizes = [999, 15_000, 15_000_000].map(bytes);
        assert_eq!(sizes, ["999 B", "15 kB", "15 MB"]);
    }
}
