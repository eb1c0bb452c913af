//! How does everything move from one store to another? As the rows of one moment, in stretches, in
//! an order that no engine has a say in: project, table, key.
//!
//! A file of it is made by [`export`] and read by [`import`]. What a store can compute again is not
//! moved: the indexes, how many records there are, under whom a chain is found.

pub(crate) mod bytes;
mod check;
mod contents;
mod export;
mod file;
mod halt;
mod import;

use std::collections::BTreeMap;

use ledger::{Account, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::{Fault, Index, Kind, Once, ProjectId, Record, SavedTransfer};

pub use contents::Contents;
pub use export::export;
pub use halt::Halt;
pub use import::import;

/// The number of what rows hold, whatever the engine: it rises when a version keeps something that
/// the version before would lose.
pub const SCHEMA: u32 = 1;

/// The most rows of a stretch.
const MOST_ROWS: usize = 2_048;
/// About how many bytes a stretch may hold; a row that is larger is a stretch by itself.
const MOST_BYTES: usize = 1 << 20;
/// What a row takes beside its own bytes.
const ROW: usize = 96;

/// The project of the record that says how far an import came; nobody else's.
pub(crate) const ASIDE: ProjectId = ProjectId(u32::MAX);
/// The kind and id of that record.
pub(crate) const MARK: (Kind, u64) = (Kind::Import, 1);

/// How many rows there are of each project, table by table in the order of [`Row`].
pub type Counts = BTreeMap<ProjectId, [u64; TABLES]>;

pub const TABLES: usize = 6;

/// One row, as every engine knows it. The order is that of the tables; the keys within a table
/// ascend, numbers as signed ones of the same bits, bytes as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// By kind, owner, party, window.
    Account(Account),
    /// By chain and line.
    Transfer(SavedTransfer),
    /// By kind and id.
    Record(Kind, Record),
    /// By index and key.
    Unique(Linked),
    /// By key, index and id.
    Link(Linked),
    /// By key; with the time of its command.
    Once(Once, Timestamp),
}

/// A key of an index, and an id that it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    pub index: Index,
    #[serde(with = "bytes")]
    pub key: Vec<u8>,
    pub id: u64,
}

/// Rows of one table of one project, in order; never none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub project: ProjectId,
    pub rows: Vec<Row>,
}

/// How far a move came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub step: Step,
    /// Rows done in this step.
    pub rows: u64,
    /// Of so many.
    pub of: u64,
}

/// What is being done. An import does the last four, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Exporting,
    /// The file is read to its end before anything is written.
    Checking,
    Importing,
    /// What was written is read back and compared.
    Comparing,
    /// Every account is computed again from its transfers.
    Auditing,
}

/// How far an import of which file came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The hash of the file's header and footer.
    pub file: [u8; 32],
    /// Stretches that are durable.
    pub done: u64,
}

/// All rows of one moment, while they are being read.
pub struct Export {
    counts: Counts,
    stretches: Receiver<Result<Stretch, Fault>>,
}

impl Export {
    pub(crate) fn new(mut counts: Counts) -> (Sender<Result<Stretch, Fault>>, Export) {
        counts.remove(&ASIDE);
        let (sender, stretches) = channel(2);
        (sender, Export { counts, stretches })
    }

    /// One whose stretches are all there already.
    pub(crate) fn of(mut counts: Counts, all: Vec<Stretch>) -> Export {
        counts.remove(&ASIDE);
        let (sender, stretches) = channel(all.len().max(1));
        for stretch in all {
            // There is room for each.
            let _ = sender.try_send(Ok(stretch));
        }
        Export { counts, stretches }
    }

    /// How many rows there are of each project that has any.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The next stretch; none after the last.
    ///
    /// # Errors
    /// [`Fault::Disk`]. Whoever reads to the end compares what came with [`Export::counts`].
    pub async fn next(&mut self) -> Result<Option<Stretch>, Fault> {
        self.stretches.recv().await.transpose()
    }
}

impl Row {
    /// Which table it is of, from 0.
    #[must_use]
    pub fn table(&self) -> usize {
        match self {
            Row::Account(_) => 0,
            Row::Transfer(_) => 1,
            Row::Record(..) => 2,
            Row::Unique(_) => 3,
            Row::Link(_) => 4,
            Row::Once(..) => 5,
        }
    }

    fn bytes(&self) -> usize {
        ROW + match self {
            Row::Account(_) | Row::Transfer(_) => 0,
            Row::Record(_, record) => record.body.len(),
            Row::Unique(linked) | Row::Link(linked) => linked.key.len(),
            Row::Once(once, _) => once.answer.len(),
        }
    }
}

/// Cuts rows that come in order into stretches, wherever they come from at the same places.
#[derive(Default)]
pub(crate) struct Cutter {
    rows: Vec<Row>,
    of: Option<(ProjectId, usize)>,
    bytes: usize,
}

impl Cutter {
    /// Takes one row more; gives the stretch before it, if it is whole.
    pub(crate) fn push(&mut self, project: ProjectId, row: Row) -> Option<Stretch> {
        let (of, bytes) = (Some((project, row.table())), row.bytes());
        let fits = self.rows.len() < MOST_ROWS && self.bytes + bytes <= MOST_BYTES;
        let whole = match self.of == of && fits {
            true => None,
            false => self.finish(),
        };
        self.of = of;
        self.bytes += bytes;
        self.rows.push(row);
        whole
    }

    /// What is left.
    pub(crate) fn finish(&mut self) -> Option<Stretch> {
        let (project, _) = self.of.take()?;
        self.bytes = 0;
        let rows = std::mem::take(&mut self.rows);
        Some(Stretch { project, rows })
    }
}

/// All rows of one table counted, project by project, into what is known of the others.
pub(crate) fn count(
    counts: &mut Counts,
    table: usize,
    found: impl IntoIterator<Item = (ProjectId, u64)>,
) {
    for (project, rows) in found.into_iter().filter(|(_, rows)| *rows > 0) {
        let of_project = counts.entry(project).or_default();
        if let Some(of_table) = of_project.get_mut(table) {
            *of_table += rows;
        }
    }
}

pub(crate) fn total(counts: &Counts) -> u64 {
    counts.values().flatten().sum()
}

impl Mark {
    /// Of the record that keeps it.
    pub(crate) fn version(self) -> u64 {
        self.done + 1
    }

    pub(crate) fn next(self) -> Mark {
        Mark {
            done: self.done + 1,
            ..self
        }
    }

    /// None where the record is not a mark.
    pub(crate) fn of(record: &Record) -> Option<Mark> {
        Some(Mark {
            file: record.body.as_slice().try_into().ok()?,
            done: record.version.checked_sub(1)?,
        })
    }
}
