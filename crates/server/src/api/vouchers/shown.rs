//! How is a voucher shown, and how often was it used?

use super::*;

/// A voucher that was just made.
#[must_use]
pub fn new_view(stored: &Stored<Issued>, standing: (&Campaign, &Offer)) -> VoucherView {
    let input = input_of(stored).unwrap_or_default();
    let voucher = &stored.thing.voucher;
    let balance = match voucher.kind {
        VoucherKind::GiftCard { amount } => amount,
        VoucherKind::Discount => 0,
    };
    bare_view(
        (stored, &input),
        standing,
        Counts {
            used: 0,
            loaded: balance,
            balance,
        },
    )
}

/// What the books say of a voucher.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub used: u64,
    /// All that was ever put on the card.
    pub loaded: u64,
    pub balance: u64,
}

/// A voucher in an answer, without its assignments.
fn bare_view(
    (stored, input): (&Stored<Issued>, &VoucherCreate),
    (campaign, offer): (&Campaign, &Offer),
    counts: Counts,
) -> VoucherView {
    let voucher = &stored.thing.voucher;
    let is_own = stored.thing.own.is_some();
    let is_gift = matches!(voucher.kind, VoucherKind::GiftCard { .. });
    let mut redemption = RedemptionSummary::new(&voucher.code, voucher.quantity, counts.used);
    let spent = counts.loaded.saturating_sub(counts.balance);
    redemption.redeemed_amount = is_gift.then_some(spent);
    VoucherView {
        id: ids::format(Tag::Voucher, voucher.id.0),
        code: voucher.code.to_string(),
        campaign: (!is_own).then(|| campaign.name.to_string()),
        campaign_id: (!is_own).then(|| ids::format(Tag::Campaign, campaign.id.0)),
        category: input.category.clone(),
        category_id: input.category_id.clone(),
        categories: Vec::new(),
        kind: if is_gift {
            VoucherType::GiftVoucher
        } else {
            VoucherType::DiscountVoucher
        },
        discount: Discount::of(&offer.benefit, &offer.scope),
        gift: is_gift.then_some(Gift {
            amount: counts.loaded,
            balance: counts.balance,
            subtracted_amount: 0,
            effect: None,
        }),
        loyalty_card: None,
        start_date: voucher.validity.from,
        expiration_date: voucher.validity.until,
        validity_timeframe: None,
        validity_day_of_week: None,
        validity_hours: None,
        active: voucher.active,
        additional_info: input.additional_info.clone(),
        metadata: input.metadata.clone().unwrap_or_default(),
        is_referral_code: false,
        holder_id: voucher.holder.map(|id| ids::format(Tag::Customer, id)),
        referrer_id: None,
        publish: PublishSummary::new(&voucher.code, u64::from(voucher.holder.is_some())),
        redemption,
        validation_rules_assignments: List::default(),
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        object: "voucher",
    }
}

/// A voucher in an answer to a redemption: with counts that cost the same however often it was
/// used.
#[must_use]
pub fn counted_view(
    stored: &Stored<Issued>,
    standing: (&Campaign, &Offer),
    counts: Counts,
) -> VoucherView {
    let input = input_of(stored).unwrap_or_default();
    bare_view((stored, &input), standing, counts)
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
    let of = key(voucher.id.0);
    let made = app
        .store()
        .count(project, Index::RedemptionsOfVoucher, &of)
        .await?;
    let undone = app
        .store()
        .count(project, Index::RollbacksOfRedemption, &of)
        .await?;
    let accounts = [
        chart::gift_balance(voucher.id),
        chart::gift_sold(campaign.id, voucher.id),
    ];
    let found = app.store().accounts(project, &accounts).await?;
    let [balance, sold] = found.as_slice() else {
        return Ok(Counts::default());
    };
    let net = |account: &Account| account.debits.posted.saturating_sub(account.credits.posted);
    Ok(Counts {
        used: made.saturating_sub(undone),
        loaded: sold.as_ref().map_or(0, net),
        balance: balance.as_ref().and_then(Account::available).unwrap_or(0),
    })
}

/// # Errors
/// When the store cannot be read.
pub async fn view(
    app: &App,
    (project, compiled): (ProjectId, &Compiled),
    issued: &Stored<Issued>,
) -> Result<VoucherView, Refused> {
    let (campaign, offer) = standing(compiled, issued)?;
    let counts = counts(app, project, (issued, campaign)).await?;
    let mut view = bare_view((issued, &input_of(issued)?), (campaign, offer), counts);
    let id = issued.thing.voucher.id.0;
    view.validation_rules_assignments = validation_rules::shown(app, project, id).await?;
    Ok(view)
}
