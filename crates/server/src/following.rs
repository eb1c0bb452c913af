//! How does a process hear what others changed? It looks: every [`Pace::poll`] it reads the number
//! of the keys and of each configuration it knows, and whatever rose is read and compiled anew,
//! while the one before serves. So what is in force anywhere is in force everywhere within
//! [`Pace::poll`], one read and the time to compile it. A process that has not managed to look for
//! longer than [`Pace::bound`] says so at `/readyz`, and once in the log.
//!
//! [`Pace::poll`]: crate::leases::Pace::poll
//! [`Pace::bound`]: crate::leases::Pace::bound

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::AbortHandle, time::Instant};

use crate::{
    app::{App, Weak, to_the_end},
    problem::Refused,
};

/// How well a process follows.
pub struct Following {
    state: Mutex<State>,
}

struct State {
    /// When it last knew all that there was to know.
    looked: Instant,
    is_told: bool,
    task: Option<AbortHandle>,
}

impl Following {
    #[must_use]
    pub fn new() -> Self {
        let state = State {
            looked: Instant::now(),
            is_told: false,
            task: None,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// How old what is in force here may be.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.with(|state| state.looked.elapsed())
    }

    pub fn begin(&self, following: impl Future<Output = ()> + Send + 'static) {
        let task = tokio::spawn(following).abort_handle();
        self.with(|state| state.task = Some(task));
    }

    pub fn end(&self) {
        let task = self.with(|state| state.task.take());
        task.iter().for_each(AbortHandle::abort);
    }

    fn looked(&self, at: Instant) {
        let was_told = self.with(|state| {
            state.looked = at;
            std::mem::take(&mut state.is_told)
        });
        if was_told {
            tracing::info!("what others change is followed again");
        }
    }

    fn missed(&self, refused: &Refused, bound: Duration) {
        let is_news = self.with(|state| {
            let is_late = state.looked.elapsed() > bound;
            is_late && !std::mem::replace(&mut state.is_told, true)
        });
        if is_news {
            tracing::error!(?refused, "what others change cannot be followed");
        }
    }

    /// The state is whole at every moment, so a panic elsewhere does not spoil it.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for Following {
    fn default() -> Self {
        Self::new()
    }
}

/// Looks, again and again, as long as the application lives.
pub async fn run(app: Weak) {
    while let Some(app) = app.upgrade() {
        let (pace, began) = (app.pace(), Instant::now());
        // A store that does not answer is as one that cannot be read.
        let looked = tokio::time::timeout(pace.bound, look(&app)).await;
        match looked.unwrap_or(Err(Refused::Busy)) {
            Ok(()) => app.following().looked(began),
            Err(refused) => app.following().missed(&refused, pace.bound),
        }
        metrics::gauge!("proffer_following_age_seconds").set(app.following().age().as_secs_f64());
        drop(app);
        tokio::time::sleep(pace.poll).await;
    }
}

/// All of it, also where some cannot be read.
async fn look(app: &App) -> Result<(), Refused> {
    let mut looked = app.ids().keep(app.store(), app.owner()).await;
    looked = looked.and(app.find_processes().await);
    looked = looked.and(app.refresh_keys().await);
    for project in app.projects() {
        let of = app.clone();
        // Else what takes longer to compile than a look may would never be in force.
        let refreshed = to_the_end(async move { of.refresh(project).await.map(drop) });
        looked = looked.and(refreshed.await);
    }
    looked
}

/// # Errors
/// `behind` where what is in force here may be older than the bound.
pub fn check(app: &App) -> Result<(), Refused> {
    let age = app.following().age();
    if age <= app.pace().bound {
        return Ok(());
    }
    Err(Refused::Unavailable {
        code: "behind",
        detail: format!(
            "This process could not read for {} seconds what others change, so what is in force \
             here may be old.",
            age.as_secs()
        ),
    })
}
