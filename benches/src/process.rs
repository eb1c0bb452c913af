//! What can be done to a server process? Everything that happens to one in the world. Each is
//! signalled by the id it was started with, and none that we did not start.

use std::{
    fs::{self, File, OpenOptions},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use server::client::Client;
use tokio::time::{Instant, sleep, timeout};

use crate::site::Site;

/// How long a start may take, and an end after SIGTERM: its own grace of ten seconds, and then
/// some.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

/// `sh` leaves SIGXFSZ ignored in what it becomes, so that a file that may not grow is an error of
/// writing, as on a full disk, and not the end of the process.
const AS_ON_A_FULL_DISK: &str = "trap '' XFSZ; exec \"$0\" \"$@\"";

pub struct Process {
    site: Arc<Site>,
    number: usize,
    port: u16,
    client: Client,
    child: Option<Child>,
    /// What its store is on fails now, so what it does at its end may fail too.
    is_starved: bool,
}

impl Process {
    #[must_use]
    pub fn new(site: Arc<Site>, number: usize, (port, client): (u16, Client)) -> Self {
        Self {
            site,
            number,
            port,
            client,
            child: None,
            is_starved: false,
        }
    }

    /// Starts it, and waits until it serves; what was started before has ended.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(&mut self) -> Result<(), String> {
        self.spawn().map_err(|error| error.to_string())?;
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let asked = timeout(Duration::from_secs(2), self.client.get("/readyz")).await;
            if let Ok(Ok((status, _))) = asked
                && status.is_success()
            {
                return Ok(());
            }
            if let Some(status) = self.ended() {
                if self.site.postgres.is_none() {
                    let number = self.number;
                    return Err(format!("process {number} ended as it started: {status}"));
                }
                // Its database was away: whoever watches over it starts it again.
                self.spawn().map_err(|error| error.to_string())?;
            }
            sleep(LOOK).await;
        }
        Err(format!("process {} does not come up", self.number))
    }

    fn spawn(&mut self) -> std::io::Result<()> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.site.log(self.number))?;
        let mut command = Command::new("sh");
        command
            .args(["-c", AS_ON_A_FULL_DISK])
            .arg(&self.site.binary)
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)])
            .args(self.site.store_words())
            .env("PROFFER_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        if let Some(faketime) = &self.site.faketime {
            let clock = self.site.clock(self.number);
            if !clock.is_file() {
                File::create(&clock)?;
                fs::write(&clock, "+0s\n")?;
            }
            command
                .env("LD_PRELOAD", faketime)
                .env("FAKETIME_TIMESTAMP_FILE", clock)
                .env("FAKETIME_NO_CACHE", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                .env("NO_FAKE_STAT", "1");
        }
        self.child = Some(command.spawn()?);
        self.is_starved = self.site.postgres.is_some();
        Ok(())
    }

    /// What it ended with, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().ok().flatten()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Gone already is as well.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM; waits until it has ended.
    ///
    /// # Errors
    /// When it does not end, or ends with an error though its store is well.
    pub async fn stop(&mut self) -> Result<(), String> {
        self.signal(Signal::TERM);
        let number = self.number;
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.ended() {
                Some(status) if status.success() || self.is_starved => {
                    self.child = None;
                    return Ok(());
                }
                Some(status) => return Err(format!("process {number} stopped with {status}")),
                None => sleep(LOOK).await,
            }
        }
        self.kill();
        Err(format!("process {number} did not stop when it was told to"))
    }

    /// SIGSTOP.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            // Gone already is as well.
            let _ = kill_process(pid, signal);
        }
    }

    /// The number the system knows it by, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        Some(self.child.as_ref()?.id())
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_child(self.child.as_ref()?).into()
    }

    /// No file that it writes may be longer than this; `None` ends that.
    pub fn limit_files(&mut self, length: Option<u64>) {
        self.is_starved = self.site.postgres.is_some() || length.is_some();
        let Some(pid) = self.pid() else { return };
        let limit = Rlimit {
            current: length,
            maximum: None,
        };
        let _ = prlimit(Some(pid), Resource::Fsize, limit);
    }

    /// Nothing around it fails any more.
    pub fn mend(&mut self) {
        self.is_starved = false;
    }

    /// Its clock is off by so many seconds.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_clock(&self, seconds: i64) -> Result<(), String> {
        let clock = self.site.clock(self.number);
        let next = clock.with_extension("next");
        // Renamed, so that nobody reads half of it.
        fs::write(&next, format!("{seconds:+}s\n"))
            .and_then(|()| fs::rename(&next, &clock))
            .map_err(|error| error.to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
