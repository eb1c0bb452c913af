//! How do callers stand in line for the one that writes, and how is each answered?

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::{Command, Fault, Outcome};

/// How many times as long as for a log of one's own somebody waits at most.
const AFAR: u32 = 5;

/// Commands that one caller submitted together.
pub(crate) struct Job {
    pub(crate) commands: Vec<Command>,
    pub(crate) answer: Answer<Vec<Outcome>>,
}

/// Where one caller waits.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, Fault>>;

/// How the transaction before went, and so how long the next is worth waiting for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pace {
    callers: usize,
    took: Duration,
    ended: Option<Instant>,
}

impl Pace {
    /// How it is after a transaction for so many callers.
    pub(crate) fn after(callers: usize, begun: Instant) -> Pace {
        Pace {
            callers,
            took: begun.elapsed(),
            ended: Some(Instant::now()),
        }
    }

    /// How it is when somebody comes: whoever came together before went away since, if nobody came
    /// for so long.
    pub(crate) fn resumed(self, linger: Duration) -> Pace {
        match self.ended {
            Some(ended) if ended.elapsed() <= linger => self,
            _ => Pace::default(),
        }
    }

    /// How many callers may come in all, where so many `waited` for the transaction before to end:
    /// they, and those who were answered by it, who may ask again. A lone caller waits for nobody.
    pub(crate) fn awaited(self, waited: usize) -> usize {
        waited + self.callers
    }

    /// How long is worth waiting where transactions wait for a log that others write too: whoever
    /// comes too late for one waits for all of it and then for the next, so as long as one takes,
    /// and not without end where the log stands still.
    pub(crate) fn linger_afar(self, linger: Duration) -> Duration {
        linger.max(self.took.min(linger * AFAR))
    }

    /// To wait longer than a transaction takes would cost more than another one.
    pub(crate) fn patience(self, linger: Duration) -> Duration {
        linger.min(self.took)
    }
}

/// All commands of a batch, in order.
pub(crate) fn commands_of(jobs: &[Job]) -> Vec<&Command> {
    jobs.iter().flat_map(|job| &job.commands).collect()
}

/// Gives each caller the outcomes of its commands.
pub(crate) fn hand_out(jobs: Vec<Job>, outcomes: Result<Vec<Outcome>, Fault>) {
    let mut outcomes = outcomes.map(Vec::into_iter);
    for job in jobs {
        let answer = match &mut outcomes {
            Ok(outcomes) => Ok(outcomes.by_ref().take(job.commands.len()).collect()),
            Err(fault) => Err(fault.clone()),
        };
        // A caller that stopped waiting does not stop the command.
        let _ = job.answer.send(answer);
    }
}

/// Commands cut into stretches of at most so many, in order: each is one transaction at most.
pub(crate) fn stretches(commands: Vec<Command>, most: usize) -> Vec<Vec<Command>> {
    if commands.len() <= most {
        return vec![commands];
    }
    let mut commands = commands.into_iter().peekable();
    let mut all = Vec::new();
    while commands.peek().is_some() {
        all.push(commands.by_ref().take(most).collect());
    }
    all
}
