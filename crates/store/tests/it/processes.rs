//! What if many processes serve one database? Each handle here knows nothing of the others.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use cluster::Database;
use ledger::{AccountId, Kind as TransferKind, Limit, Opening, Transfer, TransferId};
use store::{Command, Expect, Fault, Index, Kind, Outcome, Page, Settings, Store, TransferFilter};

use crate::support::*;

/// So many handles on one database, which lives as long as they are used.
fn with_handles(count: usize, test: impl Fn(&Database, &[Store])) {
    let Some(database) = database() else {
        return;
    };
    let connect = |_| connect(&database, Settings::default());
    let stores: Vec<Store> = (0..count).map(connect).collect();
    test(&database, &stores);
}

/// Each of so many callers submits its command to one of the handles; how many were applied.
fn at_once(stores: &[Store], callers: u64, command: impl Fn(u64) -> Command + Sync) -> usize {
    let applied = AtomicUsize::new(0);
    thread::scope(|scope| {
        for caller in 0..callers {
            let store = &stores[caller as usize % stores.len()];
            let (command, applied) = (&command, &applied);
            scope.spawn(move || {
                let outcome = submit(store, command(caller));
                applied.fetch_add(usize::from(outcome == Outcome::Applied), Ordering::Relaxed);
            });
        }
    });
    applied.into_inner()
}

#[test]
fn they_share_one_limit() {
    with_handles(2, |_, stores| {
        let openings = budget(30);
        submit(
            &stores[0],
            Command {
                openings,
                ..command()
            },
        );
        let applied = at_once(stores, 80, |caller| Command {
            chain: vec![spend(caller + 1, 1, TransferKind::Direct)],
            ..command()
        });
        assert_eq!(applied, 30);
        let audit = run(stores[1].audit()).unwrap();
        assert!(audit.is_clean(), "{audit:?}");
    });
}

#[test]
fn a_unique_key_goes_to_one() {
    with_handles(3, |_, stores| {
        for round in 0..10 {
            let key = format!("KEY{round}");
            let applied = at_once(stores, 12, |caller| Command {
                writes: vec![link(Index::VoucherCode, &key, caller + 1)],
                ..command()
            });
            assert_eq!(applied, 1, "{key}");
        }
    });
}

#[test]
fn a_key_of_a_command_is_used_once() {
    with_handles(3, |_, stores| {
        let openings = budget(100);
        submit(
            &stores[0],
            Command {
                openings,
                ..command()
            },
        );
        for round in 1..=10_u64 {
            let applied = at_once(stores, 12, |caller| Command {
                once: once(round as u8, 1, "taken"),
                chain: vec![spend(round * 100 + caller, 1, TransferKind::Direct)],
                ..command()
            });
            assert_eq!(applied, 1);
        }
        let spent = run(stores[1].account(SHOP, account(SPENT)))
            .unwrap()
            .unwrap();
        assert_eq!(spent.credits.posted, 10);
    });
}

/// The first takes the last unit; the second may not be told that there is none.
#[test]
fn a_retry_elsewhere_is_never_refused() {
    with_handles(2, |_, stores| {
        for round in 1..=20_u64 {
            let opening = |id| Opening {
                id,
                asset: EUR,
                limit: Limit::DebitsWithinCredits,
                funding: Some((1, account(9), ledger::Code(1))),
            };
            let openings = vec![opening(AccountId {
                owner: 100 + round,
                ..account(BUDGET)
            })];
            let openings = [openings, budget(1)].concat();
            submit(
                &stores[0],
                Command {
                    openings,
                    ..command()
                },
            );
            let again = Command {
                once: once(round as u8, 1, "taken"),
                chain: vec![Transfer {
                    debit: AccountId {
                        owner: 100 + round,
                        ..account(BUDGET)
                    },
                    ..spend(round, 1, TransferKind::Direct)
                }],
                ..command()
            };
            let outcomes = thread::scope(|scope| {
                let both = stores.iter().map(|store| {
                    let again = again.clone();
                    scope.spawn(move || submit(store, again))
                });
                let both: Vec<_> = both.collect();
                both.into_iter()
                    .map(|one| one.join().unwrap())
                    .collect::<Vec<_>>()
            });
            assert!(
                outcomes
                    .iter()
                    .all(|one| matches!(one, Outcome::Applied | Outcome::Repeated { .. })),
                "{outcomes:?}"
            );
        }
    });
}

