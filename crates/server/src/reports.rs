//! What changed, and what did it earn? Readouts, statements and the overview, computed from the
//! books and the arms when they are asked for: there is no second set of numbers.

pub mod customers;
pub mod summary;

use std::collections::{BTreeSet, HashMap};

use ledger::{Account, Minor};
use measurement::{Arm, ArmOutcome, Effect, Moments, Posted, Readout, Statement, Unready};
use offers::{
    CampaignId, CapUnit, Currency, Period, Reach,
    chart::{AccountKind, Occasion, counters},
};
use rules::Reads;
use store::{AccountsOf, Index, Kind, Page, ProjectId, View};
use wire::voucherify::{OrderInput, order_to_domain};

use crate::{
    app::App,
    aside::aside,
    checkout::{Redemption, RedemptionState, StoredOrder},
    deciding::{PROGRAMME, arm_key},
    problem::Refused,
    versioned,
    vouchers::key,
};

/// Rows read at a time.
const STRETCH: u32 = 10_000;

/// What a customer's orders came to; signed, because a refund may cost more than an order brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// What was paid, after discounts.
    paid: i64,
    goods: i64,
    shipping: i64,
    fees: i64,
    discount: i64,
}

/// The experiment that the holdout is, read now: contribution for each customer enrolled.
///
/// # Errors
/// When the store cannot be read; where there is no number yet, `Unready` says why.
pub async fn readout(app: &App, project: ProjectId) -> Result<Result<Readout, Unready>, Refused> {
    let design = app.compiled(project).await?.decisioning.design.clone();
    let arms = arms(app, project).await?;
    let profits: Vec<(Arm, Moments)> = arms.iter().map(|one| (one.arm, one.profit)).collect();
    Ok(measurement::readout(&design, &profits))
}

/// A campaign's profit and loss: its books beside what the arms say.
///
/// # Errors
/// When the store cannot be read.
pub async fn statement(
    app: &App,
    project: ProjectId,
    campaign: CampaignId,
) -> Result<Statement, Refused> {
    aside(app, app.reports(), async move |app| {
        read_statement(&app, project, campaign).await
    })
    .await
}

async fn read_statement(
    app: &App,
    project: ProjectId,
    campaign: CampaignId,
) -> Result<Statement, Refused> {
    let compiled = app.compiled(project).await?;
    let known = compiled.campaigns.get(&campaign);
    let currency = known.map_or(compiled.settings.currency, |known| known.thing.currency);
    let arms = read_arms(app, project).await?;
    let mut view = app.store().view(project)?;
    let mut posted = posted(&mut view, campaign).await?;
    add_redeemed(&mut view, (campaign, currency), &mut posted).await?;
    let design = &compiled.decisioning.design;
    Ok(measurement::statement(design, &posted, &arms))
}

/// What a marketer sees first.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// What all offers together earned that would not have come without them.
    pub profit: Result<Effect, Unready>,
    /// Of all campaigns, in minor units.
    pub discount: Minor,
    pub redemptions: u64,
    /// Campaigns with an offer that is neither paused nor closed.
    pub live: usize,
    pub budgets: Vec<BudgetUse>,
}

/// How far a campaign's budget is used up, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetUse {
    pub campaign: CampaignId,
    pub name: String,
    pub limit: Minor,
    /// Neither spent nor held.
    pub left: Minor,
}

/// # Errors
/// When the store cannot be read.
pub async fn overview(app: &App, project: ProjectId) -> Result<Overview, Refused> {
    aside(app, app.reports(), async move |app| {
        read_overview(&app, project).await
    })
    .await
}

async fn read_overview(app: &App, project: ProjectId) -> Result<Overview, Refused> {
    let compiled = app.compiled(project).await?;
    let arms = read_arms(app, project).await?;
    let mut view = app.store().view(project)?;
    let mut all = Posted::default();
    for campaign in compiled.campaigns.keys() {
        let one = posted(&mut view, *campaign).await?;
        all.discount = all.discount.saturating_add(one.discount);
        all.redemptions = all.redemptions.saturating_add(one.redemptions);
    }
    let live = compiled.campaigns.values();
    let live = live.filter(|campaign| campaign.thing.active).count();
    let statement = measurement::statement(&compiled.decisioning.design, &all, &arms);
    Ok(Overview {
        profit: statement.incremental.map(|increment| increment.profit),
        discount: all.discount,
        redemptions: all.redemptions,
        live,
        budgets: budgets(&mut view, (&compiled, &app.processes())).await?,
    })
}

