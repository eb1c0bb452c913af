//! Rows of the chart: numbers, windows, which caps become which accounts.

use std::collections::BTreeSet;

use ledger::{Account, AccountId, Limit};

use super::{AccountKind, Occasion, Reason, counters, entries, period_of, refusal};
use super::{caps_to_openings, window, window_end};
use crate::book::tests::{account_text, campaign, voucher};
use crate::{Period, Refusal, Timestamp};

#[test]
fn every_number_names_one_account_and_every_code_one_reason() {
    let numbers: BTreeSet<u16> = entries().map(|entry| entry.number).collect();
    assert_eq!((numbers.len(), entries().count()), (117, 117));
    for entry in entries() {
        let id = AccountId {
            kind: entry.number,
            ..AccountId::default()
        };
        assert_eq!(entry.kind.number(), entry.number, "{}", entry.name);
        assert_eq!(AccountKind::of(id), Some(entry.kind), "{}", entry.name);
        assert_eq!(entry.kind.name(), entry.name);
    }
    let codes: BTreeSet<u16> = Reason::ALL.iter().map(|row| row.0.code().0).collect();
    assert_eq!(codes.len(), Reason::ALL.len());
    for (reason, name, _) in Reason::ALL {
        assert_eq!(
            (Reason::of(reason.code()), reason.name()),
            (Some(reason), name)
        );
    }
}

/// The line that `docs/LEDGER.md` has for an account.
fn account_row(kind: AccountKind, number: &str, name: &str, meaning: &str) -> String {
    let limit = match kind.limit() {
        Limit::None => "none",
        Limit::DebitsWithinCredits => "debits within credits",
        Limit::CreditsWithinDebits => "credits within debits",
    };
    format!("| {number} | {name} | {limit} | {meaning} |")
}

#[test]
fn the_page_shows_the_chart_as_it_is() {
    let page = include_str!("../../../../docs/LEDGER.md");
    let plain = entries().filter(|entry| !(100..400).contains(&entry.number));
    let mut rows: Vec<String> = plain
        .map(|one| account_row(one.kind, &one.number.to_string(), &one.name, one.meaning))
        .collect();
    for first in [100, 200, 300] {
        let family: Vec<_> = entries()
            .filter(|entry| (first..first + 100).contains(&entry.number))
            .collect();
        let (one, last) = (&family[0], &family[family.len() - 1]);
        let name = format!("{} … {}", one.name, last.name.split_once(": ").unwrap().1);
        let numbers = format!("{first}–{}", last.number);
        rows.push(account_row(one.kind, &numbers, &name, one.meaning));
    }
    for (reason, name, meaning) in Reason::ALL {
        rows.push(format!("| {} | {name} | {meaning} |", reason.code().0));
    }
    let shown: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit())
        .collect();
    assert_eq!(shown, rows, "\n{}", rows.join("\n"));
}

