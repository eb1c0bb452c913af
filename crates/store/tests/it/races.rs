//! Who wins when many want the same? One, and the others are told so.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ledger::{Kind as TransferKind, Rejection};
use store::{Command, Expect, Fault, Index, Kind, Outcome, Settings, Store};

use crate::support::*;

const CALLERS: usize = 200;

/// What so many callers at once were told.
fn at_once(store: &Store, command: impl Fn(u64) -> Command + Sync) -> Vec<Outcome> {
    let barrier = Barrier::new(CALLERS);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS as u64)
            .map(|caller| {
                let (barrier, command) = (&barrier, &command);
                scope.spawn(move || {
                    barrier.wait();
                    submit(store, command(caller))
                })
            })
            .collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    })
}

fn count(outcomes: &[Outcome], expected: &Outcome) -> usize {
    outcomes
        .iter()
        .filter(|outcome| *outcome == expected)
        .count()
}

#[test]
fn the_last_unit_goes_to_one() {
    on_each_engine(|store| {
        submit(
            store,
            Command {
                openings: budget(1),
                ..command()
            },
        );
        let outcomes = at_once(store, |caller| Command {
            chain: vec![spend(caller + 1, 1, TransferKind::Direct)],
            ..command()
        });
        let rejection = Rejection::LimitReached(account(BUDGET));
        assert_eq!(count(&outcomes, &Outcome::Applied), 1);
        assert_eq!(
            count(&outcomes, &Outcome::Rejected { line: 0, rejection }),
            CALLERS - 1
        );
        assert!(run(store.audit()).unwrap().is_clean());
    });
}

#[test]
fn no_balance_is_older_than_what_was_acknowledged() {
    on_each_engine(|store| {
        let opening = Command {
            openings: budget(100_000),
            ..command()
        };
        submit(store, opening);
        let acknowledged = AtomicU64::new(0);
        let spent = || {
            let balances = run(store.balances(SHOP, &[account(BUDGET)])).unwrap();
            balances[0].unwrap().debits.posted
        };
        let check = &|caller: u64| {
            for turn in 0..40 {
                let chain = vec![spend(1 + caller * 100 + turn, 1, TransferKind::Direct)];
                submit(store, Command { chain, ..command() });
                acknowledged.fetch_add(1, Ordering::SeqCst);
                let least = acknowledged.load(Ordering::SeqCst);
                assert!(spent() >= least, "{} of {least}", spent());
            }
        };
        thread::scope(|scope| {
            for caller in 0..8 {
                scope.spawn(move || check(caller));
            }
        });
        assert_eq!(spent(), 8 * 40);
    });
}

#[test]
fn a_balance_that_another_process_changed_is_seen_after_a_while() {
    let scratch = Scratch::new();
    let (one, other) = (scratch.open("two.db"), scratch.open("two.db"));
    let opening = Command {
        openings: budget(5),
        ..command()
    };
    let ids = [account(BUDGET)];
    assert_eq!(run(one.balances(SHOP, &ids)).unwrap(), [None]);
    submit(&other, opening);
    let is_seen = (0..500).any(|_| {
        thread::sleep(Duration::from_millis(20));
        run(one.balances(SHOP, &ids)).unwrap() != [None]
    });
    assert!(is_seen);
}

#[test]
fn a_retry_that_races_with_itself_takes_one_use() {
    on_each_engine(|store| {
        submit(
            store,
            Command {
                openings: budget(1000),
                ..command()
            },
        );
        let outcomes = at_once(store, |caller| Command {
            once: once(1, 1, "taken"),
            chain: vec![spend(caller + 1, 1, TransferKind::Direct)],
            ..command()
        });
        assert_eq!(count(&outcomes, &Outcome::Applied), 1);
        let repeated = Outcome::Repeated {
            answer: b"taken".to_vec(),
        };
        assert_eq!(count(&outcomes, &repeated), CALLERS - 1);
        let budget = run(store.account(SHOP, account(BUDGET))).unwrap().unwrap();
        assert_eq!(budget.available(), Some(999));
    });
}

#[test]
fn a_unique_key_goes_to_one() {
    on_each_engine(|store| {
        let outcomes = at_once(store, |caller| Command {
            writes: vec![link(Index::VoucherCode, "ABC", caller + 1)],
            ..command()
        });
        assert_eq!(count(&outcomes, &Outcome::Applied), 1);
        let holder = run(store.find_one(SHOP, Index::VoucherCode, b"ABC"))
            .unwrap()
            .unwrap();
        assert_eq!(outcomes[holder as usize - 1], Outcome::Applied);
    });
}

