//! Did it stay flat? The first fifth is for warming up; trends of a short run are told and not
//! judged, because caches are still filling.

use hdrhistogram::Histogram;

use super::Slice;
use crate::{
    rows::time,
    trend::{median, slope},
};

/// One of so many slices is for warming up.
const WARM: usize = 5;
/// The first and the last of so many parts of the rest are compared.
const PARTS: usize = 10;
/// Minutes after warming up that trends can be told from.
const LONG: f64 = 30.0;
/// Growth of memory in ten minutes.
const MEMORY: f64 = 0.01;
/// The last 99th percentile beside the first.
const LATENCY: f64 = 1.5;
/// Open files more than before.
const FILES: u64 = 4;
const FOLLOWED: f64 = 0.95;

/// One thing that was looked at.
pub struct Finding {
    what: String,
    is_within: bool,
    is_judged: bool,
}

impl Finding {
    pub fn is_wrong(&self) -> bool {
        self.is_judged && !self.is_within
    }

    pub fn sentence(&self) -> String {
        let verdict = match (self.is_judged, self.is_within) {
            (false, _) => "too short to judge",
            (true, true) => "as it should be",
            (true, false) => "WRONG",
        };
        format!("{}: {verdict}", self.what)
    }
}

/// All that is to be found; nothing where there are no slices.
pub fn judge(slices: &[Slice]) -> Vec<Finding> {
    let steady = slices.get(slices.len() / WARM..).unwrap_or_default();
    let (Some(first), Some(last)) = (steady.first(), steady.last()) else {
        return Vec::new();
    };
    let is_long = last.at - first.at >= LONG;
    let part = steady.len().div_ceil(PARTS);
    let begin = steady.get(..part).unwrap_or_default();
    let end = steady.get(steady.len() - part..).unwrap_or_default();
    let trends = [memory(steady), latency(begin, end)];
    let trends = trends.into_iter().flatten().map(|trend| Finding {
        is_judged: is_long,
        ..trend
    });
    let rest = [files(begin, end), Some(answers(slices))];
    trends.chain(rest.into_iter().flatten()).collect()
}

fn memory(steady: &[Slice]) -> Option<Finding> {
    let points: Vec<(f64, f64)> = steady
        .iter()
        .map(|slice| (slice.at, slice.memory as f64))
        .collect();
    let usual = median(points.iter().map(|(_, memory)| *memory).collect())?;
    let growth = slope(&points)? * 10.0 / usual;
    Some(Finding {
        what: format!("memory grows by {:.2} % in ten minutes", growth * 100.0),
        is_within: growth < MEMORY,
        is_judged: true,
    })
}

fn latency(begin: &[Slice], end: &[Slice]) -> Option<Finding> {
    let (first, last) = (p99(begin)?, p99(end)?);
    Some(Finding {
        what: format!("p99 was {} and is {}", time(first), time(last)),
        is_within: last <= LATENCY * first,
        is_judged: true,
    })
}

/// Of all slices together.
fn p99(slices: &[Slice]) -> Option<f64> {
    let (first, rest) = slices.split_first()?;
    let mut all: Histogram<u64> = first.latency.clone();
    for slice in rest {
        all.add(&slice.latency).ok()?;
    }
    Some(all.value_at_quantile(0.99) as f64)
}

/// Those that stay open: connections that are about to close come and go at every look, and what is
/// never closed is there at each.
fn files(begin: &[Slice], end: &[Slice]) -> Option<Finding> {
    let staying = |slices: &[Slice]| slices.iter().map(|one| one.files).min();
    let (first, last) = (staying(begin)?, staying(end)?);
    Some(Finding {
        what: format!("{first} files stayed open, and {last} do"),
        is_within: last <= first + FILES,
        is_judged: true,
    })
}

fn answers(slices: &[Slice]) -> Finding {
    let sum = |of: fn(&Slice) -> u64| slices.iter().map(of).sum::<u64>();
    let (due, done) = (sum(|one| one.due), sum(|one| one.done));
    let (busy, failed) = (sum(|one| one.busy), sum(|one| one.failed));
    Finding {
        what: format!(
            "of {due} requests {done} were done, {busy} met a busy server, {failed} failed"
        ),
        is_within: failed == 0 && done as f64 >= FOLLOWED * due as f64,
        is_judged: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixty slices of so many minutes; each is made by the function from its number.
    fn check(minutes: f64, make: impl Fn(u64, &mut Slice), wrong: &[&str]) {
        let slices: Vec<Slice> = (0..60)
            .map(|number| {
                let mut slice = Slice {
                    at: number as f64 * minutes,
                    due: 1_000,
                    done: 1_000,
                    busy: 0,
                    failed: 0,
                    latency: Histogram::new(3).unwrap(),
                    memory: 100_000_000 + number % 7 * 100_000,
                    threads: 8,
                    files: 30 + number % 3,
                    stored: 1_000 * number,
                };
                slice.latency.record_n(1_000, 1_000).unwrap();
                make(number, &mut slice);
                slice
            })
            .collect();
        let findings = judge(&slices);
        let findings = findings.iter().filter(|one| one.is_wrong());
        let findings: Vec<&str> = findings.map(|one| one.what.as_str()).collect();
        assert_eq!(findings, wrong);
    }

    #[test]
    fn what_stays_is_as_it_should_be() {
        check(1.0, |_, _| {}, &[]);
    }

    #[test]
    fn what_grows_is_found() {
        let leak = |number, slice: &mut Slice| slice.memory = 100_000_000 + number * 200_000;
        check(1.0, leak, &["memory grows by 1.87 % in ten minutes"]);
        let slow = |number: u64, slice: &mut Slice| {
            slice.latency.record_n(1_000 + number * 20, 100).unwrap();
        };
        check(1.0, slow, &["p99 was 1.32 ms and is 2.18 ms"]);
        let open = |number, slice: &mut Slice| slice.files = 30 + number / 5;
        check(1.0, open, &["32 files stayed open, and 41 do"]);
        let pass = |number, slice: &mut Slice| slice.files = 30 + number % 5 * number;
        check(1.0, pass, &[]);
        let fail = |number, slice: &mut Slice| slice.failed = u64::from(number == 40);
        let what = "of 60000 requests 60000 were done, 0 met a busy server, 1 failed";
        check(1.0, fail, &[what]);
    }

    #[test]
    fn warming_up_is_not_growth() {
        let warm = |number: u64, slice: &mut Slice| slice.memory += number.min(11) * 5_000_000;
        check(1.0, warm, &[]);
    }

    #[test]
    fn trends_of_a_short_run_are_not_judged() {
        let leak = |number, slice: &mut Slice| slice.memory = 100_000_000 + number * 200_000;
        check(0.1, leak, &[]);
    }
}
