//! Where do the files of a bench live? In a folder of their own that goes with it.

use std::{fs, path::PathBuf};

pub struct Folder(PathBuf);

impl Folder {
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(name: &str) -> Result<Self, String> {
        let name = format!("proffer-bench-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// The store's file.
    pub fn file(&self) -> PathBuf {
        self.0.join("bench.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the machine's temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
