//! How often was a campaign used, and what came of it, from when to when?

mod cards;

use std::collections::{BTreeMap, HashMap};

use ledger::{Minor, Timestamp};
use offers::{CampaignId, VoucherKind, chart::AccountKind};
use serde_json::Value;
use store::{Index, Kind, Page, ProjectId, View};
use wire::voucherify::{CampaignType, HolderRole};

use super::each;
use crate::{
    app::App,
    aside::aside,
    checkout::{Redemption, RedemptionState, Sale, Used},
    configuration::Compiled,
    holding::Holder,
    problem::Refused,
    publishing::Publication,
    tallies, versioned,
    vouchers::{self, OF_CAMPAIGN, key, under_both},
};
pub use cards::{Gone, Points};

/// Redemptions or vouchers that are read at a time.
const STRETCH: u32 = 1_000;

/// From when, and until when; both inclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl Range {
    fn holds(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at <= until)
    }

    fn is_all(self) -> bool {
        self == Self::default()
    }
}

/// What was counted; amounts in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub redeemed: u64,
    pub failed: u64,
    pub rollbacks: u64,
    /// Of orders, each once.
    pub orders: Minor,
    pub orders_back: Minor,
    /// What was taken off orders, or paid with cards.
    pub given: Minor,
    /// What of that came back; that of several rollbacks counts with the last of them.
    pub given_back: Minor,
    /// What was validated, by days of the shop.
    pub validations: Tried,
    pub publications: Tried,
    /// Those that are gone included.
    pub vouchers: u64,
    pub gone: Gone,
    /// Who joined by a code, as far as it counts.
    pub referred: u64,
    pub points: Points,
    /// What cards began with, what was put on them later and what was taken off; told of all
    /// times only.
    pub cards: Option<Cards>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    pub succeeded: u64,
    pub failed: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cards {
    pub created: Minor,
    pub added: Minor,
    pub subtracted: Minor,
}

/// Which campaign, and what it is.
#[derive(Clone, Copy)]
struct Of {
    project: ProjectId,
    campaign: CampaignId,
    kind: CampaignType,
}

/// # Errors
/// When the store cannot be read.
pub async fn summary(
    app: &App,
    project: ProjectId,
    (campaign, kind, range): (CampaignId, CampaignType, Range),
) -> Result<Summary, Refused> {
    aside(app, app.reports(), async move |app| {
        tallies::keep(&app).await?;
        let compiled = app.compiled(project).await?;
        let mut view = app.store().view(project)?;
        let of = Of {
            project,
            campaign,
            kind,
        };
        read(&mut view, &compiled, (of, range)).await
    })
    .await
}

async fn read(
    view: &mut View,
    compiled: &Compiled,
    (of, range): (Of, Range),
) -> Result<Summary, Refused> {
    let mut summary = Summary::default();
    let campaign = of.campaign;
    add_redemptions(view, (campaign, range), &mut summary).await?;
    add_failures(view, (campaign, range), &mut summary).await?;
    add_publications(view, (campaign, range), &mut summary).await?;
    add_vouchers(view, (of, range), &mut summary).await?;
    add_gone(view, (of, range), &mut summary).await?;
    add_referred(view, (campaign, range), &mut summary).await?;
    let days = [range.from, range.until].map(|at| at.map(|at| compiled.day(at)));
    let tally = tallies::sum(view, campaign, days).await?;
    summary.validations = Tried {
        succeeded: tally.applied,
        failed: tally.refused,
    };
    if let Some(cards) = summary.cards.as_mut() {
        add_books(view, campaign, cards).await?;
    }
    Ok(summary)
}

/// All that is found under a campaign, stretch by stretch.
async fn next(
    view: &mut View,
    (index, campaign): (Index, CampaignId),
    after: u64,
) -> Result<Vec<u64>, Refused> {
    let page = Page {
        after,
        limit: STRETCH,
        newest_first: false,
    };
    Ok(view.find(index, &key(campaign.0), page).await?)
}

