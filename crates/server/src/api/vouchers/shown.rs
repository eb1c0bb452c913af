//! How is a voucher shown, and how often was it used?

use offers::{Scope, VoucherId};
use rules::Condition;
use store::View;
use wire::voucherify::{CalendarView, Effect, Metadata};

use super::*;
use crate::{
    checkout::{Counts, GiftCounts, UsedCard, UsedVoucher},
    compact::Compact,
    loyalty::{self, CardCounts},
};

/// A voucher that was just made.
#[must_use]
pub fn new_view(stored: &Stored<Issued>, standing: (&Campaign, &Offer)) -> VoucherView {
    let input = input_of(stored).unwrap_or_default();
    let kind = stored.thing.voucher.kind;
    let gift = match kind {
        VoucherKind::GiftCard { amount } => GiftCounts::new(amount),
        VoucherKind::Discount | VoucherKind::LoyaltyCard { .. } => GiftCounts::default(),
    };
    let counts = Counts { used: 0, gift };
    let metadata = input.metadata.clone().unwrap_or_default();
    let view = bare_view(&used(stored, (standing, counts), input), metadata);
    match kind {
        VoucherKind::LoyaltyCard { points } => with_points(view, &CardCounts::new(points)),
        VoucherKind::Discount | VoucherKind::GiftCard { .. } => view,
    }
}

/// A card in an answer, with what is on it.
#[must_use]
pub fn with_points(mut view: VoucherView, counts: &CardCounts) -> VoucherView {
    view.loyalty_card = Some(counts.view());
    view.redemption.redeemed_points = Some(counts.spent);
    view
}

/// A voucher in an answer, without its assignments.
fn bare_view(of: &UsedVoucher, metadata: Metadata) -> VoucherView {
    let (voucher, counts) = (&of.voucher, of.counts);
    let is_gift = voucher.is_gift_card();
    let mut redemption = RedemptionSummary::new(&voucher.code, voucher.quantity, counts.used);
    redemption.redeemed_amount = is_gift.then_some(counts.gift.spent);
    let effect = match of.is_on_lines {
        true => Effect::ApplyToItems,
        false => Effect::ApplyToOrder,
    };
    let campaign = of.campaign.as_ref();
    let holder = of.holder.map(|id| ids::format(Tag::Customer, id));
    VoucherView {
        id: ids::format(Tag::Voucher, voucher.id.0),
        code: voucher.code.to_string(),
        campaign: campaign.map(|(_, name)| name.to_string()),
        campaign_id: campaign.map(|(id, _)| ids::format(Tag::Campaign, id.0)),
        category: of.category.clone(),
        category_id: of.category_id.clone(),
        categories: Vec::new(),
        kind: match voucher.kind {
            VoucherKind::GiftCard { .. } => VoucherType::GiftVoucher,
            VoucherKind::LoyaltyCard { .. } => VoucherType::LoyaltyCard,
            VoucherKind::Discount => VoucherType::DiscountVoucher,
        },
        discount: Discount::of(&of.benefit, of.formula.as_ref(), &scope_of(of)),
        gift: is_gift.then(|| counts.gift.view(effect)),
        loyalty_card: None,
        start_date: voucher.validity.from,
        expiration_date: voucher.validity.until,
        calendar: CalendarView::of(&voucher.validity),
        active: voucher.active,
        additional_info: of.additional_info.clone(),
        metadata,
        is_referral_code: of.refers,
        holder_id: holder.clone(),
        publish: PublishSummary::new(&voucher.code, u64::from(holder.is_some())),
        referrer_id: holder.filter(|_| of.refers),
        redemption,
        validation_rules_assignments: List::default(),
        created_at: of.created_at,
        updated_at: of.updated_at,
        object: "voucher",
    }
}

/// Which lines they are is not shown.
fn scope_of(of: &UsedVoucher) -> Scope {
    match of.is_on_lines {
        true => Scope::Lines(Condition::Always.into()),
        false => Scope::Order,
    }
}

/// What is told of a voucher, without its metadata.
fn used(
    stored: &Stored<Issued>,
    ((campaign, offer), counts): ((&Campaign, &Offer), Counts),
    input: VoucherCreate,
) -> UsedVoucher {
    let is_own = stored.thing.own.is_some();
    UsedVoucher {
        voucher: stored.thing.voucher.clone(),
        holder: stored.thing.holder(),
        refers: stored.thing.refers,
        campaign: (!is_own).then(|| (campaign.id, campaign.name.as_ref().into())),
        benefit: offer.benefit.clone(),
        formula: offer.formula.clone(),
        is_on_lines: matches!(offer.scope, Scope::Lines(_)),
        category: input.category,
        category_id: input.category_id,
        additional_info: input.additional_info,
        metadata: Compact::default(),
        counts,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
    }
}

