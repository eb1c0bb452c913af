//! Rows and properties of the ledger.

mod properties;
mod rows;
mod spec;

use crate::{Account, AccountId, Asset, Book, Code, Kind, Limit, Transfer, TransferId};

/// Accounts by a letter: `F` is free; `S` may spend what it was given (debits within credits),
/// `T` too; `R` may be given what it spent (credits within debits); `P` keeps points.
const LETTERS: &str = "FSTRP";

fn account(letter: char) -> AccountId {
    let kind = LETTERS
        .find(letter)
        .map_or(letter as u16, |index| index as u16);
    AccountId {
        kind,
        ..AccountId::default()
    }
}

fn letter(id: AccountId) -> char {
    LETTERS
        .chars()
        .nth(id.kind.into())
        .unwrap_or(char::from(id.kind as u8))
}

fn five_accounts() -> Book {
    let of = |letter| match letter {
        'S' | 'T' => Account::new(account(letter), Asset::Uses, Limit::DebitsWithinCredits),
        'R' => Account::new(account(letter), Asset::Uses, Limit::CreditsWithinDebits),
        'P' => Account::new(account(letter), Asset::Points(1), Limit::None),
        _ => Account::new(account(letter), Asset::Uses, Limit::None),
    };
    let accounts = LETTERS
        .chars()
        .map(of)
        .map(|account| (account.id, account))
        .collect();
    Book {
        accounts,
        ..Book::default()
    }
}

/// `chain.line`, as `3.0`.
fn id(text: &str) -> TransferId {
    let (chain, line) = text.split_once('.').unwrap();
    TransferId {
        chain: chain.parse().unwrap(),
        line: line.parse().unwrap(),
    }
}

/// `F>S 10`, then nothing (direct), `until TIME`, `post ID` or `void ID`; lines are parted by
/// `;` and numbered in the chain unless they begin with an id of their own.
fn chain(number: u64, text: &str) -> Vec<Transfer> {
    let lines = text
        .split(';')
        .map(str::trim)
        .filter(|line| !line.is_empty());
    lines
        .zip(0..)
        .map(|(text, line)| {
            transfer(
                TransferId {
                    chain: number,
                    line,
                },
                text,
            )
        })
        .collect()
}

fn transfer(default_id: TransferId, text: &str) -> Transfer {
    let mut words: Vec<&str> = text.split(' ').collect();
    let id = if words[0].contains('.') {
        id(words.remove(0))
    } else {
        default_id
    };
    let sides: Vec<char> = words[0].chars().collect();
    let kind = match words[2..] {
        ["until", time] => Kind::Pending {
            expires_at: time.parse().unwrap(),
        },
        ["post", pending] => Kind::Post {
            pending: self::id(pending),
        },
        ["void", pending] => Kind::Void {
            pending: self::id(pending),
        },
        _ => Kind::Direct,
    };
    Transfer {
        id,
        debit: account(sides[0]),
        credit: account(sides[2]),
        amount: words[1].parse().unwrap(),
        code: Code(1),
        kind,
    }
}
