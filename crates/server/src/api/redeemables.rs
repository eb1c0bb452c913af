//! What is in a customer's wallet? The codes they hold, as what, and whether these can be used.

use axum::extract::{Path, State};
use ledger::Timestamp;
use store::{Index, Kind, Page};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{HeldRedeemable, HeldStatus, HeldView, List, VoucherView},
};

use super::{
    customers,
    dialect::{Asked, Cursor},
    resources::At,
    vouchers,
};
use crate::{
    app::App,
    auth::{Caller, CustomersRead},
    configuration::{Compiled, Stored},
    holding::{Holder, numbers, under},
    once::Answer,
    people::People,
    problem::Refused,
    vouchers::{Issued, read},
};

/// Codes of one customer that are looked through.
const MOST: Page = Page {
    after: 0,
    limit: 1_000,
    newest_first: true,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The codes a customer holds, newest first; the next page begins after `more_starting_after`.
#[utoipa::path(get, path = "/v1/customers/{id}/redeemables",
    params(("id" = String, Path)), responses((status = 200, body = List<HeldView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CustomersRead>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let cursor = Cursor::of(&asked, Tag::Holder)?;
    let compiled = app.compiled(caller.project).await?;
    let mut people = People::open(&app, caller.project)?;
    let customer = customers::known(&mut people, &name).await?;
    let person = people.person(customer).cloned().unwrap_or_default();
    let mut all = Vec::new();
    for number in numbers(&person) {
        let of = (Index::HoldersOfCustomer, number.0);
        all.extend(under(people.view(), of, MOST).await?);
    }
    drop(people);
    let mut rows = Vec::new();
    for holder in &all {
        if is_wanted(holder, &asked)? {
            rows.push(holder);
        }
    }
    let total = rows.len() as u64;
    let (rows, has_more) = cursor.cut(rows, |holder| holder.id);
    let next = rows.last().filter(|_| has_more);
    let next = next.map(|holder| ids::format(Tag::Holder, holder.id));
    let mut shown = Vec::new();
    for holder in rows {
        shown.extend(held(at, &compiled, holder).await?);
    }
    Answer::ok(&List {
        has_more: Some(has_more),
        more_starting_after: Some(next),
        ..List::page("data", shown, total)
    })
}

/// Whether a row passes all filters.
fn is_wanted(holder: &Holder, asked: &Asked) -> Result<bool, Refused> {
    let fields = [
        ("id", Some(ids::format(Tag::Holder, holder.id))),
        (
            "redeemable_id",
            Some(ids::format(Tag::Voucher, holder.voucher.0)),
        ),
        ("redeemable_object", Some("voucher".to_owned())),
        ("holder_role", Some(holder.role.name().to_owned())),
        (
            "campaign_id",
            holder.campaign.map(|id| ids::format(Tag::Campaign, id.0)),
        ),
        ("campaign_type", word(&holder.campaign_type)),
        ("voucher_type", word(&holder.voucher_type)),
    ];
    for (field, told) in fields {
        let wanted = asked.filter(field)?;
        if wanted.is_some_and(|wanted| told.is_none_or(|told| !wanted.contains(&told))) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A word of the protocol, as it is written.
fn word(of: &impl serde::Serialize) -> Option<String> {
    let value = serde_json::to_value(of).ok()?;
    value.as_str().map(str::to_owned)
}

/// A row; none where the code was removed.
async fn held(
    at: At<'_>,
    compiled: &Compiled,
    holder: &Holder,
) -> Result<Option<HeldView>, Refused> {
    let id = holder.voucher.0;
    let Some(record) = at.app.store().get(at.project, Kind::Voucher, id).await? else {
        return Ok(None);
    };
    let issued = read(&record.body)?;
    if vouchers::standing(compiled, &issued).is_err() {
        return Ok(None);
    }
    let voucher = vouchers::view(at.app, (at.project, compiled), (&issued, at.now)).await?;
    let bare = holder.view()?;
    Ok(Some(HeldView {
        id: bare.id,
        created_at: bare.created_at,
        redeemable_id: bare.redeemable_id,
        redeemable_object: bare.redeemable_object,
        customer_id: bare.customer_id,
        holder_role: bare.holder_role,
        campaign_id: bare.campaign_id,
        campaign_type: bare.campaign_type,
        voucher_type: bare.voucher_type,
        redeemable: HeldRedeemable {
            kind: "voucher",
            status: status(compiled, (&issued, &voucher), at.now)?,
            voucher: Box::new(voucher),
        },
        object: "redeemable_holder",
    }))
}

/// Whether a code can be used now, as far as that is no matter of the order.
fn status(
    compiled: &Compiled,
    (issued, shown): (&Stored<Issued>, &VoucherView),
    now: Timestamp,
) -> Result<HeldStatus, Refused> {
    let (campaign, offer) = vouchers::standing(compiled, issued)?;
    let voucher = &issued.thing.voucher;
    let outlives = issued.thing.published.is_some_and(|one| one.outlives);
    let of_campaign = &campaign.validity;
    let validities = [&voucher.validity, &offer.validity, of_campaign];
    let is_early = validities
        .iter()
        .any(|one| one.from.is_some_and(|from| now < from));
    let ends = [
        voucher.validity.until,
        offer.validity.until,
        of_campaign.until.filter(|_| !outlives),
    ];
    let is_late = ends.into_iter().flatten().any(|until| until < now);
    let is_card = voucher.is_gift_card();
    let is_empty = shown.gift.is_some_and(|gift| gift.balance == 0);
    let used = shown.redemption.redeemed_quantity;
    Ok(if !(voucher.active && campaign.active && offer.active) {
        HeldStatus::Disabled
    } else if is_late {
        HeldStatus::Expired
    } else if is_early {
        HeldStatus::NotActiveYet
    } else if voucher.quantity.is_some_and(|quantity| used >= quantity) {
        HeldStatus::Used
    } else if is_card && is_empty {
        HeldStatus::NoBalance
    } else {
        HeldStatus::Active
    })
}
