//! A marketer changes how many units of a product may be discounted: what moves in the books?

use ledger::{Account, AccountId};
use offers::{Booking, Happening, Minor, Offer, chart::UnitEntry};
use store::{AccountsOf, ProjectId};

use super::{MAX_ACCOUNTS, bounded};
use crate::{api::dialect::refuse, app::App, deciding::number_of, problem::Refused};
use wire::voucherify::Key;

/// The difference between what the caps of an offer on units allowed and what they allow from now
/// on, for all that was counted so far.
///
/// # Errors
/// When a cap would fall below what is given already, or too many accounts would have to move.
pub async fn fund_units(
    app: &App,
    project: ProjectId,
    (before, after): (Option<&Offer>, &Offer),
) -> Result<Booking, Refused> {
    let mut booking = Booking::default();
    let is_kept = |cap| before.is_some_and(|before| before.unit_caps().any(|one| one == cap));
    for cap in after.unit_caps().filter(|cap| !is_kept(*cap)) {
        let entry = UnitEntry::of(after, (cap, number_of));
        let allowed = of_owner(app, project, entry.allowed()).await?;
        for owner in allowed.iter().map(|account| account.id.party) {
            let counted = entry.counter(owner, 0).account.id;
            for account in of_owner(app, project, counted).await? {
                let moved = moved(app, project, (&entry, &account)).await?;
                booking = booking.then(moved);
            }
        }
    }
    Ok(booking)
}

/// All accounts of one kind and owner.
async fn of_owner(app: &App, project: ProjectId, of: AccountId) -> Result<Vec<Account>, Refused> {
    let asked = AccountsOf {
        project,
        kind: of.kind,
        owner: of.owner,
        after: None,
        limit: MAX_ACCOUNTS + 1,
    };
    let accounts = app.store().accounts_of(asked).await?;
    bounded(accounts.len())?;
    Ok(accounts)
}

async fn moved(
    app: &App,
    project: ProjectId,
    (entry, account): (&UnitEntry<'_>, &Account),
) -> Result<Booking, Refused> {
    let counter = entry.counter(account.id.owner, account.id.party);
    let used = app.store().account(project, counter.used.id).await?;
    let used = used.map_or(0, |used| net(used.credits.posted, used.debits.posted));
    // What is held is taken, and still on the account.
    let before = net(account.credits.posted, account.debits.posted).saturating_add(used);
    let taken = before.saturating_sub(account.available().unwrap_or(0));
    let limit = entry.cap.limit;
    if limit < taken && !entry.cap.reach.is_of_customer() {
        let details = format!("{taken} units are given or held already: it cannot be {limit}");
        return Err(refuse(Key::InvalidPayload, details));
    }
    let funded = Happening::Funded {
        counter: &counter,
        before,
        // A customer who used more than is allowed from now on has nothing left.
        after: limit.max(taken),
    };
    Ok(offers::book(&funded, app.next_id()?))
}

fn net(there: Minor, back: Minor) -> Minor {
    there.saturating_sub(back)
}
