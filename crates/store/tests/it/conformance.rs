//! What does each command come to? A row per happening, on every engine.

use ledger::{Kind as TransferKind, PendingState, Rejection, Transfer, TransferId};
use store::{
    Command, Expect, Index, Kind, Outcome, ProjectId, Settings, Store, TransferFilter, Write,
};

use crate::support::*;

/// One command after the other, each with what it comes to; then the audit is clean.
fn check(rows: Vec<(Command, Outcome)>) {
    on_each_engine(|store| {
        for (number, (command, expected)) in rows.iter().enumerate() {
            assert_eq!(
                submit(store, command.clone()),
                *expected,
                "row {number}: {command:?}"
            );
        }
        assert_eq!(run(store.audit()).unwrap().findings, []);
    });
    // The same rows in one batch: later commands see what earlier ones did.
    on_each_engine(|store| {
        let commands = rows.iter().map(|(command, _)| command.clone()).collect();
        let expected: Vec<_> = rows.iter().map(|(_, expected)| expected.clone()).collect();
        assert_eq!(run(store.submit_all(commands)).unwrap(), expected);
        assert_eq!(run(store.audit()).unwrap().findings, []);
    });
}

fn writes(writes: Vec<Write>) -> Command {
    Command {
        writes,
        ..command()
    }
}

fn chain(lines: Vec<Transfer>) -> Command {
    Command {
        openings: budget(100),
        chain: lines,
        ..command()
    }
}

fn expects(version: u64, then: Write) -> Command {
    let expect = Expect {
        kind: Kind::Voucher,
        id: 1,
        version,
    };
    Command {
        expects: vec![expect],
        writes: vec![then],
        ..command()
    }
}

fn stale(id: u64) -> Outcome {
    Outcome::Stale {
        kind: Some(Kind::Voucher),
        id,
    }
}

fn taken(id: u64) -> Outcome {
    Outcome::Stale { kind: None, id }
}

fn rejected(line: usize, rejection: Rejection) -> Outcome {
    Outcome::Rejected { line, rejection }
}

fn repeated(answer: &str) -> Outcome {
    Outcome::Repeated {
        answer: answer.into(),
    }
}

use Outcome::{Applied, Mismatched};

#[test]
fn a_retry_gets_the_first_answer() {
    let first = Command {
        once: once(1, 1, "first"),
        writes: vec![put(1, "a")],
        ..command()
    };
    let again = Command {
        once: once(1, 1, "second"),
        ..first.clone()
    };
    let other = Command {
        once: once(1, 2, "third"),
        ..first.clone()
    };
    let elsewhere = Command {
        project: ProjectId(8),
        ..other.clone()
    };
    check(vec![
        (first, Applied),
        (again.clone(), repeated("first")),
        (other, Mismatched),
        (elsewhere, Applied),
        (again, repeated("first")),
        (expects(1, put(1, "written once")), Applied),
    ]);
}

#[test]
fn a_refused_command_does_not_use_up_its_key() {
    let retried = || Command {
        once: once(1, 1, "yes"),
        ..expects(1, put(1, "b"))
    };
    check(vec![
        (retried(), stale(1)),
        (writes(vec![put(1, "a")]), Applied),
        (retried(), Applied),
        (retried(), repeated("yes")),
    ]);
}

#[test]
fn versions_rise_by_one_from_one() {
    check(vec![
        (expects(1, put(1, "too early")), stale(1)),
        (expects(0, put(1, "a")), Applied),
        (expects(0, put(1, "too late")), stale(1)),
        (expects(1, put(1, "b")), Applied),
        (writes(vec![put(1, "c"), put(1, "d")]), Applied),
        (expects(4, delete(1)), Applied),
        (expects(4, put(1, "gone")), stale(1)),
        (writes(vec![delete(1), put(1, "e")]), Applied),
        (expects(1, delete(1)), Applied),
        (expects(0, delete(1)), Applied),
    ]);
}

