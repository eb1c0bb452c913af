//! Which number does a new thing get? Time-ordered, unique among all processes of a store, below
//! 2^63.
//!
//! An id is milliseconds, then a sequence, then the number of the process that drew it. Processes
//! lease their numbers ([`crate::leases`]), and what is leased is not the number for some time but
//! a stretch of ids: the record's mark says up to which milliseconds ids with this number may have
//! been drawn. A process draws only below the mark it has written, and whoever takes a number over
//! begins at its mark. So no two processes can draw the same id, whatever their clocks show and
//! whether or not the holder before still lives: a clock that jumps ahead or back moves where a
//! process draws within its stretch, and never out of it. Time of day is asked only to keep ids in
//! the order of time, and to guess which number is no longer in use: one whose mark lies in the
//! past. Where the guess is wrong, the number's holder draws on below the old mark, finds the
//! number taken when it wants more, and takes another.
//!
//! The milliseconds of an id follow the clock up to half a stretch before the mark; beyond that
//! they count by ones. So a process that cannot reach the store still has more than a hundred
//! million ids, and stops with the last of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use ledger::Timestamp;
use store::Store;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    app::SYSTEM,
    clock,
    leases::{self, Lease, Owner, Seen},
    problem::Refused,
};

/// 2026-01-01T00:00:00Z: the 41 bits of milliseconds last until 2095.
const EPOCH_MS: Timestamp = 1_767_225_600_000;
const SEQUENCE_BITS: u32 = 12;
const NODE_BITS: u32 = 10;
/// Milliseconds that fit.
const LAST_MS: u64 = (1 << 41) - 1;
/// A process leases so many milliseconds of ids at a time, and more when half are gone.
const STRETCH_MS: u64 = 60_000;
/// 0 is left to [`Ids::counting`].
const NUMBERS: std::ops::RangeInclusive<u64> = 1..=(1 << NODE_BITS) - 1;
/// Others may take the same number at the same time.
const MAX_ATTEMPTS: usize = 20;

type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The numbers of one process.
pub struct Ids {
    stretch: ArcSwap<Stretch>,
    clock: Clock,
    /// The number that is leased, as it was last written.
    leased: Mutex<Option<(u64, Seen)>>,
    needs_lease: bool,
}

/// Where ids may be drawn; milliseconds and sequence as one number.
struct Stretch {
    node: u64,
    /// When the number was taken, by the steady clock.
    since: Instant,
    last: AtomicU64,
    /// The first that may not be drawn; it only rises.
    end: AtomicU64,
}

impl Ids {
    /// For one of many processes: it leases a number before it draws.
    #[must_use]
    pub fn fresh() -> Self {
        Self::by(clock::wall)
    }

    /// As [`Ids::fresh`], by another clock.
    #[must_use]
    pub fn by(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            stretch: ArcSwap::from_pointee(Stretch::new(0, (0, 0))),
            clock: Arc::new(clock),
            leased: Mutex::default(),
            needs_lease: true,
        }
    }

    /// One after the other, whatever the time: for a store that is played once, from nothing, by
    /// one process.
    #[must_use]
    pub fn counting() -> Self {
        Self {
            stretch: ArcSwap::from_pointee(Stretch::new(0, (0, LAST_MS))),
            needs_lease: false,
            ..Self::by(|| EPOCH_MS)
        }
    }

    /// Draws the next id; no process ever draws it again.
    ///
    /// # Errors
    /// When no stretch is leased, or all of it was drawn.
    pub fn next(&self) -> Result<u64, Refused> {
        let stretch = self.stretch.load();
        let drawn = stretch.draw(self.now_ms()).ok_or_else(none_left)?;
        Ok(drawn << NODE_BITS | stretch.node)
    }

    /// The number of this process, once it has had it for so long that every other knows it; 0
    /// until then, and where no other serves the store.
    #[must_use]
    pub fn process(&self, known_after: Duration) -> u64 {
        let stretch = self.stretch.load();
        match stretch.since.elapsed() < known_after {
            true => 0,
            false => stretch.node,
        }
    }

    /// The numbers that no process seems to have any more.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn unused(&self, store: &Store) -> Result<Vec<u64>, Refused> {
        let now = self.now_ms();
        let known = leases::all(store, SYSTEM).await?;
        let unused = known.iter().filter(|(_, seen)| is_unused(seen, now));
        Ok(unused.map(|(number, _)| *number).collect())
    }

    /// Sees to it that ids can be drawn for a while; to be called again and again.
    ///
    /// # Errors
    /// When the store fails, or every number is in use.
    pub async fn keep(&self, store: &Store, owner: Owner) -> Result<(), Refused> {
        let mut leased = self.leased.lock().await;
        let stretch = self.stretch.load_full();
        if !self.needs_lease || (leased.is_some() && stretch.is_long(self.now_ms())) {
            return Ok(());
        }
        let to = stretch.reach(self.now_ms());
        if let Some((node, seen)) = *leased {
            if stretch.is_last(to) {
                return Ok(());
            }
            let number = (SYSTEM, node);
            let written = leases::put(store, number, (seen, held(owner, to))).await;
            if let Ok(Some(seen)) = written {
                stretch.end.store(to << SEQUENCE_BITS, Ordering::Release);
                *leased = Some((node, seen));
                return Ok(());
            }
            // Taken, or it is not known whether it was written: what the record says counts.
            *leased = None;
            written?;
        }
        *leased = Some(self.take(store, owner).await?);
        Ok(())
    }

    /// Takes a number that nobody seems to use, and begins where the ids before it ended.
    async fn take(&self, store: &Store, owner: Owner) -> Result<(u64, Seen), Refused> {
        for _ in 0..MAX_ATTEMPTS {
            let now = self.now_ms();
            let known = leases::all(store, SYSTEM).await?;
            let (node, seen) = choose(&known, (owner, now)).ok_or_else(all_in_use)?;
            let from = seen.mark();
            let to = Stretch::new(node, (from, from)).reach(now);
            let number = (SYSTEM, node);
            let written = leases::put(store, number, (seen, held(owner, to))).await?;
            if let Some(seen) = written {
                self.stretch.store(Arc::new(Stretch::new(node, (from, to))));
                return Ok((node, seen));
            }
        }
        Err(Refused::Busy)
    }

    /// Gives the number back, with what of the stretch was not drawn; nothing can be drawn then.
    ///
    /// # Errors
    /// When the store fails: then its mark passes.
    pub async fn give_back(&self, store: &Store, owner: Owner) -> Result<(), Refused> {
        let Some((node, seen)) = self.leased.lock().await.take() else {
            return Ok(());
        };
        let stretch = self.stretch.load_full();
        // First nobody here can draw any more, then the rest is given away.
        let drawn = stretch.shut();
        let free = Lease {
            is_held: false,
            ..held(owner, (drawn >> SEQUENCE_BITS) + 1)
        };
        leases::put(store, (SYSTEM, node), (seen, free)).await?;
        Ok(())
    }

    /// Milliseconds since the epoch of ids.
    fn now_ms(&self) -> u64 {
        let since = (self.clock)().saturating_sub(EPOCH_MS);
        u64::try_from(since).unwrap_or(0).min(LAST_MS)
    }
}

