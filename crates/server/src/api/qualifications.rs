//! Qualifications: which redeemables apply to this order and customer now, each as if alone, and
//! why do the rest not? Nothing is held, and what budgets and caps have left is looked up.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::{body::Bytes, extract::State};
use decision::candidates;
use ledger::Timestamp;
use offers::{OfferId, Refusal, order_facts};
use store::{Index, Kind, Page};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        CodeCapacity, List, OrderInput, OrderView, QualificationOptions, QualificationRequest,
        QualificationResponse, QualificationRow, RedeemableInput, RedeemableKind, Scenario,
        SortingRule, ValidationRow,
    },
};

use super::{
    campaigns,
    dialect::{parse, retry},
    promotions,
    validations::{refused_row, result_of},
};
use crate::{
    app::App,
    auth::{Caller, Redeem},
    checkout::{Call, Fate, For, Offered, Quote, Till, sweep},
    once::Answer,
    problem::Refused,
    vouchers::{self, OF_HOLDER, key, under_both},
};

/// Codes of one customer that are looked at.
const MAX_HELD: u32 = 100;
/// Redeemables that are looked at in one call.
const MAX_LOOKED_AT: usize = 1_000;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(qualify))
}

/// Which redeemables apply, and with `options.expand: ["inapplicable"]` why the rest do not.
#[utoipa::path(post, path = "/v1/qualifications", request_body = QualificationRequest,
    responses((status = 200, body = QualificationResponse)))]
async fn qualify(
    State(app): State<App>,
    caller: Caller<Redeem>,
    body: Bytes,
) -> Result<Answer, Refused> {
    Answer::ok(&answered(&app, &caller, &parse(&body)?).await?)
}

/// Which redeemables apply.
///
/// # Errors
/// When the request does not fit.
pub async fn answered(
    app: &App,
    caller: &Caller<Redeem>,
    request: &QualificationRequest,
) -> Result<QualificationResponse, Refused> {
    let swept = AtomicBool::new(false);
    retry(|| qualified(app, caller, request, &swept)).await
}

async fn qualified(
    app: &App,
    caller: &Caller<Redeem>,
    request: &QualificationRequest,
    swept: &AtomicBool,
) -> Result<Option<QualificationResponse>, Refused> {
    let options = request.options.clone().unwrap_or_default();
    let call = Call {
        project: caller.project,
        now: caller.now,
        customer: request.customer.as_ref(),
        order: request.order.as_ref(),
        metadata: request.metadata.as_ref(),
        session: None,
        purpose: For::Looking,
    };
    let mut till = Till::open(app, &call).await?.asked_by(caller.attempt());
    let tells_why = options.expand.iter().any(|what| what == "inapplicable");
    let which = Which {
        scenario: request.scenario,
        reach: if tells_why {
            Reach::All
        } else {
            Reach::Matching
        },
    };
    let redeemables = which.redeemables(&mut till).await?;
    till.put_forward(&redeemables).await?;
    let Judged {
        mut rows,
        inapplicable,
        is_short,
    } = judged(&till, request.order.as_ref())?;
    if is_short && !swept.swap(true, Ordering::Relaxed) {
        sweep(app, caller.project, caller.now).await?;
        return Ok(None);
    }
    sort(&mut rows, &options);
    let total = rows.len() as u64;
    let limit = usize::try_from(options.rows()).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more);
    let next = last.and_then(|row| wire::time::format(row.created_at));
    let priced = till.untouched();
    Ok(Some(QualificationResponse {
        redeemables: List {
            has_more: Some(has_more),
            more_starting_after: Some(next),
            ..List::page("data", rows, total)
        },
        tracking_id: request.tracking_id.clone(),
        order: request
            .order
            .is_some()
            .then(|| OrderView::before(&till.input, &priced)),
        stacking_rules: till.compiled.stacking.said.clone(),
        inapplicable_redeemables: tells_why.then_some(inapplicable),
    }))
}

/// Which redeemables are looked at.
struct Which {
    scenario: Scenario,
    reach: Reach,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Those whose rules match, by the index over all of them.
    Matching,
    /// All there are, to say why they do not apply.
    All,
}

impl Which {
    async fn redeemables(&self, till: &mut Till<'_>) -> Result<Vec<RedeemableInput>, Refused> {
        let mut found = self.held(till).await?;
        if self.scenario != Scenario::CustomerWallet && self.scenario != Scenario::PromotionStacks {
            let offers = self.offers(till);
            found.extend(self.without_holder(till, &offers).await?);
        }
        found.truncate(MAX_LOOKED_AT);
        Ok(found)
    }

    fn offers(&self, till: &Till<'_>) -> Vec<OfferId> {
        match self.reach {
            Reach::All => till.compiled.offers.keys().copied().collect(),
            Reach::Matching => {
                let mut facts = till.facts.clone();
                facts.extend(order_facts(&till.order, till.compiled.snapshot.reads()));
                let matching = candidates(&till.compiled.snapshot, &facts);
                matching.into_iter().map(|(offer, _)| offer).collect()
            }
        }
    }

    /// Codes of the customer, under every id they had. A browser is told of none: anybody can
    /// name anybody there.
    async fn held(&self, till: &mut Till<'_>) -> Result<Vec<RedeemableInput>, Refused> {
        if till.is_open_to_all() {
            return Ok(Vec::new());
        }
        let person = till.customer.and_then(|id| till.people.person(id));
        let Some(person) = person else {
            return Ok(Vec::new());
        };
        let mut holders = vec![person.id];
        holders.extend(&person.former);
        let mut held = Vec::new();
        for holder in holders {
            let page = (holder.0, newest(MAX_HELD));
            let found = under_both(till.people.view(), OF_HOLDER, page).await?;
            held.extend(codes(till, &found).await?);
        }
        Ok(held)
    }

