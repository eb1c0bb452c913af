//! What do we learn from the offers that were granted? Of each that has ended, the contribution of
//! the customer's orders while it was open.

use decision::{Fate, Policy};
use learning::Evidence;
use ledger::Timestamp;
use measurement::Moments;
use offers::{
    CampaignId, OfferId,
    chart::{self, AccountKind, Reason},
};
use profiles::CustomerId;
use store::{Command, Expect, Index, Kind, Outcome, Page, ProjectId, TransferFilter, View, Write};

use crate::{
    app::App,
    configuration::{self, Decisioning},
    deciding::{PROGRAMME, Promise, Recorded},
    people::{Person, Unit},
    problem::Refused,
    setting::DECISIONING,
    setup::writes,
    versioned,
    vouchers::key,
};

/// Decisions of one offer that are read, newest first: older ones tell of another season.
const MAX_DECISIONS: u32 = 20_000;
/// Transfers of one customer that are read.
const MAX_TRANSFERS: u32 = 10_000;
const MAX_ATTEMPTS: usize = 20;

/// Gives a bandit the evidence there is by now; other policies have nothing to learn. `true` when
/// it changed, which is a new configuration.
///
/// # Errors
/// When the store fails, or somebody keeps changing the policy.
pub async fn learn(app: &App, project: ProjectId, now: Timestamp) -> Result<bool, Refused> {
    for _ in 0..MAX_ATTEMPTS {
        let store = app.store();
        let found = store.get(project, Kind::Setting, DECISIONING).await?;
        let Some(found) = found else { return Ok(false) };
        let mut decisioning: Decisioning = configuration::read(&found.body)?;
        let before = decisioning.clone();
        let Policy::Bandit { arms, .. } = &mut decisioning.policy else {
            return Ok(false);
        };
        let compiled = app.compiled(project).await?;
        let mut view = store.view(project)?;
        for (offer, seen) in arms {
            let campaign = compiled.of(*offer).map(|(_, campaign)| campaign.id);
            *seen = evidence(&mut view, (*offer, campaign), now).await?;
        }
        drop(view);
        if decisioning.policy == before.policy {
            return Ok(false);
        }
        let put = Write::Put {
            kind: Kind::Setting,
            id: DECISIONING,
            body: configuration::write(&decisioning)?,
        };
        let expect = Expect {
            kind: Kind::Setting,
            id: DECISIONING,
            version: found.version,
        };
        let command = Command {
            now,
            expects: vec![expect],
            ..writes(project, vec![put])
        };
        match app.reconfigure(command).await? {
            Outcome::Applied => return Ok(true),
            Outcome::Stale { .. } => {}
            other => return Err(Refused::Fault(format!("learning: {other:?}"))),
        }
    }
    Err(Refused::Busy)
}

async fn evidence(
    view: &mut View,
    (offer, campaign): (OfferId, Option<CampaignId>),
    now: Timestamp,
) -> Result<Evidence, Refused> {
    let page = Page {
        after: 0,
        limit: MAX_DECISIONS,
        newest_first: true,
    };
    let mut decisions = view
        .find(Index::DecisionsOfOffer, &key(offer.0), page)
        .await?;
    if let Some(campaign) = campaign {
        let granted = (Index::GrantsOfCampaign, key(campaign.0));
        decisions.extend(view.find(granted.0, &granted.1, page).await?);
    }
    let mut seen = Moments::default();
    for id in decisions {
        let Some(record) = view.get(Kind::Decision, id).await? else {
            continue;
        };
        let recorded: Recorded = versioned::read(&record.body)?;
        if let Some(outcome) = outcome(view, &recorded, (offer, now)).await? {
            seen.push(outcome);
        }
    }
    Ok(Evidence {
        n: seen.n,
        mean: seen.mean,
        m2: seen.m2,
    })
}

/// What came of one grant; `None` where it is still open, was never given, or is not measured.
async fn outcome(
    view: &mut View,
    recorded: &Recorded,
    (offer, now): (OfferId, Timestamp),
) -> Result<Option<f64>, Refused> {
    let Promise::Kept { until, .. } = recorded.promise else {
        return Ok(None);
    };
    let is_chosen = matches!(recorded.decision.fate(offer), Some(Fate::Chosen { .. }));
    if !is_chosen || until > now {
        return Ok(None);
    }
    let Some(unit) = unit(view, recorded.request.customer).await? else {
        return Ok(None);
    };
    let between = recorded.request.now..=until;
    let account = chart::outcome(AccountKind::OrdersOf, PROGRAMME, unit.0);
    let page = Page {
        after: 0,
        limit: MAX_TRANSFERS,
        newest_first: false,
    };
    let transfers = view
        .transfers(TransferFilter::Account(account), page)
        .await?;
    let mut contribution: f64 = 0.0;
    for saved in transfers.iter().filter(|saved| between.contains(&saved.at)) {
        // What was taken off is not in what was paid.
        if saved.transfer.code == Reason::OrderDiscount.code() {
            continue;
        }
        let amount = saved.transfer.amount as f64;
        // Revenue comes out of this account, and every cost goes into it.
        let is_in = saved.transfer.debit == account;
        contribution += if is_in { amount } else { -amount };
    }
    Ok(Some(contribution))
}

/// The number a customer's outcomes are counted under, if they are.
async fn unit(view: &mut View, customer: CustomerId) -> Result<Option<Unit>, Refused> {
    let mut id = customer;
    loop {
        let Some(record) = view.get(Kind::Customer, id.0).await? else {
            return Ok(None);
        };
        let person: Person = versioned::read(&record.body)?;
        match person.merged_into {
            Some(next) => id = next,
            None => return Ok(person.enrolled.map(|enrolled| enrolled.unit)),
        }
    }
}
