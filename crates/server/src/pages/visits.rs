//! Who is looking at the pages? Sessions: a random number in a cookie, its hash in the store, where
//! every process finds it and whoever signs out takes it away for all.
//!
//! What a session may see is what its key may read; a session from a link may see everything of
//! the sandbox.

use ledger::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Command, Expect, Kind, Outcome, Page, ProjectId, Store, Write};

use crate::{
    app::SYSTEM,
    auth::{Keys, Scope, hash},
    configuration,
    problem::Refused,
    setup::writes,
};

/// A session that nobody used for so long has ended.
const IDLE_MS: Timestamp = 30 * 60_000;
/// No session lives longer than this, used or not.
const ABSOLUTE_MS: Timestamp = 12 * 3_600_000;
/// So far the clocks of two processes may be apart; what began later than that began never.
const APART_MS: Timestamp = 5 * 60_000;
/// That a session is used is written down so often.
const NOTED_MS: Timestamp = 60_000;
/// One more session, or link, ends the oldest.
const MAX_VISITS: u32 = 1_000;

/// Everybody who is signed in, and the links that may still be used to.
#[derive(Clone, Copy)]
pub struct Visits<'a> {
    store: &'a Store,
}

/// Somebody who is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub project: ProjectId,
    /// The hash of the key it was begun with; `None` where a link began it.
    pub key: Option<[u8; 32]>,
    began: Timestamp,
    seen: Timestamp,
}

/// A session or a link, as it is kept under the start of its hash.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Kept {
    hash: [u8; 32],
    project: u32,
    key: Option<[u8; 32]>,
    began: Timestamp,
    seen: Timestamp,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum What {
    Session,
    /// Begins a session, once.
    Link,
}

impl Session {
    #[must_use]
    pub fn of_key(project: ProjectId, key: [u8; 32], now: Timestamp) -> Self {
        Self {
            key: Some(key),
            ..Self::of_link(project, now)
        }
    }

    fn of_link(project: ProjectId, now: Timestamp) -> Self {
        Self {
            project,
            key: None,
            began: now,
            seen: now,
        }
    }

    /// Whether its key still exists and carries the scope.
    #[must_use]
    pub fn may(&self, scope: Scope, keys: &Keys) -> bool {
        self.key.is_none_or(|key| {
            keys.get(&key)
                .is_some_and(|key| key.scopes.contains(&scope))
        })
    }
}

impl Kept {
    fn is_alive(&self, now: Timestamp) -> bool {
        let is_idle = self.what == What::Session && now - self.seen >= IDLE_MS;
        !is_idle && (self.began - APART_MS..self.began + ABSOLUTE_MS).contains(&now)
    }

    fn session(&self) -> Session {
        Session {
            project: ProjectId(self.project),
            key: self.key,
            began: self.began,
            seen: self.seen,
        }
    }
}

impl<'a> Visits<'a> {
    #[must_use]
    pub fn of(store: &'a Store) -> Self {
        Self { store }
    }

    /// Begins a session and gives back the secret for the cookie.
    ///
    /// # Errors
    /// When the store fails, or the machine has no randomness to give.
    pub async fn begin(&self, session: Session) -> Result<String, Refused> {
        self.keep(session, What::Session).await
    }

