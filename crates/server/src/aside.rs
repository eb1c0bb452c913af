//! How is long work done without keeping others waiting? On a thread of its own, few at a time.

use std::sync::Arc;

use tokio::{runtime::Handle, sync::Semaphore};

use crate::{app::App, problem::Refused};

/// Does it when it is its turn. The permit goes with the work, which goes on where the caller hangs
/// up.
pub async fn aside<T: Send + 'static>(
    app: &App,
    turns: &Arc<Semaphore>,
    work: impl AsyncFnOnce(App) -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let fault = |error: &dyn std::fmt::Display| Refused::Fault(error.to_string());
    let permit = turns.clone().acquire_owned().await;
    let permit = permit.map_err(|closed| fault(&closed))?;
    let (app, handle) = (app.clone(), Handle::current());
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        handle.block_on(work(app))
    });
    done.await.map_err(|broken| fault(&broken))?
}
