//! Orders that redeemables were used on, as they were answered last.

use axum::extract::{Path, State};
use store::{Index, Kind};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{List, OrderView},
};

use super::dialect::{Asked, not_found, page_of};
use crate::{
    app::App,
    auth::{Caller, Redeem},
    checkout::StoredOrder,
    configuration::read,
    once::Answer,
    problem::Refused,
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
    let mut rows = Vec::new();
    for record in records {
        rows.push(read::<StoredOrder>(&record.body)?.view);
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
    Answer::ok(&read::<StoredOrder>(&record.body)?.view)
}
