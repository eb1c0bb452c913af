//! Webhooks: where a project wants to be told what happened, how that went, and with what it is
//! signed.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use store::{Index, Kind, Record};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    Malformed,
    ids::Tag,
    voucherify::{DeliveryView, List, Sent, Webhook, WebhookSecretView, WebhookView},
};

use super::{
    dialect::{Asked, MAX_LIMIT, malformed, page_under, retry},
    resources::{self, At, Call, Kept, Resource, load, sent, take_effect},
    stacking::is_of,
};
use crate::{
    app::{App, renumbered},
    auth::{Caller, CampaignsRead, CampaignsWrite},
    configuration::read,
    once::Answer,
    outward::Target,
    problem::Refused,
    vouchers::key,
    webhooks::{self, Delivery, secret},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
        .routes(routes!(deliveries))
        .routes(routes!(secret_now, change_secret))
}

impl Resource for Webhook {
    type View = WebhookView;
    const KIND: Kind = Kind::Webhook;
    const TAG: Tag = Tag::Webhook;
    const NAME: &'static str = "webhook";
    const MOST: u64 = webhooks::MOST;
    /// All of them.
    const PAGE: u32 = MAX_LIMIT;
    const OURS: &'static [&'static str] = &["disabled_at"];

    fn check(&self) -> Result<(), Malformed> {
        Webhook::check(self)
    }

    fn bare(kept: &Kept<Self>) -> WebhookView {
        kept.thing().view(kept.id, kept.times())
    }
}

/// Register a target that is told of events. At most 20.
#[utoipa::path(post, path = "/management/v1/projects/{project}/webhooks",
    request_body = Webhook, responses((status = 200, body = WebhookView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(project): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    let (at, sent) = (At::of(&app, &caller), sent(&body)?);
    check_target(at, &sent)?;
    let made = retry(|| resources::made(at, Webhook::default(), call(&sent))).await?;
    take_effect(at).await;
    Ok(made)
}

/// Webhooks are read with the configuration, of which they are a part.
fn call(sent: &Sent) -> Call<'_> {
    let mut call = Call::new(sent, None);
    call.writes.push(renumbered());
    call
}

/// Whether the target may be called; where a name leads is looked at when it is.
fn check_target(at: At<'_>, sent: &Sent) -> Result<(), Refused> {
    let url = sent.get("target_url").and_then(|url| url.as_str());
    let parsed = url.map(|url| Target::parse(url, at.app.reach()));
    let wrong = |why| malformed(&Malformed::at("/target_url", why));
    parsed.transpose().map(drop).map_err(wrong)
}

/// All webhooks, newest first.
#[utoipa::path(get, path = "/management/v1/projects/{project}/webhooks",
    responses((status = 200, body = List<WebhookView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(project): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    resources::list::<Webhook>(At::of(&app, &caller), &asked).await
}

/// One webhook.
#[utoipa::path(get, path = "/management/v1/projects/{project}/webhooks/{id}",
    responses((status = 200, body = WebhookView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((project, id)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    resources::get::<Webhook>(At::of(&app, &caller), &id).await
}

/// Change a webhook. What is absent stays; one that was disabled is told again once it is active.
#[utoipa::path(put, path = "/management/v1/projects/{project}/webhooks/{id}",
    request_body = Webhook, responses((status = 200, body = WebhookView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((project, id)): Path<(String, String)>,
    body: Bytes,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    let (at, sent) = (At::of(&app, &caller), &sent(&body)?);
    check_target(at, sent)?;
    let id = id.as_str();
    let attempt = async || resources::changed(at, load::<Webhook>(at, id).await?, call(sent)).await;
    let changed = retry(attempt).await?;
    take_effect(at).await;
    Ok(changed)
}

/// Remove a webhook. What it was not told yet, it is told no more.
#[utoipa::path(delete, path = "/management/v1/projects/{project}/webhooks/{id}",
    responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((project, id)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    is_of(&caller, &project)?;
    let (at, id) = (At::of(&app, &caller), id.as_str());
    let attempt = async || {
        let webhook = load::<Webhook>(at, id).await?;
        resources::removed(at, &webhook, vec![renumbered()]).await
    };
    let removed = retry(attempt).await?;
    take_effect(at).await;
    Ok(removed)
}

/// What a webhook is told, newest first, with every attempt; for three days after it is over.
#[utoipa::path(get, path = "/management/v1/projects/{project}/webhooks/{id}/deliveries",
    responses((status = 200, body = List<DeliveryView>)))]
async fn deliveries(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((project, id)): Path<(String, String)>,
    asked: Asked,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    let webhook = load::<Webhook>(At::of(&app, &caller), &id).await?;
    let of = key(webhook.id);
    let under = (Index::DeliveriesOfWebhook, of.as_slice());
    let page = (under, Kind::Delivery, asked.paging()?);
    let (records, total) = page_under(&app, caller.project, page).await?;
    let view = |record: &Record| read::<Delivery>(&record.body).map(|one| one.view());
    let rows = records.iter().map(view).collect::<Result<_, _>>()?;
    Answer::ok(&List::page("data", rows, total))
}

/// The secret with which is signed what webhooks are told, made at the first call.
#[utoipa::path(get, path = "/management/v1/projects/{project}/webhook-secret",
    responses((status = 200, body = WebhookSecretView)))]
async fn secret_now(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(project): Path<String>,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    let secret = secret::of(&app, caller.project).await?;
    Answer::ok(&secret.view(caller.now))
}

/// Draw another secret. For a day the one before signs as well.
#[utoipa::path(post, path = "/management/v1/projects/{project}/webhook-secret",
    responses((status = 200, body = WebhookSecretView)))]
async fn change_secret(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(project): Path<String>,
) -> Result<Answer, Refused> {
    is_of(&caller, &project)?;
    let secret = retry(|| secret::change(&app, (caller.project, caller.now))).await?;
    Answer::ok(&secret.view(caller.now))
}
