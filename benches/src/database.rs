//! Where is PostgreSQL? In a cluster of our own, so that it can be ended at any moment and started
//! again; each run has a database in it. Or at an address that is given, which is then left
//! running.

use std::{fs, path::Path};

use cluster::Cluster;

pub enum Database {
    /// One that runs already.
    Given(String),
    Own(Cluster),
}

impl Database {
    /// A new cluster.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn of_our_own() -> Result<Self, String> {
        Cluster::new("").map(Self::Own)
    }

    /// The address of a database for one run: a new one, where the cluster is ours.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn for_run(&self, seed: u64) -> Result<String, String> {
        match self {
            Self::Given(address) => Ok(address.clone()),
            Self::Own(cluster) => cluster.database(&format!("run_{seed}")),
        }
    }

    /// Bytes of all tables and indexes, where the cluster is ours; its log of changes is not among
    /// them.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Given(_) => None,
            Self::Own(cluster) => Some(length_of(&cluster.files())),
        }
    }

    /// Ends the cluster at once, as a loss of power would, and starts it again.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn restart(&self) -> Result<(), String> {
        match self {
            Self::Given(_) => Ok(()),
            Self::Own(cluster) => cluster.restart(),
        }
    }
}

/// Of all files in a folder and those in it; what goes away meanwhile is not counted.
#[must_use]
pub fn length_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let length = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => length_of(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(length).sum()
}
