//! Orders that redeemables were used on, as they stand.

use axum::extract::{Path, State};
use store::{Index, Kind, View};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{List, OrderView},
};

use super::{
    dialect::{Asked, not_found, page_of},
    redemptions::order_now,
};
use crate::{
    app::App,
    auth::{Caller, Redeem},
    checkout::{StoredOrder, sale_of},
    once::Answer,
    problem::Refused,
    versioned,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
}

/// All orders, newest first.
#[utoipa::path(get, path = "/v1/orders", responses((status = 200, body = List<OrderView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Redeem>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let page = (Kind::Order, asked.paging()?);
    let (records, total) = page_of(&app, caller.project, page).await?;
    let mut view = app.store().view(caller.project)?;
    let mut rows = Vec::new();
    for record in records {
        rows.push(shown(&mut view, &versioned::read(&record.body)?).await?);
    }
    Answer::ok(&List::page("orders", rows, total))
}

/// One order, by its id or the shop's.
#[utoipa::path(get, path = "/v1/orders/{id}", responses((status = 200, body = OrderView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let id = match ids::parse(Tag::Order, &name) {
        Ok(id) => Some(id),
        Err(_) => {
            let index = Index::OrderSource;
            app.store()
                .find_one(caller.project, index, name.as_bytes())
                .await?
        }
    };
    let record = match id {
        Some(id) => app.store().get(caller.project, Kind::Order, id).await?,
        None => None,
    };
    let record = record.ok_or_else(|| not_found("order", &name))?;
    let mut view = app.store().view(caller.project)?;
    Answer::ok(&shown(&mut view, &versioned::read(&record.body)?).await?)
}

/// An order as it stands.
///
/// # Errors
/// When what is kept cannot be read.
pub async fn shown(view: &mut View, order: &StoredOrder) -> Result<OrderView, Refused> {
    let sale = sale_of(view, order).await?;
    order_now(order, &sale)
}
