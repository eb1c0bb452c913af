//! Is somebody guessing codes? Failures are counted by the person named, by the address and by
//! its network, and whoever has too many waits, each time longer. What is counted stands in this
//! process's memory alone, under keyed hashes, and is bounded.

mod address;

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use axum::http::{HeaderMap, HeaderName, request::Parts};
use hmac::{Hmac, Mac};
use ledger::Timestamp;
use metrics::counter;
use sha2::Sha256;
use store::ProjectId;

pub use address::Peer;

/// How long a failure counts.
pub const WINDOW: i64 = 10 * 60_000;
/// The longest wait, and how long a clean record makes the next wait short again.
const LONGEST: i64 = 60 * 60_000;
/// Whoever failed is remembered as long as there are not so many after them.
const REMEMBERED: usize = 100_000;

/// The alarm looks at one minute at a time.
const MINUTE: i64 = 60_000;
/// So many failures in a minute, and more than every second code: somebody guesses.
const ALARMING: u32 = 20;

/// By what failures are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Person,
    /// One address of IPv4, 64 bits of IPv6.
    Address,
    /// 24 bits of IPv4, 48 of IPv6.
    Network,
}

impl Reach {
    fn limit(self) -> usize {
        match self {
            Self::Person => 5,
            Self::Address => 20,
            Self::Network => 60,
        }
    }
}

/// The most codes that one call from a browser may try.
pub const MOST_CODES: u32 = 5;

/// Who tries codes.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    pub project: ProjectId,
    /// As they name themselves.
    pub person: Option<&'a str>,
    pub address: Option<IpAddr>,
}

/// How long somebody has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Failures they might have had.
    pub limit: usize,
    pub until: Timestamp,
}

/// The codes of one call. They count as failures until it is known how many are there.
#[derive(Debug)]
pub struct Attempt {
    counted: Vec<(Reach, Hash)>,
    project: ProjectId,
    at: Timestamp,
    codes: u32,
    /// Codes that are not there for this caller.
    unknown: AtomicU32,
    wait: Option<Wait>,
    is_refused: AtomicBool,
}

impl Attempt {
    /// Whoever has to wait may still use a code that is theirs alone: it takes more than a guess
    /// to name both.
    #[must_use]
    pub fn only_own(&self) -> bool {
        self.wait.is_some()
    }

    /// Tells how many of the codes are not there. `false` where the caller has to wait.
    pub fn found_missing(&self, unknown: u32) -> bool {
        self.unknown.store(unknown, Ordering::Relaxed);
        let is_refused = self.wait.is_some() && unknown > 0;
        self.is_refused.store(is_refused, Ordering::Relaxed);
        !is_refused
    }

    /// How long the caller has to wait, where that is why the call was refused.
    #[must_use]
    pub fn refused(&self) -> Option<Wait> {
        self.wait
            .filter(|_| self.is_refused.load(Ordering::Relaxed))
    }
}

type Hash = [u8; 16];

/// What is remembered of failures.
pub struct Guessing {
    /// Drawn at the start: no hash says anything to another process, or later.
    key: [u8; 64],
    /// The header in which a trusted proxy tells the address.
    trusted: OnceLock<HeaderName>,
    memory: Mutex<Memory>,
}

struct Memory {
    /// How many of them there may be.
    most: usize,
    failed: HashMap<Hash, Failed>,
    /// In the order in which they came, to be forgotten.
    order: VecDeque<Hash>,
    minutes: HashMap<ProjectId, Minute>,
}

/// One person, address or network.
#[derive(Debug, Default)]
struct Failed {
    /// Within the window.
    at: Vec<Timestamp>,
    until: Timestamp,
    /// How often they had to wait.
    waits: u32,
}

/// What happened in a minute.
#[derive(Debug, Default)]
struct Minute {
    since: Timestamp,
    tried: u32,
    failed: u32,
    is_told: bool,
}

impl Guessing {
    #[must_use]
    pub fn new(key: [u8; 64]) -> Self {
        Self::remembering(REMEMBERED, key)
    }

    fn remembering(most: usize, key: [u8; 64]) -> Self {
        let memory = Memory {
            most,
            failed: HashMap::new(),
            order: VecDeque::new(),
            minutes: HashMap::new(),
        };
        Self {
            key,
            trusted: OnceLock::new(),
            memory: Mutex::new(memory),
        }
    }

    /// The proxy before us tells the caller's address in this header, whatever the caller sent.
    pub fn trust(&self, header: HeaderName) {
        self.trusted.get_or_init(|| header);
    }

    /// Where a request comes from.
    #[must_use]
    pub fn address(&self, parts: &Parts) -> Option<IpAddr> {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
        self.told(&parts.headers).or(peer)
    }

    fn told(&self, headers: &HeaderMap) -> Option<IpAddr> {
        address::last(headers, self.trusted.get()?)
    }

    /// Begins a call that tries so many codes.
    #[must_use]
    pub fn begin(&self, who: &Who<'_>, codes: u32, now: Timestamp) -> Arc<Attempt> {
        let counted = self.counted(who);
        let mut memory = self.memory();
        let wait = match codes {
            0 => None,
            _ => memory.wait(&counted, (codes, now)),
        };
        if wait.is_none() && codes > 0 {
            memory.fail(&counted, (codes, now));
        }
        Arc::new(Attempt {
            counted,
            project: who.project,
            at: now,
            codes,
            unknown: AtomicU32::new(0),
            wait,
            is_refused: AtomicBool::new(false),
        })
    }

