//! Campaigns: made with their offers and codes, read, changed, paused and removed.

mod codes;
mod editing;
mod listing;
mod shown;
mod summary;

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use offers::{Booking, Campaign, CampaignId, Lending, Offer, OfferId, Timestamp};
use store::{Index, Outcome, ProjectId, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        ActionType, AsyncActionStarted, Beside, CalendarView, CampaignCreate, CampaignType,
        CampaignUpdate, CampaignView, CampaignVouchersCreate, CodeCapacity, Event, Gift, Key, List,
        ProfferSettings, ReferralProgram, TierView, VoucherConfig, VoucherView, regrouped,
    },
};

use super::{
    dialect::{Asked, duplicate, malformed, not_found, parse, parse_optional, refuse, retry},
    loyalties, promotion_stacks, promotions,
    resources::At,
    validation_rules::{self, Object, named},
    vouchers::{self, New},
};
use crate::{
    actions::{self, Action, Generating, Work},
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    catalogue::{Change, name_key, offers_of},
    configuration::{Compiled, Stored},
    funding::fund,
    lending,
    once::{self, Answer},
    problem::Refused,
    vouchers::Issued,
    webhooks,
};
use codes::Codes;
pub use codes::{added, codes_added};
pub(super) use editing::changed;
pub(in crate::api) use shown::view;
use shown::{bare_view, listed};

/// Codes that one call makes at most.
pub const MAX_CODES: u64 = 1_000_000;
/// Codes that are made, or removed, before the call is answered; more are in the background.
const AT_ONCE: u64 = 1_000;

const DONE: &str = "DONE";
const IN_PROGRESS: &str = "IN_PROGRESS";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, listing::list))
        .routes(routes!(get, update, delete))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .merge(codes::routes())
        .merge(summary::routes())
}

/// A campaign as it was asked for.
struct Draft {
    id: CampaignId,
    input: CampaignCreate,
    created_at: Timestamp,
    updated_at: Option<Timestamp>,
}

/// A campaign by id or by name.
///
/// # Errors
/// When there is none.
pub async fn find(
    app: &App,
    (project, compiled): (ProjectId, &Compiled),
    name: &str,
) -> Result<Arc<Stored<Campaign>>, Refused> {
    let id = match ids::parse(Tag::Campaign, name) {
        Ok(id) => Some(id),
        Err(_) => {
            let index = Index::CampaignName;
            app.store()
                .find_one(project, index, &name_key(name))
                .await?
        }
    };
    let found = id.and_then(|id| compiled.campaigns.get(&CampaignId(id)));
    found.cloned().ok_or_else(|| not_found("campaign", name))
}

/// What was sent when the campaign was made, with the changes since.
///
/// # Errors
/// When what is stored cannot be read.
pub fn input_of(stored: &Stored<Campaign>) -> Result<CampaignCreate, Refused> {
    if stored.extra.is_null() {
        return Ok(CampaignCreate::default());
    }
    serde_json::from_value(stored.extra.clone()).map_err(|e| Refused::Fault(e.to_string()))
}

/// Works a campaign out anew, under other rules.
///
/// # Errors
/// When the rules do not fit it.
pub async fn again(
    app: &App,
    change: &mut Change<'_>,
    (stored, beside): (&Stored<Campaign>, &Beside),
) -> Result<(), Refused> {
    let draft = Draft {
        id: stored.thing.id,
        input: input_of(stored)?,
        created_at: stored.created_at,
        updated_at: Some(change.now()),
    };
    put(app, change, &draft, beside).await.map(|_| ())
}

/// What its codes are.
///
/// # Errors
/// When what is stored cannot be read.
pub fn voucher_config(stored: &Stored<Campaign>) -> Result<VoucherConfig, Refused> {
    Ok(input_of(stored)?.voucher.unwrap_or_default())
}

