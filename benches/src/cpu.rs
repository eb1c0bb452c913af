//! How much CPU time did it take? A busy neighbour lengthens the wall clock, hardly this.

use std::fs;

/// How often a figure is measured before the least is taken.
#[derive(Clone, Copy)]
pub struct Effort {
    pub repeats: u32,
}

/// Nanoseconds this thread has run.
pub fn of_thread() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).cast_unsigned()
}

/// Nanoseconds a process with all its threads has run, to a hundredth of a second.
pub fn of_process(pid: u32) -> u64 {
    const TICK_NS: u64 = 10_000_000;
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in brackets, may hold spaces: count fields from its end.
    let after = text.rsplit(')').next().unwrap_or_default();
    let fields: Vec<u64> = after
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    let at = |place: usize| fields.get(place).copied().unwrap_or(0);
    (at(11) + at(12)) * TICK_NS
}

impl Effort {
    /// Nanoseconds of one operation: `work` does `count` of them; the least of the repeats.
    pub fn least(self, count: u64, mut work: impl FnMut()) -> f64 {
        let once = |work: &mut dyn FnMut()| {
            let before = of_thread();
            work();
            of_thread().saturating_sub(before)
        };
        work();
        let least = (0..self.repeats)
            .map(|_| once(&mut work))
            .min()
            .unwrap_or(0);
        least as f64 / count as f64
    }
}
