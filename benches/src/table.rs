//! What was measured, beside what was promised?

use std::process::ExitCode;

#[derive(Default)]
pub struct Table {
    missed: u32,
    rows: u32,
}

/// What a row must not pass.
pub enum Target {
    /// Microseconds of CPU per operation.
    AtMostMicros(f64),
    /// So many times the limit measured beside it.
    AtMostTimes(f64),
    /// The limit takes so many times as long.
    FasterBy(f64),
    /// Operations per second of CPU.
    PerSecond(f64),
}

impl Table {
    /// Prints one row. `nanos` of CPU per operation, `limit` those of the thing beside it.
    pub fn row(&mut self, name: &str, nanos: f64, (limit, target): (f64, Target)) {
        if self.rows == 0 {
            println!(
                "{:<58} {:>11} {:>11} {:>7}   target",
                "", "CPU/op", "limit", "ratio"
            );
        }
        self.rows += 1;
        let (is_met, promise) = match target {
            Target::AtMostMicros(most) => (nanos <= most * 1e3, format!("≤ {most} µs")),
            Target::AtMostTimes(most) => (nanos <= most * limit, format!("≤ {most} × limit")),
            Target::FasterBy(least) => (nanos * least <= limit, format!("≥ {least} × faster")),
            Target::PerSecond(least) => (
                1e9 / nanos >= least,
                format!("≥ {least} per CPU second ({:.0})", 1e9 / nanos),
            ),
        };
        let verdict = if is_met { "met" } else { "MISSED" };
        self.missed += u32::from(!is_met);
        let ratio = nanos / limit;
        println!(
            "{name:<58} {:>8.2} µs {:>8.2} µs {ratio:>7.3}   {promise}: {verdict}",
            nanos / 1e3,
            limit / 1e3
        );
    }

    /// A row that could not be measured counts as missed.
    pub fn broken(&mut self, what: &str) {
        self.rows += 1;
        self.missed += 1;
        println!("not measured: {what}");
    }

    pub fn finish(self) -> ExitCode {
        println!("{} figures, {} missed", self.rows, self.missed);
        if self.missed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
