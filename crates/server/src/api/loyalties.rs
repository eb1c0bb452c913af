//! Loyalty programmes: campaigns of cards with points, and what earns and buys them.

pub mod assignments;
pub mod earning_rules;
pub(super) mod members;
mod points;
mod redeeming;
mod tiers;
pub(super) mod transactions;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use offers::{Campaign, CampaignId};
use store::{Index, Kind, ProjectId, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::voucherify::{
    AsyncActionStarted, CampaignCreate, CampaignType, CampaignUpdate, CampaignView, EarningRule,
    List, LoyaltyTier, RewardAssignment, VoucherType,
};

use super::{
    campaigns,
    dialect::{Asked, not_found, parse, retry},
    resources::{self, At, Kept},
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    configuration::{Compiled, Stored},
    once::{self, Answer},
    problem::Refused,
    vouchers::key,
};

pub use points::{Change, change};

/// Earning rules, tiers and offered rewards that go with one programme.
const MAX_REMOVED: u32 = 1_000;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
        .merge(members::routes())
        .merge(points::routes())
        .merge(transactions::routes())
        .merge(earning_rules::routes())
        .merge(assignments::routes())
        .merge(tiers::routes())
        .merge(redeeming::routes())
}

/// A programme by the id or the name of its campaign.
///
/// # Errors
/// When there is none.
pub async fn find(
    app: &App,
    (project, compiled): (ProjectId, &Compiled),
    name: &str,
) -> Result<std::sync::Arc<Stored<Campaign>>, Refused> {
    let found = campaigns::find(app, (project, compiled), name).await?;
    match compiled.loyalty.programme(found.thing.id) {
        Some(_) => Ok(found),
        None => Err(not_found("campaign", name)),
    }
}

/// The number of a programme.
async fn number_of(at: At<'_>, name: &str) -> Result<CampaignId, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let found = find(at.app, (at.project, &compiled), name).await?;
    Ok(found.thing.id)
}

/// Make a loyalty programme, and cards of it where `vouchers_count` asks for some.
#[utoipa::path(post, path = "/v1/loyalties", request_body = CampaignCreate,
    responses((status = 200, body = CampaignView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/loyalties", &body))?;
    let mut input: CampaignCreate = parse(&body)?;
    input.campaign_type = Some(CampaignType::LoyaltyProgram);
    let card = input.voucher.get_or_insert_default();
    card.kind.get_or_insert(VoucherType::LoyaltyCard);
    retry(|| campaigns::created(&app, &caller, (&input, once))).await
}

/// All loyalty programmes, newest first.
#[utoipa::path(get, path = "/v1/loyalties",
    responses((status = 200, body = List<CampaignView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let paging = asked.paging()?;
    let compiled = app.compiled(caller.project).await?;
    let all = compiled.campaigns.iter().rev();
    let all = all.filter(|(id, _)| compiled.loyalty.programme(**id).is_some());
    let all: Vec<_> = all.map(|(_, campaign)| campaign.clone()).collect();
    let total = all.len() as u64;
    let mut rows = Vec::new();
    for campaign in paging.cut(all) {
        rows.push(campaigns::view(&app, (caller.project, &compiled), &campaign).await?);
    }
    Answer::ok(&List::page("campaigns", rows, total))
}

/// One loyalty programme, by id or name.
#[utoipa::path(get, path = "/v1/loyalties/{id}", responses((status = 200, body = CampaignView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let compiled = app.compiled(caller.project).await?;
    let found = find(&app, (caller.project, &compiled), &name).await?;
    Answer::ok(&campaigns::view(&app, (caller.project, &compiled), &found).await?)
}

/// Change a loyalty programme. What is absent stays.
#[utoipa::path(put, path = "/v1/loyalties/{id}", request_body = CampaignUpdate,
    responses((status = 200, body = CampaignView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let sent: CampaignUpdate = parse(&body)?;
    let raw: serde_json::Value = parse(&body)?;
    number_of(At::of(&app, &caller), &name).await?;
    let proffer = raw.get("proffer").filter(|own| own.is_object());
    let apply = |input: &mut CampaignCreate| campaigns::changed(input, &sent, proffer);
    retry(|| campaigns::modified(&app, &caller, (&name, &apply))).await
}

/// Remove a loyalty programme with its cards and all that earns and buys points; the books keep
/// what it gave.
#[utoipa::path(delete, path = "/v1/loyalties/{id}", 
    responses((status = 202, body = AsyncActionStarted)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    number_of(At::of(&app, &caller), &name).await?;
    retry(|| campaigns::removed(At::of(&app, &caller), &name)).await
}

/// What removes all that goes with a programme.
///
/// # Errors
/// When the store cannot be read.
pub async fn removals(at: At<'_>, campaign: CampaignId) -> Result<Vec<Write>, Refused> {
    let of = key(campaign.0);
    let under = |index| (index, of.as_slice());
    let earning = under(Index::EarningRulesOfCampaign);
    let earning: Vec<Kept<EarningRule>> = resources::under(at, earning, MAX_REMOVED).await?;
    let tiers = under(Index::LoyaltyTiersOfCampaign);
    let tiers: Vec<Kept<LoyaltyTier>> = resources::under(at, tiers, MAX_REMOVED).await?;
    let offered = under(Index::RewardsOfCampaign);
    let offered: Vec<Kept<RewardAssignment>> = resources::under(at, offered, MAX_REMOVED).await?;
    let mut writes = resources::removals(at, &earning).await?;
    writes.extend(resources::removals(at, &tiers).await?);
    writes.extend(resources::removals(at, &offered).await?);
    Ok(writes)
}
