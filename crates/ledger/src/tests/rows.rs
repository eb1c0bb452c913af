//! What a chain does, row by row.

use super::{account, chain, five_accounts, letter};
use crate::{
    Account, AccountId, Asset, Book, Code, Limit, Opening, Part, PendingState, Rejection, Transfer,
    TransferId, allocate, apply, expire, reverse, reverse_part, reverse_sum,
};

const NOW: i64 = 1000;

/// S was given 100; 1.1 holds 30 of it, 1.2 held 10 until before now, 1.3 is posted, 1.4 voided.
fn history() -> Book {
    let mut book = five_accounts();
    let first = "F>S 100; S>F 30 until 2000; S>F 10 until 500; S>F 5 until 9000; S>T 7 until 9000";
    apply(&mut book, &chain(1, first), 0).unwrap();
    apply(&mut book, &chain(2, "S>F 5 post 1.3; S>T 7 void 1.4"), 0).unwrap();
    book
}

fn reason(rejection: Rejection) -> String {
    match rejection {
        Rejection::AccountMissing(id) => format!("AccountMissing {}", letter(id)),
        Rejection::LimitReached(id) => format!("LimitReached {}", letter(id)),
        Rejection::PendingMissing(id) => format!("PendingMissing {}.{}", id.chain, id.line),
        Rejection::MoreThanPending { pending } => format!("MoreThanPending {pending}"),
        Rejection::PendingClosed(state) => format!("PendingClosed {state:?}"),
        other => format!("{other:?}"),
    }
}

/// `S 5+30/100`: debits posted + pending / credits, likewise.
fn balances(book: &Book) -> String {
    let side = |balance: crate::Balance| match balance.pending {
        0 => balance.posted.to_string(),
        pending => format!("{}+{pending}", balance.posted),
    };
    let used = |account: &&Account| account.debits.total() + account.credits.total() > 0;
    let texts: Vec<String> = book
        .accounts
        .values()
        .filter(used)
        .map(|one| {
            format!(
                "{} {}/{}",
                letter(one.id),
                side(one.debits),
                side(one.credits)
            )
        })
        .collect();
    texts.join(", ")
}

fn check(lines: &str, expected: &str) {
    let before = history();
    let mut book = before.clone();
    let answer = match apply(&mut book, &chain(7, lines), NOW) {
        Ok(()) => balances(&book),
        Err((line, rejection)) => {
            assert_eq!(book, before, "a refused chain changed the book: {lines}");
            format!("{line} {}", reason(rejection))
        }
    };
    assert_eq!(answer, expected, "{lines}");
}

#[test]
fn chains_move_hold_post_and_let_go() {
    assert_eq!(balances(&history()), "F 100/5+40, S 5+40/100");
    check("", "F 100/5+40, S 5+40/100");
    check("S>F 10", "F 100/15+30, S 15+30/100");
    check("S>F 0", "F 100/5+30, S 5+30/100");
    check("S>F 65", "F 100/70+30, S 70+30/100");
    check("S>F 66", "0 LimitReached S");
    check("S>F 65 until 1001", "F 100/5+95, S 5+95/100");
    check("S>F 66 until 1001", "0 LimitReached S");
    check("S>F 65; S>F 1", "1 LimitReached S");
    check("F>S 1; S>F 66", "F 101/71+30, S 71+30/101");
    check("S>F 30 post 1.1", "F 100/35, S 35/100");
    check("S>F 12 post 1.1", "F 100/17, S 17/100");
    check("S>F 0 post 1.1", "F 100/5, S 5/100");
    check("S>F 30 void 1.1; S>F 95", "F 100/100, S 100/100");
    check("S>F 5 until 2000; S>F 4 post 7.0", "F 100/9+30, S 9+30/100");
    check(
        "S>F 5 until 2000; S>F 4 post 7.0; S>F 1 post 7.0",
        "2 PendingClosed Posted",
    );
    check("F>R 1", "0 LimitReached R");
    check("R>F 1; F>R 1", "F 101/6+30, S 5+30/100, R 1/1");
    check("R>F 1; F>R 1 until 1001; F>R 1", "2 LimitReached R");
    check("S>F 10 void 1.2", "F 100/5+30, S 5+30/100");
    check(
        "S>F 10 void 1.2; S>F 10 void 1.2",
        "1 PendingClosed Expired",
    );
}

