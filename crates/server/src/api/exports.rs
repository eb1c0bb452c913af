//! Tables of everything of one kind: asked for, made in the background, read with a token, removed.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::body::Frame;
use store::{Expect, Kind, Outcome, ProjectId, Record};
use tokio::sync::mpsc;
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{ExportCreate, ExportParameters, ExportView, ExportedObject, Key, List},
};

use super::{
    campaigns,
    dialect::{Asked, not_found, parse, parse_optional, refuse, retry},
    resources::{At, scan_records},
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite, Needs, Redeem, Scope},
    clock,
    configuration::read,
    exports::{self, Export},
    once::Answer,
    problem::Refused,
    setup::writes,
};

/// Parts of a table that are read ahead of whoever takes them.
const AHEAD: usize = 2;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, delete))
        .routes(routes!(of_orders))
        .routes(routes!(of_campaign))
}

/// Have a table made. Poll it, then read it at the URL that is in its result.
#[utoipa::path(post, path = "/v1/exports", request_body = ExportCreate,
    responses((status = 200, body = ExportView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let sent: ExportCreate = parse(&body)?;
    begun(&app, &caller, (&sent, &headers)).await
}

/// Have a table of the orders made.
#[utoipa::path(post, path = "/v1/orders/export", request_body = ExportOfOne,
    responses((status = 200, body = ExportView)))]
async fn of_orders(
    State(app): State<App>,
    caller: Caller<Redeem>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let sent: ExportOfOne = parse_optional(&body)?;
    let sent = ExportCreate {
        exported_object: ExportedObject::Order,
        parameters: sent.parameters,
    };
    begun(&app, &caller, (&sent, &headers)).await
}

/// Have a table of the transactions of a campaign's cards made.
#[utoipa::path(post, path = "/v1/campaigns/{id}/transactions/export",
    request_body = ExportOfOne, responses((status = 200, body = ExportView)))]
async fn of_campaign(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let sent: ExportOfOne = parse_optional(&body)?;
    let compiled = app.compiled(caller.project).await?;
    let campaign = campaigns::find(&app, (caller.project, &compiled), &name).await?;
    let sent = ExportCreate {
        exported_object: ExportedObject::VoucherTransactions,
        parameters: Some(ExportParameters {
            campaign_id: Some(ids::format(Tag::Campaign, campaign.thing.id.0)),
            ..sent.parameters.unwrap_or_default()
        }),
    };
    begun(&app, &caller, (&sent, &headers)).await
}

/// Which rows and columns of a table of one kind.
#[derive(Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct ExportOfOne {
    parameters: Option<ExportParameters>,
}

async fn begun<S: Needs>(
    app: &App,
    caller: &Caller<S>,
    (sent, headers): (&ExportCreate, &HeaderMap),
) -> Result<Answer, Refused> {
    check_scope(caller, sent.exported_object)?;
    let at = At::of(app, caller);
    let tells_people = caller.may(Scope::CustomersRead);
    let export = Export::new(at, (sent, tells_people))?;
    let known = app.store().count_records(at.project, Kind::Export).await?;
    if known >= exports::MOST {
        let details = format!(": there are {known} exports: remove some first");
        return Err(refuse(Key::InvalidExportParams, details));
    }
    let id = app.next_id()?;
    let mut command = writes(at.project, export.begin(id)?);
    command.now = at.now;
    match app.store().submit(command).await? {
        Outcome::Applied => Answer::ok(&export.view((id, &base(headers)))),
        other => Err(Refused::Fault(format!("an export was not kept: {other:?}"))),
    }
}

/// A table shows what its caller could read row by row.
fn check_scope<S: Needs>(caller: &Caller<S>, object: ExportedObject) -> Result<(), Refused> {
    let scope = exports::scope_of(object);
    match caller.may(scope) {
        true => Ok(()),
        false => Err(Refused::ScopeMissing(scope)),
    }
}

/// How the caller calls this server.
fn base(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text("x-forwarded-proto").filter(|scheme| *scheme == "https");
    match text(header::HOST.as_str()) {
        Some(host) => format!("{}://{host}", scheme.unwrap_or("http")),
        None => String::new(),
    }
}

