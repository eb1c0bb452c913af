//! Which tools does PostgreSQL bring, and as whom are they run?

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Those that a cluster needs.
const NEEDED: [&str; 4] = ["initdb", "pg_ctl", "createdb", "dropdb"];

/// The folder with them.
#[derive(Clone)]
pub struct Tools(PathBuf);

impl Tools {
    /// Those of `PATH`, or of Debian's newest package.
    #[must_use]
    pub fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
        let mut versions: Vec<PathBuf> = debian.flatten().map(|entry| entry.path()).collect();
        versions.sort();
        folders.extend(versions.into_iter().rev().map(|path| path.join("bin")));
        let whole = |folder: &PathBuf| NEEDED.iter().all(|tool| folder.join(tool).exists());
        let found = folders.into_iter().find(whole)?;
        // Where only some of them are linked from elsewhere, all of them are there.
        let initdb = fs::canonicalize(found.join("initdb")).ok()?;
        initdb.parent().map(|folder| Self(folder.to_path_buf()))
    }

    /// One that only connects, as it is.
    #[must_use]
    pub fn client(&self, name: &str) -> Command {
        Command::new(self.0.join(name))
    }

    /// One that touches a cluster's files, as whoever may: PostgreSQL refuses to run as root.
    #[must_use]
    pub fn server(&self, name: &str) -> Command {
        let program = self.0.join(name);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command.current_dir("/");
        command
    }
}

/// Gives a file or folder to whoever PostgreSQL runs as.
///
/// # Errors
/// When it cannot be given.
pub fn give(path: &Path) -> Result<(), String> {
    if is_root() {
        succeed(Command::new("chown").arg("postgres").arg(path))?;
    }
    Ok(())
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout == b"0\n")
}

/// One that nobody listens on now.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0");
    let address = listener.and_then(|listener| listener.local_addr());
    Ok(address.map_err(|error| error.to_string())?.port())
}

/// Runs it to its end. A cluster that it starts would keep a pipe of ours open, so it has none.
///
/// # Errors
/// When it ends with anything but success.
pub fn succeed(command: &mut Command) -> Result<(), String> {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = quiet.stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
