//! Where do the figures on the pages come from? The one place that asks the books for them.

use ledger::{Account, AccountId, Currency, Minor};
use measurement::{ArmOutcome, Moments};
use offers::{
    Campaign, CapUnit, Period, Reach, Timestamp,
    chart::{AccountKind, Occasion, counters},
};
use serde::Deserialize;
use store::{AccountsOf, Index, Kind, ProjectId};
use wire::ids::{Tag, format};

use crate::{
    app::App,
    configuration::{Compiled, read},
    deciding::PROGRAMME,
    problem::Refused,
    setting::TRUTH,
    vouchers::key,
};

/// So many accounts of one kind are added up on a page; beyond that it says that there are more.
pub const MAX_ACCOUNTS: usize = 20_000;
const STRETCH: u32 = 1_000;

/// The name of the experiment that every project has.
pub fn programme() -> String {
    format(Tag::Experiment, PROGRAMME)
}

/// The currency of what is measured.
pub fn currency(compiled: &Compiled) -> Currency {
    compiled.settings.currency
}

/// The sum of one outcome over all arms, in minor units.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never below zero, and what is too large saturates"
)]
pub fn total(arms: &[ArmOutcome], outcome: impl Fn(&ArmOutcome) -> Moments) -> Minor {
    let sum: f64 = arms.iter().map(|arm| outcome(arm).total()).sum();
    sum.max(0.0).round() as Minor
}

/// What only a simulator knows.
#[derive(Deserialize)]
pub struct Truth {
    pub true_incremental_profit: i64,
    pub as_of: Timestamp,
}

pub async fn truth(app: &App, project: ProjectId) -> Result<Option<Truth>, Refused> {
    let record = app.store().get(project, Kind::Setting, TRUTH).await?;
    record.map(|record| read(&record.body)).transpose()
}

/// The accounts of one owner on one line of the chart, at most so many.
pub async fn accounts(
    app: &App,
    project: ProjectId,
    (kind, owner): (AccountKind, u64),
    most: usize,
) -> Result<Vec<Account>, Refused> {
    let mut all: Vec<Account> = Vec::new();
    loop {
        let asked = AccountsOf {
            project,
            kind: kind.number(),
            owner,
            after: all.last().map(|account| account.id),
            limit: STRETCH,
        };
        let stretch = app.store().accounts_of(asked).await?;
        let is_last = stretch.len() < STRETCH as usize;
        all.extend(stretch);
        if is_last || all.len() >= most {
            return Ok(all);
        }
    }
}

/// What a campaign may spend, has spent and has promised.
#[derive(Clone, Copy)]
pub struct Budget {
    pub limit: Minor,
    pub spent: Minor,
    pub held: Minor,
    pub left: Minor,
}

/// `None` where no budget is set.
pub async fn budget(
    app: &App,
    (project, now): (ProjectId, Timestamp),
    campaign: &Campaign,
) -> Result<Option<Budget>, Refused> {
    let occasion = Occasion {
        at: now,
        ..Occasion::default()
    };
    let is_budget = |cap: &offers::Cap| {
        (cap.reach, cap.period, cap.unit) == (Reach::Campaign, Period::Ever, CapUnit::Money)
    };
    let counters = counters(campaign, None, &occasion);
    let Some(counter) = counters.iter().find(|counter| is_budget(&counter.cap)) else {
        return Ok(None);
    };
    let parts = counter.parts(&app.processes());
    let parts = app.store().accounts(project, &parts).await?;
    let (limit, left) = (counter.cap.limit, counter.left_of(&parts));
    let held = parts.iter().flatten().map(|part| part.debits.pending).sum();
    Ok(Some(Budget {
        limit,
        held,
        left,
        spent: limit.saturating_sub(left).saturating_sub(held),
    }))
}

/// What a campaign took off orders.
pub async fn discount_given(
    app: &App,
    project: ProjectId,
    campaign: &Campaign,
) -> Result<Minor, Refused> {
    let of = (AccountKind::DiscountGiven, campaign.id.0);
    let given = accounts(app, project, of, usize::MAX).await?;
    let net = |account: &Account| account.credits.posted.saturating_sub(account.debits.posted);
    Ok(given.iter().map(net).sum())
}

pub async fn redemptions(
    app: &App,
    project: ProjectId,
    campaign: &Campaign,
) -> Result<u64, Refused> {
    let key = key(campaign.id.0);
    let count = app
        .store()
        .count(project, Index::RedemptionsOfCampaign, &key)
        .await?;
    Ok(count)
}

/// Every account of a campaign, and those of its gift cards; `true` where there are more.
pub async fn books(
    app: &App,
    project: ProjectId,
    campaign: &Campaign,
) -> Result<(Vec<Account>, bool), Refused> {
    let mut all = Vec::new();
    let mut is_cut = false;
    for entry in offers::chart::entries().filter(|entry| is_of_campaign(entry.kind)) {
        let mut of = accounts(app, project, (entry.kind, campaign.id.0), MAX_ACCOUNTS).await?;
        is_cut |= of.len() >= MAX_ACCOUNTS;
        if entry.kind == AccountKind::GiftSold {
            let voucher =
                |sold: &Account| offers::chart::gift_balance(offers::VoucherId(sold.id.party));
            let cards: Vec<AccountId> = of.iter().map(voucher).collect();
            let cards = app.store().accounts(project, &cards).await?;
            all.extend(cards.into_iter().flatten());
        }
        all.append(&mut of);
    }
    Ok((all, is_cut))
}

/// Which lines of the chart are owned by campaigns.
fn is_of_campaign(kind: AccountKind) -> bool {
    use AccountKind as A;
    match kind {
        A::Budget | A::Funding | A::DiscountGiven => true,
        A::GiftSold | A::GiftSpent | A::GiftBreakage => true,
        A::PointsGiven | A::PointsSpent | A::PointsWithdrawn | A::CardBreakage => true,
        A::Cap(reach, _) | A::Allowed(reach, _) | A::Used(reach, _) => {
            let of_campaign = [
                Reach::Campaign,
                Reach::Customer,
                Reach::Store,
                Reach::ApiKey,
            ];
            of_campaign.contains(&reach)
        }
        A::Units(_) | A::CustomerUnits(_) | A::CardPoints => false,
        A::GiftBalance | A::Points | A::PointsCost | A::PointsBreakage => false,
        A::Revenue | A::GoodsCost | A::ShippingCost | A::Fees => false,
        A::OrderDiscount | A::OrdersOf => false,
    }
}