async fn add_redemptions(
    view: &mut View,
    (campaign, range): (CampaignId, Range),
    summary: &mut Summary,
) -> Result<(), Refused> {
    let (mut orders, mut orders_back) = (BTreeMap::new(), BTreeMap::new());
    let mut after = 0;
    loop {
        let ids = next(view, (Index::RedemptionsOfCampaign, campaign), after).await?;
        let Some(last) = ids.last() else { break };
        after = *last;
        let redemptions = redemptions_of(view, &ids).await?;
        let parents: Vec<u64> = redemptions.iter().filter_map(|one| one.parent).collect();
        let parents = redemptions_of(view, &parents).await?;
        let sales: HashMap<u64, &Sale> = parents
            .iter()
            .chain(&redemptions)
            .filter_map(|one| Some((one.id, one.sale.as_deref()?)))
            .collect();
        for one in &redemptions {
            let Some(sale) = sales.get(&one.parent.unwrap_or(one.id)) else {
                continue;
            };
            add_one((one, sale), range, summary);
            if range.holds(sale.date) {
                orders.extend(one.order.map(|id| (id, sale.priced.amount)));
            }
            if one.state == RedemptionState::RolledBack && was_taken_back(one, range) {
                orders_back.extend(one.order.map(|id| (id, sale.priced.amount)));
            }
        }
    }
    let sum = |all: BTreeMap<u64, Minor>| all.into_values().fold(0, Minor::saturating_add);
    (summary.orders, summary.orders_back) = (sum(orders), sum(orders_back));
    Ok(())
}

async fn redemptions_of(view: &mut View, ids: &[u64]) -> Result<Vec<Redemption>, Refused> {
    let records = view.get_many(Kind::Redemption, ids).await?;
    let read = records.iter().flatten();
    read.map(|record| versioned::read(&record.body)).collect()
}

fn add_one((one, sale): (&Redemption, &Sale), range: Range, summary: &mut Summary) {
    if range.holds(sale.date) {
        summary.redeemed += 1;
        summary.given = summary.given.saturating_add(one.gave.whole());
    }
    if was_taken_back(one, range) {
        let back = one.rollbacks.iter().filter(|back| range.holds(back.date));
        summary.rollbacks += back.count() as u64;
        summary.given_back = summary.given_back.saturating_add(one.gave.back());
    }
}

/// Whether the last of it came back in this time.
fn was_taken_back(one: &Redemption, range: Range) -> bool {
    one.rollbacks
        .last()
        .is_some_and(|back| range.holds(back.date))
}

async fn add_failures(
    view: &mut View,
    (campaign, range): (CampaignId, Range),
    summary: &mut Summary,
) -> Result<(), Refused> {
    let index = Index::FailuresOfCampaign;
    if range.is_all() {
        summary.failed = view.count(index, &key(campaign.0)).await?;
        return Ok(());
    }
    let mut after = 0;
    loop {
        let ids = next(view, (index, campaign), after).await?;
        let Some(last) = ids.last() else {
            return Ok(());
        };
        after = *last;
        for record in view.get_many(Kind::Failure, &ids).await?.iter().flatten() {
            let failure: Redemption = versioned::read(&record.body)?;
            let Used::Nothing { shown, .. } = &failure.used else {
                continue;
            };
            let shown = shown.value()?;
            let date = shown.get("date").and_then(Value::as_str);
            let date = date.and_then(wire::time::parse);
            summary.failed += u64::from(date.is_some_and(|date| range.holds(date)));
        }
    }
}

async fn add_publications(
    view: &mut View,
    (campaign, range): (CampaignId, Range),
    summary: &mut Summary,
) -> Result<(), Refused> {
    let tried = &mut summary.publications;
    let counts = [&mut tried.succeeded, &mut tried.failed];
    let indexes = [
        Index::PublicationsOfCampaign,
        Index::FailedPublicationsOfCampaign,
    ];
    for (index, count) in indexes.into_iter().zip(counts) {
        if range.is_all() {
            *count = view.count(index, &key(campaign.0)).await?;
            continue;
        }
        let mut after = 0;
        loop {
            let ids = next(view, (index, campaign), after).await?;
            let Some(last) = ids.last() else { break };
            after = *last;
            let records = view.get_many(Kind::Publication, &ids).await?;
            for record in records.iter().flatten() {
                let publication: Publication = versioned::read(&record.body)?;
                *count += u64::from(range.holds(publication.created_at));
            }
        }
    }
    Ok(())
}

