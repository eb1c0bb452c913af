//! How much CPU time did it take? A busy neighbour lengthens the wall clock, hardly this.

use std::{collections::HashMap, fs};

use rustix::time::{ClockId, clock_gettime};

/// How often a figure is measured before the least is taken.
#[derive(Clone, Copy)]
pub struct Effort {
    pub repeats: u32,
    /// How many things there are where the promise is about many: the whole, or a part of it
    /// that shows the same in less time.
    pub scale: Scale,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    Whole,
    Part,
}

/// Nanoseconds this thread has run.
pub fn of_thread() -> u64 {
    read(ClockId::ThreadCPUTime)
}

/// Nanoseconds this process has run, with all its threads.
pub fn of_this_process() -> u64 {
    read(ClockId::ProcessCPUTime)
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).cast_unsigned()
}

/// Nanoseconds that the living threads of a process have run; where the kernel does not say, to
/// a hundredth of a second, with those that ended.
pub fn of_process(pid: u32) -> u64 {
    match exactly(pid) {
        Some(nanos) if nanos > 0 => nanos,
        _ => roughly(pid),
    }
}

fn exactly(pid: u32) -> Option<u64> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let of_one = |thread: fs::DirEntry| -> Option<u64> {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    threads.flatten().map(of_one).sum()
}

fn roughly(pid: u32) -> u64 {
    const TICK_NS: u64 = 10_000_000;
    let fields = fields_of(pid);
    let at = |place: usize| fields.get(place).copied().unwrap_or(0);
    (at(11) + at(12)) * TICK_NS
}

/// What the kernel tells of a process after its name, 0 where it is no number.
fn fields_of(pid: u32) -> Vec<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in brackets, may hold spaces: count fields from its end.
    let after = text.rsplit(')').next().unwrap_or_default();
    let fields = after.split_whitespace();
    fields.map(|field| field.parse().unwrap_or(0)).collect()
}

/// What a process and those that it started have run so far, each by its own.
pub struct Family(HashMap<u32, u64>);

impl Family {
    pub fn of(parent: u32) -> Self {
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let all = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_one = |pid: &u32| *pid == parent || fields_of(*pid).get(1) == Some(&parent.into());
        Self(
            all.filter(is_one)
                .map(|pid| (pid, of_process(pid)))
                .collect(),
        )
    }

    /// Nanoseconds since; of one that has ended meanwhile nothing is known.
    pub fn since(&self, before: &Self) -> u64 {
        let more = |(pid, nanos): (&u32, &u64)| {
            nanos.saturating_sub(before.0.get(pid).copied().unwrap_or(0))
        };
        self.0.iter().map(more).sum()
    }
}

impl Effort {
    /// Nanoseconds of one operation on this thread: `work` does `count` of them; the least of
    /// the repeats.
    pub fn least(self, count: u64, mut work: impl FnMut()) -> f64 {
        work();
        let least = (0..self.repeats).map(|_| once(of_thread, &mut work)).min();
        least.unwrap_or(0) as f64 / count as f64
    }

    /// The `whole` where it is asked for, else the `part`.
    pub fn many(self, whole: u64, part: u64) -> u64 {
        match self.scale {
            Scale::Whole => whole,
            Scale::Part => part,
        }
    }
}

/// What a clock shows more after the work than before.
pub fn once(clock: fn() -> u64, work: &mut dyn FnMut()) -> u64 {
    let before = clock();
    work();
    clock().saturating_sub(before)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_a_child_runs_is_the_familys_too() {
        let own = std::process::id();
        let before = Family::of(own);
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let after = Family::of(own);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(after.0.contains_key(&child.id()) && !before.0.contains_key(&child.id()));
        assert!(after.since(&before) > 0);
    }
}
