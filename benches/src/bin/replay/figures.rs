//! What came out, beside what was published?

use std::process::ExitCode;

/// A list of figures, printed as they come.
#[derive(Default)]
pub struct Figures {
    differ: u32,
    rows: u32,
}

impl Figures {
    /// One figure: it must read as published.
    pub fn row(&mut self, name: &str, published: &str, found: impl ToString) {
        if self.rows == 0 {
            println!("{:<62} {:>22} {:>22}", "", "published", "read back");
        }
        self.rows += 1;
        let found = found.to_string();
        let verdict = if found == published {
            ""
        } else {
            self.differ += 1;
            "   DIFFERS"
        };
        println!("{name:<62} {published:>22} {found:>22}{verdict}");
    }

    /// How it went, as a sentence and as the exit code.
    pub fn finish(self) -> ExitCode {
        match self.differ {
            0 => {
                println!("All {} figures agree.", self.rows);
                ExitCode::SUCCESS
            }
            differ => {
                println!("{differ} of {} figures differ.", self.rows);
                ExitCode::FAILURE
            }
        }
    }
}

/// Minor units as an amount with two decimals.
#[must_use]
pub fn money(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// The mean, with four decimals; `scale` units make one.
#[must_use]
pub fn mean(values: &[u64], scale: f64) -> String {
    let sum: u64 = values.iter().sum();
    format!("{:.4}", sum as f64 / scale / values.len() as f64)
}

/// The median: of an even number of values the mean of the two in the middle.
#[must_use]
pub fn median(values: &[u64], scale: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = |place: usize| sorted.get(place).copied().unwrap_or(0) as f64;
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        return at(half) / scale;
    }
    (at(half.saturating_sub(1)) + at(half)) / 2.0 / scale
}