    /// Tiers, and the one code of each campaign that has a single one for everybody.
    async fn without_holder(
        &self,
        till: &mut Till<'_>,
        offers: &[OfferId],
    ) -> Result<Vec<RedeemableInput>, Refused> {
        let compiled = till.compiled.clone();
        let mut found = Vec::new();
        for id in offers.iter().take(MAX_LOOKED_AT) {
            let Some(offer) = compiled.offers.get(id) else {
                continue;
            };
            if offer.thing.is_tier {
                let name = ids::format(Tag::Tier, id.0);
                found.push(redeemable(RedeemableKind::PromotionTier, name));
                continue;
            }
            let of = offer.thing.campaign;
            let campaign = compiled.campaigns.get(&of);
            let capacity = campaign.and_then(|one| campaigns::capacity_of(one));
            if capacity == Some(CodeCapacity::Standalone) {
                // Not one that was granted: such a code is for one customer alone.
                let index = Index::VouchersOfCampaign;
                let view = till.people.view();
                let single = view.find(index, &key(of.0), newest(1)).await?;
                found.extend(codes(till, &single).await?);
            }
        }
        Ok(found)
    }
}

fn redeemable(object: RedeemableKind, id: String) -> RedeemableInput {
    RedeemableInput {
        object,
        id,
        gift: None,
        reward: None,
    }
}

fn newest(limit: u32) -> Page {
    Page {
        after: 0,
        limit,
        newest_first: true,
    }
}

async fn codes(till: &mut Till<'_>, ids: &[u64]) -> Result<Vec<RedeemableInput>, Refused> {
    let view = till.people.view();
    let records = view.get_many(Kind::Voucher, ids).await?;
    let mut codes = Vec::new();
    for record in records.into_iter().flatten() {
        let code = vouchers::read(&record.body)?.thing.voucher.code.to_string();
        codes.push(redeemable(RedeemableKind::Voucher, code));
    }
    Ok(codes)
}

/// What applies, and what does not with its reason.
struct Judged {
    rows: Vec<QualificationRow>,
    inapplicable: Vec<ValidationRow>,
    /// See [`Quote::is_short`].
    is_short: bool,
}

fn judged(till: &Till<'_>, order: Option<&OrderInput>) -> Result<Judged, Refused> {
    let (mut rows, mut inapplicable) = (Vec::new(), Vec::new());
    let mut is_short = false;
    for offered in &till.offered {
        let quote = till.alone(offered);
        is_short |= quote.is_short;
        match quote.fates.first() {
            Some(Fate::Applied { at }) => {
                let order = OrderView::after(&till.input, &quote.priced, *at);
                let mut row = row(till, offered, (&quote, *at))?;
                row.order = Some(order);
                rows.push(row);
            }
            // Without an order nothing can be taken off, which says nothing of who qualifies.
            Some(Fate::Refused(Refusal::NoEffect | Refusal::NoMatchingLines))
                if order.is_none() =>
            {
                rows.push(row(till, offered, (&quote, usize::MAX))?);
            }
            Some(Fate::Refused(refusal)) => {
                inapplicable.push(refused_row(refusal, &offered.input));
            }
            None => {}
        }
    }
    Ok(Judged {
        rows,
        inapplicable,
        is_short,
    })
}

fn row(
    till: &Till<'_>,
    offered: &Offered,
    (quote, at): (&Quote, usize),
) -> Result<QualificationRow, Refused> {
    let found = offered.found.as_ref();
    let campaign = found.map(|found| &found.campaign);
    let is_tier = offered.input.object == RedeemableKind::PromotionTier;
    let tier = found.filter(|_| is_tier);
    let tier = tier.and_then(|found| till.compiled.offers.get(&found.offer.id));
    let issued = found.and_then(|found| found.issued.as_ref());
    let is_own = issued.is_some_and(|(issued, _)| issued.thing.own.is_some());
    let campaign = campaign.filter(|_| !is_own);
    let view = match (tier, campaign) {
        (Some(tier), Some(campaign)) => Some(promotions::bare_view(campaign, tier)?),
        _ => None,
    };
    let made: Option<Timestamp> = tier
        .map(|tier| tier.created_at)
        .or(issued.map(|(issued, _)| issued.created_at));
    Ok(QualificationRow {
        id: offered.input.id.clone(),
        object: offered.input.object.name(),
        created_at: made.unwrap_or(till.now),
        result: result_of(found, (quote, at)),
        order: None,
        validation_rule_id: None,
        applicable_to: List::default(),
        inapplicable_to: List::default(),
        metadata: view.as_ref().map(|view| view.metadata.clone()),
        categories: Vec::new(),
        banner: view.as_ref().and_then(|view| view.banner.clone()),
        name: view.map(|view| view.name),
        campaign_name: campaign.map(|campaign| campaign.name.to_string()),
        campaign_id: campaign.map(|campaign| ids::format(Tag::Campaign, campaign.id.0)),
        validation_rules_assignments: None,
    })
}

fn sort(rows: &mut Vec<QualificationRow>, options: &QualificationOptions) {
    if let Some(after) = options.starting_after {
        rows.retain(|row| row.created_at < after);
    }
    let gives = |row: &QualificationRow| {
        let order = row.order.as_ref();
        order.map_or(0, |order| order.total_applied_discount_amount)
    };
    match options.sorting_rule {
        SortingRule::Default => rows.sort_by_key(|row| std::cmp::Reverse(row.created_at)),
        SortingRule::MostOff => rows.sort_by_key(|row| std::cmp::Reverse(gives(row))),
        SortingRule::LeastOff => rows.sort_by_key(gives),
    }
}