async fn budgets(
    view: &mut View,
    (compiled, processes): (&crate::configuration::Compiled, &[u64]),
) -> Result<Vec<BudgetUse>, Refused> {
    let mut budgets = Vec::new();
    for stored in compiled.campaigns.values() {
        let campaign = &stored.thing;
        let is_budget = |cap: &offers::Cap| {
            (cap.reach, cap.period, cap.unit) == (Reach::Campaign, Period::Ever, CapUnit::Money)
        };
        let found = counters(campaign, None, &Occasion::default())
            .into_iter()
            .find(|counter| is_budget(&counter.cap));
        let Some(counter) = found else { continue };
        let parts = view.accounts(&counter.parts(processes)).await?;
        budgets.push(BudgetUse {
            campaign: campaign.id,
            name: campaign.name.to_string(),
            limit: counter.cap.limit,
            left: counter.left_of(&parts),
        });
    }
    Ok(budgets)
}

/// The outcomes of every arm of the programme, over all customers enrolled in it: one without an
/// order counts as zero.
///
/// # Errors
/// When the store cannot be read.
pub async fn arms(app: &App, project: ProjectId) -> Result<Vec<ArmOutcome>, Refused> {
    aside(app, app.reports(), async move |app| {
        read_arms(&app, project).await
    })
    .await
}

async fn read_arms(app: &App, project: ProjectId) -> Result<Vec<ArmOutcome>, Refused> {
    let design = app.compiled(project).await?.decisioning.design.clone();
    let mut view = app.store().view(project)?;
    let outcomes = outcomes(&mut view).await?;
    let mut arms = Vec::new();
    for (arm, _) in design.shares() {
        let units = units(&mut view, arm).await?;
        let of_arm = units.iter().map(|unit| outcomes.get(unit).copied());
        arms.push(moments(arm, of_arm.map(Option::unwrap_or_default)));
    }
    Ok(arms)
}

async fn units(view: &mut View, arm: Arm) -> Result<Vec<u64>, Refused> {
    let key = arm_key(PROGRAMME, arm);
    let mut units: Vec<u64> = Vec::new();
    loop {
        let page = Page {
            after: units.last().copied().unwrap_or(0),
            limit: STRETCH,
            newest_first: false,
        };
        let stretch = view.find(Index::UnitsOfArm, &key, page).await?;
        let is_last = stretch.len() < STRETCH as usize;
        units.extend(stretch);
        if is_last {
            return Ok(units);
        }
    }
}

async fn outcomes(view: &mut View) -> Result<HashMap<u64, Outcome>, Refused> {
    let mut outcomes: HashMap<u64, Outcome> = HashMap::new();
    for kind in [
        AccountKind::Revenue,
        AccountKind::GoodsCost,
        AccountKind::ShippingCost,
        AccountKind::Fees,
        AccountKind::OrderDiscount,
    ] {
        let number = kind.number();
        each(view, (number, PROGRAMME), |account| {
            let outcome = outcomes.entry(account.id.party).or_default();
            let taken = credits_net(account);
            match kind {
                AccountKind::Revenue => outcome.paid = taken,
                AccountKind::GoodsCost => outcome.goods = -taken,
                AccountKind::ShippingCost => outcome.shipping = -taken,
                AccountKind::Fees => outcome.fees = -taken,
                _ => outcome.discount = -taken,
            }
        })
        .await?;
    }
    Ok(outcomes)
}

/// Goes through all accounts of one owner on one line of the chart.
async fn each(
    view: &mut View,
    (kind, owner): (u16, u64),
    mut with: impl FnMut(&Account),
) -> Result<(), Refused> {
    let mut after = None;
    loop {
        let asked = AccountsOf {
            project: ProjectId(0),
            kind,
            owner,
            after,
            limit: STRETCH,
        };
        let accounts = view.accounts_of(asked).await?;
        accounts.iter().for_each(&mut with);
        after = accounts.last().map(|account| account.id);
        if accounts.len() < STRETCH as usize {
            return Ok(());
        }
    }
}

fn credits_net(account: &Account) -> i64 {
    let side = |minor: Minor| i64::try_from(minor).unwrap_or(i64::MAX);
    side(account.credits.posted).saturating_sub(side(account.debits.posted))
}

fn moments(arm: Arm, outcomes: impl Iterator<Item = Outcome>) -> ArmOutcome {
    let mut all = ArmOutcome {
        arm,
        profit: Moments::default(),
        revenue: Moments::default(),
        goods: Moments::default(),
        shipping: Moments::default(),
        fees: Moments::default(),
        discount: Moments::default(),
        bought: Moments::default(),
    };
    for one in outcomes {
        let costs = one.goods + one.shipping + one.fees;
        all.profit.push((one.paid - costs) as f64);
        // Before discount, as a statement tells it.
        all.revenue.push((one.paid + one.discount) as f64);
        all.goods.push(one.goods as f64);
        all.shipping.push(one.shipping as f64);
        all.fees.push(one.fees as f64);
        all.discount.push(one.discount as f64);
        all.bought.push(if one.paid > 0 { 1.0 } else { 0.0 });
    }
    all
}

