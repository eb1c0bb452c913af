//! Which points of a card lapse, and when? A row of a table for each such day.

use offers::Lot;
use serde_json::{Value, json};
use store::View;
use wire::ids::{self, Tag};

use crate::{
    api::resources::At,
    loyalty::{date_of, lapsing_of},
    problem::Refused,
    vouchers::Issued,
};

/// The rows of one card, what lapses first first.
///
/// # Errors
/// When the store cannot be read.
pub async fn of_card(
    view: &mut View,
    (at, card, today): (At<'_>, &Issued, u32),
) -> Result<Vec<Value>, Refused> {
    let lots = lapsing_of(view, (at.project, card.voucher.id, today)).await?;
    Ok(lots.into_iter().map(|lot| row(card, lot)).collect())
}

fn row(card: &Issued, lot: Lot) -> Value {
    let campaign = card.own.is_none().then_some(card.campaign.0);
    json!({
        "campaign_id": campaign.map(|id| ids::format(Tag::Campaign, id)),
        "voucher_id": ids::format(Tag::Voucher, card.voucher.id.0),
        "points": lot.points,
        "status": "ACTIVE",
        "expires_at": date_of(lot.day),
    })
}