/// Puts the campaign and, where it has codes, the offer that they carry; moves what its changed
/// caps ask for.
async fn put(
    app: &App,
    change: &mut Change<'_>,
    draft: &Draft,
    beside: &Beside,
) -> Result<(Stored<Campaign>, Option<Stored<Offer>>), Refused> {
    let input = &draft.input;
    let wrong = |wrong| malformed(&wrong);
    let campaign = input.to_campaign(draft.id, beside).map_err(wrong)?;
    let before = change.compiled().campaigns.get(&draft.id).cloned();
    if let Some(before) = &before {
        fund(app, change, (&before.thing, &campaign)).await?;
    }
    let has_codes = input.inferred_type().map_err(wrong)? != CampaignType::Promotion;
    let offer = if has_codes {
        let known = offers_of(change.compiled(), draft.id).next();
        let id = known.map_or_else(|| app.next_id().map(OfferId), |known| Ok(known.thing.id))?;
        let offer = input.to_code_offer(&campaign, id, beside).map_err(wrong)?;
        if let Some(before) = &before {
            let inputs = (&input_of(before)?, input);
            let of = (draft.id, id, beside);
            let edited = change.compiled().editions.edited(inputs, of)?;
            change.write(edited);
        }
        let stored = stored(offer, serde_json::Value::Null, draft);
        change.put_offer(&stored)?;
        Some(stored)
    } else {
        None
    };
    let extra = serde_json::to_value(input).map_err(|error| Refused::Fault(error.to_string()))?;
    let campaign = stored(campaign, extra, draft);
    change.put_campaign(&campaign)?;
    Ok((campaign, offer))
}

fn stored<T>(thing: T, extra: serde_json::Value, draft: &Draft) -> Stored<T> {
    Stored {
        thing,
        extra,
        created_at: draft.created_at,
        updated_at: draft.updated_at,
    }
}

/// Make a campaign, its tiers or its codes, and assign its validation rule.
#[utoipa::path(post, path = "/v1/campaigns", request_body = CampaignCreate,
    responses((status = 200, body = CampaignView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/campaigns", &body))?;
    let input: CampaignCreate = parse(&body)?;
    retry(|| created(&app, &caller, (&input, once))).await
}

pub(super) async fn created(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (input, once): (&CampaignCreate, Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    let (project, now) = (caller.project, caller.now);
    let mut input = input.clone();
    input.campaign_type = Some(input.inferred_type().map_err(|wrong| malformed(&wrong))?);
    if let (true, Some(voucher)) = (input.refers(), &mut input.voucher) {
        voucher.is_referral_code = Some(true);
    }
    let id = CampaignId(app.next_id()?);
    let mut change = Change::begin(app, project, now).await?;
    let names = input.validation_rules.as_deref();
    change
        .compiled()
        .schemas
        .check_new(schema_of(&input), input.metadata.as_ref())?;
    let (rules, writes) = named(app, (project, now), names, Object::Campaign(id.0)).await?;
    change.write(writes);
    let beside = validation_rules::beside(&rules, change.compiled().settings.standards())?;
    let draft = Draft {
        id,
        input,
        created_at: now,
        updated_at: None,
    };
    let (campaign, offer) = put(app, &mut change, &draft, &beside).await?;
    let tiers = draft.input.promotion.iter().flat_map(|all| &all.tiers);
    let mut made = Vec::new();
    for (index, tier) in tiers.enumerate() {
        let put = promotions::put(app, &mut change, (&campaign.thing, tier)).await;
        made.push(put.map_err(|refused| promotions::within_tier(refused, index))?);
    }
    let codes = first_codes(&draft.input)?;
    if let Some(offer) = offer.as_ref().filter(|_| codes > 0) {
        let of = (&campaign.thing, &offer.thing);
        coded(At { app, project, now }, &mut change, of, (&draft, codes))?;
    }
    let mut view = bare_view(&campaign, &draft.input)?;
    view.vouchers_count = codes;
    view.categories = change.compiled().categories.listed(&campaign.extra);
    if codes > AT_ONCE {
        view.vouchers_generation_status = IN_PROGRESS;
    }
    for tier in &mut made {
        tier.campaign.category_id = view.categories.first().map(|one| one.id.clone());
    }
    if !made.is_empty() {
        view.promotion = Some(listed(made));
    }
    change.tell(Event::CampaignCreated, &view)?;
    for event in codes::events(codes) {
        change.tell(*event, &codes::added((&campaign.thing, codes)))?;
    }
    let answer = Answer::ok(&view)?;
    let outcome = change.submit(once.map(|key| key.once(&answer))).await?;
    match answer.after(outcome)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { kind: Some(_), .. }) => Ok(None),
        Err(Outcome::Stale { kind: None, .. }) => taken(app, project, &draft.input).await,
        Err(other) => Err(unexpected(&other)),
    }
}