#[test]
fn holds_and_returns_never_lose_a_unit() {
    on_each_engine(|store| {
        submit(
            store,
            Command {
                openings: budget(10),
                ..command()
            },
        );
        let granted = AtomicUsize::new(0);
        at_once(store, |caller| {
            let chain = 10 * (caller + 1);
            let pending = TransferKind::Pending {
                expires_at: NOW + 1_000,
            };
            let hold = Command {
                chain: vec![spend(chain, 1, pending)],
                ..command()
            };
            if submit(store, hold) == Outcome::Applied {
                granted.fetch_add(1, Ordering::Relaxed);
            }
            let void = TransferKind::Void {
                pending: held(chain),
            };
            Command {
                chain: vec![spend(chain + 1, 0, void)],
                ..command()
            }
        });
        assert!(granted.load(Ordering::Relaxed) >= 10);
        let budget = run(store.account(SHOP, account(BUDGET))).unwrap().unwrap();
        assert_eq!((budget.debits.pending, budget.available()), (0, Some(10)));
    });
}

#[test]
fn two_processes_on_one_file_share_one_limit() {
    let scratch = Scratch::new();
    // Two handles that know nothing of each other, as two processes would have.
    let stores = [scratch.open("shared.db"), scratch.open("shared.db")];
    submit(
        &stores[0],
        Command {
            openings: budget(30),
            ..command()
        },
    );
    let applied = AtomicUsize::new(0);
    thread::scope(|scope| {
        for caller in 0..40 {
            let (store, applied) = (&stores[caller as usize % 2], &applied);
            scope.spawn(move || {
                let chain = vec![spend(caller + 1, 1, TransferKind::Direct)];
                let outcome = submit(store, Command { chain, ..command() });
                applied.fetch_add(usize::from(outcome == Outcome::Applied), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(applied.into_inner(), 30);
    assert!(run(stores[1].audit()).unwrap().is_clean());
}

#[test]
fn a_full_queue_says_so_and_does_nothing() {
    let scratch = Scratch::new();
    let settings = Settings {
        queue: 1,
        batch: 1,
        ..Settings::default()
    };
    let store = Store::open(&scratch.file("busy.db"), settings).unwrap();
    let applied = AtomicUsize::new(0);
    let busy = AtomicUsize::new(0);
    thread::scope(|scope| {
        for caller in 0..64 {
            let (store, applied, busy) = (&store, &applied, &busy);
            scope.spawn(move || {
                match run(store.submit(Command {
                    writes: vec![put(caller, "x")],
                    ..command()
                })) {
                    Ok(_) => applied.fetch_add(1, Ordering::Relaxed),
                    Err(fault) => {
                        assert_eq!(fault, Fault::Busy);
                        busy.fetch_add(1, Ordering::Relaxed)
                    }
                }
            });
        }
    });
    let kept = run(store.count_records(SHOP, store::Kind::Voucher)).unwrap();
    assert_eq!(kept as usize, applied.load(Ordering::Relaxed));
    assert_eq!(applied.into_inner() + busy.into_inner(), 64);
}

/// A writer knows the highest numbers it kept; what another process kept above them is found.
#[test]
fn what_another_process_kept_above_is_found() {
    let scratch = Scratch::new();
    let (one, other) = (scratch.open("above.db"), scratch.open("above.db"));
    let openings = budget(10);
    submit(
        &one,
        Command {
            openings,
            writes: vec![put(5, "ours")],
            chain: vec![spend(5, 1, TransferKind::Direct)],
            ..command()
        },
    );
    let theirs = Command {
        writes: vec![put(9, "theirs")],
        chain: vec![spend(9, 1, TransferKind::Direct)],
        ..command()
    };
    assert_eq!(submit(&other, theirs), Outcome::Applied);
    let as_new = Command {
        expects: vec![expect(9, 0)],
        ..command()
    };
    let stale = Outcome::Stale {
        kind: Some(Kind::Voucher),
        id: 9,
    };
    assert_eq!(submit(&one, as_new), stale);
    // The same number again, for another amount.
    let again = Command {
        chain: vec![spend(9, 2, TransferKind::Direct)],
        ..command()
    };
    let known = Outcome::Rejected {
        line: 0,
        rejection: Rejection::ExistsWithDifferentContent,
    };
    assert_eq!(submit(&one, again), known);
    let over = Command {
        expects: vec![expect(9, 1)],
        writes: vec![put(9, "ours")],
        ..command()
    };
    assert_eq!(submit(&one, over), Outcome::Applied);
    let kept = run(one.get(SHOP, Kind::Voucher, 9)).unwrap().unwrap();
    assert_eq!(
        (kept.version, kept.body.as_slice()),
        (2, b"ours".as_slice())
    );
    assert!(run(one.audit()).unwrap().is_clean());
}

fn expect(id: u64, version: u64) -> Expect {
    Expect {
        kind: Kind::Voucher,
        id,
        version,
    }
}
