//! Stacking rules: how the redeemables of one order are combined, one set per project.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use store::{Kind, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{Key, List, StackingRules, StackingRulesView},
};

use super::{
    dialect::{malformed, not_found, parse, refuse, retry},
    policy::is_applied,
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    configuration::{Compiled, write},
    once::Answer,
    problem::Refused,
    setting::STACKING,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
}

/// Set how redeemables are combined. What is absent is as by default.
#[utoipa::path(post, path = "/management/v1/projects/{project}/stacking-rules",
    request_body = StackingRules, responses((status = 200, body = StackingRulesView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(project): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    let rules: StackingRules = parse(&body)?;
    retry(|| created(&app, &caller, &rules)).await
}

async fn created(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    rules: &StackingRules,
) -> Result<Option<Answer>, Refused> {
    let before = app.compiled(caller.project).await?;
    if before.stacking.kept.is_some() {
        let details = "the project has stacking rules: change them";
        return Err(refuse(Key::StackingRulesExist, details));
    }
    let made = StackingRulesView {
        id: ids::format(Tag::StackingRules, app.next_id()?),
        rules: rules.clone(),
        created_at: caller.now,
        updated_at: None,
        object: "stacking_rules".into(),
    };
    put(app, (caller, &before), made).await
}

/// The project's stacking rules: one set, or none where those by default hold.
#[utoipa::path(get, path = "/management/v1/projects/{project}/stacking-rules",
    responses((status = 200, body = List<StackingRulesView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(project): Path<String>,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    let compiled = app.compiled(caller.project).await?;
    let kept = compiled.stacking.kept.clone();
    Answer::ok(&List::whole(kept.into_iter().collect()))
}

/// The project's stacking rules.
#[utoipa::path(get, path = "/management/v1/projects/{project}/stacking-rules/{id}",
    responses((status = 200, body = StackingRulesView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((project, id)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    let compiled = app.compiled(caller.project).await?;
    Answer::ok(found(&compiled, &id)?)
}

/// Change how redeemables are combined. What is absent stays.
#[utoipa::path(put, path = "/management/v1/projects/{project}/stacking-rules/{id}",
    request_body = StackingRules, responses((status = 200, body = StackingRulesView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((project, id)): Path<(String, String)>,
    body: Bytes,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    let sent: serde_json::Map<String, serde_json::Value> = parse(&body)?;
    retry(|| updated(&app, &caller, (&id, &sent))).await
}

async fn updated(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (id, sent): (&str, &serde_json::Map<String, serde_json::Value>),
) -> Result<Option<Answer>, Refused> {
    let before = app.compiled(caller.project).await?;
    let mut changed = found(&before, id)?.clone();
    let fault = |error: serde_json::Error| Refused::Fault(error.to_string());
    let mut merged = serde_json::to_value(&changed.rules).map_err(fault)?;
    if let Some(members) = merged.as_object_mut() {
        members.extend(sent.clone());
    }
    changed.rules = parse(&serde_json::to_vec(&merged).map_err(fault)?)?;
    changed.updated_at = Some(caller.now);
    put(app, (caller, &before), changed).await
}

/// Go back to the rules by default.
#[utoipa::path(delete, path = "/management/v1/projects/{project}/stacking-rules/{id}",
    responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((project, id)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    is_of(&caller, &project)?;
    retry(|| deleted(&app, &caller, &id)).await
}

async fn deleted(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    id: &str,
) -> Result<Option<StatusCode>, Refused> {
    let before = app.compiled(caller.project).await?;
    found(&before, id)?;
    let kind = Kind::Setting;
    let delete = Write::Delete { kind, id: STACKING };
    let is_done = is_applied(app, (caller, &before), delete).await?;
    Ok(is_done.then_some(StatusCode::NO_CONTENT))
}

/// Only the project of the key is there.
pub(super) fn is_of<S>(caller: &Caller<S>, project: &str) -> Result<(), Refused> {
    match ids::parse(Tag::Project, project) {
        Ok(id) if id == u64::from(caller.project.0) => Ok(()),
        _ => Err(not_found("project", project)),
    }
}

fn found<'c>(compiled: &'c Compiled, id: &str) -> Result<&'c StackingRulesView, Refused> {
    let kept = compiled.stacking.kept.as_ref();
    let kept = kept.filter(|kept| kept.id == id);
    kept.ok_or_else(|| not_found("stacking_rules", id))
}

async fn put(
    app: &App,
    before: (&Caller<CampaignsWrite>, &Compiled),
    changed: StackingRulesView,
) -> Result<Option<Answer>, Refused> {
    changed
        .rules
        .to_domain()
        .map_err(|wrong| malformed(&wrong))?;
    let put = Write::Put {
        kind: Kind::Setting,
        id: STACKING,
        body: write(&changed)?,
    };
    match is_applied(app, before, put).await? {
        true => Answer::ok(&changed).map(Some),
        false => Ok(None),
    }
}
