//! Which process has it? A lease is a record that one process at a time writes: the number its ids
//! carry, or the turn of a job.
//!
//! Nothing here is judged by the time of day. A write expects the version that was read, so of two
//! processes that want a lease one gets it. Whether its holder still lives each contender judges
//! alone, by its own steady clock: who has seen a lease unchanged for [`Pace::lapse`], though its
//! holder writes it every [`Pace::beat`], takes it. Clocks that are set back or forth therefore
//! move no lease. A holder that was merely stopped for so long finds its lease taken when it writes
//! it again; until then both believe they have it, so what is done under a lease must be harmless
//! when done twice. The lease only sees to it that it normally is not.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::{Expect, Kind, Outcome, Page, ProjectId, Store, Write};
use tokio::time::Instant;

use crate::{configuration, problem::Refused, setup::writes};

/// How often a process looks and writes, and how long it waits for others.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks at what others changed.
    pub poll: Duration,
    /// So old may what is in force be before the process says so.
    pub bound: Duration,
    /// Between two looks at what the jobs have to do.
    pub tick: Duration,
    /// Between two writes of a lease by its holder.
    pub beat: Duration,
    /// A lease unchanged for so long is another's for the taking.
    pub lapse: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(300),
            bound: Duration::from_secs(5),
            tick: Duration::from_secs(1),
            beat: Duration::from_secs(10),
            lapse: Duration::from_secs(35),
        }
    }
}

/// A process, told from all others; drawn anew at each start.
pub type Owner = [u8; 16];

/// Which lease: the project it is kept in, and its number there.
pub type Place = (ProjectId, u64);

/// What is written down of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub owner: Owner,
    /// `false`: given back, and anybody's at once.
    pub is_held: bool,
    /// What the next holder must know of those before: how far ids were drawn, or which day's work
    /// is done.
    pub mark: u64,
}

/// A lease as it was read, with its version; 0 where there is none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub lease: Option<Lease>,
    pub version: u64,
}

impl Seen {
    pub const NEVER: Self = Self {
        lease: None,
        version: 0,
    };

    #[must_use]
    pub fn mark(&self) -> u64 {
        self.lease.map_or(0, |lease| lease.mark)
    }

    fn is_of(&self, owner: Owner) -> bool {
        self.lease
            .is_some_and(|lease| lease.is_held && lease.owner == owner)
    }

    fn is_free(&self) -> bool {
        self.lease.is_none_or(|lease| !lease.is_held)
    }
}

/// # Errors
/// When the store cannot be read.
pub async fn look(store: &Store, (project, id): Place) -> Result<Seen, Refused> {
    let Some(record) = store.get(project, Kind::Lease, id).await? else {
        return Ok(Seen::NEVER);
    };
    Ok(Seen {
        lease: Some(configuration::read(&record.body)?),
        version: record.version,
    })
}

/// All leases of a project, by number.
///
/// # Errors
/// When the store cannot be read.
pub async fn all(store: &Store, project: ProjectId) -> Result<Vec<(u64, Seen)>, Refused> {
    let page = Page {
        after: 0,
        limit: 2_000,
        newest_first: false,
    };
    let records = store.list(project, Kind::Lease, page).await?;
    let seen = |record: &store::Record| {
        let lease = Some(configuration::read(&record.body)?);
        let version = record.version;
        Ok((record.id, Seen { lease, version }))
    };
    records.iter().map(seen).collect()
}

/// Writes a lease that is still as it was seen; as it is then, or `None` where somebody else was
/// faster.
///
/// # Errors
/// When the store fails: then it is not known whether it was written, and to be looked at again.
pub async fn put(
    store: &Store,
    (project, id): Place,
    (seen, lease): (Seen, Lease),
) -> Result<Option<Seen>, Refused> {
    let kind = Kind::Lease;
    let body = configuration::write(&lease)?;
    let mut command = writes(project, vec![Write::Put { kind, id, body }]);
    command.expects.push(Expect {
        kind,
        id,
        version: seen.version,
    });
    match store.submit(command).await? {
        Outcome::Applied => Ok(Some(Seen {
            lease: Some(lease),
            version: seen.version + 1,
        })),
        Outcome::Stale { .. } => Ok(None),
        other => Err(Refused::Fault(format!("a lease: {other:?}"))),
    }
}

/// The turn of a job, as one process sees it.
pub struct Turn {
    place: Place,
    owner: Owner,
    pace: Pace,
    /// What was last seen, and since when it has been so, by the steady clock.
    seen: Option<(Seen, Instant)>,
}

impl Turn {
    #[must_use]
    pub fn new(place: Place, owner: Owner, pace: Pace) -> Self {
        Self {
            place,
            owner,
            pace,
            seen: None,
        }
    }

