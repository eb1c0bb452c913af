//! A marketer changes how many units of a product may be discounted: what moves in the books?

use std::collections::BTreeMap;

use ledger::{Account, AccountId};
use offers::{
    Booking, Happening, Minor, Offer, Reach,
    chart::{Counter, UnitEntry},
};
use store::ProjectId;

use super::{bounded, of_owner};
use crate::{api::dialect::refuse, app::App, deciding::number_of, problem::Refused};
use wire::voucherify::Key;

/// Accounts that are read at one moment.
const STRETCH: usize = 500;

/// The difference between what the caps of offers on units allowed and what they allow from now on,
/// for all that was counted so far. Offers that cap the same units share an account, which moves
/// once.
///
/// # Errors
/// When a cap would fall below what is given already, or too many accounts would have to move.
pub async fn fund_units(
    app: &App,
    project: ProjectId,
    changed: &[(Option<&Offer>, &Offer)],
) -> Result<Booking, Refused> {
    let mut booking = Booking::default();
    for entry in changed_entries(changed) {
        for counters in opened(app, project, &entry).await?.chunks(STRETCH) {
            booking = booking.then(moved(app, project, counters).await?);
        }
    }
    Ok(booking)
}

/// What is capped anew: the least where offers say different things of the same units.
fn changed_entries<'a>(changed: &[(Option<&Offer>, &'a Offer)]) -> Vec<UnitEntry<'a>> {
    let mut entries: BTreeMap<AccountId, UnitEntry<'a>> = BTreeMap::new();
    for (before, after) in changed {
        let is_kept = |cap| before.is_some_and(|before| before.unit_caps().any(|one| one == cap));
        for cap in after.unit_caps().filter(|cap| !is_kept(*cap)) {
            let entry = UnitEntry::of(after, (cap, number_of));
            let kept = entries.entry(entry.allowed()).or_insert(entry);
            if cap.limit < kept.cap.limit {
                *kept = entry;
            }
        }
    }
    entries.into_values().collect()
}

/// The counters of an entry whose accounts are open.
async fn opened(
    app: &App,
    project: ProjectId,
    entry: &UnitEntry<'_>,
) -> Result<Vec<Counter>, Refused> {
    let mut counters = Vec::new();
    for allowed in of_owner(app, project, entry.allowed()).await? {
        let counted = entry.counter(allowed.id.party, 0).account.id;
        let accounts = of_owner(app, project, counted).await?;
        counters.extend(
            accounts
                .iter()
                .map(|account| entry.counter(account.id.owner, account.id.party)),
        );
        bounded(counters.len())?;
    }
    Ok(counters)
}

/// What is left and what was taken is read of one moment: what was allowed is both together,
/// whoever takes or gives back meanwhile.
async fn moved(app: &App, project: ProjectId, counters: &[Counter]) -> Result<Booking, Refused> {
    let both = |counter: &Counter| [counter.account.id, counter.used.id];
    let ids: Vec<AccountId> = counters.iter().flat_map(both).collect();
    let accounts = app.store().accounts(project, &ids).await?;
    let mut booking = Booking::default();
    for (counter, found) in counters.iter().zip(accounts.chunks(2)) {
        let [Some(left), taken] = found else { continue };
        let funded = funded(counter, (left, taken.as_ref()))?;
        booking = booking.then(offers::book(&funded, app.next_id()?));
    }
    Ok(booking)
}

fn funded<'c>(
    counter: &'c Counter,
    (left, taken): (&Account, Option<&Account>),
) -> Result<Happening<'c>, Refused> {
    let used = taken.map_or(0, |used| net(used.credits.posted, used.debits.posted));
    // What is held is taken, and still on the account.
    let before = net(left.credits.posted, left.debits.posted).saturating_add(used);
    let taken = before.saturating_sub(left.available().unwrap_or(0));
    let limit = counter.cap.limit;
    if limit < taken && counter.cap.reach != Reach::Customer {
        let details = format!("{taken} units are given or held already: it cannot be {limit}");
        return Err(refuse(Key::InvalidPayload, details));
    }
    Ok(Happening::Funded {
        counter,
        before,
        // A customer who used more than is allowed from now on has nothing left.
        after: limit.max(taken),
    })
}

fn net(there: Minor, back: Minor) -> Minor {
    there.saturating_sub(back)
}