/// Makes the codes that a campaign begins with.
fn coded(
    at: At<'_>,
    change: &mut Change,
    (campaign, offer): (&Campaign, &Offer),
    (draft, count): (&Draft, u64),
) -> Result<(), Refused> {
    let asked = Codes {
        campaign,
        offer,
        config: &draft.input.voucher.clone().unwrap_or_default(),
        sent: &CampaignVouchersCreate::default(),
        count,
    };
    let made = asked.made(at)?;
    change.write(made.writes);
    change.book(made.booking);
    Ok(())
}

/// The schema that a campaign's metadata follows.
fn schema_of(input: &CampaignCreate) -> &'static str {
    match input.use_voucher_metadata_schema {
        Some(true) => "voucher",
        _ => "campaign",
    }
}

/// How many codes a new campaign gets.
fn first_codes(input: &CampaignCreate) -> Result<u64, Refused> {
    let asked = input.vouchers_count.unwrap_or(0);
    if asked > MAX_CODES {
        let details = format!("/vouchers_count: at most {MAX_CODES} at once");
        return Err(refuse(Key::InvalidCampaignParams, details));
    }
    match input.capacity {
        Some(CodeCapacity::Standalone) => Ok(1),
        _ => Ok(asked),
    }
}

/// Somebody has the name or the code already; a random code is drawn again.
async fn taken<T>(
    app: &App,
    project: ProjectId,
    input: &CampaignCreate,
) -> Result<Option<T>, Refused> {
    let name = input.name.as_deref().unwrap_or_default().trim();
    let index = Index::CampaignName;
    let key = name_key(name);
    let holder = app.store().find_one(project, index, &key).await?;
    if holder.is_some() {
        return Err(duplicate("campaign", &format!("name {name}")));
    }
    let config = input.voucher.as_ref();
    let config = config.and_then(|voucher| voucher.code_config.as_ref());
    if vouchers::is_fixed(config) {
        return Err(duplicate("voucher", "this code"));
    }
    Ok(None)
}

/// Whether it is on, and not over yet.
#[must_use]
pub fn is_running(campaign: &Campaign, now: Timestamp) -> bool {
    let until = campaign.validity.until;
    campaign.active && until.is_none_or(|until| now <= until)
}

fn unexpected(outcome: &Outcome) -> Refused {
    match outcome {
        Outcome::Rejected { .. } => refuse(
            Key::InvalidCampaignParams,
            "more is given or held already than this allows",
        ),
        other => Refused::Fault(format!("a campaign could not be kept: {other:?}")),
    }
}

/// One campaign, by id or name.
#[utoipa::path(get, path = "/v1/campaigns/{id}", responses((status = 200, body = CampaignView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let compiled = app.compiled(caller.project).await?;
    let stored = find(&app, (caller.project, &compiled), &name).await?;
    Answer::ok(&view(&app, (caller.project, &compiled), &stored).await?)
}

/// Change a campaign. What is absent stays; members of `proffer` that are `null` are cleared.
#[utoipa::path(put, path = "/v1/campaigns/{id}", request_body = CampaignUpdate,
    responses((status = 200, body = CampaignView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let sent: CampaignUpdate = parse(&body)?;
    let raw: serde_json::Value = parse(&body)?;
    let proffer = raw.get("proffer").filter(|own| own.is_object());
    let apply = |input: &mut CampaignCreate| changed(input, &sent, proffer);
    retry(|| modified(&app, &caller, (&name, &apply))).await
}

pub(super) type Edit<'a> = dyn Fn(&mut CampaignCreate) -> Result<(), Refused> + Send + Sync + 'a;

pub(super) async fn modified(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (name, edit): (&str, &Edit<'_>),
) -> Result<Option<Answer>, Refused> {
    let project = caller.project;
    let mut change = Change::begin(app, project, caller.now).await?;
    let compiled = change.compiled().clone();
    let before = find(app, (project, &compiled), name).await?;
    let mut input = input_of(&before)?;
    let metadata = input.metadata.clone();
    edit(&mut input)?;
    if input.metadata != metadata {
        compiled
            .schemas
            .check_new(schema_of(&input), input.metadata.as_ref())?;
    }
    let rules = validation_rules::rules_of(app, project, before.thing.id.0).await?;
    let beside = validation_rules::beside(&rules, change.compiled().settings.standards())?;
    let draft = Draft {
        id: before.thing.id,
        input,
        created_at: before.created_at,
        updated_at: Some(caller.now),
    };
    let (stored, _) = put(app, &mut change, &draft, &beside).await?;
    let shown = view(app, (project, &compiled), &stored).await?;
    let events = [
        Event::CampaignEnabled,
        Event::CampaignDisabled,
        Event::CampaignUpdated,
    ];
    let is_active = (before.thing.active, stored.thing.active);
    change.tell(webhooks::switched(is_active, events), &shown)?;
    let answer = Answer::ok(&shown)?;
    let lent = before.thing.lending == Lending::Slices;
    match change.submit(None).await? {
        Outcome::Applied if lent && stored.thing.lending == Lending::Off => {
            let ended = lending::end(app, project, (&stored.thing, caller.now)).await;
            // The change stands; what is still on slices is called in by the jobs.
            if let Err(refused) = ended {
                tracing::error!(?refused, "slices could not be called in");
            }
            Ok(Some(answer))
        }
        Outcome::Applied => Ok(Some(answer)),
        // Somebody spent from a slice that something was to be called in from.
        Outcome::Rejected { .. } if lent => Ok(None),
        Outcome::Stale { .. } => Ok(None),
        other => Err(unexpected(&other)),
    }
}

/// Resume a campaign.
#[utoipa::path(post, path = "/v1/campaigns/{id}/enable",
    responses((status = 200, body = CampaignView)))]