#[test]
fn a_unique_key_points_to_one() {
    let code = Index::VoucherCode;
    let many = Index::VouchersOfCampaign;
    check(vec![
        (writes(vec![link(code, "ABC", 1)]), Applied),
        (writes(vec![link(code, "ABC", 1)]), Applied),
        (
            writes(vec![put(2, "no trace"), link(code, "ABC", 2)]),
            taken(1),
        ),
        (expects(0, delete(2)), Applied),
        (writes(vec![link(code, "ABD", 2)]), Applied),
        (
            writes(vec![link(code, "ABE", 3), link(code, "ABE", 4)]),
            taken(3),
        ),
        (writes(vec![unlink(code, "ABC", 9)]), Applied),
        (writes(vec![link(code, "ABC", 2)]), taken(1)),
        (
            writes(vec![link(code, "ABC", 2), unlink(code, "ABC", 1)]),
            Applied,
        ),
        (
            writes(vec![unlink(code, "ABC", 2), link(code, "ABC", 2)]),
            Applied,
        ),
        (writes(vec![link(code, "ABC", 3)]), taken(2)),
        (
            writes(vec![
                link(many, "5", 1),
                link(many, "5", 2),
                link(many, "5", 2),
            ]),
            Applied,
        ),
        (
            writes(vec![unlink(many, "5", 2), unlink(many, "5", 3)]),
            Applied,
        ),
    ]);
}

#[test]
fn a_chain_applies_whole_or_not_at_all() {
    let second = |chain, amount| Transfer {
        id: TransferId { chain, line: 1 },
        ..spend(chain, amount, TransferKind::Direct)
    };
    let limit = Rejection::LimitReached(account(BUDGET));
    let changed = Rejection::ExistsWithDifferentContent;
    check(vec![
        (
            chain(vec![spend(1, 60, TransferKind::Direct), second(1, 41)]),
            rejected(1, limit),
        ),
        (
            chain(vec![spend(1, 60, TransferKind::Direct), second(1, 40)]),
            Applied,
        ),
        (
            chain(vec![spend(1, 60, TransferKind::Direct), second(1, 40)]),
            Applied,
        ),
        (
            chain(vec![spend(1, 61, TransferKind::Direct)]),
            rejected(0, changed),
        ),
        (
            chain(vec![spend(2, 1, TransferKind::Direct)]),
            rejected(0, limit),
        ),
        (chain(vec![spend(2, 0, TransferKind::Direct)]), Applied),
    ]);
}

#[test]
fn a_refused_command_opens_nothing() {
    let missing = Rejection::AccountMissing(account(BUDGET));
    let unfunded = |chain| Command {
        chain: vec![chain],
        ..command()
    };
    check(vec![
        (
            chain(vec![spend(1, 101, TransferKind::Direct)]),
            rejected(0, Rejection::LimitReached(account(BUDGET))),
        ),
        (
            unfunded(spend(1, 1, TransferKind::Direct)),
            rejected(0, missing),
        ),
        (
            Command {
                openings: budget(50),
                ..command()
            },
            Applied,
        ),
        (
            Command {
                openings: budget(50),
                ..command()
            },
            Applied,
        ),
        (unfunded(spend(1, 50, TransferKind::Direct)), Applied),
    ]);
}

#[test]
fn what_is_held_is_posted_voided_or_lapses_once() {
    let hold = |number, amount| {
        chain(vec![spend(
            number,
            amount,
            TransferKind::Pending {
                expires_at: NOW + 10,
            },
        )])
    };
    let post = |number, of, amount| {
        chain(vec![spend(
            number,
            amount,
            TransferKind::Post { pending: held(of) },
        )])
    };
    let void = |number, of| {
        chain(vec![spend(
            number,
            0,
            TransferKind::Void { pending: held(of) },
        )])
    };
    let later = |command: Command| Command {
        now: NOW + 10,
        ..command
    };
    let limit = Rejection::LimitReached(account(BUDGET));
    let closed = Rejection::PendingClosed;
    check(vec![
        (hold(1, 60), Applied),
        (hold(2, 40), Applied),
        (hold(3, 1), rejected(0, limit)),
        (
            post(4, 1, 61),
            rejected(0, Rejection::MoreThanPending { pending: 60 }),
        ),
        (post(4, 1, 50), Applied),
        (post(5, 1, 10), rejected(0, closed(PendingState::Posted))),
        (hold(3, 10), Applied),
        (void(6, 3), Applied),
        (void(7, 3), rejected(0, closed(PendingState::Voided))),
        (later(hold(8, 51)), rejected(0, limit)),
        (later(hold(8, 50)), Applied),
        (
            later(post(9, 2, 40)),
            rejected(0, closed(PendingState::Expired)),
        ),
        (
            post(9, 99, 1),
            rejected(0, Rejection::PendingMissing(held(99))),
        ),
    ]);
}

