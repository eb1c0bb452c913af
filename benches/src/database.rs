//! Where is PostgreSQL? In a cluster of our own, so that it can be ended at any moment and started
//! again; each run has a database in it. Or at an address that is given, which is then left
//! running.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub struct Database {
    /// With `{}` for the database's name, where the cluster is ours.
    address: String,
    own: Option<Cluster>,
}

struct Cluster {
    folder: PathBuf,
    binaries: PathBuf,
    port: u16,
}

impl Database {
    /// One that runs already.
    #[must_use]
    pub fn given(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            own: None,
        }
    }

    #[must_use]
    pub fn is_installed() -> bool {
        binaries().is_some()
    }

    /// A new cluster.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn of_our_own() -> Result<Self, String> {
        let folder = format!("proffer-postgres-{}", std::process::id());
        let cluster = Cluster {
            folder: std::env::temp_dir().join(folder),
            binaries: binaries().ok_or("PostgreSQL is not installed")?,
            port: free_port()?,
        };
        cluster.make()?;
        let address = format!("postgres://proffer@127.0.0.1:{}/{{}}", cluster.port);
        Ok(Self {
            address,
            own: Some(cluster),
        })
    }

    /// The address of a database for one run: a new one, where the cluster is ours.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn for_run(&self, seed: u64) -> Result<String, String> {
        let Some(cluster) = &self.own else {
            return Ok(self.address.clone());
        };
        let name = format!("run_{seed}");
        let port = cluster.port.to_string();
        let mut make = cluster.tool("createdb");
        make.args(["-h", "127.0.0.1", "-p", &port, "-U", "proffer", &name]);
        succeed(&mut make)?;
        Ok(self.address.replace("{}", &name))
    }

    /// Bytes of all tables and indexes, where the cluster is ours; its log of changes is not among
    /// them.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        let own = self.own.as_ref()?;
        Some(length_of(&own.data().join("base")))
    }

    /// Ends the cluster at once, as a loss of power would, and starts it again.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn restart(&self) -> Result<(), String> {
        match &self.own {
            Some(cluster) => succeed(cluster.control("restart").args(["-m", "immediate"])),
            None => Ok(()),
        }
    }
}

impl Cluster {
    fn make(&self) -> Result<(), String> {
        let _ = fs::remove_dir_all(&self.folder);
        fs::create_dir_all(&self.folder).map_err(|error| error.to_string())?;
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(&self.folder))?;
        }
        let words = "-A trust -U proffer -E UTF8 --locale=C --no-sync -D";
        let mut make = self.tool("initdb");
        succeed(make.args(words.split(' ')).arg(self.data()))?;
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = ''\n\
             max_connections = 300\ndeadlock_timeout = '200ms'\n",
            self.port
        );
        // Belongs to whoever runs the cluster, so it is they who write it.
        let mut write = self.as_somebody(Path::new("sh"));
        let file = self.data().join("postgresql.auto.conf");
        succeed(
            write
                .args(["-c", "printf %s \"$1\" > \"$0\""])
                .arg(file)
                .arg(settings),
        )?;
        succeed(&mut self.control("start"))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn control(&self, what: &str) -> Command {
        let mut control = self.tool("pg_ctl");
        control.args([what, "--wait", "-D"]).arg(self.data());
        control.arg("-l").arg(self.folder.join("log"));
        control
    }

    fn tool(&self, name: &str) -> Command {
        self.as_somebody(&self.binaries.join(name))
    }

    /// PostgreSQL refuses to run as root.
    fn as_somebody(&self, program: &Path) -> Command {
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // What cannot be stopped or removed is left to whoever cleans the machine.
        let _ = succeed(self.control("stop").args(["-m", "immediate"]));
        let _ = fs::remove_dir_all(&self.folder);
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

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0");
    let address = listener.and_then(|listener| listener.local_addr());
    Ok(address.map_err(|error| error.to_string())?.port())
}

/// The folder with PostgreSQL's tools: of `PATH`, or of Debian's newest package.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<PathBuf> = debian.flatten().map(|entry| entry.path()).collect();
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|path| path.join("bin")));
    let tools = ["initdb", "pg_ctl", "createdb"];
    let whole = |folder: &PathBuf| tools.iter().all(|tool| folder.join(tool).exists());
    folders.into_iter().find(whole)
}

fn succeed(command: &mut Command) -> Result<(), String> {
    // The cluster would keep a pipe of ours open.
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = quiet.stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