    /// Ends it: what was there after all is no failure.
    pub fn end(&self, attempt: &Attempt) {
        if attempt.codes == 0 {
            return;
        }
        let unknown = attempt.unknown.load(Ordering::Relaxed).min(attempt.codes);
        let mut memory = self.memory();
        if attempt.wait.is_none() {
            memory.settle(attempt, attempt.codes - unknown);
        }
        let minute = memory.minutes.entry(attempt.project).or_default();
        let is_alarming = minute.saw((attempt.codes, unknown), attempt.at);
        drop(memory);
        tell(attempt, unknown);
        if is_alarming {
            counter!("proffer_guessing_alarms_total").increment(1);
            let project = attempt.project.0;
            tracing::warn!(
                project,
                "codes are being guessed: most of a minute's are unknown"
            );
        }
    }

    fn counted(&self, who: &Who<'_>) -> Vec<(Reach, Hash)> {
        let person = who
            .person
            .map(|name| (Reach::Person, name.as_bytes().to_vec()));
        let address = who.address.map(address::of);
        let network = who.address.map(address::network);
        let address = address.map(|bits| (Reach::Address, bits.to_vec()));
        let network = network.map(|bits| (Reach::Network, bits.to_vec()));
        let all = [person, address, network].into_iter().flatten();
        let hashed =
            |(reach, name): (Reach, Vec<u8>)| (reach, self.hash(who.project, reach, &name));
        all.map(hashed).collect()
    }

    fn hash(&self, project: ProjectId, reach: Reach, name: &[u8]) -> Hash {
        let mut mac = <Hmac<Sha256> as Mac>::new(&self.key.into());
        mac.update(&project.0.to_be_bytes());
        mac.update(&[reach as u8]);
        mac.update(name);
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        full.first_chunk().copied().unwrap_or_default()
    }

    /// Nothing in it can be half done, so that a panic elsewhere spoils nothing.
    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counted without a word of who it was.
fn tell(attempt: &Attempt, unknown: u32) {
    let refused = attempt.is_refused.load(Ordering::Relaxed);
    let failed = if refused { "refused" } else { "unknown" };
    let found = u64::from(attempt.codes - unknown);
    counter!("proffer_browser_codes_total", "outcome" => "found").increment(found);
    counter!("proffer_browser_codes_total", "outcome" => failed).increment(u64::from(unknown));
}

impl Memory {
    /// How long the slowest of them has to wait before so many codes.
    fn wait(&mut self, who: &[(Reach, Hash)], (codes, now): (u32, Timestamp)) -> Option<Wait> {
        let waits = who.iter().filter_map(|(reach, hash)| {
            let failed = self.failed.get_mut(hash)?;
            failed.forget(now);
            let until = failed.wait((reach.limit(), codes as usize), now)?;
            Some(Wait {
                limit: reach.limit(),
                until,
            })
        });
        waits.max_by_key(|wait| wait.until)
    }

    fn fail(&mut self, who: &[(Reach, Hash)], (codes, now): (u32, Timestamp)) {
        for (_, hash) in who {
            if !self.failed.contains_key(hash) {
                self.make_room();
                self.order.push_back(*hash);
            }
            let failed = self.failed.entry(*hash).or_default();
            failed.at.extend((0..codes).map(|_| now));
        }
    }

    fn make_room(&mut self) {
        while self.order.len() >= self.most {
            if let Some(oldest) = self.order.pop_front() {
                self.failed.remove(&oldest);
            }
        }
    }

    /// Takes back what was no failure, and makes those wait who reached their limit.
    fn settle(&mut self, attempt: &Attempt, found: u32) {
        for (reach, hash) in &attempt.counted {
            let Some(failed) = self.failed.get_mut(hash) else {
                continue;
            };
            for _ in 0..found {
                let place = failed.at.iter().rposition(|at| *at == attempt.at);
                place.map(|place| failed.at.remove(place));
            }
            if found < attempt.codes && failed.at.len() >= reach.limit() {
                failed.begin_to_wait(attempt.at);
            }
        }
    }
}

impl Failed {
    fn forget(&mut self, now: Timestamp) {
        // A sandbox's clock may go back: what lies ahead counts no more.
        self.at
            .retain(|at| (0..WINDOW).contains(&now.saturating_sub(*at)));
        if now.saturating_sub(self.until) > LONGEST {
            self.waits = 0;
        }
    }

    fn wait(&self, (limit, codes): (usize, usize), now: Timestamp) -> Option<Timestamp> {
        let left = self.until.saturating_sub(now);
        if (1..=LONGEST).contains(&left) {
            return Some(self.until);
        }
        let is_free = self.at.len() + codes <= limit;
        let first = self.at.first().map(|at| at.saturating_add(WINDOW));
        first.filter(|_| !is_free)
    }

    fn begin_to_wait(&mut self, now: Timestamp) {
        let length = WINDOW.saturating_mul(1 << self.waits.min(8)).min(LONGEST);
        self.until = now.saturating_add(length);
        self.waits = self.waits.saturating_add(1);
        self.at.clear();
    }
}

impl Minute {
    /// `true` once in a minute in which too many codes are unknown.
    fn saw(&mut self, (codes, unknown): (u32, u32), now: Timestamp) -> bool {
        if !(0..MINUTE).contains(&now.saturating_sub(self.since)) {
            *self = Self {
                since: now,
                ..Self::default()
            };
        }
        self.tried = self.tried.saturating_add(codes);
        self.failed = self.failed.saturating_add(unknown);
        let is_alarming = self.failed >= ALARMING && self.failed > self.tried / 2;
        is_alarming && !std::mem::replace(&mut self.is_told, is_alarming)
    }
}

#[cfg(test)]
mod tests;