    /// The session of a cookie, if it is still alive; being asked for keeps it so.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, secret: &str, now: Timestamp) -> Result<Option<Session>, Refused> {
        let Some((kept, version)) = self.read(secret, What::Session).await? else {
            return Ok(None);
        };
        if !kept.is_alive(now) {
            self.remove((&kept, version)).await?;
            return Ok(None);
        }
        if now - kept.seen >= NOTED_MS {
            let put = put(&Kept { seen: now, ..kept })?;
            // Where it was ended meanwhile, it stays so.
            self.store.submit(expecting(&kept, version, put)).await?;
        }
        Ok(Some(kept.session()))
    }

    /// # Errors
    /// When the store fails.
    pub async fn end(&self, secret: &str) -> Result<(), Refused> {
        let Some((kept, _)) = self.read(secret, What::Session).await? else {
            return Ok(());
        };
        // Whatever its version: it may have been used just now.
        let command = writes(SYSTEM, vec![delete(&kept)]);
        self.store.submit(command).await?;
        Ok(())
    }

    /// The token of a link that signs in once.
    ///
    /// # Errors
    /// When the store fails, or the machine has no randomness to give.
    pub async fn link(&self, project: ProjectId, now: Timestamp) -> Result<String, Refused> {
        self.keep(Session::of_link(project, now), What::Link).await
    }

    /// Takes a link's token and begins its session; the second time, at whichever process, there is
    /// nothing to take.
    ///
    /// # Errors
    /// When the store fails, or the machine has no randomness to give.
    pub async fn follow(&self, token: &str, now: Timestamp) -> Result<Option<String>, Refused> {
        let Some((kept, version)) = self.read(token, What::Link).await? else {
            return Ok(None);
        };
        let is_taken = self.remove((&kept, version)).await?;
        if !is_taken || !kept.is_alive(now) {
            return Ok(None);
        }
        let session = Session::of_link(ProjectId(kept.project), now);
        self.begin(session).await.map(Some)
    }

    async fn keep(&self, session: Session, what: What) -> Result<String, Refused> {
        self.make_room(session.began).await?;
        let secret = secret()?;
        let kept = Kept {
            hash: hash(&secret),
            project: session.project.0,
            key: session.key,
            began: session.began,
            seen: session.seen,
            what,
        };
        match self.store.submit(expecting(&kept, 0, put(&kept)?)).await? {
            Outcome::Applied => Ok(secret),
            other => Err(Refused::Fault(format!("a session: {other:?}"))),
        }
    }

    async fn read(&self, secret: &str, what: What) -> Result<Option<(Kept, u64)>, Refused> {
        let hash = hash(secret);
        let record = self.store.get(SYSTEM, Kind::Visit, number(&hash)).await?;
        let Some(record) = record else {
            return Ok(None);
        };
        let kept: Kept = configuration::read(&record.body)?;
        let is_it = kept.hash == hash && kept.what == what;
        Ok(is_it.then_some((kept, record.version)))
    }

    /// `false` where somebody else changed or removed it meanwhile.
    async fn remove(&self, (kept, version): (&Kept, u64)) -> Result<bool, Refused> {
        let command = expecting(kept, version, delete(kept));
        Ok(self.store.submit(command).await? == Outcome::Applied)
    }

    /// Where there are many, the dead go, and if there are none, who was seen longest ago.
    async fn make_room(&self, now: Timestamp) -> Result<(), Refused> {
        let kind = Kind::Visit;
        if self.store.count_records(SYSTEM, kind).await? < u64::from(MAX_VISITS) {
            return Ok(());
        }
        let page = Page {
            after: 0,
            limit: 2 * MAX_VISITS,
            newest_first: false,
        };
        let mut all: Vec<Kept> = Vec::new();
        for record in self.store.list(SYSTEM, kind, page).await? {
            all.push(configuration::read(&record.body)?);
        }
        all.sort_unstable_by_key(|kept| (kept.is_alive(now), kept.seen));
        let dead = all.iter().filter(|kept| !kept.is_alive(now)).count();
        let going = all.iter().take(dead.max(1)).map(delete).collect();
        self.store.submit(writes(SYSTEM, going)).await?;
        Ok(())
    }
}

fn put(kept: &Kept) -> Result<Write, Refused> {
    Ok(Write::Put {
        kind: Kind::Visit,
        id: number(&kept.hash),
        body: configuration::write(kept)?,
    })
}

fn delete(kept: &Kept) -> Write {
    Write::Delete {
        kind: Kind::Visit,
        id: number(&kept.hash),
    }
}