async fn enable(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let apply = |input: &mut CampaignCreate| {
        input.active = Some(true);
        Ok(())
    };
    retry(|| modified(&app, &caller, (&name, &apply))).await
}

/// Pause a campaign.
#[utoipa::path(post, path = "/v1/campaigns/{id}/disable",
    responses((status = 200, body = CampaignView)))]
async fn disable(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let apply = |input: &mut CampaignCreate| {
        input.active = Some(false);
        Ok(())
    };
    retry(|| modified(&app, &caller, (&name, &apply))).await
}

/// Remove a campaign with its tiers and codes; the books keep what it gave. Where it has more than
/// 1 000 codes they go in the background, but nobody can use one any more.
#[utoipa::path(delete, path = "/v1/campaigns/{id}",
    responses((status = 202, body = AsyncActionStarted)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    retry(|| removed(At::of(&app, &caller), &name)).await
}

/// One attempt to remove a campaign; `None` where somebody else was faster.
///
/// # Errors
/// When there is none.
pub(super) async fn removed(
    At { app, project, now }: At<'_>,
    name: &str,
) -> Result<Option<Answer>, Refused> {
    let mut change = Change::begin(app, project, now).await?;
    let compiled = change.compiled().clone();
    let campaign = find(app, (project, &compiled), name).await?;
    let id = campaign.thing.id;
    let objects = offers_of(&compiled, id).map(|offer| offer.thing.id.0);
    for object in objects.chain([id.0]) {
        change.write(validation_rules::removals(app, project, object).await?);
    }
    let action_id = app.next_id()?;
    let (action, removals) = vouchers::removals(At { app, project, now }, id).await?;
    change.write(removals);
    change.write(action.begin(action_id)?);
    change.write(promotion_stacks::removals(At { app, project, now }, id).await?);
    change.write(loyalties::removals(At { app, project, now }, id).await?);
    change.remove_campaign(&campaign.thing);
    let gone = serde_json::json!({
        "id": ids::format(Tag::Campaign, id.0),
        "name": campaign.thing.name,
        "object": "campaign"
    });
    change.tell(Event::CampaignDeleted, &gone)?;
    match change.submit(None).await? {
        Outcome::Applied => {
            if campaign.thing.lending == Lending::Slices {
                lending::end(app, project, (&campaign.thing, now)).await?;
            }
            actions::started(action_id, StatusCode::ACCEPTED).map(Some)
        }
        Outcome::Stale { .. } => Ok(None),
        other => Err(unexpected(&other)),
    }
}

/// What a campaign is.
///
/// # Errors
/// When what is stored cannot be read.
pub fn kind_of(stored: &Stored<Campaign>) -> Result<CampaignType, Refused> {
    let input = input_of(stored)?;
    input.inferred_type().map_err(|wrong| malformed(&wrong))
}

/// How many codes a campaign has: one for everybody, or one each.
#[must_use]
pub fn capacity_of(stored: &Stored<Campaign>) -> Option<CodeCapacity> {
    let capacity = stored.extra.get("type")?;
    serde_json::from_value(capacity.clone()).ok()
}
