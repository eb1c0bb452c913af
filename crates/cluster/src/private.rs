//! Who needs a cluster alone? Whoever ends it at any moment and starts it again, or measures it.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{
    place::Place,
    tools::{Tools, free_port, succeed},
};

/// One that ends with it.
pub struct Cluster {
    place: Place,
}

impl Cluster {
    /// A new one, with these settings beside ours.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn new(settings: &str) -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = format!("proffer-postgres-{}-{number}", std::process::id());
        let tools = Tools::find().ok_or("PostgreSQL is not installed")?;
        let place = Place::new(std::env::temp_dir().join(folder), tools, free_port()?);
        let cluster = Self { place };
        cluster.place.make(settings)?;
        Ok(cluster)
    }

    /// A new database in it: its address.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn database(&self, name: &str) -> Result<String, String> {
        self.place.create(name)
    }

    /// The folder with the files of all its databases.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.place.data().join("base")
    }

    /// The process that all others of it were started by.
    ///
    /// # Errors
    /// When it does not run.
    pub fn process(&self) -> Result<u32, String> {
        let noted = self.place.data().join("postmaster.pid");
        let text = fs::read_to_string(noted).map_err(|error| error.to_string())?;
        let first = text.lines().next().unwrap_or_default();
        first.parse().map_err(|_| format!("{first} is no process"))
    }

    /// Ends it at once, as a loss of power would, and starts it again.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn restart(&self) -> Result<(), String> {
        succeed(self.place.control("restart").args(["-m", "immediate"]))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // What cannot be stopped or removed is left to whoever cleans the machine.
        let _ = succeed(self.place.control("stop").args(["-m", "immediate"]));
        let _ = fs::remove_dir_all(self.place.folder());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{UNSYNCED, installed};

    #[test]
    fn it_is_ended_at_any_moment_and_started_again_as_it_was() {
        if installed().unwrap().is_none() {
            return;
        }
        let cluster = Cluster::new(UNSYNCED).unwrap();
        let (one, files) = (cluster.database("one").unwrap(), cluster.files());
        let process = cluster.process().unwrap();
        cluster.restart().unwrap();
        assert_ne!(cluster.process().unwrap(), process);
        assert!(cluster.database("one").is_err(), "it is there already");
        let other = cluster.database("other").unwrap();
        assert_eq!(one.replace("/one", "/other"), other);
        drop(cluster);
        assert!(!files.exists());
    }
}