#[test]
fn what_is_overdue_gives_back_before_anyone_is_refused() {
    on_each_engine(|store| {
        let hold = spend(
            1,
            100,
            TransferKind::Pending {
                expires_at: NOW + 10,
            },
        );
        assert_eq!(submit(store, chain(vec![hold])), Applied);
        let other = |now| Command {
            now,
            ..chain(vec![spend(2, 100, TransferKind::Direct)])
        };
        let limit = Rejection::LimitReached(account(BUDGET));
        assert_eq!(submit(store, other(NOW + 9)), rejected(0, limit));
        assert_eq!(submit(store, other(NOW + 10)), Applied);
        let page = store::Page {
            after: 0,
            limit: 9,
            newest_first: false,
        };
        let saved = run(store.transfers(SHOP, TransferFilter::Chain(1), page)).unwrap();
        assert_eq!(saved[0].state, Some(PendingState::Expired));
    });
}

#[test]
fn many_that_end_together_are_let_go_as_they_are_needed() {
    let scratch = Scratch::new();
    let few = Settings {
        expiries: 2,
        ..Settings::default()
    };
    let store = Store::open(&scratch.file("few.db"), few).unwrap();
    let until = TransferKind::Pending {
        expires_at: NOW + 10,
    };
    for number in 1..=10 {
        assert_eq!(
            submit(&store, chain(vec![spend(number, 10, until)])),
            Applied
        );
    }
    let later = |chain| Command {
        now: NOW + 10,
        chain,
        ..command()
    };
    let budget = || {
        let found = run(store.account(SHOP, account(BUDGET))).unwrap().unwrap();
        (found.debits.pending, found.available().unwrap())
    };
    // Two go unasked.
    let direct = TransferKind::Direct;
    assert_eq!(submit(&store, later(vec![])), Applied);
    assert_eq!(budget(), (80, 20));
    // Two go unasked and as many more as the command needs.
    assert_eq!(submit(&store, later(vec![spend(11, 75, direct)])), Applied);
    assert_eq!(budget(), (20, 5));
    // Who ends one finds it ended.
    let post = TransferKind::Post { pending: held(10) };
    let rejection = Rejection::PendingClosed(PendingState::Expired);
    let outcome = submit(&store, later(vec![spend(12, 1, post)]));
    assert_eq!(outcome, rejected(0, rejection));
    // The rest goes before anyone is refused.
    let limit = Rejection::LimitReached(account(BUDGET));
    let outcome = submit(&store, later(vec![spend(13, 26, direct)]));
    assert_eq!((outcome, budget()), (rejected(0, limit), (0, 25)));
    assert!(run(store.audit()).unwrap().is_clean());
}

#[test]
fn an_empty_command_lets_go_what_is_overdue() {
    on_each_engine(|store| {
        let hold = spend(
            1,
            100,
            TransferKind::Pending {
                expires_at: NOW + 10,
            },
        );
        assert_eq!(submit(store, chain(vec![hold])), Applied);
        assert_eq!(
            submit(
                store,
                Command {
                    now: NOW + 10,
                    ..command()
                }
            ),
            Applied
        );
        let budget = run(store.account(SHOP, account(BUDGET))).unwrap().unwrap();
        assert_eq!((budget.debits.pending, budget.available()), (0, Some(100)));
    });
}