fn at(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[test]
fn periods_follow_the_calendar() {
    let check = |period, instant: &str, index: u32, end: &str| {
        let window = window(period, at(instant));
        assert_eq!(window & 0x0fff_ffff, index, "{period:?} {instant}");
        assert_eq!(period_of(window), period);
        let expected = (end != "never").then(|| at(end));
        assert_eq!(
            window_end(period, at(instant)),
            expected,
            "{period:?} {instant}"
        );
    };
    check(Period::Ever, "2026-11-21T05:00:00Z", 0, "never");
    check(
        Period::Hour,
        "1970-01-01T01:59:59.999Z",
        1,
        "1970-01-01T02:00:00Z",
    );
    check(
        Period::Day,
        "1970-01-02T00:00:00Z",
        1,
        "1970-01-03T00:00:00Z",
    );
    check(
        Period::Week,
        "1970-01-04T23:59:59.999Z",
        0,
        "1970-01-05T00:00:00Z",
    );
    check(
        Period::Week,
        "1970-01-05T00:00:00Z",
        1,
        "1970-01-12T00:00:00Z",
    );
    check(
        Period::Week,
        "2026-11-22T23:59:59Z",
        2968,
        "2026-11-23T00:00:00Z",
    );
    check(
        Period::Week,
        "2026-11-23T00:00:00Z",
        2969,
        "2026-11-30T00:00:00Z",
    );
    check(
        Period::Month,
        "2024-02-29T23:59:59.999Z",
        649,
        "2024-03-01T00:00:00Z",
    );
    check(
        Period::Month,
        "2024-12-31T00:00:00Z",
        659,
        "2025-01-01T00:00:00Z",
    );
    check(
        Period::Day,
        "1969-12-31T00:00:00Z",
        0,
        "1970-01-02T00:00:00Z",
    );
    let all = [Period::Hour, Period::Day, Period::Week, Period::Month];
    for period in all {
        assert_eq!(
            window_end(period, Timestamp::MAX).filter(|end| *end < 0),
            None
        );
        assert_eq!(period_of(window(period, Timestamp::MAX)), period);
    }
}

/// The accounts that count, for customer 7 in store 9 with code 5 of campaign 1.
fn check_caps(caps: &str, quantity: Option<u64>, expected: &str) {
    let occasion = Occasion {
        customer: Some(7),
        store: Some(9),
        at: 0,
        order: 70,
        key: Some(3),
        process: 0,
    };
    let voucher = voucher(quantity);
    let found = counters(&campaign(caps), Some(&voucher), &occasion);
    let texts: Vec<String> = found
        .iter()
        .map(|one| format!("{}={}", account_text(one.account.id), one.left(None)))
        .collect();
    assert_eq!(texts.join(" "), expected, "{caps}");
}

#[test]
fn caps_become_accounts_in_the_precedence_of_their_refusals() {
    check_caps("", None, "");
    check_caps("", Some(3), "Cap(Code, Uses) 5=3");
    check_caps("code uses 2", Some(3), "Cap(Code, Uses) 5=2");
    check_caps("code uses 4", Some(3), "Cap(Code, Uses) 5=3");
    check_caps("campaign money 800", None, "Budget 1=800");
    check_caps(
        "campaign money 800 day",
        None,
        "Cap(Campaign, Money) 1@Day=800",
    );
    check_caps(
        "campaign money 800; store uses 4; campaign uses 9 week; overall touches 3 week; \
         customer uses 1; overall money 6",
        None,
        "Cap(Customer, Uses) 1.7=1 Cap(CustomerOverall, Money) 4543826.7=6 \
         Cap(CustomerOverall, Touches) 0.7@Week=3 Cap(Campaign, Uses) 1@Week=9 \
         Cap(Store, Uses) 1.9=4 Budget 1=800",
    );
    check_caps(
        "campaign credit 7; key uses 4 day; campaign orders 900; campaign uses 9",
        None,
        "Cap(Campaign, Uses) 1=9 Cap(ApiKey, Uses) 1.3@Day=4 Cap(Campaign, Orders) 1=900 \
         Cap(Campaign, Credit) 1=7",
    );
}

#[test]
fn a_cap_on_codes_asks_nothing_where_there_is_no_code() {
    let occasion = Occasion::default();
    let campaign = campaign("code uses 1; campaign uses 2");
    assert_eq!(counters(&campaign, None, &occasion).len(), 1);
    assert_eq!(caps_to_openings(&campaign, None, &occasion).len(), 2);
}

#[test]
fn what_is_left_is_read_from_the_account() {
    let found = counters(&campaign("customer uses 3"), None, &Occasion::default());
    let opening = found[0].account;
    let mut account = Account::new(opening.id, opening.asset, opening.limit);
    account.credits.posted = 3;
    account.debits.pending = 1;
    assert_eq!((found[0].left(None), found[0].left(Some(&account))), (3, 2));
}

#[test]
fn a_reached_limit_is_a_refusal() {
    let occasion = Occasion {
        key: Some(3),
        ..Occasion::default()
    };
    let told = |caps| {
        let found = counters(&campaign(caps), Some(&voucher(None)), &occasion);
        refusal(found[0].account.id)
    };
    assert_eq!(told("customer uses 1"), Some(Refusal::UsedUpByCustomer));
    assert_eq!(told("overall touches 1"), Some(Refusal::UsedUpByCustomer));
    assert_eq!(told("code uses 1"), Some(Refusal::UsedUp));
    assert_eq!(told("campaign uses 1"), Some(Refusal::UsedUp));
    assert_eq!(told("campaign money 1 day"), Some(Refusal::BudgetSpent));
    assert_eq!(told("campaign money 1"), Some(Refusal::BudgetSpent));
    assert_eq!(told("campaign orders 1"), Some(Refusal::BudgetSpent));
    assert_eq!(told("campaign credit 1"), Some(Refusal::BudgetSpent));
    assert_eq!(told("key uses 1"), Some(Refusal::BudgetSpent));
    assert_eq!(
        refusal(super::gift_balance(crate::VoucherId(1))),
        Some(Refusal::BalanceSpent)
    );
    assert_eq!(refusal(super::points(1, 2)), None);
}
