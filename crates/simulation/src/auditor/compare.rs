//! Where do two accounts differ? What the clients heard against what a process says, and what one
//! process says against another.

use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, Redemption, Seen};
use crate::workload::{Act, Answer, Campaign, FIRST_LOAD, GRANTED, Market};

/// More sums than so many unknown loads of one card make are not told apart.
const MAX_SUMS: usize = 100_000;

/// What was heard, beside what is said.
pub(super) struct Account<'a> {
    pub(super) market: &'a Market,
    pub(super) entries: &'a BTreeMap<String, Entry>,
    pub(super) seen: &'a Seen,
}

impl Account<'_> {
    pub(super) fn findings(&self) -> Vec<String> {
        let mut findings = self.listed();
        findings.extend(self.lost());
        findings.extend(self.rolled_back());
        findings.extend(self.codes());
        for campaign in &self.market.campaigns {
            findings.extend(self.limits(campaign));
        }
        findings.extend(self.cards());
        findings.extend(self.granted());
        findings
    }

    /// Each redemption that is listed was asked for, was not refused, and is there once.
    fn listed(&self) -> Vec<String> {
        let orders: BTreeMap<&str, (&str, &Entry)> = self.orders().collect();
        let mut by_order: BTreeMap<&str, &str> = BTreeMap::new();
        let mut findings = Vec::new();
        for one in &self.seen.redemptions {
            let Redemption { id, order, .. } = one;
            if let Some(first) = by_order.insert(order, id) {
                findings.push(format!("order {order} counts twice: {first} and {id}"));
            }
            match orders.get(order.as_str()) {
                None => findings.push(format!("{id} on order {order} was asked by nobody")),
                Some((key, entry)) => findings.extend(of_entry((key, entry), one)),
            }
        }
        findings
    }

    /// The commands that use something on an order, by the order.
    fn orders(&self) -> impl Iterator<Item = (&str, (&str, &Entry))> {
        self.entries.iter().filter_map(|(key, entry)| {
            let order = match &entry.act {
                Act::Redeem { order, .. } | Act::Spend { order, .. } => order,
                _ => return None,
            };
            Some((order.as_str(), (key.as_str(), entry)))
        })
    }

    /// Nothing acknowledged is missing.
    fn lost(&self) -> Vec<String> {
        let listed = self.seen.redemptions.iter().map(|one| one.id.as_str());
        let listed: BTreeSet<&str> = listed.collect();
        let acknowledged = self
            .entries
            .iter()
            .filter_map(|(key, entry)| match &entry.answer {
                Some(Answer::Redeemed { id, .. }) => Some((key, id)),
                _ => None,
            });
        let lost = acknowledged.filter(|(_, id)| !listed.contains(id.as_str()));
        lost.map(|(key, id)| format!("{key} was acknowledged as {id}, which is lost"))
            .collect()
    }

    fn rolled_back(&self) -> Vec<String> {
        let asked: BTreeMap<&str, (&String, &Entry)> = self
            .entries
            .iter()
            .filter_map(|(key, entry)| match &entry.act {
                Act::RollBack { redemption } => Some((redemption.as_str(), (key, entry))),
                _ => None,
            })
            .collect();
        let mut findings = Vec::new();
        for one in &self.seen.redemptions {
            let id = &one.id;
            let found = asked.get(id.as_str());
            let answer = found.and_then(|(_, entry)| entry.answer.as_ref());
            let key = found.map_or("nobody", |(key, _)| key.as_str());
            let may_be = found.is_some_and(|(_, entry)| entry.is_open());
            match answer {
                Some(Answer::RolledBack { id: back }) if !one.is_rolled_back => {
                    findings.push(format!("{key} rolled {id} back as {back}, and {id} stands"));
                }
                Some(Answer::RolledBack { .. }) => {}
                _ if one.is_rolled_back && !may_be => {
                    let finding = format!("{id} is rolled back; asked by {key}: {answer:?}");
                    findings.push(finding);
                }
                _ => {}
            }
        }
        findings
    }

    fn standing(&self) -> impl Iterator<Item = &Redemption> {
        let all = self.seen.redemptions.iter();
        all.filter(|one| !one.is_rolled_back)
    }

    /// Each code counts the uses that stand.
    fn codes(&self) -> Vec<String> {
        let mut standing: BTreeMap<&str, u64> = BTreeMap::new();
        for one in self.standing() {
            *standing.entry(&one.code).or_default() += 1;
        }
        let mut findings = Vec::new();
        for (code, shown) in &self.seen.codes {
            let stand = standing.get(code.as_str()).copied().unwrap_or(0);
            if stand != shown.uses {
                let uses = shown.uses;
                findings.push(format!("{code} shows {uses} uses, and {stand} stand"));
            }
        }
        let made = self.market.campaigns.iter().flat_map(|one| &one.codes);
        let gone = made.filter(|code| !self.seen.codes.contains_key(*code));
        findings.extend(gone.map(|code| format!("{code} is lost")));
        findings
    }

    fn limits(&self, campaign: &Campaign) -> Vec<String> {
        let name = campaign.name;
        let is_of = |one: &&Redemption| {
            let code = self.seen.codes.get(&one.code);
            code.is_some_and(|code| code.campaign == name)
        };
        let (mut uses, mut money) = (0, 0);
        let mut of_shopper: BTreeMap<&str, u64> = BTreeMap::new();
        let mut of_code: BTreeMap<&str, u64> = BTreeMap::new();
        for one in self.standing().filter(is_of) {
            uses += 1;
            money += one.amount;
            *of_shopper.entry(&one.shopper).or_default() += 1;
            *of_code.entry(&one.code).or_default() += 1;
        }
        let mut findings = Vec::new();
        findings.extend(past((name, "uses"), uses, campaign.uses));
        findings.extend(past((name, "cents"), money, campaign.budget));
        for (shopper, uses) in of_shopper {
            let of = format!("{name} by {shopper}");
            findings.extend(past((&of, "uses"), uses, campaign.uses_of_customer));
        }
        for (code, uses) in of_code {
            findings.extend(past((code, "uses"), uses, campaign.uses_of_code));
        }
        match self.seen.discounts.get(name) {
            Some(shown) if *shown == money => {}
            shown => findings.push(format!(
                "the books of {name} say {shown:?} was taken off, and {money} stands"
            )),
        }
        findings
    }

    /// What is on a card is what was put on it less what was paid; a load of which nobody knows is
    /// on it once or not at all.
    fn cards(&self) -> Vec<String> {
        let mut findings = Vec::new();
        for card in &self.market.cards {
            let of_card = self.standing().filter(|one| one.code == *card);
            let paid: u64 = of_card.map(|one| one.amount).sum();
            let Some(balance) = self.seen.balances.get(card) else {
                findings.push(format!("card {card} is lost"));
                continue;
            };
            let (known, unknown) = self.loads(card);
            if !is_a_sum(balance + paid, FIRST_LOAD + known, &unknown) {
                findings.push(format!(
                    "card {card} holds {balance}: {FIRST_LOAD} and {known} were put on it, \
                     {paid} was paid, and of {unknown:?} nobody knows"
                ));
            }
        }
        findings
    }

    /// What was put on a card for sure, and each amount of which nobody knows.
    fn loads(&self, of: &str) -> (u64, Vec<u64>) {
        let (mut known, mut unknown) = (0, Vec::new());
        for entry in self.entries.values() {
            match (&entry.act, &entry.answer) {
                (Act::Load { card, .. }, _) if card != of => {}
                (Act::Load { amount, .. }, Some(Answer::Loaded { .. })) => known += amount,
                (Act::Load { amount, .. }, None) if entry.is_unknown => unknown.push(*amount),
                _ => {}
            }
        }
        (known, unknown)
    }

    /// Every code that a decision gave is there, and no more than were asked for.
    fn granted(&self) -> Vec<String> {
        let mut codes = BTreeSet::new();
        let mut unknown = 0;
        let mut findings = Vec::new();
        for (key, entry) in self.entries {
            match (&entry.act, &entry.answer) {
                (Act::Decide { .. }, Some(Answer::Granted { code })) => {
                    codes.insert(code.as_str());
                    let shown = self.seen.codes.get(code);
                    if shown.is_none_or(|shown| shown.campaign != GRANTED) {
                        findings.push(format!("{key} was granted {code}, which is lost"));
                    }
                }
                (Act::Decide { .. }, None) if entry.is_unknown => unknown += 1,
                _ => {}
            }
        }
        let shown = self.seen.codes.values();
        let shown = shown.filter(|code| code.campaign == GRANTED).count();
        let known = codes.len();
        if shown > known + unknown {
            findings.push(format!(
                "{shown} codes were granted: {known} were heard of, and of {unknown} nobody knows"
            ));
        }
        findings
    }
}

