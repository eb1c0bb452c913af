//! What does every handler share? The store, the keys, the secret, and each project's compiled
//! configuration.

use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use decision::SnapshotId;
use metrics_exporter_prometheus::PrometheusHandle;
use store::{Command, Kind, Outcome, Page, ProjectId, Store, Write};
use tokio::{
    sync::{Mutex, MutexGuard, Semaphore},
    time::Instant,
};

use crate::{
    auth::{ApiKey, Keys},
    configuration::{self, Compiled},
    ids::Ids,
    pages::Visits,
    problem::Refused,
};

/// Keys, projects and the secret live under a project of their own.
pub const SYSTEM: ProjectId = ProjectId(0);

/// The record whose version is the number of the project's configuration.
pub const CONFIGURATION: u64 = 1;

/// An unknown key makes all keys be read again, at most so often.
const KEYS_AGAIN: Duration = Duration::from_secs(1);

/// So many reports are read at a time; others wait.
const REPORTS: usize = 2;

#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    store: Store,
    ids: Ids,
    /// Keys the pseudonyms and the draws.
    secret: [u8; 32],
    keys: ArcSwap<Keys>,
    /// When an unknown key last made them be read again.
    keys_read_again: Mutex<Option<Instant>>,
    projects: ArcSwap<HashMap<ProjectId, Arc<Compiled>>>,
    /// Held while a configuration is compiled, so that it is compiled once.
    compiling: Mutex<()>,
    /// Held by a batch of events that others disturbed, until it is in.
    taking_again: Mutex<()>,
    /// One permit for each report that is read.
    reports: Arc<Semaphore>,
    metrics: Option<PrometheusHandle>,
    /// Who is signed in to the pages.
    visits: Visits,
}

impl App {
    /// # Errors
    /// When the keys cannot be read.
    pub async fn start(
        store: Store,
        metrics: Option<PrometheusHandle>,
        ids: Ids,
    ) -> Result<Self, Refused> {
        let secret = crate::setup::secret(&store).await?;
        let inner = Inner {
            store,
            ids,
            secret,
            keys: ArcSwap::default(),
            keys_read_again: Mutex::default(),
            projects: ArcSwap::default(),
            compiling: Mutex::new(()),
            taking_again: Mutex::new(()),
            reports: Arc::new(Semaphore::new(REPORTS)),
            metrics,
            visits: Visits::default(),
        };
        let app = Self(Arc::new(inner));
        app.reload_keys().await?;
        Ok(app)
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    #[must_use]
    pub fn next_id(&self) -> u64 {
        self.0.ids.next()
    }

    #[must_use]
    pub fn secret(&self) -> &[u8; 32] {
        &self.0.secret
    }

    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        self.0.keys.load_full()
    }

    #[must_use]
    pub fn metrics(&self) -> Option<&PrometheusHandle> {
        self.0.metrics.as_ref()
    }

    #[must_use]
    pub fn visits(&self) -> &Visits {
        &self.0.visits
    }

    #[must_use]
    pub fn reports(&self) -> &Arc<Semaphore> {
        &self.0.reports
    }

    /// The turn of one batch of events among those that disturbed each other.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.0.taking_again.lock().await
    }

    /// All keys, read again where this one is not among them: another process may have made it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn keys_with(&self, hash: &[u8; 32]) -> Result<Arc<Keys>, Refused> {
        let keys = self.keys();
        if keys.contains_key(hash) {
            return Ok(keys);
        }
        let mut read_again = self.0.keys_read_again.lock().await;
        if read_again.is_none_or(|at| at.elapsed() >= KEYS_AGAIN) {
            *read_again = Some(Instant::now());
            self.reload_keys().await?;
        }
        Ok(self.keys())
    }

    /// Reads all keys anew: at the start, and after one was made.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn reload_keys(&self) -> Result<(), Refused> {
        let page = Page {
            after: 0,
            limit: 10_000,
            newest_first: false,
        };
        let records = self.store().list(SYSTEM, Kind::ApiKey, page).await?;
        let keys = records
            .iter()
            .filter_map(|record| serde_json::from_slice::<ApiKey>(&record.body).ok())
            .map(|key| (key.hash, key))
            .collect();
        self.0.keys.store(Arc::new(keys));
        Ok(())
    }

    /// The project's configuration as it is now, compiled again if it changed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn compiled(&self, project: ProjectId) -> Result<Arc<Compiled>, Refused> {
        if let Some(compiled) = self.0.projects.load().get(&project) {
            return Ok(compiled.clone());
        }
        let _one_at_a_time = self.0.compiling.lock().await;
        if let Some(compiled) = self.0.projects.load().get(&project) {
            return Ok(compiled.clone());
        }
        let compiled = Arc::new(configuration::load(self.store(), project).await?);
        self.0.projects.rcu(|projects| {
            let mut projects = HashMap::clone(projects);
            projects.insert(project, compiled.clone());
            projects
        });
        Ok(compiled)
    }

    /// Applies a command that changes the configuration: its number rises in the same transaction,
    /// and the next reader compiles it anew. Stale, too, makes it be compiled anew.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn reconfigure(&self, mut command: Command) -> Result<Outcome, Refused> {
        let project = command.project;
        command.writes.push(Write::Put {
            kind: Kind::Setting,
            id: CONFIGURATION,
            body: Vec::new(),
        });
        let app = self.clone();
        to_the_end(async move {
            let outcome = app.store().submit(command).await;
            app.compile_anew(project).await;
            Ok(outcome?)
        })
        .await
    }

    /// Forgets what was compiled, whatever came of the command: it may have been applied even
    /// where the answer was lost.
    async fn compile_anew(&self, project: ProjectId) {
        let _not_while_compiling = self.0.compiling.lock().await;
        self.0.projects.rcu(|projects| {
            let mut projects = HashMap::clone(projects);
            projects.remove(&project);
            projects
        });
    }

    /// Keeps the configuration a decision was made with, so that it can be replayed; once each.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_snapshot(
        &self,
        project: ProjectId,
        compiled: &Compiled,
    ) -> Result<(), Refused> {
        if compiled.is_kept() {
            return Ok(());
        }
        let SnapshotId(id) = compiled.snapshot.id;
        let write = Write::Put {
            kind: Kind::Snapshot,
            id,
            body: compiled.serialised()?,
        };
        let command = Command {
            project,
            now: crate::clock::wall(),
            once: None,
            expects: Vec::new(),
            openings: Vec::new(),
            chain: Vec::new(),
            writes: vec![write],
        };
        self.store().submit(command).await?;
        compiled.mark_kept();
        Ok(())
    }
}

/// Does the whole of it, also where the caller hangs up half-way and is no longer waited for: what
/// is in memory follows what is in the store.
///
/// # Errors
/// Its own; a fault where it panics.
pub async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refused>> + Send + 'static,
) -> Result<T, Refused> {
    let done = tokio::spawn(work).await;
    done.map_err(|error| Refused::Fault(error.to_string()))?
}