/// Each row breaks the rule named and, as far as that can be, those after it.
#[test]
fn the_first_rejection_in_precedence_is_told() {
    check("1.0 X>X 9223372036854775808 post 9.9", EXISTS);
    check("7.0 S>F 1; 7.0 S>F 1", "1 ExistsWithDifferentContent");
    check("1.0 F>S 100; S>F 1", EXISTS);
    check("X>X 1 post 9.9", "0 AccountMissing X");
    check("X>Y 1", "0 AccountMissing X");
    check("S>Y 1", "0 AccountMissing Y");
    check("P>P 9223372036854775808 post 9.9", "0 AccountsAreTheSame");
    check("S>P 9223372036854775808 post 9.9", "0 AssetsDiffer");
    check("S>F 9223372036854775808 post 9.9", "0 PendingMissing 9.9");
    check("S>F 1 post 1.0", "0 PendingMissing 1.0");
    check(
        "S>T 9223372036854775808 post 1.3",
        "0 PendingHasDifferentAccounts",
    );
    check("F>S 1 void 1.1", "0 PendingHasDifferentAccounts");
    check(
        "S>F 9223372036854775808 post 1.2",
        "0 PendingClosed Expired",
    );
    check("S>F 9223372036854775808 post 1.3", "0 PendingClosed Posted");
    check("S>T 9223372036854775808 void 1.4", "0 PendingClosed Voided");
    check("S>F 9223372036854775808 post 1.1", "0 MoreThanPending 30");
    check("S>F 31 void 1.1", "0 MoreThanPending 30");
    check("S>F 9223372036854775808", "0 Overflow");
    check(
        "F>S 9223372036854775707",
        "F 9223372036854775807/5+30, S 5+30/9223372036854775807",
    );
    check("F>S 9223372036854775708", "0 Overflow");
    check("F>S 18446744073709551615 until 5000", "0 Overflow");
    check("S>F 9223372036854775772", "0 LimitReached S");
    check("S>R 66", "0 LimitReached S");
    check("S>R 65", "0 LimitReached R");
}

const EXISTS: &str = "0 ExistsWithDifferentContent";

#[test]
fn a_chain_applies_once() {
    let mut book = history();
    let first = chain(7, "S>F 10; S>F 5 until 3000");
    apply(&mut book, &first, NOW).unwrap();
    let once = book.clone();
    assert_eq!(apply(&mut book, &first, 10 * NOW), Ok(()));
    assert_eq!(
        book, once,
        "a repeated chain changes nothing, whatever the time"
    );
    let others = [
        "S>F 11; S>F 5 until 3000",
        "S>F 10; S>F 5 until 3001",
        "S>F 10; S>F 5",
    ];
    for other in others
        .into_iter()
        .chain(["S>F 10; S>F 5 until 3000; S>F 1"])
    {
        let answer = apply(&mut book, &chain(7, other), NOW);
        assert_eq!(
            answer,
            Err((0, Rejection::ExistsWithDifferentContent)),
            "{other}"
        );
    }
    assert_eq!(book, once);
}

#[test]
fn what_expired_is_written_down_by_voids() {
    let mut book = history();
    assert_eq!(expire(&book, 499, 8), vec![]);
    let voids = expire(&book, 2000, 8);
    assert_eq!(voids, chain(8, "S>F 30 void 1.1; S>F 10 void 1.2"));
    apply(&mut book, &voids, 2000).unwrap();
    assert_eq!(balances(&book), "F 100/5, S 5/100");
    assert_eq!(
        book.holds[&voids[1].kind_pending()].1,
        PendingState::Expired
    );
    assert_eq!(expire(&book, 9999, 9), vec![]);
}

impl Transfer {
    fn kind_pending(&self) -> TransferId {
        match self.kind {
            crate::Kind::Void { pending } | crate::Kind::Post { pending } => pending,
            _ => self.id,
        }
    }
}