/// What a listed redemption says, against what its command was answered.
fn of_entry((key, entry): (&str, &Entry), one: &Redemption) -> Vec<String> {
    let Redemption {
        id,
        code,
        amount,
        shopper,
        ..
    } = one;
    let mut findings = Vec::new();
    match &entry.answer {
        Some(Answer::Redeemed {
            id: told,
            amount: off,
        }) => {
            if told != id {
                findings.push(format!(
                    "{key} was acknowledged as {told} and stands as {id}"
                ));
            }
            if off != amount {
                let finding = format!("{key}: {id} was told as {off} and stands as {amount}");
                findings.push(finding);
            }
        }
        None if entry.is_unknown => {}
        answer => findings.push(format!("{key} was answered {answer:?}, and {id} stands")),
    }
    let asked = match &entry.act {
        Act::Redeem { code, shopper, .. } => (code, *shopper),
        Act::Spend { card, shopper, .. } => (card, *shopper),
        _ => return findings,
    };
    if asked.0 != code || crate::workload::name(asked.1) != *shopper {
        let finding = format!("{key}: {id} uses {code} for {shopper}, and {asked:?} was asked");
        findings.push(finding);
    }
    findings
}

fn past((of, unit): (&str, &str), used: u64, limit: Option<u64>) -> Option<String> {
    let limit = limit.filter(|limit| used > *limit)?;
    Some(format!(
        "{of}: {used} {unit} stand, and {limit} is the limit"
    ))
}

