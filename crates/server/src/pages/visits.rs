//! Who is looking at the pages? Sessions in memory: a random number in a cookie, its hash here.
//!
//! A restart signs everybody out. What a session may see is what its key may read; a session from
//! a link may see everything of the sandbox.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ledger::Timestamp;
use store::ProjectId;

use crate::auth::{Keys, Scope, hash};

/// A session that nobody used for so long has ended.
const IDLE_MS: Timestamp = 30 * 60_000;
/// No session lives longer than this, used or not.
const ABSOLUTE_MS: Timestamp = 12 * 3_600_000;
/// One more session, or link, ends the oldest.
const MAX_SESSIONS: usize = 1_000;
const MAX_LINKS: usize = 100;

/// Everybody who is signed in, and the links that may still be used to.
#[derive(Default)]
pub struct Visits {
    sessions: Mutex<HashMap<[u8; 32], Session>>,
    links: Mutex<HashMap<[u8; 32], Link>>,
}

/// Somebody who is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub project: ProjectId,
    /// The hash of the key it was begun with; `None` where a link began it.
    key: Option<[u8; 32]>,
    began: Timestamp,
    seen: Timestamp,
}

#[derive(Clone, Copy)]
struct Link {
    project: ProjectId,
    made: Timestamp,
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

    fn is_alive(&self, now: Timestamp) -> bool {
        now - self.seen < IDLE_MS && now - self.began < ABSOLUTE_MS
    }
}

impl Visits {
    /// Begins a session and gives back the secret for the cookie.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn begin(&self, session: Session) -> Result<String, getrandom::Error> {
        let secret = secret()?;
        let mut sessions = locked(&self.sessions);
        sessions.retain(|_, known| known.is_alive(session.began));
        make_room(&mut sessions, MAX_SESSIONS, |known| known.seen);
        sessions.insert(hash(&secret), session);
        Ok(secret)
    }

    /// The session of a cookie, if it is still alive; being asked for keeps it so.
    #[must_use]
    pub fn find(&self, secret: &str, now: Timestamp) -> Option<Session> {
        let mut sessions = locked(&self.sessions);
        let key = hash(secret);
        let session = sessions.get_mut(&key)?;
        if !session.is_alive(now) {
            sessions.remove(&key);
            return None;
        }
        session.seen = now;
        Some(*session)
    }

    pub fn end(&self, secret: &str) {
        locked(&self.sessions).remove(&hash(secret));
    }

    /// The token of a link that signs in once.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn link(&self, project: ProjectId, now: Timestamp) -> Result<String, getrandom::Error> {
        let token = secret()?;
        let mut links = locked(&self.links);
        make_room(&mut links, MAX_LINKS, |link| link.made);
        links.insert(hash(&token), Link { project, made: now });
        Ok(token)
    }

    /// Takes a link's token and begins its session; the second time there is nothing to take.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn follow(&self, token: &str, now: Timestamp) -> Result<Option<String>, getrandom::Error> {
        let link = locked(&self.links).remove(&hash(token));
        let is_fresh = |link: &Link| now - link.made < ABSOLUTE_MS;
        link.filter(is_fresh)
            .map(|link| self.begin(Session::of_link(link.project, now)))
            .transpose()
    }
}

/// Sessions and links are whole at every moment, so a panic elsewhere does not spoil them.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn make_room<T>(all: &mut HashMap<[u8; 32], T>, limit: usize, age: impl Fn(&T) -> Timestamp) {
    if all.len() < limit {
        return;
    }
    let oldest = all.iter().min_by_key(|(_, one)| age(one));
    if let Some(key) = oldest.map(|(key, _)| *key) {
        all.remove(&key);
    }
}

/// 128 bits in hexadecimal.
fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = 1_772_366_400_000;
    const PROJECT: ProjectId = ProjectId(2);

    #[test]
    fn a_session_ends_idle_or_old() {
        let visits = Visits::default();
        let begin = || visits.begin(Session::of_link(PROJECT, NOON)).unwrap();
        let used = begin();
        let idle = begin();
        let mut now = NOON;
        while now + IDLE_MS - 1 < NOON + ABSOLUTE_MS {
            now += IDLE_MS - 1;
            assert!(visits.find(&used, now).is_some());
        }
        assert!(visits.find(&idle, NOON + IDLE_MS).is_none());
        assert!(visits.find(&used, NOON + ABSOLUTE_MS).is_none());
        assert!(visits.find(&used, NOON).is_none(), "what ended stays so");
    }

    #[test]
    fn a_link_signs_in_once() {
        let visits = Visits::default();
        let token = visits.link(PROJECT, NOON).unwrap();
        assert_eq!(visits.follow("guess", NOON).unwrap(), None);
        let cookie = visits.follow(&token, NOON).unwrap().unwrap();
        assert_eq!(visits.find(&cookie, NOON).unwrap().project, PROJECT);
        assert_eq!(visits.follow(&token, NOON).unwrap(), None);
        let late = visits.link(PROJECT, NOON).unwrap();
        assert_eq!(visits.follow(&late, NOON + ABSOLUTE_MS).unwrap(), None);
    }

    #[test]
    fn there_is_room_for_so_many() {
        let visits = Visits::default();
        let first = visits.begin(Session::of_link(PROJECT, NOON)).unwrap();
        for later in 1..=MAX_SESSIONS as i64 {
            visits
                .begin(Session::of_link(PROJECT, NOON + later))
                .unwrap();
        }
        assert_eq!(locked(&visits.sessions).len(), MAX_SESSIONS);
        assert!(visits.find(&first, NOON).is_none());
    }

    #[test]
    fn a_session_may_what_its_key_may() {
        let session = Session::of_key(PROJECT, [7; 32], NOON);
        assert!(!session.may(Scope::ReportsRead, &Keys::new()), "key gone");
        assert!(Session::of_link(PROJECT, NOON).may(Scope::ReportsRead, &Keys::new()));
    }
}
