//! What goes wrong, when, and with whom? All of it follows from the seed.

use std::time::Duration;

use simulation::workload::Dice;

/// The streams of a seed that faults are drawn from; clients have the low ones.
const HANDS: u32 = 1 << 20;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL, and a start after a while.
    Kill { process: usize },
    /// SIGTERM in the middle of work, and a start when it has ended.
    Stop { process: usize },
    /// SIGSTOP, and SIGCONT after a while.
    Pause { process: usize },
    /// The files of a process cannot grow by more than so many bytes.
    FullDisk { process: usize, room: u64 },
    /// The clock of a process jumps to so many seconds from the true time.
    Clock { process: usize, seconds: i64 },
    /// Many connections break in the middle of a request or of an answer.
    Cut,
    /// The database ends at once and is started again.
    RestartStore,
    /// The proxy between server and database makes trouble.
    Proxy { trouble: u64 },
}

/// Who injects: each hand does one thing after the other, and they do not wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Processes end and stand still.
    Processes,
    /// What is around them fails.
    Surroundings,
    /// The database fails.
    Database,
}

impl Hand {
    pub const ALL: [Self; 3] = [Self::Processes, Self::Surroundings, Self::Database];
    pub const WITHOUT_DATABASE: [Self; 2] = [Self::Processes, Self::Surroundings];
}

/// One fault after the other, without end.
pub struct Plan {
    dice: Dice,
    hand: Hand,
    processes: usize,
}

/// When, what and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    pub after: Duration,
    pub fault: Fault,
    pub lasts: Duration,
}

impl Plan {
    #[must_use]
    pub fn new(seed: u64, hand: Hand, processes: usize) -> Self {
        Self {
            dice: Dice::new(seed, HANDS + hand as u32),
            hand,
            processes,
        }
    }

    pub fn next(&mut self) -> Planned {
        let after = Duration::from_millis(100 + self.dice.below(900) as u64);
        let lasts = Duration::from_millis(50 + self.dice.below(1_200) as u64);
        let process = self.dice.below(self.processes);
        let fault = match self.hand {
            Hand::Processes => self.of_processes(process),
            Hand::Surroundings => self.of_surroundings(process),
            Hand::Database => self.of_database(),
        };
        Planned {
            after,
            fault,
            lasts,
        }
    }

    fn of_processes(&mut self, process: usize) -> Fault {
        match self.dice.below(10) {
            0..5 => Fault::Kill { process },
            5..7 => Fault::Stop { process },
            _ => Fault::Pause { process },
        }
    }

    fn of_surroundings(&mut self, process: usize) -> Fault {
        match self.dice.below(10) {
            0..3 => Fault::FullDisk {
                process,
                // From nothing at all to some transactions.
                room: self.dice.below(8).pow(5) as u64,
            },
            3..7 => Fault::Clock {
                process,
                seconds: self.dice.below(2 * MAX_JUMP) as i64 - MAX_JUMP as i64,
            },
            _ => Fault::Cut,
        }
    }

    fn of_database(&mut self) -> Fault {
        match self.dice.below(10) {
            0..2 => Fault::RestartStore,
            _ => Fault::Proxy {
                trouble: self.dice.below(1 << 30) as u64,
            },
        }
    }
}

/// A day and a half: over midnight in both directions.
const MAX_JUMP: usize = 36 * 3_600;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn plan(seed: u64, hand: Hand) -> Vec<Planned> {
        let mut plan = Plan::new(seed, hand, 3);
        (0..100).map(|_| plan.next()).collect()
    }

    #[test]
    fn a_seed_names_the_faults() {
        for hand in Hand::ALL {
            assert_eq!(plan(1, hand), plan(1, hand));
            assert_ne!(plan(1, hand), plan(2, hand));
        }
    }

    #[test]
    fn every_kind_of_fault_comes_up() {
        let all = Hand::ALL.into_iter().flat_map(|hand| plan(1, hand));
        let kinds: BTreeSet<String> = all
            .map(|one| format!("{:?}", std::mem::discriminant(&one.fault)))
            .collect();
        assert_eq!(kinds.len(), 8);
    }
}
