//! Did the server keep its word? An account of every answer that was heard, kept apart from the
//! server's own, and compared with what each of its processes says once all is quiet.
//!
//! What was acknowledged counts exactly once; what was refused, not at all; what nobody knows, once
//! or not at all; and no limit is passed. A finding is a sentence with the ids.

mod compare;

use std::collections::{BTreeMap, BTreeSet};

use crate::workload::{Act, Answer, Command, Market};

/// What one process says when it is asked about everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Those that succeeded, rolled back or not.
    pub redemptions: Vec<Redemption>,
    /// Every code there is but the cards'.
    pub codes: BTreeMap<String, Code>,
    /// What is on each gift card, in cents.
    pub balances: BTreeMap<String, u64>,
    /// What the books of each campaign say was taken off, in cents.
    pub discounts: BTreeMap<String, u64>,
}

/// A redemption as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Redemption {
    pub id: String,
    pub order: String,
    pub shopper: String,
    /// A voucher's or a card's.
    pub code: String,
    /// Taken off or paid, in cents.
    pub amount: u64,
    pub is_rolled_back: bool,
}

/// A code as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// By its name.
    pub campaign: String,
    pub uses: u64,
}

/// What the clients asked and heard.
#[derive(Clone, Debug)]
pub struct Auditor {
    market: Market,
    entries: BTreeMap<String, Entry>,
    /// What was wrong already when it was heard.
    findings: Vec<String>,
}

/// All that was heard of one command.
#[derive(Clone, Debug)]
struct Entry {
    act: Act,
    /// The first answer that says what became of it.
    answer: Option<Answer>,
    /// It may have been done when nobody heard of it.
    is_unknown: bool,
}

/// How many commands came out which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub commands: u64,
    pub done: u64,
    pub refused: u64,
    pub unknown: u64,
}

impl Auditor {
    #[must_use]
    pub fn new(market: Market) -> Self {
        Self {
            market,
            entries: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    /// Writes down one answer; a command that is retried has several.
    pub fn heard(&mut self, command: &Command, answer: &Answer) {
        let entry = self
            .entries
            .entry(command.key.clone())
            .or_insert_with(|| Entry {
                act: command.act.clone(),
                answer: None,
                is_unknown: false,
            });
        match (answer, &entry.answer) {
            (Answer::Unknown, _) => entry.is_unknown = true,
            (Answer::Busy, _) => {}
            (_, None) => entry.answer = Some(answer.clone()),
            (_, Some(first)) if first != answer && command.act.is_kept() => {
                self.findings.push(format!(
                    "{} was answered {first:?} and then {answer:?}",
                    command.key
                ));
            }
            _ => {}
        }
        if let Answer::Refused { code } = answer
            && !command.act.may_be_refused(code)
        {
            let Command { key, act } = command;
            let finding = format!("{key} was refused with {code}, which no limit gives: {act:?}");
            self.findings.push(finding);
        }
    }

    /// The commands of which nobody knows what became.
    #[must_use]
    pub fn unknown(&self) -> Vec<Command> {
        let entries = self.entries.iter();
        let open = entries.filter(|(_, entry)| entry.is_open());
        open.map(|(key, entry)| Command {
            key: key.clone(),
            act: entry.act.clone(),
        })
        .collect()
    }

    /// Commands that were answered and that a retry must be answered alike.
    #[must_use]
    pub fn answered(&self) -> Vec<Command> {
        let entries = self.entries.iter();
        let kept = entries.filter(|(_, entry)| entry.answer.is_some() && entry.act.is_kept());
        kept.map(|(key, entry)| Command {
            key: key.clone(),
            act: entry.act.clone(),
        })
        .collect()
    }

    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for entry in self.entries.values() {
            tally.commands += 1;
            match &entry.answer {
                Some(Answer::Refused { .. }) => tally.refused += 1,
                Some(_) => tally.done += 1,
                None => tally.unknown += u64::from(entry.is_unknown),
            }
        }
        tally
    }

    /// All that is wrong, given what each process says once all is quiet; empty when the server
    /// kept its word.
    #[must_use]
    pub fn compare(&self, seen: &[Seen]) -> Vec<String> {
        let mut findings = self.findings.clone();
        if let Some((first, others)) = seen.split_first() {
            findings.extend(self.of_one(first));
            for (place, other) in others.iter().enumerate() {
                findings.extend(compare::disagreements(first, (place + 1, other)));
            }
        }
        let mut told = BTreeSet::new();
        findings.retain(|finding| told.insert(finding.clone()));
        findings
    }

    fn of_one(&self, seen: &Seen) -> Vec<String> {
        let account = compare::Account {
            market: &self.market,
            entries: &self.entries,
            seen,
        };
        account.findings()
    }
}

impl Entry {
    fn is_open(&self) -> bool {
        self.is_unknown && self.answer.is_none()
    }
}

impl Act {
    /// Whether the server keeps its answer under the key, so that a retry hears it again.
    fn is_kept(&self) -> bool {
        matches!(
            self,
            Act::Redeem { .. } | Act::Spend { .. } | Act::RollBack { .. } | Act::Load { .. }
        )
    }

    /// Whether a limit of the market, or a hold or grant whose time is not now, explains this
    /// refusal.
    fn may_be_refused(&self, code: &str) -> bool {
        match self {
            // A hold of which nobody heard may be asked for again when its order is paid.
            Act::Hold { .. } => code == "already_applied" || REFUSALS.contains(&code),
            Act::Redeem { .. } | Act::Spend { .. } => REFUSALS.contains(&code),
            Act::Identify { .. } | Act::Decide { .. } | Act::Load { .. } | Act::RollBack { .. } => {
                false
            }
        }
    }
}

/// What the limits of the market say, and the clock where it jumped after a grant.
const REFUSALS: [&str; 7] = [
    "budget_reached",
    "used_up_campaign",
    "used_up_person",
    "balance_spent",
    "all_gone",
    "expired",
    "not_started",
];

#[cfg(test)]
mod tests;