/// Each relies on the other's record not being there, and writes its own.
#[test]
fn what_is_expected_to_be_absent_stays_absent() {
    with_handles(2, |_, stores| {
        for round in 1..=20_u64 {
            let applied = at_once(stores, 2, |caller| {
                let (own, other) = (round * 10 + caller, round * 10 + 1 - caller);
                let expect = Expect {
                    kind: Kind::Voucher,
                    id: other,
                    version: 0,
                };
                Command {
                    expects: vec![expect],
                    writes: vec![put(own, "x")],
                    ..command()
                }
            });
            assert_eq!(applied, 1, "round {round}");
        }
        let kept = run(stores[0].count_records(SHOP, Kind::Voucher)).unwrap();
        assert_eq!(kept, 20);
    });
}

fn place(owner: u64) -> AccountId {
    AccountId {
        kind: SPENT,
        owner,
        party: 0,
        window: 0,
    }
}

fn open_places(count: u64) -> Command {
    let opening = |owner| Opening {
        id: place(owner),
        asset: EUR,
        limit: Limit::None,
        funding: None,
    };
    Command {
        openings: (0..count).map(opening).collect(),
        ..command()
    }
}

fn carry(chain: u64, from: u64, to: u64) -> Command {
    let transfer = Transfer {
        id: TransferId { chain, line: 0 },
        debit: place(from),
        credit: place(to),
        ..spend(chain, 1, TransferKind::Direct)
    };
    Command {
        chain: vec![transfer],
        ..command()
    }
}

#[test]
fn chains_that_cross_all_apply() {
    with_handles(4, |database, stores| {
        submit(&stores[0], open_places(12));
        let applied = at_once(stores, 120, |caller| {
            let (one, other) = (caller % 12, (caller * 5 + 1) % 12);
            let (from, to) = match caller % 2 {
                0 => (one, other),
                _ => (other, one),
            };
            match from == to {
                true => carry(caller + 1, from, (from + 1) % 12),
                false => carry(caller + 1, from, to),
            }
        });
        assert_eq!(applied, 120);
        assert!(run(stores[0].audit()).unwrap().is_clean());
        let client = client(database);
        let select = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        let deadlocks: i64 = run(client.query_one(select, &[])).unwrap().get(0);
        assert_eq!(deadlocks, 0);
    });
}

#[test]
fn what_is_overdue_is_let_go_by_one_of_them() {
    with_handles(3, |_, stores| {
        let openings = budget(40);
        submit(
            &stores[0],
            Command {
                openings,
                ..command()
            },
        );
        let pending = TransferKind::Pending {
            expires_at: NOW + 10,
        };
        let holds = (1..=40).map(|chain| Command {
            chain: vec![spend(chain, 1, pending)],
            ..command()
        });
        run(stores[0].submit_all(holds.collect())).unwrap();
        // Each of these finds the limit reached, unless what is overdue was let go.
        let applied = at_once(stores, 60, |caller| Command {
            now: NOW + 10,
            chain: vec![spend(1_000 + caller, 1, TransferKind::Direct)],
            ..command()
        });
        assert_eq!(applied, 40);
        assert!(run(stores[0].audit()).unwrap().is_clean());
    });
}

