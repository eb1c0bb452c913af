//! How is a cluster made, and how are its databases?

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::tools::{Tools, give, succeed};

/// For whoever takes no power away: what is written is not waited for, and a database is made and
/// dropped in a twentieth of the time.
pub const UNSYNCED: &str = "-c fsync=off";

/// Where a cluster is, whoever uses it.
pub(crate) struct Place {
    folder: PathBuf,
    tools: Tools,
    port: u16,
}

impl Place {
    pub(crate) fn new(folder: PathBuf, tools: Tools, port: u16) -> Self {
        Self {
            folder,
            tools,
            port,
        }
    }

    /// Makes and starts it, in place of any that was there.
    pub(crate) fn make(&self, settings: &str) -> Result<(), String> {
        let data = self.data();
        let _ = fs::remove_dir_all(&data);
        fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
        give(&data)?;
        let words = "-A trust -U proffer -E UTF8 --locale=C --no-sync -D";
        let mut initdb = self.tools.server("initdb");
        succeed(initdb.args(words.split(' ')).arg(&data))?;
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories= \
             -c max_connections=1000 -c deadlock_timeout=200ms {settings}",
            self.port
        );
        // The options are kept, so that it is started again with the same.
        succeed(self.control("start").args(["-o", &options]))
    }

    pub(crate) fn create(&self, name: &str) -> Result<String, String> {
        succeed(self.client("createdb").arg(name))?;
        Ok(format!("postgres://proffer@127.0.0.1:{}/{name}", self.port))
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), String> {
        succeed(self.client("dropdb").args(["--force", name]))
    }

    pub(crate) fn control(&self, what: &str) -> Command {
        let mut control = self.tools.server("pg_ctl");
        control.args([what, "--wait", "-D"]).arg(self.data());
        control.arg("-l").arg(self.data().join("log"));
        control
    }

    fn client(&self, name: &str) -> Command {
        let mut client = self.tools.client(name);
        let port = self.port.to_string();
        client.args(["-h", "127.0.0.1", "-U", "proffer", "-p", &port]);
        client
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}
