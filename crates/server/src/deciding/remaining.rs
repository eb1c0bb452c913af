//! What is left of the limits that a decision may meet?

use std::collections::{BTreeMap, BTreeSet};

use decision::{Remaining, candidates};
use ledger::{Account, AccountId};
use offers::{
    CampaignId, CapUnit, Period, Reach, Timestamp, Zone,
    chart::{self, Counter, Occasion, counters, unit_bounds},
};
use rules::Facts;

use crate::{
    app::App, configuration::Compiled, deciding::number_of, lending, people::People,
    problem::Refused,
};

/// What the budgets and caps of the campaigns in question still hold.
pub async fn remaining(
    app: &App,
    people: &mut People<'_>,
    (compiled, facts, occasion): (&Compiled, &Facts, &Occasion),
) -> Result<Remaining, Refused> {
    let mut limits: Vec<(CampaignId, Counter)> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut units: Vec<(CampaignId, Vec<Vec<Counter>>)> = Vec::new();
    let asked = candidates(&compiled.snapshot, facts);
    for (offer, _) in &asked {
        let Some((offer, campaign)) = compiled.snapshot.offer(*offer) else {
            continue;
        };
        let bounds = unit_bounds(offer, (occasion, number_of));
        if !bounds.is_empty() {
            units.push((campaign.id, bounds));
        }
        if !seen.insert(campaign.id) {
            continue;
        }
        let of_campaign = counters(campaign, None, occasion);
        limits.extend(
            of_campaign
                .into_iter()
                .map(|counter| (campaign.id, counter)),
        );
    }
    if limits.is_empty() && units.is_empty() {
        return Ok(Remaining::default());
    }
    // What campaigns share is read once, and out of memory: the command that makes the promise is
    // judged by what is on disk. So are slices; those of others are as old as what others change,
    // and may be missed here for as long as their processes are new.
    let mut ids: Vec<AccountId> = limits
        .iter()
        .map(|(_, counter)| counter.account.id)
        .collect();
    let lent = limits
        .iter()
        .filter(|(_, counter)| counter.lender.is_some());
    ids.extend(lent.flat_map(|(_, counter)| lending::parts(app, counter)));
    let of_units = units.iter().flat_map(|(_, bounds)| bounds.iter().flatten());
    ids.extend(of_units.map(|counter| counter.account.id));
    ids.sort_unstable();
    ids.dedup();
    let accounts = people.view().balances(&ids).await?;
    let accounts = ids.into_iter().zip(accounts).collect();
    let mut remaining = left(app, &limits, &accounts);
    if units.is_empty() {
        return Ok(remaining);
    }
    let gives_anyway = |campaign: &CampaignId| {
        let of = asked.iter().filter(|(_, of)| of == campaign);
        let mut offers = of.filter_map(|(offer, _)| compiled.snapshot.offer(*offer));
        offers.any(|(offer, _)| unit_bounds(offer, (occasion, number_of)).is_empty())
    };
    let mut spent = without_units(&units, &accounts);
    spent.retain(|campaign| !gives_anyway(campaign));
    remaining.spent.extend(spent);
    Ok(remaining)
}

/// The campaigns of which no capped offer in question has units left of any product.
fn without_units(
    units: &[(CampaignId, Vec<Vec<Counter>>)],
    accounts: &BTreeMap<AccountId, Option<Account>>,
) -> BTreeSet<CampaignId> {
    let is_spent = |counter: &Counter| {
        let account = accounts.get(&counter.account.id);
        counter.left(account.and_then(Option::as_ref)) == 0
    };
    let gives = |bounds: &[Vec<Counter>]| {
        let mut picks = bounds.iter();
        picks.any(|pick| !pick.iter().any(is_spent))
    };
    let all = units.iter().map(|(campaign, _)| *campaign);
    let mut spent: BTreeSet<CampaignId> = all.collect();
    let giving = units.iter().filter(|(_, bounds)| gives(bounds));
    giving.for_each(|(campaign, _)| {
        spent.remove(campaign);
    });
    spent
}

/// The periods in which a customer's own limits count at a moment.
pub fn windows(zone: &Zone, at: Timestamp) -> [u32; 5] {
    let wall = zone.local(at);
    Period::ALL.map(|period| chart::window(period, wall))
}

/// The limits that all customers share, of every campaign: before it is known who asks, nobody
/// knows which of them matter.
pub fn shared(
    app: &App,
    compiled: &Compiled,
    (store, at): (Option<u64>, Timestamp),
) -> Vec<AccountId> {
    let occasion = Occasion {
        store,
        at,
        process: app.process(),
        ..Occasion::default()
    };
    let campaigns = compiled.campaigns.values();
    let all = campaigns.flat_map(|campaign| counters(&campaign.thing, None, &occasion));
    let all = all.filter(|counter| matches!(counter.cap.reach, Reach::Campaign | Reach::Store));
    let mut ids: Vec<AccountId> = Vec::new();
    for counter in all {
        ids.push(counter.account.id);
        if counter.lender.is_some() {
            ids.extend(lending::parts(app, &counter));
        }
    }
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn left(
    app: &App,
    limits: &[(CampaignId, Counter)],
    accounts: &BTreeMap<AccountId, Option<Account>>,
) -> Remaining {
    let mut remaining = Remaining::default();
    for (campaign, counter) in limits {
        let account = |id: &AccountId| accounts.get(id).copied().flatten();
        let left = match counter.lender {
            None => counter.left(account(&counter.account.id).as_ref()),
            Some(_) => {
                let parts = lending::parts(app, counter);
                counter.left_of(&parts.iter().map(account).collect::<Vec<_>>())
            }
        };
        let cap = counter.cap;
        if left == 0 {
            remaining.spent.insert(*campaign);
        }
        if (cap.reach, cap.period, cap.unit) == (Reach::Campaign, Period::Ever, CapUnit::Money) {
            remaining.budgets.insert(*campaign, left);
        }
    }
    remaining
}
