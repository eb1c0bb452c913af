//! How do callers stand in line for the one that writes, and how is each answered?

use tokio::sync::oneshot;

use crate::{Command, Fault, Outcome};

/// Commands that one caller submitted together.
pub(crate) struct Job {
    pub(crate) commands: Vec<Command>,
    pub(crate) answer: Answer<Vec<Outcome>>,
}

/// Where one caller waits.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, Fault>>;

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