#[test]
fn openings_fund_from_a_counterpart_and_leave_what_exists_alone() {
    let mut book = Book::default();
    let of = |letter, limit, amount| Opening {
        id: account(letter),
        asset: Asset::Uses,
        limit,
        funding: Some((amount, account('F'), Code(2))),
    };
    let id = |line| TransferId { chain: 4, line };
    let spender = of('S', Limit::DebitsWithinCredits, 3);
    let made = book.open(&spender, id(0)).unwrap().unwrap();
    assert_eq!(
        (made.debit, made.credit, made.amount),
        (account('F'), account('S'), 3)
    );
    assert_eq!(book.open(&of('S', Limit::None, 9), id(1)), Ok(None));
    let made = book
        .open(&of('R', Limit::CreditsWithinDebits, 2), id(2))
        .unwrap()
        .unwrap();
    assert_eq!(
        (made.debit, made.credit, made.amount),
        (account('R'), account('F'), 2)
    );
    assert_eq!(balances(&book), "F 3/2, S 0/3, R 2/0");
    assert_eq!(book.accounts[&account('S')].available(), Some(3));
    assert_eq!(book.accounts[&account('R')].available(), Some(2));
    assert_eq!(book.accounts[&account('F')].available(), None);
    let before = book.clone();
    assert_eq!(
        book.open(&of('T', Limit::None, u64::MAX), id(3)),
        Err(Rejection::Overflow)
    );
    let self_funded = Opening {
        id: account('F'),
        ..spender
    };
    assert_eq!(book.open(&self_funded, id(3)), Ok(None));
    assert_eq!(book, before);
}

#[test]
fn a_reverse_runs_last_first_and_leaves_out_what_moved_nothing() {
    let moved = chain(
        1,
        "F>S 8; S>F 3 until 9; S>F 2 post 1.1; S>T 1; S>F 3 void 1.1",
    );
    assert_eq!(reverse(&moved, 5), chain(5, "T>S 1; F>S 2; S>F 8"));
    let part = |from, to| reverse_part(&moved, Part { from, to, of: 3 }, 5);
    assert_eq!(part(0, 1), chain(5, "S>F 2"));
    assert_eq!(part(1, 2), chain(5, "F>S 1; S>F 3"));
    assert_eq!(part(2, 9), chain(5, "T>S 1; F>S 1; S>F 3"));
    assert_eq!(
        reverse_part(
            &moved,
            Part {
                from: 0,
                to: 0,
                of: 0
            },
            5
        ),
        vec![]
    );
}

#[test]
fn what_is_one_amount_goes_back_as_one() {
    let moved = chain(1, "F>S 1; S>F 3 until 9; S>T 1; F>T 4");
    let part = |from, to| reverse_sum(&moved, Part { from, to, of: 2 }, 5);
    // Six in all: a half of each would be two, nothing and nothing.
    assert_eq!(part(0, 1), chain(5, "T>F 3"));
    assert_eq!(part(1, 2), chain(5, "T>F 1; T>S 1; S>F 1"));
    assert_eq!(part(0, 2), reverse(&moved, 5));
    assert_eq!(part(2, 2), vec![]);
}

#[test]
fn totals_are_by_asset() {
    let book = history();
    let totals = book.totals()[&Asset::Uses];
    assert_eq!((totals.debits.posted, totals.debits.pending), (105, 40));
    assert!(book.is_balanced());
    let mut bent = book.clone();
    let spender: AccountId = account('S');
    bent.accounts.get_mut(&spender).unwrap().debits.pending += 1;
    assert!(!bent.is_balanced());
}

#[test]
fn amounts_divide_without_loss() {
    let check = |amount, weights: &[u64], parts: &[u64]| {
        assert_eq!(allocate(amount, weights), parts, "{amount} by {weights:?}");
    };
    check(500, &[1, 1, 1], &[167, 167, 166]);
    check(500, &[10_00, 10_00, 10_00], &[167, 167, 166]);
    check(1, &[1, 2], &[0, 1]);
    check(1, &[2, 2], &[1, 0]);
    check(10, &[0, 3, 0, 3], &[0, 5, 0, 5]);
    check(7, &[0, 0, 0], &[3, 2, 2]);
    check(0, &[3, 4], &[0, 0]);
    check(9, &[], &[]);
    check(
        u64::MAX,
        &[u64::MAX, u64::MAX],
        &[u64::MAX / 2 + 1, u64::MAX / 2],
    );
    check(100, &[333, 333, 334], &[33, 33, 34]);
}
