//! Where does a run take place? A folder of its own, the store in it or beside it, and the binary
//! that is tried.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use store::{Settings, Store};

pub struct Site {
    pub folder: PathBuf,
    /// The database, where the store is not in the folder, and the proxy before it, which is what
    /// the processes are told.
    pub postgres: Option<(String, String)>,
    pub binary: PathBuf,
    /// Fakes the clock of whoever is started with it.
    pub faketime: Option<PathBuf>,
}

impl Site {
    /// `name` is that of the folder, among those of this process.
    ///
    /// # Errors
    /// When the folder cannot be made or `proffer` is not built.
    pub fn new(name: &str, postgres: Option<(String, String)>) -> Result<Self, String> {
        let name = format!("proffer-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let binary = own.with_file_name("proffer");
        if !binary.is_file() {
            let binary = binary.display();
            return Err(format!("{binary} is not there: cargo build -p server"));
        }
        Ok(Self {
            folder,
            postgres,
            binary,
            faketime: faketime(),
        })
    }

    /// The words that name the store to `proffer`.
    pub fn store_words(&self) -> Vec<String> {
        match &self.postgres {
            Some((_, proxy)) => vec!["--store".into(), proxy.clone()],
            None => vec!["--data".into(), self.folder.display().to_string()],
        }
    }

    /// A key of the live project, whose clock is the machine's.
    ///
    /// # Errors
    /// When the store cannot be made.
    pub fn new_key(&self) -> Result<String, String> {
        let output = Command::new(&self.binary)
            .arg("key")
            .args(self.store_words())
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Where a process reads how far its clock is off.
    pub fn clock(&self, process: usize) -> PathBuf {
        self.folder.join(format!("clock-{process}"))
    }

    /// Where a process writes its log.
    pub fn log(&self, process: usize) -> PathBuf {
        self.folder.join(format!("log-{process}"))
    }

    /// Files of the store that grow.
    pub fn grown(&self) -> u64 {
        let length = |name: &str| fs::metadata(self.folder.join(name)).map(|file| file.len());
        let names = ["proffer.db", "proffer.db-wal"];
        names
            .iter()
            .filter_map(|name| length(name).ok())
            .max()
            .unwrap_or(0)
    }

    /// Everything that the store's own audit finds wrong.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub async fn audit(&self) -> Result<Vec<String>, String> {
        let store = self.open().await?;
        let audit = store.audit().await.map_err(|fault| fault.to_string())?;
        store.close().await.map_err(|fault| fault.to_string())?;
        let findings = audit.findings.iter();
        Ok(findings
            .map(|one| format!("the store's audit: {one:?}"))
            .collect())
    }

    /// # Errors
    /// When the store cannot be opened.
    pub async fn open(&self) -> Result<Store, String> {
        let settings = Settings::default();
        let opened = match &self.postgres {
            Some((database, _)) => Store::connect(database, settings).await,
            None => Store::open(&self.folder.join("proffer.db"), settings),
        };
        opened.map_err(|fault| fault.to_string())
    }

    /// Takes the folder away; what cannot be removed is left.
    pub fn clear(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The library of Debian's `faketime`: an outside means, so that the product needs no clock for
/// tests. `None` where it is not installed.
fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?;
    let folders = folders.filter_map(|one| Some(one.ok()?.path()));
    let near = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
    let near = near.iter().map(|one| Path::new(one).to_path_buf());
    let files = near.chain(folders);
    files
        .map(|one| one.join("faketime/libfaketime.so.1"))
        .find(|file| file.is_file())
}
