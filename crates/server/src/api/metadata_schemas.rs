//! Metadata schemas: which metadata things of one kind have. The shop's servers read them, and its
//! management makes them, under names that are spelt otherwise.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use store::{Index, Kind};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    Malformed,
    ids::Tag,
    voucherify::{List, MetadataSchema, MetadataSchemaView, Sent, Spelling},
};

use super::{
    dialect::{Asked, MAX_LIMIT, retry},
    resources::{self, At, Call, Kept, Resource, load, sent, take_effect},
    stacking::is_of,
};
use crate::{
    app::{App, renumbered},
    auth::{Caller, CampaignsRead, CampaignsWrite},
    once::{self, Answer},
    problem::Refused,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(create, list_managed))
        .routes(routes!(get_managed, update, delete))
}

impl Resource for MetadataSchema {
    type View = MetadataSchemaView;
    const KIND: Kind = Kind::MetadataSchema;
    const TAG: Tag = Tag::MetadataSchema;
    const NAME: &'static str = "metadata_schema";
    const MOST: u64 = MAX_LIMIT as u64;
    const ROWS: &'static str = "schemas";
    /// All of them.
    const PAGE: u32 = MAX_LIMIT;
    const NATURAL: Option<Index> = Some(Index::MetadataSchemaOf);

    fn natural(&self) -> Option<&str> {
        self.related_object.as_deref()
    }

    fn check(&self) -> Result<(), Malformed> {
        MetadataSchema::check(self)
    }

    fn bare(kept: &Kept<Self>) -> MetadataSchemaView {
        kept.thing().view((kept.id, Spelling::Camel), kept.times())
    }
}

/// A schema as management spells it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Managed(MetadataSchema);

impl Resource for Managed {
    type View = MetadataSchemaView;
    const KIND: Kind = Kind::MetadataSchema;
    const TAG: Tag = Tag::MetadataSchema;
    const NAME: &'static str = MetadataSchema::NAME;
    const MOST: u64 = MetadataSchema::MOST;
    const PAGE: u32 = MetadataSchema::PAGE;
    const NATURAL: Option<Index> = MetadataSchema::NATURAL;

    fn natural(&self) -> Option<&str> {
        self.0.natural()
    }

    fn check(&self) -> Result<(), Malformed> {
        self.0.check()
    }

    fn bare(kept: &Kept<Self>) -> MetadataSchemaView {
        let schema = &kept.thing().0;
        schema.view((kept.id, Spelling::Snake), kept.times())
    }
}

/// All metadata schemas.
#[utoipa::path(get, path = "/v1/metadata-schemas",
    responses((status = 200, body = List<MetadataSchemaView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    resources::list::<MetadataSchema>(At::of(&app, &caller), &asked).await
}

/// The metadata schema of one kind of thing: `voucher`, `campaign`, ….
#[utoipa::path(get, path = "/v1/metadata-schemas/{resource}",
    responses((status = 200, body = MetadataSchemaView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(resource): Path<String>,
) -> Result<Answer, Refused> {
    resources::get::<MetadataSchema>(At::of(&app, &caller), &resource).await
}

/// Make the metadata schema of one kind of thing. What is there already is let be; what is written
/// from here on follows it.
#[utoipa::path(post, path = "/management/v1/projects/{project}/metadata-schemas",
    request_body = MetadataSchema, responses((status = 200, body = MetadataSchemaView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(project): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    let call = "POST /management/v1/projects/{project}/metadata-schemas";
    let once = once::Key::of(&headers, caller.project, (call, &body))?;
    let (at, sent) = (At::of(&app, &caller), sent(&body)?);
    let attempt = || {
        let mut call = Call::new(&sent, once);
        call.writes.push(renumbered());
        resources::made(at, Managed::default(), call)
    };
    let answer = resources::told(at, once, retry(attempt).await).await?;
    take_effect(at).await;
    Ok(answer)
}

/// All metadata schemas.
#[utoipa::path(get, path = "/management/v1/projects/{project}/metadata-schemas",
    responses((status = 200, body = List<MetadataSchemaView>)))]
async fn list_managed(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(project): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    resources::list::<Managed>(At::of(&app, &caller), &asked).await
}

/// One metadata schema.
#[utoipa::path(get, path = "/management/v1/projects/{project}/metadata-schemas/{id}",
    responses((status = 200, body = MetadataSchemaView)))]
async fn get_managed(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((project, id)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    resources::get::<Managed>(At::of(&app, &caller), &id).await
}

/// Change a metadata schema. Properties that are not sent stay, those that are sent are as they are
/// sent, and `null` removes one.
#[utoipa::path(put, path = "/management/v1/projects/{project}/metadata-schemas/{id}",
    request_body = MetadataSchema, responses((status = 200, body = MetadataSchemaView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((project, id)): Path<(String, String)>,
    body: Bytes,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    let (at, mut sent) = (At::of(&app, &caller), sent(&body)?);
    // What it is of is its name.
    sent.remove("related_object");
    let attempt = async || {
        let known: Kept<Managed> = load(at, &id).await?;
        let sent = with_properties(&known.thing().0, sent.clone())?;
        let mut call = Call::new(&sent, None);
        call.writes.push(renumbered());
        resources::changed(at, known, call).await
    };
    let answer = retry(attempt).await?;
    take_effect(at).await;
    Ok(answer)
}

/// The properties there are, under those that were sent.
fn with_properties(known: &MetadataSchema, mut sent: Sent) -> Result<Sent, Refused> {
    let fault = |error: serde_json::Error| Refused::Fault(error.to_string());
    if let Some(serde_json::Value::Object(properties)) = sent.remove("properties") {
        let all = serde_json::to_value(&known.properties).map_err(fault)?;
        let mut all: Sent = serde_json::from_value(all).map_err(fault)?;
        all.extend(properties);
        all.retain(|_, property| !property.is_null());
        sent.insert("properties".into(), all.into());
    }
    Ok(sent)
}

/// Remove a metadata schema.
#[utoipa::path(delete, path = "/management/v1/projects/{project}/metadata-schemas/{id}",
    responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((project, id)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    is_of(&caller, &project)?;
    let at = At::of(&app, &caller);
    let attempt = async || {
        let known: Kept<Managed> = load(at, &id).await?;
        resources::removed(at, &known, vec![renumbered()]).await
    };
    let removed = retry(attempt).await?;
    take_effect(at).await;
    Ok(removed)
}
