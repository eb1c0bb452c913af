//! What is done in the background: how far it came, and what came of it.

use axum::extract::{Path, State};
use store::{Kind, Page};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{AsyncActionView, List},
};

use super::dialect::{Asked, not_found};
use crate::{
    actions::Action,
    app::App,
    auth::{Caller, CampaignsRead},
    configuration::read,
    once::Answer,
    problem::Refused,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
}

/// Actions, newest first; with `end_date`, those begun before.
#[utoipa::path(get, path = "/v1/async-actions",
    responses((status = 200, body = List<AsyncActionView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let limit = asked.paging()?.upto().limit as usize;
    let before = asked.instant("end_date")?;
    let mut rows: Vec<AsyncActionView> = Vec::new();
    let mut page = Page {
        after: 0,
        limit: 200,
        newest_first: true,
    };
    loop {
        let kind = Kind::AsyncAction;
        let records = app.store().list(caller.project, kind, page).await?;
        for record in &records {
            let action: Action = read(&record.body)?;
            if before.is_none_or(|before| action.created_at < before) {
                let mut view = action.view(record.id);
                view.result = None;
                rows.push(view);
            }
        }
        match records.last() {
            Some(last) if rows.len() <= limit => page.after = last.id,
            _ => break,
        }
    }
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let total = app
        .store()
        .count_records(caller.project, Kind::AsyncAction)
        .await?;
    Answer::ok(&List {
        has_more: Some(has_more),
        ..List::page("async_actions", rows, total)
    })
}

/// One action, with what it did so far.
#[utoipa::path(get, path = "/v1/async-actions/{id}",
    responses((status = 200, body = AsyncActionView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let missing = || not_found("async_action", &name);
    let id = ids::parse(Tag::AsyncAction, &name).map_err(|_| missing())?;
    let kind = Kind::AsyncAction;
    let record = app.store().get(caller.project, kind, id).await?;
    let action: Action = read(&record.ok_or_else(missing)?.body)?;
    Answer::ok(&action.view(id))
}