fn expecting(kept: &Kept, version: u64, write: Write) -> Command {
    let expect = Expect {
        kind: Kind::Visit,
        id: number(&kept.hash),
        version,
    };
    Command {
        expects: vec![expect],
        ..writes(SYSTEM, vec![write])
    }
}

/// What a hash is kept under: 63 bits of it.
fn number(hash: &[u8; 32]) -> u64 {
    let start = hash.first_chunk().copied().unwrap_or_default();
    u64::from_be_bytes(start) >> 1
}

/// 128 bits in hexadecimal.
fn secret() -> Result<String, Refused> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Refused::Fault(error.to_string()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = 1_772_366_400_000;
    const PROJECT: ProjectId = ProjectId(2);

    #[tokio::test]
    async fn a_session_ends_idle_or_old() {
        let store = Store::memory();
        let visits = Visits::of(&store);
        let begin = || visits.begin(Session::of_link(PROJECT, NOON));
        let (used, idle) = (begin().await.unwrap(), begin().await.unwrap());
        let mut now = NOON;
        while now + IDLE_MS - 1 < NOON + ABSOLUTE_MS {
            now += IDLE_MS - 1;
            assert!(visits.find(&used, now).await.unwrap().is_some());
        }
        assert!(visits.find(&idle, NOON + IDLE_MS).await.unwrap().is_none());
        let over = NOON + ABSOLUTE_MS;
        assert!(visits.find(&used, over).await.unwrap().is_none());
        let back = visits.find(&used, NOON).await.unwrap();
        assert!(back.is_none(), "what ended stays so");
    }

    #[tokio::test]
    async fn what_was_ended_is_ended_for_all() {
        let store = Store::memory();
        let (here, there) = (Visits::of(&store), Visits::of(&store));
        let session = Session::of_link(PROJECT, NOON);
        let secret = here.begin(session).await.unwrap();
        let seen = there.find(&secret, NOON + 2 * NOTED_MS).await.unwrap();
        assert_eq!(seen.unwrap().project, PROJECT);
        there.end(&secret).await.unwrap();
        assert!(here.find(&secret, NOON).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_link_signs_in_once() {
        let store = Store::memory();
        let visits = Visits::of(&store);
        let token = visits.link(PROJECT, NOON).await.unwrap();
        assert_eq!(visits.follow("guess", NOON).await.unwrap(), None);
        let as_cookie = visits.find(&token, NOON).await.unwrap();
        assert!(as_cookie.is_none(), "a link is no session");
        let cookie = visits.follow(&token, NOON).await.unwrap().unwrap();
        let found = visits.find(&cookie, NOON).await.unwrap();
        assert_eq!(found.unwrap().project, PROJECT);
        assert_eq!(visits.follow(&token, NOON).await.unwrap(), None);
        let late = visits.link(PROJECT, NOON).await.unwrap();
        let followed = visits.follow(&late, NOON + ABSOLUTE_MS).await.unwrap();
        assert_eq!(followed, None);
    }

    #[tokio::test]
    async fn there_is_room_for_so_many() {
        let store = Store::memory();
        let visits = Visits::of(&store);
        let begin = |at| visits.begin(Session::of_link(PROJECT, at));
        let first = begin(NOON).await.unwrap();
        for later in 1..=i64::from(MAX_VISITS) {
            begin(NOON + later).await.unwrap();
        }
        let kept = store.count_records(SYSTEM, Kind::Visit).await.unwrap();
        assert_eq!(kept, u64::from(MAX_VISITS));
        assert!(visits.find(&first, NOON).await.unwrap().is_none());
    }

    #[test]
    fn a_session_may_what_its_key_may() {
        let session = Session::of_key(PROJECT, [7; 32], NOON);
        assert!(!session.may(Scope::ReportsRead, &Keys::new()), "key gone");
        assert!(Session::of_link(PROJECT, NOON).may(Scope::ReportsRead, &Keys::new()));
    }
}
