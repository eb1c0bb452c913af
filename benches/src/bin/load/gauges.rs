//! What do the servers use? Read from the kernel, of all processes together.

use std::fs;

use benches::cpu;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Nanoseconds so far.
    pub cpu: u64,
    /// Bytes of memory in use.
    pub memory: u64,
    pub threads: u64,
    /// Open files, connections among them.
    pub files: u64,
}

impl Gauges {
    pub fn of(processes: &[u32]) -> Self {
        let mut sum = Self::default();
        for id in processes {
            let text = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            sum.cpu += cpu::of_process(*id);
            sum.memory += field(&text, "VmRSS:") * 1_024;
            sum.threads += field(&text, "Threads:");
            let files = fs::read_dir(format!("/proc/{id}/fd"));
            sum.files += files.map_or(0, Iterator::count) as u64;
        }
        sum
    }
}

/// The first number after a name, 0 where there is none.
fn field(text: &str, name: &str) -> u64 {
    let mut values = text.lines().filter_map(|line| line.strip_prefix(name));
    let value = values
        .next()
        .and_then(|rest| rest.split_whitespace().next());
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_uses_something_and_two_use_more() {
        let own = std::process::id();
        let (one, two) = (Gauges::of(&[own]), Gauges::of(&[own, own]));
        assert!(
            one.memory > 0 && one.threads > 0 && one.files > 0,
            "{one:?}"
        );
        assert!(two.memory > one.memory, "{one:?} {two:?}");
    }
}