#[test]
fn of_those_that_start_at_once_one_migrates() {
    for _ in 0..3 {
        let Some(database) = database() else {
            return;
        };
        let stores: Vec<Store> = thread::scope(|scope| {
            let connect = || connect(&database, Settings::default());
            let all: Vec<_> = (0..4).map(|_| scope.spawn(connect)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        for (id, store) in (1..).zip(&stores) {
            let writes = vec![put(id, "x")];
            submit(
                store,
                Command {
                    writes,
                    ..command()
                },
            );
        }
        let kept = run(stores[0].count_records(SHOP, Kind::Voucher)).unwrap();
        assert_eq!(kept, 4);
    }
}

fn refusal(database: &Database) -> String {
    match run(Store::connect(database.url(), Settings::default())) {
        Err(Fault::Disk(what)) => what,
        Err(fault) => panic!("{fault}"),
        Ok(_) => panic!("it was connected"),
    }
}

#[test]
fn a_schema_that_is_not_known_is_not_served() {
    with_handles(1, |database, _| {
        let client = client(database);
        let tamper = |text: &str| run(client.batch_execute(text)).unwrap();
        tamper("INSERT INTO migrations VALUES (99, 1)");
        assert!(refusal(database).contains("newer"));
        tamper("DELETE FROM migrations WHERE number = 99; UPDATE migrations SET hash = 1");
        assert!(refusal(database).contains("another text"));
    });
}

#[test]
fn a_url_keeps_its_password_to_itself() {
    for url in [
        "postgres://shop:geheim@127.0.0.1:1/none",
        "postgres://shop:geheim@127.0.0.1:none/none",
        "password=geheim port=1 geheim=1",
    ] {
        let Err(fault) = run(Store::connect(url, Settings::default())) else {
            panic!("{url} was connected");
        };
        assert!(!fault.to_string().contains("geheim"), "{fault}");
    }
}

/// Whoever holds a view asks beside it, however many hold one.
#[test]
fn a_question_never_waits_for_a_view() {
    let Some(database) = database() else {
        return;
    };
    let settings = Settings {
        readers: 1,
        ..Settings::default()
    };
    let store = connect(&database, settings);
    submit(
        &store,
        Command {
            openings: budget(30),
            writes: vec![put(1, "x")],
            ..command()
        },
    );
    let mut view = store.view(SHOP).unwrap();
    assert!(run(view.get(Kind::Voucher, 1)).unwrap().is_some());
    let alone = run(store.get(SHOP, Kind::Voucher, 1)).unwrap();
    assert!(alone.is_some());
    let several = run(store.get_many(SHOP, Kind::Voucher, &[1, 2])).unwrap();
    assert_eq!(several[0], alone);
    let accounts = run(store.accounts(SHOP, &[account(SPENT)])).unwrap();
    assert!(accounts[0].is_some());
}

/// Somebody ends every connection of the stores again and again, wherever they are.
#[test]
fn a_lost_connection_loses_nothing_and_doubles_nothing() {
    with_handles(2, |database, stores| {
        let openings = budget(100_000);
        submit(
            &stores[0],
            Command {
                openings,
                ..command()
            },
        );
        let client = client(database);
        let (is_over, ended) = (AtomicBool::new(false), AtomicI64::new(0));
        let turns = thread::scope(|scope| {
            scope.spawn(|| {
                let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
                while !is_over.load(Ordering::Relaxed) {
                    let some = run(client.query_one(end, &[])).unwrap().get(0);
                    ended.fetch_add(some, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(40));
                }
            });
            let mut turns = 0;
            while turns < 10 || ended.load(Ordering::Relaxed) < 20 {
                let applied = at_once(stores, 20, |caller| {
                    let number = turns * 100 + caller + 1;
                    Command {
                        chain: vec![spend(number, 1, TransferKind::Direct)],
                        writes: vec![put(number, "x")],
                        ..command()
                    }
                });
                assert_eq!(applied, 20);
                turns += 1;
            }
            is_over.store(true, Ordering::Relaxed);
            turns as usize
        });
        let page = Page {
            after: 0,
            limit: 100_000,
            newest_first: false,
        };
        let filter = TransferFilter::Account(account(SPENT));
        let spent = run(stores[0].transfers(SHOP, filter, page)).unwrap();
        assert_eq!(spent.len(), turns * 20);
        let versions = run(stores[0].list(SHOP, Kind::Voucher, page)).unwrap();
        assert!(versions.iter().all(|record| record.version == 1));
        assert_eq!(versions.len(), turns * 20);
        assert!(run(stores[1].audit()).unwrap().is_clean());
    });
}

#[test]
fn answers_come_from_any_runtime() {
    with_handles(1, |_, stores| {
        let store = stores[0].clone();
        let writes = vec![put(1, "x")];
        submit(
            &store,
            Command {
                writes,
                ..command()
            },
        );
        let other = tokio::runtime::Builder::new_current_thread().build();
        let found = other.unwrap().block_on(store.get(SHOP, Kind::Voucher, 1));
        assert_eq!(found.unwrap().unwrap().version, 1);
    });
}

#[test]
fn a_balance_that_another_changed_is_seen_after_a_while() {
    with_handles(2, |_, stores| {
        let ids = [account(BUDGET)];
        assert_eq!(run(stores[0].balances(SHOP, &ids)).unwrap(), [None]);
        let openings = budget(5);
        submit(
            &stores[1],
            Command {
                openings,
                ..command()
            },
        );
        let is_seen = (0..500).any(|_| {
            thread::sleep(Duration::from_millis(20));
            run(stores[0].balances(SHOP, &ids)).unwrap() != [None]
        });
        assert!(is_seen);
    });
}

#[test]
fn a_failing_database_is_a_fault_and_the_store_lives_on() {
    with_handles(1, |database, stores| {
        let fails = "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE 'no space for %', NEW.body; END $$;
             CREATE TRIGGER fails BEFORE INSERT ON records FOR EACH ROW WHEN (NEW.id = 13)
             EXECUTE FUNCTION fails()";
        run(client(database).batch_execute(fails)).unwrap();
        let both = |id| Command {
            openings: budget(1),
            chain: vec![spend(id, 1, TransferKind::Direct)],
            writes: vec![put(id, "geheim")],
            ..command()
        };
        let fault = run(stores[0].submit(both(13))).unwrap_err();
        let Fault::Disk(what) = &fault else {
            panic!("{fault:?}")
        };
        // Neither the words nor the bytes of the row.
        assert!(what.contains("P0001"), "{what}");
        assert!(
            !what.contains("space") && !what.contains("676568"),
            "{what}"
        );
        let left = run(stores[0].account(SHOP, account(BUDGET))).unwrap();
        assert_eq!(left, None);
        assert_eq!(submit(&stores[0], both(14)), Outcome::Applied);
    });
}

#[test]
fn an_audit_finds_what_was_tampered_with() {
    with_handles(1, |database, stores| {
        submit(
            &stores[0],
            Command {
                openings: budget(100),
                chain: vec![spend(1, 60, TransferKind::Direct)],
                ..command()
            },
        );
        let tamper = "UPDATE accounts SET debits_posted = 61 WHERE kind = 1";
        run(client(database).batch_execute(tamper)).unwrap();
        assert_eq!(run(stores[0].audit()).unwrap().findings.len(), 2);
    });
}

#[test]
fn closing_drains_and_others_go_on() {
    with_handles(2, |_, stores| {
        let (closing, same) = (stores[0].clone(), stores[0].clone());
        let writes = vec![put(1, "x")];
        submit(
            &closing,
            Command {
                writes,
                ..command()
            },
        );
        run(closing.close()).unwrap();
        assert_eq!(run(same.submit(command())), Err(Fault::Closed));
        assert_eq!(submit(&stores[1], command()), Outcome::Applied);
        let found = run(stores[1].get(SHOP, Kind::Voucher, 1)).unwrap();
        assert_eq!(found.unwrap().version, 1);
    });
}

/// What is swept is older than any look-up.
#[test]
fn numbers_of_old_batches_are_swept() {
    with_handles(1, |database, stores| {
        let client = client(database);
        let old = "INSERT INTO batches VALUES (7, 'old', 1)";
        run(client.batch_execute(old)).unwrap();
        for _ in 0..300 {
            submit(&stores[0], command());
        }
        let count = "SELECT count(*), min(at) FROM batches WHERE project = 7";
        let row = run(client.query_one(count, &[])).unwrap();
        assert_eq!(row.get::<_, i64>(0), 300);
        assert!(row.get::<_, i64>(1) > 1);
    });
}