/// What the books say of one campaign.
async fn posted(view: &mut View, campaign: CampaignId) -> Result<Posted, Refused> {
    let total = async |view: &mut View, kind: AccountKind| {
        let mut sum: i64 = 0;
        each(view, (kind.number(), campaign.0), |account| {
            sum = sum.saturating_add(credits_net(account));
        })
        .await?;
        Ok::<i64, Refused>(sum)
    };
    let discount = total(view, AccountKind::DiscountGiven).await?;
    let sold = -total(view, AccountKind::GiftSold).await?;
    let spent = total(view, AccountKind::GiftSpent).await?;
    let breakage = total(view, AccountKind::GiftBreakage).await?;
    let redemptions = view
        .count(Index::RedemptionsOfCampaign, &key(campaign.0))
        .await?;
    let whole = |amount: i64| Minor::try_from(amount).unwrap_or(0);
    Ok(Posted {
        discount: whole(discount),
        breakage: whole(breakage),
        liability: whole(sold - spent - breakage),
        redemptions,
        ..Posted::default()
    })
}

/// Adds what the orders that redeemed the campaign's offers brought, before discount, and what
/// their goods cost, where they told; each order once.
async fn add_redeemed(
    view: &mut View,
    (campaign, currency): (CampaignId, Currency),
    posted: &mut Posted,
) -> Result<(), Refused> {
    let mut orders: BTreeSet<u64> = BTreeSet::new();
    let mut after = 0;
    posted.redemptions = 0;
    loop {
        let page = Page {
            after,
            limit: STRETCH,
            newest_first: false,
        };
        let index = Index::RedemptionsOfCampaign;
        let stretch = view.find(index, &key(campaign.0), page).await?;
        for record in view
            .get_many(Kind::Redemption, &stretch)
            .await?
            .into_iter()
            .flatten()
        {
            let redemption: Redemption = versioned::read(&record.body)?;
            if redemption.state == RedemptionState::Succeeded {
                posted.redemptions += 1;
                orders.extend(redemption.order);
            }
        }
        after = stretch.last().copied().unwrap_or(0);
        if stretch.len() < STRETCH as usize {
            break;
        }
    }
    let orders: Vec<u64> = orders.into_iter().collect();
    for input in sent_last(view, &orders).await? {
        let Ok(order) = order_to_domain(&input, currency, &Reads::nothing()) else {
            continue;
        };
        let goods = order.lines.iter().map(|line| {
            let cost = line.unit_cost.unwrap_or(0);
            cost.saturating_mul(line.quantity.into())
        });
        // What the customer pays for sending is revenue, as it is in the arms.
        let revenue = order.amount.saturating_add(order.shipping);
        posted.attributed = posted.attributed.saturating_add(revenue);
        posted.goods = posted
            .goods
            .saturating_add(goods.fold(0, Minor::saturating_add));
    }
    Ok(())
}

/// What the shop sent of each order last.
async fn sent_last(view: &mut View, orders: &[u64]) -> Result<Vec<OrderInput>, Refused> {
    let mut last: Vec<u64> = Vec::new();
    for record in view.get_many(Kind::Order, orders).await?.iter().flatten() {
        let order: StoredOrder = versioned::read(&record.body)?;
        last.extend(order.last());
    }
    let mut sent = Vec::new();
    let records = view.get_many(Kind::Redemption, &last).await?;
    for record in records.iter().flatten() {
        let redemption: Redemption = versioned::read(&record.body)?;
        let sale = redemption.sale;
        sent.extend(sale.map(|sale| sale.input.read()).transpose()?);
    }
    Ok(sent)
}

/// How many customers are enrolled in each arm.
///
/// # Errors
/// When the store cannot be read.
pub async fn enrolled(app: &App, project: ProjectId) -> Result<Vec<(Arm, u64)>, Refused> {
    aside(app, app.reports(), async move |app| {
        read_enrolled(&app, project).await
    })
    .await
}

async fn read_enrolled(app: &App, project: ProjectId) -> Result<Vec<(Arm, u64)>, Refused> {
    let design = app.compiled(project).await?.decisioning.design.clone();
    let mut view = app.store().view(project)?;
    let mut arms = Vec::new();
    for (arm, _) in design.shares() {
        let key = arm_key(PROGRAMME, arm);
        arms.push((arm, view.count(Index::UnitsOfArm, &key).await?));
    }
    Ok(arms)
}
