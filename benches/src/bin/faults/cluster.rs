//! Who serves? All processes of a run, and what the faults do to them.

use std::{net::TcpListener, sync::Arc, time::Duration};

use benches::{database::Database, process::Process, site::Site};
use server::client::Client;
use tokio::{
    sync::{Mutex, watch},
    time::sleep,
};

use crate::{
    plan::{Fault, Plan, Planned},
    proxy::{Proxy, Trouble},
};

/// So often of a hundred a connection breaks, while they break.
const CUT_PERCENT: u32 = 25;

pub struct Cluster {
    pub site: Arc<Site>,
    processes: Vec<Mutex<Process>>,
    /// One for each process, with its address.
    pub callers: Vec<(Client, String)>,
    pub key: String,
    /// How many of a hundred connections break now.
    cutting: watch::Sender<u32>,
    /// What the processes did that no fault excuses.
    findings: Mutex<Vec<String>>,
    /// The processes' database, where they have one, and what is between.
    database: Option<(Arc<Database>, Proxy)>,
}

impl Cluster {
    /// Nothing is started yet.
    ///
    /// # Errors
    /// When there is no key or no port.
    pub fn new(
        site: Site,
        processes: usize,
        database: Option<(Arc<Database>, Proxy)>,
    ) -> Result<Self, String> {
        let key = site.new_key()?;
        let site = Arc::new(site);
        let mut cluster = Self {
            site: site.clone(),
            processes: Vec::new(),
            callers: Vec::new(),
            key,
            cutting: watch::Sender::new(0),
            findings: Mutex::default(),
            database,
        };
        // Held together, so that no port is given twice.
        let ports: Result<Vec<TcpListener>, _> = (0..processes)
            .map(|_| TcpListener::bind("127.0.0.1:0"))
            .collect();
        for (number, listener) in ports.map_err(|error| error.to_string())?.iter().enumerate() {
            let address = listener.local_addr().map_err(|error| error.to_string())?;
            let client = Client::new(&format!("http://{address}"), &cluster.key);
            let named = (address.port(), client.clone());
            let process = Process::new(site.clone(), number, named);
            cluster.processes.push(Mutex::new(process));
            cluster.callers.push((client, address.to_string()));
        }
        Ok(cluster)
    }

    /// Starts one that is not running.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(&self, number: usize) -> Result<(), String> {
        match self.processes.get(number) {
            Some(process) => process.lock().await.start().await,
            None => Ok(()),
        }
    }

    /// How many of a hundred connections break now.
    pub fn cutting(&self) -> u32 {
        *self.cutting.borrow()
    }

    /// Lets faults happen as planned until it is over; leaves nothing broken behind.
    pub async fn suffer(&self, mut plan: Plan, mut over: watch::Receiver<bool>) -> u64 {
        let mut happened = 0;
        loop {
            let Planned {
                after,
                fault,
                lasts,
            } = plan.next();
            tokio::select! {
                _ = over.wait_for(|over| *over) => return happened,
                () = sleep(after) => {}
            }
            happened += 1;
            if let Err(why) = self.happen(fault, lasts).await {
                self.findings.lock().await.push(why);
            }
        }
    }

    async fn happen(&self, fault: Fault, lasts: Duration) -> Result<(), String> {
        match fault {
            Fault::Kill { process } | Fault::Stop { process } | Fault::Pause { process } => {
                self.hit((fault, lasts), process).await
            }
            Fault::FullDisk { process, room } => {
                self.limit(process, Some(self.site.grown() + room)).await;
                sleep(lasts).await;
                self.limit(process, None).await;
                Ok(())
            }
            Fault::Clock { process, seconds } => self.set_clock(process, seconds).await,
            Fault::Cut => {
                self.cutting.send_replace(CUT_PERCENT);
                sleep(lasts).await;
                self.cutting.send_replace(0);
                Ok(())
            }
            Fault::RestartStore => self.restart_store().await,
            Fault::Proxy { trouble } => {
                if let Some((_, proxy)) = &self.database {
                    proxy.set(Some(Trouble::of(trouble)));
                    sleep(lasts).await;
                    proxy.set(None);
                }
                Ok(())
            }
        }
    }

    async fn restart_store(&self) -> Result<(), String> {
        let Some((database, _)) = &self.database else {
            return Ok(());
        };
        let database = database.clone();
        let restarting = tokio::task::spawn_blocking(move || database.restart());
        restarting.await.map_err(|error| error.to_string())?
    }

    async fn hit(&self, (fault, lasts): (Fault, Duration), number: usize) -> Result<(), String> {
        let Some(process) = self.processes.get(number) else {
            return Ok(());
        };
        let mut process = process.lock().await;
        if let Some(status) = process.ended() {
            process.start().await?;
            return Err(format!("process {number} ended by itself: {status}"));
        }
        match fault {
            Fault::Pause { .. } => {
                process.pause();
                sleep(lasts).await;
                process.resume();
                Ok(())
            }
            Fault::Stop { .. } => {
                let stopped = process.stop().await;
                process.start().await?;
                stopped
            }
            _ => {
                process.kill();
                sleep(lasts / 4).await;
                process.start().await
            }
        }
    }

    async fn limit(&self, number: usize, length: Option<u64>) {
        if let Some(process) = self.processes.get(number) {
            process.lock().await.limit_files(length);
        }
    }

    async fn set_clock(&self, number: usize, seconds: i64) -> Result<(), String> {
        match self.processes.get(number) {
            Some(process) => process.lock().await.set_clock(seconds),
            None => Ok(()),
        }
    }

    /// All clocks are right again, and whoever ended by itself is accused and started.
    pub async fn mend(&self) {
        for (number, process) in self.processes.iter().enumerate() {
            let mut process = process.lock().await;
            let mut findings = self.findings.lock().await;
            findings.extend(process.set_clock(0).err());
            if let Some(status) = process.ended() {
                findings.push(format!("process {number} ended by itself: {status}"));
                findings.extend(process.start().await.err());
            }
            process.mend();
        }
    }

    /// Ends all of them as an operator would; what was found wrong with them since they began.
    pub async fn stop(&self) -> Vec<String> {
        let mut findings = std::mem::take(&mut *self.findings.lock().await);
        for number in 0..self.processes.len() {
            findings.extend(self.stop_one(number).await);
            let log = std::fs::read_to_string(self.site.log(number)).unwrap_or_default();
            let panics = log.lines().filter(|line| line.contains("panic"));
            findings.extend(
                panics
                    .take(3)
                    .map(|line| format!("process {number}: {line}")),
            );
        }
        findings
    }

    /// Ends one as an operator would; what was wrong with that.
    pub async fn stop_one(&self, number: usize) -> Option<String> {
        let process = self.processes.get(number)?;
        process.lock().await.stop().await.err()
    }
}
