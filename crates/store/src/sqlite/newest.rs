//! What cannot be there? Numbers are given out rising: what has a number above all that were kept
//! is new, and need not be looked for.

use std::collections::HashMap;
use std::hash::Hash;

use rusqlite::{Connection, params};

use crate::{Kind, ProjectId};

/// The highest numbers that may be in the file, as far as anybody asked. They are signed, as the
/// file orders them.
#[derive(Default)]
pub(super) struct Newest {
    records: HashMap<(ProjectId, Kind), i64>,
    chains: HashMap<ProjectId, i64>,
}

impl Newest {
    /// Somebody else wrote to the file.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether there can be no record of this number.
    pub(super) fn is_new_record(
        &mut self,
        connection: &Connection,
        ((project, kind), id): ((ProjectId, Kind), i64),
    ) -> rusqlite::Result<bool> {
        let newest = known(&mut self.records, (project, kind), || {
            let select = "SELECT max(id) FROM records WHERE project = ?1 AND kind = ?2";
            let mut select = connection.prepare_cached(select)?;
            select.query_row(params![project.0, kind as u8], |row| row.get(0))
        })?;
        Ok(id > newest)
    }

    /// Whether there can be no transfers of this chain.
    pub(super) fn is_new_chain(
        &mut self,
        connection: &Connection,
        (project, chain): (ProjectId, i64),
    ) -> rusqlite::Result<bool> {
        let newest = known(&mut self.chains, project, || {
            let select = "SELECT max(chain) FROM transfers WHERE project = ?1";
            let mut select = connection.prepare_cached(select)?;
            select.query_row(params![project.0], |row| row.get(0))
        })?;
        Ok(chain > newest)
    }

    /// A record of this number may be there from now on.
    pub(super) fn raise_record(&mut self, of: (ProjectId, Kind), id: i64) {
        raise(&mut self.records, of, id);
    }

    /// Transfers of this chain may be there from now on.
    pub(super) fn raise_chain(&mut self, project: ProjectId, chain: i64) {
        raise(&mut self.chains, project, chain);
    }
}

/// `i64::MIN` where nothing is kept.
fn known<K: Copy + Eq + Hash>(
    all: &mut HashMap<K, i64>,
    of: K,
    read: impl FnOnce() -> rusqlite::Result<Option<i64>>,
) -> rusqlite::Result<i64> {
    if let Some(newest) = all.get(&of) {
        return Ok(*newest);
    }
    let newest = read()?.unwrap_or(i64::MIN);
    all.insert(of, newest);
    Ok(newest)
}

fn raise<K: Eq + Hash>(all: &mut HashMap<K, i64>, of: K, number: i64) {
    if let Some(newest) = all.get_mut(&of) {
        *newest = number.max(*newest);
    }
}
