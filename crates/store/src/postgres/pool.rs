//! Who reads over which connection? Whoever asks takes one and gives it back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connection, Connector};
use super::trouble::Trouble;
use super::viewers::{Viewer, Viewers};

/// How long a question waits for a connection, as long as a batch is tried; after that there are
/// too many.
const PATIENCE: Duration = Duration::from_secs(10);

/// For what a connection is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Several questions, between which whoever asks may wait for anything, other questions too,
    /// but not for another view.
    View,
    /// One question, after which it is given back. Whoever waits for one never waits for a view: a
    /// view that asks beside itself is always answered.
    Question,
}

/// At most so many connections at once for each purpose, opened when none is idle.
pub(super) struct Pool {
    connector: Arc<Connector>,
    idle: Mutex<Vec<Connection>>,
    views: Arc<Semaphore>,
    questions: Arc<Semaphore>,
    viewers: Viewers,
}

impl Pool {
    pub(super) fn new(connector: Arc<Connector>, most: usize) -> Pool {
        Pool {
            connector,
            idle: Mutex::default(),
            views: Arc::new(Semaphore::new(most.max(1))),
            questions: Arc::new(Semaphore::new(most.max(1))),
            viewers: Viewers::default(),
        }
    }

    pub(super) fn runtime(&self) -> &Handle {
        self.connector.runtime()
    }

    /// Waits for a place.
    pub(super) async fn take(self: &Arc<Pool>, purpose: Purpose) -> Result<Lease, Trouble> {
        let (places, viewer) = match purpose {
            Purpose::View => (&self.views, Some(self.viewers.enter())),
            Purpose::Question => (&self.questions, None),
        };
        let place = Arc::clone(places).acquire_owned();
        let runtime = self.connector.runtime().clone();
        let place = {
            // The clock is the runtime's, whoever waits by it.
            let _entered = runtime.enter();
            tokio::time::timeout(PATIENCE, place)
        };
        match place.await {
            Ok(Ok(place)) => self.lease(Some((place, viewer))).await,
            Ok(Err(_)) | Err(_) => Err(Trouble::Contended("no connection is free".into())),
        }
    }

    /// Waits for nobody.
    pub(super) async fn take_another(self: &Arc<Pool>) -> Result<Lease, Trouble> {
        self.lease(None).await
    }

    async fn lease(self: &Arc<Pool>, place: Option<Place>) -> Result<Lease, Trouble> {
        let connection = match self.idle_one() {
            Some(connection) => connection,
            None => self.connector.connect().await?,
        };
        Ok(Lease {
            pool: Arc::clone(self),
            connection: Some(connection),
            place,
        })
    }

    fn idle_one(&self) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain(|connection| !connection.is_closed());
        idle.pop()
    }

    /// Closes what is idle: after one of them was lost the others probably are.
    pub(super) fn clear(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection until it is dropped.
pub(super) struct Lease {
    pool: Arc<Pool>,
    /// Always there until the lease is dropped.
    connection: Option<Connection>,
    place: Option<Place>,
}

/// One of the places, and whose it is where it is for a view.
type Place = (OwnedSemaphorePermit, Option<Viewer>);

impl Lease {
    pub(super) fn connection(&self) -> Result<&Connection, Trouble> {
        let closed = || Trouble::Lost("the connection was given back".into());
        self.connection.as_ref().ok_or_else(closed)
    }

    /// Puts a new connection in the place of one that was lost.
    pub(super) async fn renew(&mut self) -> Result<(), Trouble> {
        self.pool.clear();
        self.connection = None;
        self.connection = Some(self.pool.connector.connect().await?);
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let connection = self.connection.take();
        // One taken beside the places goes away, so that the idle are never more than the places.
        if let (Some(connection), Some(_)) = (connection, &self.place) {
            self.pool.idle().push(connection);
        }
    }
}