    /// Whether it is this process's turn: takes what is free, what has lapsed, and keeps what it
    /// has. With the mark of whoever wrote last.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_mine(&mut self, store: &Store) -> Result<Option<u64>, Refused> {
        if let Some((seen, since)) = self.seen
            && seen.is_of(self.owner)
            && since.elapsed() < self.pace.beat
        {
            return Ok(Some(seen.mark()));
        }
        let now = look(store, self.place).await?;
        let since = match self.seen {
            Some((before, since)) if before == now => since,
            _ => Instant::now(),
        };
        self.seen = Some((now, since));
        let is_others = !now.is_free() && !now.is_of(self.owner);
        if is_others && since.elapsed() < self.pace.lapse {
            return Ok(None);
        }
        self.write(store, (now, now.mark())).await
    }

    /// Writes down how far the work is. `None` where another has the turn by now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn mark(&mut self, store: &Store, mark: u64) -> Result<Option<u64>, Refused> {
        match self.seen {
            Some((seen, _)) if seen.is_of(self.owner) => self.write(store, (seen, mark)).await,
            _ => Ok(None),
        }
    }

    /// Keeps the turn while its work goes on; returns when it was lost.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep(&mut self, store: &Store) -> Result<(), Refused> {
        loop {
            tokio::time::sleep(self.pace.beat).await;
            if self.is_mine(store).await?.is_none() {
                return Ok(());
            }
        }
    }

    async fn write(&mut self, store: &Store, of: (Seen, u64)) -> Result<Option<u64>, Refused> {
        let (seen, mark) = of;
        let lease = Lease {
            owner: self.owner,
            is_held: true,
            mark,
        };
        // Whatever comes of it, what was seen before no longer holds.
        self.seen = None;
        let written = put(store, self.place, (seen, lease)).await?;
        self.seen = written.map(|seen| (seen, Instant::now()));
        Ok(written.map(|_| mark))
    }
}

/// Gives back all leases that a process has in a project, so that others need not wait.
///
/// # Errors
/// When the store fails: then they lapse.
pub async fn give_back(store: &Store, project: ProjectId, owner: Owner) -> Result<(), Refused> {
    for (id, seen) in all(store, project).await? {
        let Some(lease) = seen.lease.filter(|_| seen.is_of(owner)) else {
            continue;
        };
        let free = Lease {
            is_held: false,
            ..lease
        };
        // Where another took it meanwhile, there is nothing to give back.
        put(store, (project, id), (seen, free)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = (ProjectId(1), 1);
    const PACE: Pace = Pace {
        poll: Duration::from_millis(1),
        bound: Duration::from_millis(1),
        tick: Duration::from_millis(1),
        beat: Duration::from_millis(2),
        lapse: Duration::from_millis(50),
    };

    fn turns(pace: Pace) -> [Turn; 2] {
        [1, 2].map(|process| Turn::new(PLACE, [process; 16], pace))
    }

    /// However long either is kept waiting: who looks sees that the other wrote since.
    #[tokio::test]
    async fn who_lives_keeps_the_turn_and_who_is_dead_loses_it() {
        let store = Store::memory();
        let [mut one, mut other] = turns(PACE);
        assert_eq!(one.is_mine(&store).await.unwrap(), Some(0));
        assert_eq!(one.mark(&store, 7).await.unwrap(), Some(7));
        for _ in 0..20 {
            assert_eq!(other.is_mine(&store).await.unwrap(), None);
            tokio::time::sleep(PACE.beat).await;
            assert_eq!(one.is_mine(&store).await.unwrap(), Some(7));
        }
        assert_eq!(other.is_mine(&store).await.unwrap(), None);
        tokio::time::sleep(PACE.lapse).await;
        let taken = other.is_mine(&store).await.unwrap();
        assert_eq!(taken, Some(7), "with the mark");
        let written = one.mark(&store, 8).await.unwrap();
        assert_eq!(written, None, "it is another's");
        assert_eq!(one.is_mine(&store).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_given_back_is_anybodys_at_once() {
        let store = Store::memory();
        let [mut one, mut other] = turns(Pace::default());
        assert_eq!(one.is_mine(&store).await.unwrap(), Some(0));
        assert_eq!(other.is_mine(&store).await.unwrap(), None);
        give_back(&store, PLACE.0, [2; 16]).await.unwrap();
        assert_eq!(
            other.is_mine(&store).await.unwrap(),
            None,
            "not theirs to give"
        );
        give_back(&store, PLACE.0, [1; 16]).await.unwrap();
        assert_eq!(other.is_mine(&store).await.unwrap(), Some(0));
    }

    /// Two see the same lease lapse, and one gets it.
    #[tokio::test]
    async fn a_lease_that_is_seen_once_is_written_once() {
        let store = Store::memory();
        let lease = |process| Lease {
            owner: [process; 16],
            is_held: true,
            mark: 0,
        };
        let seen = look(&store, PLACE).await.unwrap();
        assert_eq!(seen, Seen::NEVER);
        let first = put(&store, PLACE, (seen, lease(1))).await.unwrap();
        let second = put(&store, PLACE, (seen, lease(2))).await.unwrap();
        assert_eq!(second, None);
        assert_eq!(look(&store, PLACE).await.unwrap(), first.unwrap());
    }
}
