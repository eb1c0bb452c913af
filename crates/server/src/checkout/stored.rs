//! Which order does a call mean, and what is kept of it?

use profiles::CustomerId;
use store::{Index, Kind, View};
use wire::{
    ids::{self, Tag},
    voucherify::{OrderInput, OrderStatus},
};

use super::{Redemption, Sale, StoredOrder};
use crate::{api::dialect::not_found, people::People, problem::Refused, versioned};

/// The order that is meant, as it is sent and kept, and whether it was paid before.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn meant(
    view: &mut View,
    sent: Option<&OrderInput>,
    stored: Option<&(StoredOrder, u64)>,
) -> Result<(OrderInput, bool), Refused> {
    let Some((order, _)) = stored else {
        return Ok((merged(sent, None), false));
    };
    let kept = sent_last(view, order).await?;
    let is_paid = kept.status.is_some_and(OrderStatus::is_paid);
    let was_paid = is_paid || order.last().is_some();
    Ok((merged(sent, Some(kept)), was_paid))
}

/// Whose a stored order is, unless they were erased.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn still_known(
    people: &mut People<'_>,
    customer: Option<u64>,
) -> Result<Option<CustomerId>, Refused> {
    let Some(customer) = customer else {
        return Ok(None);
    };
    match people.load(CustomerId(customer)).await {
        Ok(customer) => Ok(Some(customer)),
        Err(Refused::NotFound { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The order that a call names, and its version.
///
/// # Errors
/// When there is none of the id it gives.
pub async fn stored_order(
    people: &mut People<'_>,
    order: Option<&OrderInput>,
) -> Result<Option<(StoredOrder, u64)>, Refused> {
    let Some(order) = order else { return Ok(None) };
    let view = people.view();
    let by_id = order.id.as_deref();
    let id = match (by_id, order.source_id.as_deref()) {
        (Some(name), _) => {
            let id = ids::parse(Tag::Order, name);
            Some(id.map_err(|_| not_found("order", name))?)
        }
        (None, Some(source)) => view.find_one(Index::OrderSource, source.as_bytes()).await?,
        (None, None) => None,
    };
    let record = match id {
        Some(id) => view.get(Kind::Order, id).await?,
        None => None,
    };
    match (record, by_id) {
        (Some(record), _) => Ok(Some((versioned::read(&record.body)?, record.version))),
        (None, Some(name)) => Err(not_found("order", name)),
        (None, None) => Ok(None),
    }
}

/// What the shop sent of an order last.
///
/// # Errors
/// When the store cannot be read.
pub async fn sent_last(view: &mut View, order: &StoredOrder) -> Result<OrderInput, Refused> {
    match &order.said {
        Some(said) => said.read(),
        None => sale_of(view, order).await?.input.read(),
    }
}

/// The last sale of an order.
///
/// # Errors
/// When the store cannot be read.
pub async fn sale_of(view: &mut View, order: &StoredOrder) -> Result<Sale, Refused> {
    let lost = || Refused::Fault("an order's redemption is lost".into());
    let last = order.last().ok_or_else(lost)?;
    let record = view.get(Kind::Redemption, last).await?.ok_or_else(lost)?;
    let redemption: Redemption = versioned::read(&record.body)?;
    redemption.sale.map(|sale| *sale).ok_or_else(lost)
}

/// The order that is meant: as it is sent, or as it is kept where only its name is sent.
fn merged(sent: Option<&OrderInput>, kept: Option<OrderInput>) -> OrderInput {
    match (sent, kept) {
        (Some(sent), Some(kept)) if sent.items.is_none() && sent.amount.is_none() => OrderInput {
            status: sent.status,
            metadata: sent.metadata.clone().or(kept.metadata),
            ..kept
        },
        (Some(sent), Some(kept)) => OrderInput {
            source_id: sent.source_id.clone().or(kept.source_id),
            referrer_id: sent.referrer_id.clone().or(kept.referrer_id),
            ..sent.clone()
        },
        (Some(sent), None) => sent.clone(),
        (None, _) => OrderInput::default(),
    }
}