/// Whether `total` is `known` and some of `unknown`.
fn is_a_sum(total: u64, known: u64, unknown: &[u64]) -> bool {
    let mut sums = BTreeSet::from([known]);
    for amount in unknown {
        let more: Vec<u64> = sums.iter().map(|sum| sum + amount).collect();
        sums.extend(more);
        if sums.len() > MAX_SUMS {
            let most: u64 = unknown.iter().sum();
            return (known..=known + most).contains(&total);
        }
    }
    sums.contains(&total)
}

/// Where another process says something else than the first.
pub(super) fn disagreements(first: &Seen, (place, other): (usize, &Seen)) -> Vec<String> {
    let redemptions = |seen: &Seen| -> BTreeMap<String, Redemption> {
        let all = seen.redemptions.iter();
        all.map(|one| (one.id.clone(), one.clone())).collect()
    };
    let mut findings = differences(place, (&redemptions(first), &redemptions(other)));
    findings.extend(differences(place, (&first.codes, &other.codes)));
    findings.extend(differences(place, (&first.balances, &other.balances)));
    findings.extend(differences(place, (&first.discounts, &other.discounts)));
    findings
}

fn differences<T: PartialEq + std::fmt::Debug>(
    place: usize,
    (first, other): (&BTreeMap<String, T>, &BTreeMap<String, T>),
) -> Vec<String> {
    let names: BTreeSet<&String> = first.keys().chain(other.keys()).collect();
    let differ = names
        .into_iter()
        .filter(|name| first.get(*name) != other.get(*name));
    differ
        .map(|name| {
            let (here, there) = (first.get(name), other.get(name));
            format!("of {name} process 0 says {here:?} and process {place} says {there:?}")
        })
        .collect()
}