/// A voucher as a redemption keeps it: with counts that cost the same however often it was used.
///
/// # Errors
/// Never for what is stored; a fault if it happens.
pub fn as_used(
    stored: &Stored<Issued>,
    standing: (&Campaign, &Offer),
    counts: Counts,
) -> Result<UsedVoucher, Refused> {
    let input = input_of(stored).unwrap_or_default();
    let metadata = Compact::of(&input.metadata)?;
    Ok(UsedVoucher {
        metadata,
        ..used(stored, (standing, counts), input)
    })
}

/// A card as it was when points of it were spent.
///
/// # Errors
/// When what is kept cannot be read.
pub fn used_card_view(of: &UsedCard) -> Result<VoucherView, Refused> {
    Ok(with_points(used_view(&of.used)?, &of.counts))
}

/// A voucher as it was when it was used.
///
/// # Errors
/// When what is kept cannot be read.
pub fn used_view(of: &UsedVoucher) -> Result<VoucherView, Refused> {
    let metadata: Option<Metadata> = of.metadata.read()?;
    Ok(bare_view(of, metadata.unwrap_or_default()))
}

/// What the books say: of a code with a quantity the account that counts it; of any other, how
/// many redemptions were made and not rolled back.
///
/// # Errors
/// When the store cannot be read.
pub async fn counts(
    app: &App,
    project: ProjectId,
    (issued, campaign): (&Stored<Issued>, &Campaign),
) -> Result<Counts, Refused> {
    let voucher = &issued.thing.voucher;
    let mut view = app.store().view(project)?;
    let used = used_so_far(&mut view, voucher.id).await?;
    let gift = match voucher.is_gift_card() {
        true => gift_counts(&mut view, (campaign.id, voucher.id)).await?,
        false => GiftCounts::default(),
    };
    Ok(Counts { used, gift })
}

/// What the books say of the money on a gift card.
///
/// # Errors
/// When the store cannot be read.
pub async fn gift_counts(
    view: &mut View,
    (campaign, card): (CampaignId, VoucherId),
) -> Result<GiftCounts, Refused> {
    let accounts = [chart::gift_sold(campaign, card), chart::gift_balance(card)];
    let found = view.accounts(&accounts).await?;
    Ok(match found.as_slice() {
        [Some(sold), Some(left)] => GiftCounts::of(sold, left),
        _ => GiftCounts::default(),
    })
}

/// How many redemptions of a code were made and not rolled back.
///
/// # Errors
/// When the store cannot be read.
pub async fn used_so_far(view: &mut View, voucher: VoucherId) -> Result<u64, Refused> {
    let of = key(voucher.0);
    let made = view.count(Index::RedemptionsOfVoucher, &of).await?;
    let undone = view.count(Index::RollbacksOfRedemption, &of).await?;
    Ok(made.saturating_sub(undone))
}

/// # Errors
/// When the store cannot be read.
pub async fn view(
    app: &App,
    (project, compiled): (ProjectId, &Compiled),
    (issued, now): (&Stored<Issued>, Timestamp),
) -> Result<VoucherView, Refused> {
    let (campaign, offer) = standing(compiled, issued)?;
    let counts = counts(app, project, (issued, &campaign)).await?;
    let input = input_of(issued)?;
    let metadata = input.metadata.clone().unwrap_or_default();
    let mut view = bare_view(
        &used(issued, ((&campaign, &offer), counts), input),
        metadata,
    );
    view.categories = compiled.categories.listed(&issued.extra);
    let id = issued.thing.voucher.id.0;
    view.validation_rules_assignments = validation_rules::shown(app, project, id).await?;
    if let Some(card) = issued.thing.card() {
        let mut store = app.store().view(project)?;
        view = with_points(
            view,
            &loyalty::counts(&mut store, (project, card, compiled.day(now))).await?,
        );
    }
    Ok(view)
}

/// What names a voucher.
pub(super) fn brief(voucher: &Voucher) -> serde_json::Value {
    let id = ids::format(Tag::Voucher, voucher.id.0);
    serde_json::json!({"id": id, "code": voucher.code, "object": "voucher"})
}

/// A gift card after its balance was changed.
pub(super) fn loaded_card(voucher: &Voucher, after: GiftCounts) -> serde_json::Value {
    let gift = serde_json::json!({"amount": after.loaded, "balance": after.balance,
        "subtracted_amount": after.withdrawn});
    let mut card = brief(voucher);
    if let Some(members) = card.as_object_mut() {
        members.insert("gift".into(), gift);
    }
    card
}
