//! What does every handler share? The store, the keys, the secret, and each project's compiled
//! configuration.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use decision::SnapshotId;
use metrics_exporter_prometheus::PrometheusHandle;
use store::{Command, Expect, Kind, Outcome, Page, ProjectId, Record, Store, Write};
use tokio::{
    sync::{Mutex, MutexGuard, Semaphore},
    time::Instant,
};

use crate::{
    auth::{ApiKey, Keys},
    configuration::{self, Compiled},
    following::{self, Following},
    guessing::Guessing,
    ids::Ids,
    leases::{self, Owner, Pace},
    lending::Refills,
    membership::recheck::noting,
    outward::Reach,
    pages::Visits,
    problem::Refused,
    setting::CONFIGURATION,
    tallies::{self, Tallies},
    webhooks,
};

/// Keys, projects and the secret live under a project of their own.
pub const SYSTEM: ProjectId = ProjectId(0);

/// An unknown key makes all keys be read again, at most so often.
const KEYS_AGAIN: Duration = Duration::from_secs(1);

/// So many reports are read at a time; others wait.
const REPORTS: usize = 2;

/// So many searches at a time: they leave half of the processors to everybody else.
fn searches() -> usize {
    let all = std::thread::available_parallelism();
    all.map_or(1, |all| all.get().div_ceil(2))
}

#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    store: Store,
    ids: Ids,
    /// This process, told from all others on the store.
    owner: Owner,
    pace: Pace,
    following: Following,
    /// Keys the pseudonyms and the draws.
    secret: [u8; 32],
    keys: ArcSwap<Keys>,
    /// The number of the keys as they were read last.
    keys_number: Mutex<Option<u64>>,
    /// When an unknown key last made them be read again.
    keys_read_again: Mutex<Option<Instant>>,
    projects: ArcSwap<HashMap<ProjectId, Arc<Compiled>>>,
    /// Held while a configuration is compiled, so that it is compiled once.
    compiling: Mutex<()>,
    /// Held by a batch of events that others disturbed, until it is in.
    taking_again: Mutex<()>,
    /// The numbers that processes have leased so far.
    processes: ArcSwap<Vec<u64>>,
    refills: Refills,
    guessing: Guessing,
    tallies: Tallies,
    /// One permit for each report that is read.
    reports: Arc<Semaphore>,
    searches: Arc<Semaphore>,
    metrics: Option<PrometheusHandle>,
    /// Whether webhooks may lead to addresses of the server's own network.
    reaches_anywhere: AtomicBool,
}

/// Does not keep the application alive.
pub struct Weak(std::sync::Weak<Inner>);

impl Weak {
    #[must_use]
    pub fn upgrade(&self) -> Option<App> {
        self.0.upgrade().map(App)
    }
}