impl Stretch {
    fn new(node: u64, (from, to): (u64, u64)) -> Self {
        Self {
            node,
            since: Instant::now(),
            last: AtomicU64::new((from << SEQUENCE_BITS).saturating_sub(1)),
            end: AtomicU64::new(to << SEQUENCE_BITS),
        }
    }

    fn draw(&self, now: u64) -> Option<u64> {
        let end = self.end.load(Ordering::Acquire);
        let half = end.saturating_sub((STRETCH_MS / 2) << SEQUENCE_BITS);
        let now = (now << SEQUENCE_BITS).min(half);
        let next = |last: u64| Some(now.max(last + 1)).filter(|next| *next < end);
        let last = self
            .last
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
        last.ok().map(|last| now.max(last + 1))
    }

    /// Whether more than half of what is leased at a time lies ahead.
    fn is_long(&self, now: u64) -> bool {
        let end = self.end.load(Ordering::Acquire) >> SEQUENCE_BITS;
        now.max(self.last_ms()) + STRETCH_MS / 2 < end
    }

    /// Whether there is nothing beyond it that could be leased, and something of it left.
    fn is_last(&self, to: u64) -> bool {
        let end = self.end.load(Ordering::Acquire) >> SEQUENCE_BITS;
        to == end && self.last_ms() + 1 < end
    }

    /// Up to where it should reach.
    fn reach(&self, now: u64) -> u64 {
        let end = self.end.load(Ordering::Acquire) >> SEQUENCE_BITS;
        (now.max(self.last_ms()) + STRETCH_MS).min(LAST_MS).max(end)
    }

    /// Lets nothing be drawn any more; what was drawn last.
    fn shut(&self) -> u64 {
        self.last.swap(u64::MAX >> 1, Ordering::AcqRel)
    }

    fn last_ms(&self) -> u64 {
        self.last.load(Ordering::Acquire) >> SEQUENCE_BITS
    }
}

fn held(owner: Owner, mark: u64) -> Lease {
    Lease {
        owner,
        is_held: true,
        mark,
    }
}

/// A number of one's own; else one that was given back or whose mark has passed; else a new one.
fn choose(known: &[(u64, Seen)], (owner, now): (Owner, u64)) -> Option<(u64, Seen)> {
    let has_room = |seen: &Seen| seen.mark() + STRETCH_MS < LAST_MS;
    let usable = || known.iter().filter(|(_, seen)| has_room(seen));
    let is_own = |seen: &Seen| seen.lease.is_some_and(|lease| lease.owner == owner);
    let own = usable().find(|(_, seen)| is_own(seen));
    let unused = || usable().find(|(_, seen)| is_unused(seen, now));
    own.or_else(unused).copied().or_else(|| {
        let is_new = |number: &u64| known.iter().all(|(one, _)| one != number);
        NUMBERS
            .into_iter()
            .find(is_new)
            .map(|new| (new, Seen::NEVER))
    })
}

/// Given back, or its mark has passed.
fn is_unused(seen: &Seen, now: u64) -> bool {
    seen.lease.is_none_or(|lease| !lease.is_held) || seen.mark() < now
}

fn none_left() -> Refused {
    Refused::Unavailable {
        code: "no_ids",
        detail: "This process has no numbers left for new things and cannot reach the store for \
                 more; ask again."
            .into(),
    }
}

fn all_in_use() -> Refused {
    Refused::Unavailable {
        code: "no_ids",
        detail: "1,023 processes use this store, and there is no number for one more.".into(),
    }
}

#[cfg(test)]
mod tests;
