//! A year of a grocer's mailed codes: is each real use honoured once, and every other refused?

mod data;
mod orders;
mod setup;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use offers::chart::AccountKind;
use serde_json::{Value, json};
use server::setup::SANDBOX;
use store::AccountsOf;

use crate::{
    figures::{Figures, money},
    shop::{Shop, Stopwatch, ok},
};
use data::Data;
use orders::{Asked, anew, without_cover};
use setup::Standings;

/// Every so many uses are followed by attempts that must be refused.
const SAMPLE: usize = 3;
/// The types of campaign in the data.
const KINDS: [&str; 3] = ["A", "B", "C"];

/// Replays the year.
///
/// # Errors
/// When the data cannot be read, a call fails, or one is answered otherwise than it must be.
pub fn replay(shop: &Shop, folder: &Path) -> Result<Figures, String> {
    let data = Data::read(folder)?;
    let uses = orders::asked(&data)?;
    let stopwatch = Stopwatch::start();
    let standings = shop.calls.block_on(setup::all(shop, &data, &uses))?;
    println!(
        "{} campaigns, {} codes and {} households set up in {:.1} s.",
        standings.len(),
        data.covers.len(),
        data.households.len(),
        stopwatch.read().wall
    );
    let mut year = Year {
        shop,
        data: &data,
        standings: &standings,
        tally: Tally::default(),
    };
    let stopwatch = Stopwatch::start();
    shop.calls.block_on(year.play(&uses))?;
    let Year { tally, .. } = year;
    tally.tell(&uses, stopwatch.read().wall);
    Ok(figures(&data, &standings, &tally))
}

/// What was counted on the way.
#[derive(Default)]
struct Tally {
    /// Uses honoured, by type of campaign.
    honoured: BTreeMap<String, usize>,
    households: BTreeSet<String>,
    /// By code.
    times: HashMap<String, u64>,
    /// By campaign: what the answers say was taken off.
    given: BTreeMap<String, u64>,
    repeated: usize,
    audits: usize,
    refused_unmailed: usize,
    refused_early: usize,
    refused_late: usize,
    refused_uncovered: usize,
}

struct Year<'y> {
    shop: &'y Shop,
    data: &'y Data,
    standings: &'y Standings,
    tally: Tally,
}

impl Year<'_> {
    async fn play(&mut self, uses: &[Asked<'_>]) -> Result<(), String> {
        for (place, asked) in uses.iter().enumerate() {
            self.honour(place, asked).await?;
            if place % SAMPLE == 0 {
                self.attempt(place, asked).await?;
            }
            self.check_uses(asked).await?;
            self.check_books(asked).await?;
        }
        Ok(())
    }

    /// Asked twice under one key: the same answer, whole, and one use.
    async fn honour(&mut self, place: usize, asked: &Asked<'_>) -> Result<(), String> {
        let body = body(&asked.of.household, (asked, &asked.order));
        let client = self
            .shop
            .client
            .with("idempotency-key", &format!("use-{place}"));
        let first = client.post_at(asked.at, "/v1/redemptions", &body).await?;
        let answer = ok(&format!("use {place}, {body}"), first)?;
        let again = client.post_at(asked.at, "/v1/redemptions", &body).await?;
        if ok("the same once more", again)? != answer {
            return Err(format!(
                "use {place} was answered otherwise the second time"
            ));
        }
        self.tally.repeated += 1;
        let told = |pointer: &str| answer.pointer(pointer).cloned().unwrap_or_default();
        let status = (told("/redemptions/0/result"), told("/redemptions/0/status"));
        if status != (json!("SUCCESS"), json!("SUCCEEDED")) {
            return Err(format!("use {place} did not succeed: {answer}"));
        }
        let standing = self.standings.get(&asked.of.campaign);
        let standing = standing.ok_or("a use of no campaign")?;
        let due = standing.amount.min(asked.amount);
        let given = told("/order/total_discount_amount").as_u64().unwrap_or(0);
        if given != due || told("/order/total_amount") != json!(asked.amount - due) {
            return Err(format!("use {place} took off {given}, not {due}: {answer}"));
        }
        let tally = &mut self.tally;
        *tally.honoured.entry(standing.kind.clone()).or_default() += 1;
        tally.households.insert(asked.of.household.clone());
        *tally.times.entry(asked.of.code.clone()).or_default() += 1;
        *tally.given.entry(asked.of.campaign.clone()).or_default() += given;
        Ok(())
    }

    /// The same code by somebody who was not mailed, a millisecond before and after its campaign,
    /// and on an order with nothing that it covers.
    async fn attempt(&mut self, place: usize, asked: &Asked<'_>) -> Result<(), String> {
        let mailing = self.data.mailing(&asked.of.campaign);
        let mailing = mailing.ok_or("a use of no campaign")?;
        let strangers = self.data.households.difference(&mailing.mailed);
        let strangers: Vec<&String> = strangers.collect();
        let at = place.checked_rem(strangers.len()).unwrap_or(0);
        let stranger = strangers.get(at).ok_or("everybody was mailed")?;
        let household = &asked.of.household;
        let order = &anew(asked, &format!("attempt-{place}"));
        let unmailed = body(stranger, (asked, order));
        self.refused((asked.at, &unmailed), "customer_rules_violated")
            .await?;
        self.tally.refused_unmailed += 1;
        let mailed = body(household, (asked, order));
        self.refused((mailing.from - 1, &mailed), "voucher_not_active")
            .await?;
        self.tally.refused_early += 1;
        self.refused((mailing.until + 1, &mailed), "voucher_expired")
            .await?;
        self.tally.refused_late += 1;
        let uncovered = body(
            household,
            (asked, &without_cover(asked, &format!("uncovered-{place}"))),
        );
        self.refused((asked.at, &uncovered), "order_rules_violated")
            .await?;
        self.tally.refused_uncovered += 1;
        Ok(())
    }

    async fn refused(&self, (at, body): (i64, &Value), key: &str) -> Result<(), String> {
        let answer = self
            .shop
            .client
            .post_at(at, "/v1/redemptions", body)
            .await?;
        let (status, told) = answer;
        let is_so = told.get("key").and_then(Value::as_str) == Some(key);
        if status.as_u16() == 400 && is_so {
            return Ok(());
        }
        Err(format!(
            "expected 400 {key}, not {status} {told} for {body}"
        ))
    }

    /// The code was used as often as it was honoured: neither a repetition nor a refusal counts.
    async fn check_uses(&self, asked: &Asked<'_>) -> Result<(), String> {
        let path = format!("/v1/vouchers/{}", asked.of.code);
        let voucher = ok(&path, self.shop.client.get(&path).await?)?;
        let found = voucher.pointer("/redemption/redeemed_quantity");
        let expected = self.tally.times.get(&asked.of.code);
        if found.and_then(Value::as_u64).as_ref() == expected {
            return Ok(());
        }
        Err(format!("{path} was used {found:?} times, not {expected:?}"))
    }

    /// Every account is the sum of its transfers, debits equal credits, no limit is passed, and the
    /// campaign gave what the answers said.
    async fn check_books(&mut self, asked: &Asked<'_>) -> Result<(), String> {
        let audit = self.shop.store.audit().await;
        let audit = audit.map_err(|fault| format!("{fault:?}"))?;
        if !audit.is_clean() {
            return Err(format!("the books do not balance: {:?}", audit.findings));
        }
        self.tally.audits += 1;
        let campaign = &asked.of.campaign;
        let number = self.standings.get(campaign).map_or(0, |one| one.number);
        let booked = self.booked(number).await?;
        let given = self.tally.given.get(campaign).copied().unwrap_or(0);
        if booked == given {
            return Ok(());
        }
        Err(format!(
            "campaign {campaign} booked {booked}, and gave {given}"
        ))
    }

    /// What the ledger says a campaign took off orders.
    async fn booked(&self, owner: u64) -> Result<u64, String> {
        let asked = AccountsOf {
            project: SANDBOX,
            kind: AccountKind::DiscountGiven.number(),
            owner,
            after: None,
            limit: 10_000,
        };
        let accounts = self.shop.store.accounts_of(asked).await;
        let accounts = accounts.map_err(|fault| format!("{fault:?}"))?;
        let posted = accounts
            .iter()
            .map(|one| one.credits.posted - one.debits.posted);
        Ok(posted.sum())
    }
}

