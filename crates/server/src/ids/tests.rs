//! Is an id ever drawn twice? Rows, and processes whose clocks jump.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicI64, AtomicU64},
};

use simulation::Chance;

use super::*;

/// 2026-11-21T12:00:00Z.
const NOON: Timestamp = 1_795_262_400_000;
const MINUTE: Timestamp = 60_000;
const YEAR: Timestamp = 365 * 24 * 60 * MINUTE;

/// A clock that is set by the test, and the numbers of a process that reads it.
struct Process {
    clock: Arc<AtomicI64>,
    ids: Ids,
    owner: Owner,
}

impl Process {
    async fn start(store: &Store, at: Timestamp) -> Self {
        static OWNERS: AtomicU64 = AtomicU64::new(1);
        let clock = Arc::new(AtomicI64::new(at));
        let shown = clock.clone();
        let ids = Ids::by(move || shown.load(Ordering::Relaxed));
        let mut owner = Owner::default();
        owner[..8].copy_from_slice(&OWNERS.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        ids.keep(store, owner).await.unwrap();
        Self { clock, ids, owner }
    }

    fn shows(&self, at: Timestamp) {
        self.clock.store(at, Ordering::Relaxed);
    }

    async fn keep(&self, store: &Store) {
        self.ids.keep(store, self.owner).await.unwrap();
    }

    fn draw(&self) -> u64 {
        self.ids.next().unwrap()
    }

    fn node(&self) -> u64 {
        self.draw() & 1023
    }
}

#[tokio::test]
async fn ids_rise_and_fit() {
    let store = Store::memory();
    let process = Process::start(&store, NOON).await;
    let drawn: Vec<u64> = (0..10_000).map(|_| process.draw()).collect();
    assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(drawn.iter().all(|id| *id < 1 << 63));
    let milliseconds = drawn[0] >> (SEQUENCE_BITS + NODE_BITS);
    assert_eq!(milliseconds, (NOON - EPOCH_MS) as u64, "by the clock");
}

#[test]
fn counting_is_the_same_again() {
    let drawn = || {
        let ids = Ids::counting();
        [(); 3].map(|()| ids.next().unwrap())
    };
    assert_eq!(drawn(), drawn());
}

/// Three processes whose clocks jump by up to a year either way, whose leases are renewed or not,
/// and of which one is killed or stopped now and then, and another started.
#[tokio::test]
async fn no_id_is_drawn_twice_whatever_the_clocks_show() {
    for seed in 0..40 {
        let store = Store::memory();
        let chance = Chance::new(seed);
        let mut drawn = HashSet::new();
        let mut processes = Vec::new();
        for _ in 0..3 {
            processes.push(Process::start(&store, NOON).await);
        }
        for step in 0..300 {
            let pick = |bound, question| chance.below(bound, (step, question, 0));
            let at = pick(3, 0) as usize;
            let jumped = NOON + [MINUTE / 4, 2 * MINUTE, YEAR][pick(3, 1) as usize];
            match pick(8, 2) {
                0 => processes[at].shows(jumped),
                1 => processes[at].shows(2 * NOON - jumped),
                2 | 3 => processes[at].keep(&store).await,
                // Killed: nothing is given back.
                4 if pick(4, 3) == 0 => processes[at] = Process::start(&store, jumped).await,
                5 if pick(4, 3) == 0 => {
                    let gone = &processes[at];
                    gone.ids.give_back(&store, gone.owner).await.unwrap();
                    assert!(gone.ids.next().is_err(), "nothing is drawn after");
                    processes[at] = Process::start(&store, NOON).await;
                }
                _ => {}
            }
            for process in &processes {
                for _ in 0..5 {
                    let id = process.draw();
                    assert!(drawn.insert(id), "seed {seed}, step {step}: {id} again");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_number_is_used_again_when_given_back_or_past() {
    let store = Store::memory();
    let [one, other] = [
        Process::start(&store, NOON).await,
        Process::start(&store, NOON).await,
    ];
    assert_ne!(one.node(), other.node());
    one.ids.give_back(&store, one.owner).await.unwrap();
    let next = Process::start(&store, NOON).await;
    assert_eq!(next.node(), one.stretch_node(), "given back");
    let early = Process::start(&store, NOON + MINUTE / 2).await;
    assert!(early.node() != next.node() && early.node() != other.node());
    let late = Process::start(&store, NOON + 2 * MINUTE).await;
    let before = [next.node(), other.node(), early.node()];
    assert!(before.contains(&late.node()), "past: {}", late.node());
}

impl Process {
    fn stretch_node(&self) -> u64 {
        self.ids.stretch.load().node
    }
}

/// Whoever was robbed of the number, because another's clock was ahead, takes another.
#[tokio::test]
async fn who_lost_the_number_takes_another() {
    let store = Store::memory();
    let one = Process::start(&store, NOON).await;
    let hasty = Process::start(&store, NOON + YEAR).await;
    assert_eq!(hasty.node(), one.node());
    let own = one.draw();
    assert!(own < hasty.draw(), "below where the other began");
    one.shows(NOON + MINUTE);
    one.keep(&store).await;
    assert_ne!(one.node(), hasty.node());
}

/// Half a stretch is left to a process that cannot reach the store, and not one id more.
#[tokio::test]
async fn who_cannot_renew_stops_at_the_end() {
    let store = Store::memory();
    let process = Process::start(&store, NOON).await;
    process.shows(NOON + YEAR);
    let first = process.draw();
    let stretch = process.ids.stretch.load_full();
    let end = stretch.end.load(Ordering::Relaxed);
    assert!(first >> NODE_BITS < end);
    stretch.last.store(end - 3, Ordering::Relaxed);
    assert_eq!(process.draw() >> NODE_BITS, end - 2);
    assert_eq!(process.draw() >> NODE_BITS, end - 1);
    let none = process.ids.next().map_err(|refused| refused.code());
    assert_eq!(none, Err("no_ids"));
    process.keep(&store).await;
    assert!(process.draw() >> NODE_BITS >= end);
}