impl App {
    /// One process of those that serve the store: it leases numbers for its ids, and follows what
    /// others change from here on.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn start(
        store: Store,
        metrics: Option<PrometheusHandle>,
        ids: Ids,
    ) -> Result<Self, Refused> {
        Self::start_at(store, metrics, (ids, Pace::default())).await
    }

    /// As [`App::start`], at another pace.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn start_at(
        store: Store,
        metrics: Option<PrometheusHandle>,
        (ids, pace): (Ids, Pace),
    ) -> Result<Self, Refused> {
        let mut owner = Owner::default();
        getrandom::fill(&mut owner).map_err(|error| Refused::Fault(error.to_string()))?;
        let mut drawn = [0; 64];
        getrandom::fill(&mut drawn).map_err(|error| Refused::Fault(error.to_string()))?;
        let secret = crate::setup::secret(&store).await?;
        ids.keep(&store, owner).await?;
        let inner = Inner {
            store,
            ids,
            owner,
            pace,
            following: Following::new(),
            secret,
            keys: ArcSwap::default(),
            keys_number: Mutex::default(),
            keys_read_again: Mutex::default(),
            projects: ArcSwap::default(),
            compiling: Mutex::new(()),
            taking_again: Mutex::new(()),
            processes: ArcSwap::default(),
            refills: Refills::default(),
            guessing: Guessing::new(drawn),
            tallies: Tallies::default(),
            reports: Arc::new(Semaphore::new(REPORTS)),
            searches: Arc::new(Semaphore::new(searches())),
            metrics,
            reaches_anywhere: AtomicBool::new(false),
        };
        let app = Self(Arc::new(inner));
        app.refresh_keys().await?;
        app.find_processes().await?;
        app.following().begin(following::run(app.downgrade()));
        tokio::spawn(tallies::run(app.downgrade()));
        Ok(app)
    }

    /// Gives back what it leases and follows no more. To be called when nothing is served any
    /// more; where it is not, the leases lapse.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stop(&self) -> Result<(), Refused> {
        self.following().end();
        if let Err(refused) = tallies::keep(self).await {
            tracing::warn!(?refused, "what was validated last is not counted");
        }
        self.0.ids.give_back(self.store(), self.owner()).await
    }

    #[must_use]
    pub fn downgrade(&self) -> Weak {
        Weak(Arc::downgrade(&self.0))
    }

    #[must_use]
    pub fn owner(&self) -> Owner {
        self.0.owner
    }

    #[must_use]
    pub fn pace(&self) -> Pace {
        self.0.pace
    }

    /// How well it follows what others change.
    #[must_use]
    pub fn following(&self) -> &Following {
        &self.0.following
    }

    #[must_use]
    pub fn ids(&self) -> &Ids {
        &self.0.ids
    }

    /// The number of this process, where all others know it by now; else 0.
    #[must_use]
    pub fn process(&self) -> u64 {
        self.0.ids.process(self.pace().bound)
    }

    /// The numbers that processes have leased so far, as of the last look: who took one since does
    /// not use it for what others must find.
    #[must_use]
    pub fn processes(&self) -> Arc<Vec<u64>> {
        self.0.processes.load_full()
    }

    /// Looks which numbers processes have leased.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn find_processes(&self) -> Result<(), Refused> {
        let known = leases::all(self.store(), SYSTEM).await?;
        let numbers = known.into_iter().map(|(number, _)| number).collect();
        self.0.processes.store(Arc::new(numbers));
        Ok(())
    }

    #[must_use]
    pub fn refills(&self) -> &Refills {
        &self.0.refills
    }

    /// What was validated and is not counted in the store yet.
    #[must_use]
    pub fn tallies(&self) -> &Tallies {
        &self.0.tallies
    }

    /// Who tried codes that are not there.
    #[must_use]
    pub fn guessing(&self) -> &Guessing {
        &self.0.guessing
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// A number for a new thing.
    ///
    /// # Errors
    /// When there is none left that no other process may draw.
    pub fn next_id(&self) -> Result<u64, Refused> {
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

    /// Who is signed in to the pages.
    #[must_use]
    pub fn visits(&self) -> Visits<'_> {
        Visits::of(&self.0.store)
    }

    /// Lets webhooks lead anywhere: to the server's own network, and by HTTP. For the operator to
    /// say, never for a project.
    pub fn reach_anywhere(&self) {
        self.0.reaches_anywhere.store(true, Ordering::Release);
    }

    /// Where webhooks may lead.
    #[must_use]
    pub(crate) fn reach(&self) -> Reach {
        match self.0.reaches_anywhere.load(Ordering::Acquire) {
            true => Reach::Anywhere,
            false => Reach::Public,
        }
    }

    #[must_use]
    pub fn reports(&self) -> &Arc<Semaphore> {
        &self.0.reports
    }

    /// Turns of those that search for the best of many combinations.
    #[must_use]
    pub fn searches(&self) -> &Arc<Semaphore> {
        &self.0.searches
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
            self.read_keys(&mut *self.0.keys_number.lock().await)
                .await?;
        }
        Ok(self.keys())
    }

    /// Reads all keys anew where one was made or taken away since.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn refresh_keys(&self) -> Result<(), Refused> {
        let mut known = self.0.keys_number.lock().await;
        let number = configuration::number(self.store(), SYSTEM).await?;
        if *known == Some(number) {
            return Ok(());
        }
        self.read_keys(&mut known).await
    }

    /// Under the lock of their number, so that what was read earlier is not put over what was read
    /// later.
    async fn read_keys(&self, known: &mut Option<u64>) -> Result<(), Refused> {
        let mut view = self.store().view(SYSTEM)?;
        let number = view.get(Kind::Setting, CONFIGURATION).await?;
        let mut keys = Keys::new();
        let mut page = Page {
            after: 0,
            limit: 1_000,
            newest_first: false,
        };
        loop {
            let records = view.list(Kind::ApiKey, page).await?;
            let Some(last) = records.last() else { break };
            page.after = last.id;
            let read = |record: &Record| serde_json::from_slice::<ApiKey>(&record.body).ok();
            keys.extend(records.iter().filter_map(read).map(|key| (key.hash, key)));
        }
        drop(view);
        self.0.keys.store(Arc::new(keys));
        *known = Some(number.map_or(0, |record| record.version));
        Ok(())
    }

    /// The project's configuration as it was at most [`Pace::poll`] and the time to compile it ago.
    ///
    /// # Errors
    /// When it was never asked for before and the store cannot be read.
    pub async fn compiled(&self, project: ProjectId) -> Result<Arc<Compiled>, Refused> {
        if let Some(compiled) = self.0.projects.load().get(&project) {
            return Ok(compiled.clone());
        }
        self.refresh(project).await
    }

    /// The projects whose configuration is known here.
    #[must_use]
    pub fn projects(&self) -> Vec<ProjectId> {
        self.0.projects.load().keys().copied().collect()
    }

    /// The project's configuration as it is now: compiled anew where its number rose, and swapped
    /// whole. Until then the one before serves.
    ///
    /// # Errors
    /// When the store cannot be read, or what is in it does not compile.
    pub async fn refresh(&self, project: ProjectId) -> Result<Arc<Compiled>, Refused> {
        // One at a time, so that none is put over a later one.
        let _one_at_a_time = self.0.compiling.lock().await;
        let number = configuration::number(self.store(), project).await?;
        let before = self.0.projects.load().get(&project).cloned();
        if let Some(compiled) = before.filter(|one| one.snapshot.id.0 == number) {
            return Ok(compiled);
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
    /// and it is in force here when this returns; in other processes soon after. Stale, too, makes
    /// it be looked at again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn reconfigure(&self, mut command: Command) -> Result<Outcome, Refused> {
        let project = command.project;
        command.writes.push(renumbered());
        webhooks::cards::tell(self, &mut command).await?;
        let app = self.clone();
        to_the_end(async move {
            let outcome = app.store().submit(command).await;
            // Whatever came of the command: it may have been applied even where the answer was
            // lost. What cannot be read now is read by the next look.
            if let Err(refused) = app.refresh(project).await {
                tracing::error!(?refused, "a new configuration is not in force yet");
            }
            Ok(outcome?)
        })
        .await
    }

    /// Applies a command that may move something on cards, or by which a customer may come to
    /// belong to other segments and tiers: with what tells of the one, and a note that somebody is
    /// to look at the other.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn submit(&self, command: Command) -> Result<Outcome, Refused> {
        let mut command = noting(self, command).await?;
        webhooks::cards::tell(self, &mut command).await?;
        Ok(self.store().submit(command).await?)
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
        let mut command = crate::setup::writes(project, vec![write]);
        // Another process may have kept it, and one number is one configuration.
        command.expects.push(Expect {
            kind: Kind::Snapshot,
            id,
            version: 0,
        });
        self.store().submit(command).await?;
        compiled.mark_kept();
        Ok(())
    }
}

/// What makes every process look at a project's configuration, or at the keys, again.
#[must_use]
pub fn renumbered() -> Write {
    Write::Put {
        kind: Kind::Setting,
        id: CONFIGURATION,
        body: Vec::new(),
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
