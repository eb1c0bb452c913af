//! What was measured, beside what was promised?

use std::process::ExitCode;

use crate::cpu::Scale;

#[derive(Default)]
pub struct Table {
    missed: u32,
    /// Figures so far from their promise that something must have broken.
    regressed: u32,
    rows: u32,
}

/// What a row must not pass.
pub enum Target {
    /// Microseconds of CPU per operation.
    AtMostMicros(f64),
    /// So many times the limit measured beside it.
    AtMostTimes(f64),
    /// As `AtMostTimes`, not reached yet: until it is, a regression is what passes the ceiling.
    NotYet { most: f64, ceiling: f64 },
    /// The limit takes so many times as long.
    FasterBy(f64),
    /// Operations per second of CPU. How fast the machine is says nothing of what broke: a
    /// regression is what takes more than `ceiling` times the limit.
    PerSecond { least: f64, ceiling: f64 },
}

/// A figure this many times its promise is a regression, also on a machine with busy neighbours.
const SLACK: f64 = 2.0;

impl Target {
    /// The promise in words, how many times it was passed (1 is just met), and how many times
    /// means a regression.
    fn judge(&self, nanos: f64, limit: f64) -> (String, f64, f64) {
        match *self {
            Self::AtMostMicros(most) => (format!("≤ {most} µs"), nanos / (most * 1e3), SLACK),
            Self::AtMostTimes(most) => (format!("≤ {most} × limit"), nanos / (most * limit), SLACK),
            Self::NotYet { most, ceiling } => {
                let promise = format!("≤ {most} × limit (not yet: ≤ {ceiling})");
                (promise, nanos / (most * limit), ceiling / most)
            }
            Self::FasterBy(least) => (format!("≥ {least} × faster"), nanos * least / limit, SLACK),
            Self::PerSecond { least, ceiling } => {
                let promise = format!("≥ {least} per CPU second ({:.0})", 1e9 / nanos);
                let allowed = ceiling * limit;
                (
                    promise,
                    least * nanos / 1e9,
                    (least * allowed / 1e9).max(1.0),
                )
            }
        }
    }
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
        let (promise, times, regression) = target.judge(nanos, limit);
        let verdict = match times {
            times if times <= 1.0 => "met",
            times if times <= regression => "MISSED",
            _ => "MISSED, a regression",
        };
        self.missed += u32::from(times > 1.0);
        self.regressed += u32::from(times > regression);
        let ratio = nanos / limit;
        println!(
            "{name:<58} {:>8.2} µs {:>8.2} µs {ratio:>7.3}   {promise}: {verdict}",
            nanos / 1e3,
            limit / 1e3
        );
    }

    /// A row that could not be measured counts as missed, and as a regression.
    pub fn broken(&mut self, what: &str) {
        self.rows += 1;
        self.missed += 1;
        self.regressed += 1;
        println!("not measured: {what}");
    }

    /// A whole run fails where a promise is missed; a part of one, as CI runs it on a shared
    /// machine, where something regressed.
    pub fn finish(self, scale: Scale) -> ExitCode {
        let Self {
            rows,
            missed,
            regressed,
        } = self;
        println!("{rows} figures, {missed} missed, {regressed} regressed");
        let failed = match scale {
            Scale::Whole => missed,
            Scale::Part => regressed,
        };
        if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
