//! Does a task ask for a view while it has one? Where many do, each may have one of the last places
//! and wait for another. Only seen where assertions are checked.

#[cfg(debug_assertions)]
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[cfg(debug_assertions)]
use tokio::task::{self, Id};

/// The tasks that have a view.
#[derive(Default)]
pub(super) struct Viewers {
    #[cfg(debug_assertions)]
    tasks: Arc<Mutex<HashSet<Id>>>,
}

/// That the task which made it has a view, until it is dropped.
pub(super) struct Viewer {
    #[cfg(debug_assertions)]
    entered: Option<(Arc<Mutex<HashSet<Id>>>, Id)>,
}

#[cfg(not(debug_assertions))]
impl Viewers {
    pub(super) fn enter(&self) -> Viewer {
        Viewer {}
    }
}

#[cfg(debug_assertions)]
impl Viewers {
    /// What waits outside every task, as a test may, is not watched.
    pub(super) fn enter(&self) -> Viewer {
        let entered = task::try_id().map(|id| {
            let is_first = locked(&self.tasks).insert(id);
            debug_assert!(is_first, "a view was asked for beside a view");
            (Arc::clone(&self.tasks), id)
        });
        Viewer { entered }
    }
}

#[cfg(debug_assertions)]
impl Drop for Viewer {
    fn drop(&mut self) {
        if let Some((tasks, id)) = &self.entered {
            locked(tasks).remove(id);
        }
    }
}

#[cfg(debug_assertions)]
fn locked(tasks: &Mutex<HashSet<Id>>) -> MutexGuard<'_, HashSet<Id>> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner)
}