fn body(household: &str, (asked, order): (&Asked<'_>, &Value)) -> Value {
    json!({
        "redeemables": [{"object": "voucher", "id": asked.of.code}],
        "customer": {"source_id": household},
        "order": order,
    })
}

impl Tally {
    fn tell(&self, uses: &[Asked<'_>], seconds: f64) {
        let real = uses.iter().filter(|asked| asked.is_real).count();
        let taken: u64 = uses.iter().map(|asked| asked.taken).sum();
        let told = uses.iter().filter(|asked| asked.taken > 0).count();
        println!(
            "{} uses in {seconds:.1} s: {real} on the real order of that household that day, the \
             others, where no such order holds a product that the code covers, on one line of one.",
            uses.len()
        );
        println!(
            "A code takes off what codes of its campaign most often really did, 1.00 where that is \
             not known: {} in all. The {told} real orders with a known discount on covered lines \
             had {}.",
            money(self.given.values().sum()),
            money(taken)
        );
        println!(
            "After every use: the code's count, an audit of all books ({} of them) and the \
             campaign's discounts against the answers.",
            self.audits
        );
    }
}

fn figures(data: &Data, standings: &Standings, tally: &Tally) -> Figures {
    let mut figures = Figures::default();
    figures.row("campaigns", "27", standings.len());
    let mailings = || data.mailings.iter();
    let mailed: BTreeSet<&String> = mailings().flat_map(|one| &one.mailed).collect();
    let count = |kind: &str| -> usize {
        let of_kind = mailings().filter(|one| one.kind == kind);
        of_kind.map(|one| one.mailed.len()).sum()
    };
    figures.row("households mailed", "374", mailed.len());
    for (kind, published) in KINDS.iter().zip(["987", "699", "164"]) {
        figures.row(&format!("mailings of type {kind}"), published, count(kind));
    }
    for (kind, published) in KINDS.iter().zip(["681", "141", "26"]) {
        let honoured = tally.honoured.get(*kind).copied().unwrap_or(0);
        figures.row(&format!("uses honoured, type {kind}"), published, honoured);
    }
    let all: usize = tally.honoured.values().sum();
    figures.row("uses honoured", "848", all);
    figures.row("by households", "153", tally.households.len());
    figures.row(
        "answered alike the second time, one use",
        "848",
        tally.repeated,
    );
    figures.row("books balanced after a use", "848", tally.audits);
    let sample = data.uses.len().div_ceil(SAMPLE).to_string();
    let refusals = [
        (
            "customer_rules_violated: household not mailed",
            tally.refused_unmailed,
        ),
        (
            "voucher_not_active: before the campaign",
            tally.refused_early,
        ),
        ("voucher_expired: after the campaign", tally.refused_late),
        (
            "order_rules_violated: no covered product",
            tally.refused_uncovered,
        ),
    ];
    for (name, count) in refusals {
        figures.row(&format!("refused with {name}"), &sample, count);
    }
    figures
}
