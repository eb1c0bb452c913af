//! A marketer changes a budget or a cap: what moves in the books?
//!
//! An account starts with what its cap allows when it is first used. From then on a change of the
//! cap moves the difference, in the same command that changes the campaign.

mod units;

use ledger::{Account, AccountId, Opening};
use offers::{
    Campaign, Cap, Happening, Lending, Loan, Minor, Move, Reach, Timestamp,
    chart::{self, Counter, Occasion},
};
use store::{AccountsOf, Kind, Page, ProjectId};
use wire::voucherify::Key;

use crate::{
    api::dialect::refuse,
    app::App,
    catalogue::Change,
    lending,
    problem::Refused,
    vouchers::{self, OF_CAMPAIGN, under_both},
};

pub use units::fund_units;

/// A cap on each customer or code is changed for so many of them at most.
const MAX_ACCOUNTS: u32 = 10_000;

/// Books the difference between what a campaign's caps allowed and what they allow from now on.
///
/// # Errors
/// When a budget would fall below what is given already, or too many accounts would have to move.
pub async fn fund(
    app: &App,
    change: &mut Change<'_>,
    (before, after): (&Campaign, &Campaign),
) -> Result<(), Refused> {
    let (project, now) = (change.project(), change.now());
    if before.lending == Lending::Slices && lowers(before, after) {
        // Else the change would have to find it all where it is being spent.
        lending::end(app, project, (before, now)).await?;
    }
    let changed = after.caps.iter().filter(|cap| !before.caps.contains(cap));
    for cap in changed {
        let alone = Campaign {
            caps: vec![*cap],
            ..after.clone()
        };
        let counters = match cap.reach {
            Reach::Code => of_codes(app, project, (&alone, now)).await?,
            _ => of_others(app, project, (&alone, now)).await?,
        };
        for counter in &counters {
            let Some(moved) = moved(app, project, counter).await? else {
                continue;
            };
            let called_in = Loan {
                counter: *counter,
                moves: moved.called_in,
            };
            let called_in = Happening::Lent {
                loans: &[called_in],
            };
            change.book(offers::book(&called_in, app.next_id()?));
            let funded = Happening::Funded {
                counter,
                before: moved.before,
                after: moved.after,
            };
            change.book(offers::book(&funded, app.next_id()?));
        }
    }
    Ok(())
}

/// Whether a limit is lower from now on, or no more.
fn lowers(before: &Campaign, after: &Campaign) -> bool {
    let key = |cap: &Cap| (cap.reach, cap.period, cap.unit);
    let is_kept = |cap: &Cap| {
        let mut of = after.caps.iter();
        of.any(|one| key(one) == key(cap) && one.limit >= cap.limit)
    };
    !before.caps.iter().all(is_kept)
}

/// What a change of a limit moves.
struct Moved {
    /// What its account was given in all, and what it is to be given.
    before: Minor,
    after: Minor,
    /// What comes in from slices first, where the account itself has too little to give back.
    called_in: Vec<Move>,
}

/// `None` where the account is not open yet, or nothing is to move.
async fn moved(app: &App, project: ProjectId, counter: &Counter) -> Result<Option<Moved>, Refused> {
    let Some((limit, source, _)) = counter.account.funding else {
        return Ok(None);
    };
    let parts = counter.parts(&app.processes());
    let asked = [&[source], parts.as_slice()].concat();
    let found = app.store().accounts(project, &asked).await?;
    let [Some(source), parts @ ..] = found.as_slice() else {
        return Ok(None);
    };
    if let [None, ..] = parts {
        return Ok(None);
    }
    let given = source.debits.posted.saturating_sub(source.credits.posted);
    let left = counter.left_of(parts);
    let taken = given.saturating_sub(left);
    let is_shared = counter.cap.reach == Reach::Campaign;
    if limit < taken && is_shared {
        let details = format!("{taken} are given or held already: it cannot be {limit}");
        return Err(refuse(Key::InvalidPayload, details));
    }
    // A customer who used more than is allowed from now on has nothing left.
    let after = limit.max(taken);
    let parts = lending::holdings(counter, parts);
    let called_in = lending::called_in(&parts, given.saturating_sub(after));
    let moved = Moved {
        before: given,
        after,
        called_in: called_in.unwrap_or_default(),
    };
    Ok((after != given).then_some(moved))
}

/// The open accounts of a cap that is not on codes, in the period that `now` falls in.
async fn of_others(
    app: &App,
    project: ProjectId,
    (campaign, now): (&Campaign, Timestamp),
) -> Result<Vec<Counter>, Refused> {
    let occasion = Occasion {
        at: now,
        // Any will do: the sample is made like the account of each.
        key: Some(0),
        ..Occasion::default()
    };
    let Some(sample) = chart::counters(campaign, None, &occasion).pop() else {
        return Ok(Vec::new());
    };
    if sample.cap.reach == Reach::Campaign {
        return Ok(vec![sample]);
    }
    let id = sample.account.id;
    let accounts = of_owner(app, project, id).await?;
    let of_now = accounts.iter().filter(|one| one.id.window == id.window);
    Ok(of_now.map(|account| like(&sample, account)).collect())
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

/// The same counter for the party of another account.
fn like(sample: &Counter, account: &Account) -> Counter {
    let party = account.id.party;
    let at = |id: AccountId| AccountId { party, ..id };
    let funding = sample.account.funding;
    let funding = funding.map(|(limit, source, code)| (limit, at(source), code));
    Counter {
        account: Opening {
            id: account.id,
            funding,
            ..sample.account
        },
        ..*sample
    }
}

/// The counters of a cap on each code, for the codes there are.
async fn of_codes(
    app: &App,
    project: ProjectId,
    (campaign, now): (&Campaign, Timestamp),
) -> Result<Vec<Counter>, Refused> {
    let page = Page {
        after: 0,
        limit: MAX_ACCOUNTS + 1,
        newest_first: false,
    };
    let mut view = app.store().view(project)?;
    let ids = under_both(&mut view, OF_CAMPAIGN, (campaign.id.0, page)).await?;
    bounded(ids.len())?;
    let records = view.get_many(Kind::Voucher, &ids).await?;
    let occasion = Occasion {
        at: now,
        ..Occasion::default()
    };
    let mut counters = Vec::new();
    for record in records.into_iter().flatten() {
        let issued = vouchers::read(&record.body)?;
        counters.extend(chart::counters(
            campaign,
            Some(&issued.thing.voucher),
            &occasion,
        ));
    }
    Ok(counters)
}

fn bounded(accounts: usize) -> Result<(), Refused> {
    if accounts > MAX_ACCOUNTS as usize {
        let details = format!(
            "this cap counts more than {MAX_ACCOUNTS} customers or codes already: \
             begin another campaign instead"
        );
        return Err(refuse(Key::InvalidPayload, details));
    }
    Ok(())
}
