//! What is in it all? Counts, sums and a hash, taken while the rows pass.

use std::collections::BTreeMap;

use ledger::{Asset, Totals};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ProjectId;
use crate::audit::Sides;

use super::{Counts, Row, Stretch, count, total};

/// What the rows of one moment come to. Two stores that hold the same rows have the same, however
/// their rows were cut into stretches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    pub counts: Counts,
    /// Both sides of all accounts, in minor units of the asset.
    pub sums: BTreeMap<(ProjectId, Asset), Totals>,
    /// SHA-256 over all rows, each with its project, in order.
    pub hash: [u8; 32],
}

impl Contents {
    #[must_use]
    pub fn rows(&self) -> u64 {
        total(&self.counts)
    }

    /// Whether debits equal credits, pending and posted, in every project and asset.
    #[must_use]
    pub fn balance(&self) -> bool {
        let mut sums = self.sums.values();
        sums.all(|totals| totals.debits == totals.credits)
    }

    /// What differs first, in words.
    pub(super) fn difference(&self, other: &Contents) -> Option<String> {
        if self.counts != other.counts {
            return Some(format!("{} rows in place of {}", other.rows(), self.rows()));
        }
        if self.sums != other.sums {
            return Some("the sums of the ledger".into());
        }
        (self.hash != other.hash).then(|| "the hash over all rows".into())
    }
}

/// Watches rows pass.
#[derive(Default)]
pub(super) struct Tally {
    counts: Counts,
    sides: Sides,
    hash: Sha256,
    /// One row at a time.
    bytes: Vec<u8>,
    rows: u64,
}

impl Tally {
    /// # Errors
    /// When a row cannot be written down, which no row that was read can cause.
    pub(super) fn add(&mut self, stretch: &Stretch) -> Result<(), postcard::Error> {
        for row in &stretch.rows {
            let mut bytes = std::mem::take(&mut self.bytes);
            bytes.clear();
            self.bytes = postcard::to_extend(&(stretch.project, row), bytes)?;
            self.hash.update(&self.bytes);
            if let Row::Account(account) = row {
                self.sides.account(stretch.project, account);
            }
            count(&mut self.counts, row.table(), [(stretch.project, 1)]);
        }
        self.rows += stretch.rows.len() as u64;
        Ok(())
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn finish(self) -> Contents {
        Contents {
            counts: self.counts,
            sums: self.sides.into_totals(),
            hash: self.hash.finalize().into(),
        }
    }
}