/// The tables that this key may see, newest first.
#[utoipa::path(get, path = "/v1/exports", responses((status = 200, body = List<ExportView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Answer, Refused> {
    let paging = asked.paging()?;
    let seen = |record: &Record| {
        let export: Export = read(&record.body)?;
        let is_seen = !export.is_old() && caller.may(export.scope());
        Ok(is_seen.then_some((record.id, export)))
    };
    let mut all = scan_records(At::of(&app, &caller), Kind::Export, seen).await?;
    match asked.get("order").unwrap_or("-created_at") {
        "created_at" => {}
        "-created_at" => all.reverse(),
        "status" => all.sort_by_key(|(_, export)| export.status),
        "-status" => all.sort_by_key(|(_, export)| std::cmp::Reverse(export.status)),
        other => {
            let details = format!("there is no order by {other}: created_at or status");
            return Err(refuse(Key::InvalidQueryParams, details));
        }
    }
    let total = all.len() as u64;
    let base = base(&headers);
    let rows = paging.cut(all);
    let rows = rows.iter().map(|(id, export)| export.view((*id, &base)));
    Answer::ok(&List::page("exports", rows.collect(), total))
}

/// One table: how far it is, or with its `token` the table itself, as CSV.
#[utoipa::path(get, path = "/v1/exports/{id}", responses((status = 200, body = ExportView)))]
async fn get(
    State(app): State<App>,
    caller: Result<Caller<CampaignsRead>, Refused>,
    (Path(name), asked): (Path<String>, Asked),
    headers: HeaderMap,
) -> Result<Response, Refused> {
    if let Some(token) = asked.get("token") {
        return download(&app, (&name, token)).await;
    }
    let caller = caller?;
    let (id, export, _) = find(At::of(&app, &caller), &name).await?;
    check_scope(&caller, export.object)?;
    Ok(Answer::ok(&export.view((id, &base(&headers))))?.into_response())
}

/// Remove a table.
#[utoipa::path(delete, path = "/v1/exports/{id}", responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    let at = At::of(&app, &caller);
    let attempt = async || {
        let (id, export, version) = find(at, &name).await?;
        check_scope(&caller, export.object)?;
        let mut command = writes(at.project, exports::removal(id));
        command.expects.push(Expect {
            kind: Kind::Export,
            id,
            version,
        });
        match app.store().submit(command).await? {
            Outcome::Applied => Ok(Some(StatusCode::NO_CONTENT)),
            Outcome::Stale { .. } => Ok(None),
            other => Err(Refused::Fault(format!("an export stayed: {other:?}"))),
        }
    };
    retry(attempt).await
}

async fn find(at: At<'_>, name: &str) -> Result<(u64, Export, u64), Refused> {
    let missing = || not_found("export", name);
    let id = ids::parse(Tag::Export, name).map_err(|_| missing())?;
    let record = at.app.store().get(at.project, Kind::Export, id).await?;
    let record = record.ok_or_else(missing)?;
    let export: Export = read(&record.body)?;
    match export.is_old() {
        true => Err(missing()),
        false => Ok((id, export, record.version)),
    }
}

/// The table, to whoever has its token.
async fn download(app: &App, (name, token): (&str, &str)) -> Result<Response, Refused> {
    let missing = || not_found("export", name);
    let project = token.split('.').next().unwrap_or_default();
    let project = u32::from_str_radix(project, 16).map_err(|_| missing())?;
    let at = At {
        app,
        project: ProjectId(project),
        now: clock::wall(),
    };
    let (id, export, _) = find(at, name).await?;
    let is_done = export.status == wire::voucherify::ExportStatus::Done;
    if !is_done || !is_same(export.token.as_bytes(), token.as_bytes()) {
        return Err(missing());
    }
    let (to, parts) = mpsc::channel(AHEAD);
    let app = app.clone();
    let project = at.project;
    tokio::spawn(async move {
        let now = clock::wall();
        let at = At {
            app: &app,
            project,
            now,
        };
        let mut after = 0;
        // Whoever hangs up closes the channel; a fault cuts the table off, which they see.
        loop {
            let next = exports::next_part(at, (id, after)).await;
            let next = next.map_err(|refused| std::io::Error::other(format!("{refused:?}")));
            let (part, is_cut) = match next {
                Ok(None) => return,
                Ok(Some((part, lines))) => {
                    after = part;
                    (Ok(Bytes::from(lines)), false)
                }
                Err(error) => (Err(error), true),
            };
            if to.send(part).await.is_err() || is_cut {
                return;
            }
        }
    });
    let headers = [
        // As the protocol calls it: its clients refuse other kinds.
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"export.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::new(Parts(parts))).into_response())
}

/// Whether two texts are the same, in a time that does not tell where they differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differs = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differs == 0
}

/// A body that comes part by part.
struct Parts(mpsc::Receiver<std::io::Result<Bytes>>);

impl axum::body::HttpBody for Parts {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        let next = self.get_mut().0.poll_recv(context);
        next.map(|part| part.map(|part| part.map(Frame::data)))
    }
}
