//! What does a cart cost while so many promotions are active? The workload on which open-source
//! promotion engines were measured: promotion `i` is for group `i mod 100` and baskets of at least
//! 50.00 plus `i div 200` cents, and takes 1 % off the lines of category `i mod 200`; the cart has
//! five lines, 252.44 in all, of categories 7 and 107, and is of group 7. So one promotion in a
//! hundred applies, and all that apply are applied.

use std::fs;

use benches::market;
use decision::{Snapshot, SnapshotId, candidates};
use offers::{Asking, Outcome, Presented, Redeemable, StackingRules, order_facts, quote};
use rules::Facts;

use crate::{
    cpu::Effort,
    folder::Folder,
    load, requests,
    serving::Served,
    table::{Table, Target},
};

/// How many promotions; what one cart may cost in process, in microseconds of CPU; and over HTTP,
/// in microseconds until half of the answers are there.
const SIZES: [(u64, f64, f64); 4] = [
    (10, 30.0, 1_000.0),
    (100, 40.0, 1_000.0),
    (1_000, 60.0, 1_500.0),
    (10_000, 250.0, 3_000.0),
];
/// Carts in one measurement over HTTP.
const CARTS: usize = 101;
/// Redeemables of a validation.
const REDEEMABLES: usize = 5;
const VALIDATIONS: usize = 500;

pub fn run(effort: Effort, table: &mut Table) -> Result<(), String> {
    for (count, micros, until_half) in SIZES {
        in_process(effort, (count, micros), table)?;
        over_http((count, until_half), table)?;
    }
    validations(effort, table)
}

fn in_process(
    effort: Effort,
    (count, micros): (u64, f64),
    table: &mut Table,
) -> Result<(), String> {
    let snapshot = Snapshot::compile(SnapshotId(1), market::configuration(count));
    let snapshot = snapshot.map_err(|invalid| format!("does not compile: {invalid:?}"))?;
    let known = market::known();
    let applied = priced(&snapshot, &known).applied.len() as u64;
    let expected = market::applying(count);
    if applied != expected {
        return Err(format!("{applied} of {expected} promotions applied"));
    }
    let fast = effort.least(50, || {
        for _ in 0..50 {
            std::hint::black_box(priced(&snapshot, &known));
        }
    });
    // Whoever has no index asks every promotion.
    let slow = effort.least(1, || {
        std::hint::black_box(asked_one_by_one(&snapshot, (count, &known)));
    });
    let name = format!("a cart, {count} promotions of which {applied} apply, in process");
    table.row(&name, fast, (slow, Target::AtMostMicros(micros)));
    Ok(())
}

/// Finds, qualifies, stacks and prices.
fn priced<'s>(snapshot: &'s Snapshot, known: &Facts) -> Outcome<'s> {
    let order = market::cart();
    let mut facts = known.clone();
    facts.extend(order_facts(&order, snapshot.reads()));
    let matching = candidates(snapshot, &facts);
    let found = matching.iter().filter_map(|(id, _)| snapshot.offer(*id));
    stacked(found, known)
}

fn asked_one_by_one<'s>(snapshot: &'s Snapshot, (count, known): (u64, &Facts)) -> Outcome<'s> {
    let all = (1..=count).filter_map(|number| snapshot.offer(offers::OfferId(number)));
    stacked(all, known)
}

fn stacked<'s>(
    found: impl Iterator<Item = (&'s offers::Offer, &'s offers::Campaign)>,
    known: &Facts,
) -> Outcome<'s> {
    let presented = found.map(|(offer, campaign)| Presented {
        redeemable: Redeemable::Tier(offer.id),
        offer,
        campaign,
        voucher: None,
        category: None,
        own: Facts::NONE,
        at_most: None,
        units: None,
    });
    let asking = Asking {
        customer: None,
        now: market::NOW,
    };
    let rules = StackingRules {
        most: u32::MAX,
        ..StackingRules::usual()
    };
    quote(
        &market::cart(),
        known,
        presented.collect(),
        (asking, &rules),
    )
}

fn over_http((count, until_half): (u64, f64), table: &mut Table) -> Result<(), String> {
    let served = Served::market(count)?;
    let request = requests::post(
        "/v1/qualifications",
        &served.key,
        &requests::qualification(),
    );
    let mut times = load::timed(&served.address, &vec![request; CARTS])?;
    times.sort_unstable();
    let median = times.get(CARTS / 2).copied().unwrap_or(u64::MAX);
    let slowest = times.last().copied().unwrap_or(u64::MAX);
    let name = "… over HTTP, half of the answers, beside the slowest (wall)";
    table.row(
        name,
        median as f64,
        (slowest as f64, Target::AtMostMicros(until_half)),
    );
    Ok(())
}

/// A validation of twenty lines with five tiers, beside a server that parses it and answers the
/// same.
fn validations(effort: Effort, table: &mut Table) -> Result<(), String> {
    let served = Served::market(1_000)?;
    let body = requests::validation(&market::tiers(REDEEMABLES));
    let request = requests::post("/v1/validations", &served.key, &body);
    let answer = load::one(&served.address, &request)?;
    let text = String::from_utf8_lossy(&answer);
    if !text.contains("\"valid\":true") {
        return Err(format!("a validation is not valid: {text:.300}"));
    }
    let folder = Folder::new("answer")?;
    let file = folder.file();
    fs::write(&file, &answer).map_err(|error| error.to_string())?;
    let bare = Served::answering(&file)?;
    let requests = vec![request; VALIDATIONS];
    let (mut ours, mut limit) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..effort.repeats.min(5) {
        for (served, least) in [(&served, &mut ours), (&bare, &mut limit)] {
            let before = served.cpu();
            let asked = (&requests[..], load::SHOPPERS);
            let valid = load::drive(&served.address, asked, "\"valid\":true")?;
            let spent = (served.cpu() - before) as f64 / VALIDATIONS as f64;
            if valid != VALIDATIONS {
                return Err(format!("{valid} of {VALIDATIONS} validations were valid"));
            }
            *least = least.min(spent);
        }
    }
    let lines = requests::LINES;
    let name = format!("validate over HTTP, {lines} lines, {REDEEMABLES} redeemables");
    table.row(&name, ours, (limit, Target::AtMostTimes(3.0)));
    Ok(())
}