async fn add_vouchers(
    view: &mut View,
    (of, range): (Of, Range),
    summary: &mut Summary,
) -> Result<(), Refused> {
    let is_of_cards = of.has_cards();
    if range.is_all() && !is_of_cards {
        // Nothing of them is read where they are only counted.
        summary.vouchers = vouchers::count(view, of.campaign).await?;
        return Ok(());
    }
    let mut cards = Cards::default();
    let mut after = 0;
    loop {
        let page = Page {
            after,
            limit: STRETCH,
            newest_first: false,
        };
        let ids = under_both(view, OF_CAMPAIGN, (of.campaign.0, page)).await?;
        let Some(last) = ids.last() else { break };
        after = *last;
        for record in view.get_many(Kind::Voucher, &ids).await?.iter().flatten() {
            let issued = vouchers::read(&record.body)?;
            let voucher = &issued.thing.voucher;
            cards.begin(voucher.kind);
            let card = ((of.project, voucher.id), voucher.kind, issued.created_at);
            summary.points.add(view, card, range).await?;
            summary.vouchers += u64::from(range.holds(issued.created_at));
        }
    }
    let is_told = of.kind == CampaignType::GiftVouchers && range.is_all();
    summary.cards = is_told.then_some(cards);
    Ok(())
}

/// Codes that were there and are gone.
async fn add_gone(
    view: &mut View,
    (of, range): (Of, Range),
    summary: &mut Summary,
) -> Result<(), Refused> {
    let mut after = 0;
    loop {
        let gone = cards::gone(view, of.campaign, &mut after).await?;
        if gone.is_empty() {
            return Ok(());
        }
        for (id, one) in gone {
            if let Some(cards) = summary.cards.as_mut() {
                cards.begin(one.kind);
            }
            let card = ((of.project, id), one.kind, one.created_at);
            summary.points.add(view, card, range).await?;
            summary.vouchers += u64::from(range.holds(one.created_at));
            if range.holds(one.at) {
                summary.gone.count += 1;
                summary.gone.left = summary.gone.left.saturating_add(one.left);
            }
        }
    }
}

async fn add_referred(
    view: &mut View,
    (campaign, range): (CampaignId, Range),
    summary: &mut Summary,
) -> Result<(), Refused> {
    let mut after = 0;
    loop {
        let ids = next(view, (Index::RefereesOfCampaign, campaign), after).await?;
        let Some(last) = ids.last() else {
            return Ok(());
        };
        after = *last;
        for record in view.get_many(Kind::Holder, &ids).await?.iter().flatten() {
            let holder: Holder = versioned::read(&record.body)?;
            let counts = holder.role == HolderRole::Referee
                && holder.converted_at.is_some_and(|at| range.holds(at));
            summary.referred += u64::from(counts);
        }
    }
}

impl Of {
    fn has_cards(self) -> bool {
        matches!(
            self.kind,
            CampaignType::GiftVouchers | CampaignType::LoyaltyProgram
        )
    }
}

impl Cards {
    /// Adds what a card began with.
    fn begin(&mut self, kind: VoucherKind) {
        if let VoucherKind::GiftCard { amount } = kind {
            self.created = self.created.saturating_add(amount);
        }
    }
}

/// What the books say of all cards together.
async fn add_books(
    view: &mut View,
    campaign: CampaignId,
    cards: &mut Cards,
) -> Result<(), Refused> {
    let (mut loaded, mut taken): (Minor, Minor) = (0, 0);
    let sold = AccountKind::GiftSold.number();
    each(view, (sold, campaign.0), |account| {
        loaded = loaded.saturating_add(account.debits.posted);
        taken = taken.saturating_add(account.credits.posted);
    })
    .await?;
    cards.added = loaded.saturating_sub(cards.created);
    cards.subtracted = taken;
    Ok(())
}
