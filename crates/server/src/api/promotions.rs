//! Promotion tiers: offers that apply without a code.

mod summary;

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use offers::{Campaign, Offer, OfferId};
use store::{Outcome, ProjectId};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        Action, Beside, CalendarView, CampaignType, Discount, Event, Key, List, Metadata,
        TierCampaign, TierInput, TierSummary, TierUpdate, TierView, regrouped,
    },
};

use self::summary::summaries;
use super::{
    campaigns,
    dialect::{Asked, in_use, malformed, not_found, parse, refuse, retry},
    promotion_stacks,
    resources::{At, By},
    validation_rules::{self, Object, named},
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    catalogue::{Change, offers_of},
    configuration::{Compiled, Stored},
    once::{self, Answer},
    problem::Refused,
    webhooks,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(of_campaign, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(enable))
        .routes(routes!(disable))
}

/// A tier by its id.
///
/// # Errors
/// When there is none.
pub fn find(compiled: &Compiled, name: &str) -> Result<Arc<Stored<Offer>>, Refused> {
    let id = ids::parse(Tag::Tier, name).ok();
    let found = id.and_then(|id| compiled.offers.get(&OfferId(id)));
    let tier = found.filter(|offer| offer.thing.is_tier);
    tier.cloned()
        .ok_or_else(|| not_found("promotion_tier", name))
}

fn input_of(stored: &Stored<Offer>) -> Result<TierInput, Refused> {
    if stored.extra.is_null() {
        return Ok(TierInput::default());
    }
    serde_json::from_value(stored.extra.clone()).map_err(|e| Refused::Fault(e.to_string()))
}

/// What the shop keeps with a tier.
///
/// # Errors
/// Never for what is stored; a fault if it happens.
pub fn metadata(stored: &Stored<Offer>) -> Result<Metadata, Refused> {
    Ok(input_of(stored)?.metadata.unwrap_or_default())
}

/// A tier under rules; limits belong to its campaign, which all of its tiers share.
fn compile(
    of: &Campaign,
    (id, input): (OfferId, &TierInput),
    beside: &Beside,
) -> Result<Offer, Refused> {
    if !beside.rule.caps.is_empty() {
        let details = "a rule with limits is assigned to the campaign, not to one of its tiers";
        return Err(refuse(Key::InvalidValidationRules, details));
    }
    input
        .to_offer(of, id, beside)
        .map_err(|wrong| malformed(&wrong))
}

fn stored(offer: Offer, input: &TierInput, now: i64) -> Result<Stored<Offer>, Refused> {
    let extra = serde_json::to_value(input).map_err(|error| Refused::Fault(error.to_string()))?;
    Ok(Stored {
        thing: offer,
        extra,
        created_at: now,
        updated_at: None,
    })
}

/// Puts a new tier of a campaign and assigns its rule.
///
/// # Errors
/// When the tier or its rule does not fit.
pub async fn put(
    app: &App,
    change: &mut Change<'_>,
    (of, input): (&Campaign, &TierInput),
) -> Result<TierView, Refused> {
    let (project, now) = (change.project(), change.now());
    let schemas = &change.compiled().schemas;
    schemas.check_new("promotion_tier", input.metadata.as_ref())?;
    let id = OfferId(app.next_id()?);
    let names = input.validation_rules.as_deref();
    let (rules, writes) = named(app, (project, now), names, Object::Tier(id.0)).await?;
    let beside = validation_rules::beside(&rules, (of.currency, &of.zone))?;
    let stored = stored(compile(of, (id, input), &beside)?, input, now)?;
    change.put_offer(&stored)?;
    change.write(writes);
    let mut view = grouped(bare_view(of, &stored)?, change.compiled(), &stored);
    view.summary = Some(TierSummary::default());
    change.tell(Event::TierCreated, &view)?;
    Ok(view)
}

/// Works a tier out anew, under other rules.
///
/// # Errors
/// When the rules do not fit it.
pub fn again(
    change: &mut Change<'_>,
    (tier, beside): (&Stored<Offer>, &Beside),
) -> Result<(), Refused> {
    let compiled = change.compiled().clone();
    let Some(campaign) = compiled.campaigns.get(&tier.thing.campaign) else {
        return Ok(());
    };
    let input = input_of(tier)?;
    let offer = compile(&campaign.thing, (tier.thing.id, &input), beside)?;
    change.put_offer(&Stored {
        thing: offer,
        extra: tier.extra.clone(),
        created_at: tier.created_at,
        updated_at: Some(change.now()),
    })
}

/// The refusal of a tier, seen from the campaign it came with.
#[must_use]
pub fn within_tier(refused: Refused, index: usize) -> Refused {
    let Refused::Dialect(status, mut body) = refused else {
        return refused;
    };
    let details = body.get("details").and_then(serde_json::Value::as_str);
    let details = format!("/promotion/tiers/{index}{}", details.unwrap_or_default());
    if let Some(body) = body.as_object_mut() {
        body.insert("details".into(), details.into());
    }
    Refused::Dialect(status, body)
}

/// A tier without its assignments and its summary.
///
/// # Errors
/// When what is stored cannot be read.
pub fn bare_view(of: &Campaign, stored: &Stored<Offer>) -> Result<TierView, Refused> {
    let input = input_of(stored)?;
    let offer = &stored.thing;
    let campaign = ids::format(Tag::Campaign, of.id.0);
    Ok(TierView {
        id: ids::format(Tag::Tier, offer.id.0),
        name: offer.name.to_string(),
        banner: input.banner,
        metadata: input.metadata.unwrap_or_default(),
        action: Action {
            discount: Discount::of(&offer.benefit, offer.formula.as_ref(), &offer.scope),
        },
        hierarchy: offer.priority,
        promotion_id: campaign.clone(),
        campaign_id: campaign.clone(),
        campaign: TierCampaign {
            id: campaign,
            start_date: of.validity.from,
            expiration_date: of.validity.until,
            calendar: CalendarView::of(&of.validity),
            active: of.active,
            category_id: None,
            object: "campaign",
        },
        active: offer.active,
        start_date: offer.validity.from,
        expiration_date: offer.validity.until,
        calendar: CalendarView::of(&offer.validity),
        summary: None,
        validation_rule_assignments: List::default(),
        category_id: input.category_id,
        categories: Vec::new(),
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        object: "promotion_tier",
    })
}

/// With its category and that of its campaign.
fn grouped(mut view: TierView, compiled: &Compiled, stored: &Stored<Offer>) -> TierView {
    let of = compiled.campaigns.get(&stored.thing.campaign);
    let of = of.and_then(|of| compiled.categories.named_by(&of.extra));
    view.campaign.category_id = of.map(|category| category.id.clone());
    view.categories = compiled.categories.listed(&stored.extra);
    view
}

/// A tier with its campaign.
type Placed<'a> = (&'a Campaign, &'a Stored<Offer>);

fn placed<'a>(compiled: &'a Compiled, stored: &'a Stored<Offer>) -> Result<Placed<'a>, Refused> {
    let of = compiled.campaigns.get(&stored.thing.campaign);
    let of = of.ok_or_else(|| Refused::Fault("a tier without its campaign".into()))?;
    Ok((&of.thing, stored))
}

async fn view(
    app: &App,
    of: (ProjectId, &Compiled),
    tier: Placed<'_>,
) -> Result<TierView, Refused> {
    let shown = views(app, of, &[tier]).await?.pop();
    shown.ok_or_else(|| Refused::Fault("a tier is not shown".into()))
}

/// # Errors
/// When the store cannot be read.
pub async fn views(
    app: &App,
    (project, compiled): (ProjectId, &Compiled),
    tiers: &[Placed<'_>],
) -> Result<Vec<TierView>, Refused> {
    let ids = tiers.iter().map(|(_, tier)| tier.thing.id);
    let summaries = summaries(app, project, ids).await?;
    let mut views = Vec::with_capacity(tiers.len());
    for ((of, stored), summary) in tiers.iter().zip(summaries) {
        let mut view = grouped(bare_view(of, stored)?, compiled, stored);
        view.summary = Some(summary);
        view.validation_rule_assignments =
            validation_rules::shown(app, project, stored.thing.id.0).await?;
        views.push(view);
    }
    Ok(views)
}

/// All tiers, oldest first, or in the `order` of `created_at` or `updated_at`.
#[utoipa::path(get, path = "/v1/promotions/tiers",
    responses((status = 200, body = List<TierView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    listed(&app, &caller, &asked).await
}

/// A page of all tiers.
///
/// # Errors
/// When the query cannot be read.
pub async fn listed(
    app: &App,
    caller: &Caller<CampaignsRead>,
    asked: &Asked,
) -> Result<Answer, Refused> {
    let paging = asked.paging()?;
    let compiled = app.compiled(caller.project).await?;
    let is_available = asked.get("is_available") == Some("true");
    let tiers = compiled.offers.values().filter(|offer| {
        offer.thing.is_tier && (!is_available || is_open(&compiled, &offer.thing, caller.now))
    });
    let mut tiers: Vec<_> = tiers.collect();
    if asked.get("order").is_some() {
        sort(&mut tiers, By::asked(asked)?);
    }
    let total = tiers.len() as u64;
    let shown = paging.cut(tiers).into_iter();
    let shown: Vec<_> = shown
        .map(|tier| placed(&compiled, tier))
        .collect::<Result<_, _>>()?;
    let rows = views(app, (caller.project, &compiled), &shown).await?;
    Answer::ok(&List::page("tiers", rows, total))
}

fn sort(tiers: &mut [&Arc<Stored<Offer>>], (by, is_falling): (By, bool)) {
    tiers.sort_unstable_by_key(|tier| {
        let at = match by {
            By::Created => tier.created_at,
            By::Updated => tier.updated_at.unwrap_or(tier.created_at),
        };
        (at, tier.thing.id)
    });
    if is_falling {
        tiers.reverse();
    }
}

fn is_open(compiled: &Compiled, offer: &Offer, now: i64) -> bool {
    let campaign = compiled.campaigns.get(&offer.campaign);
    campaign.is_some_and(|campaign| {
        let campaign = &campaign.thing;
        let mut validities = [&campaign.validity, &offer.validity].into_iter();
        let is_active = campaign.active && offer.active;
        is_active && validities.all(|validity| validity.is_open(now, &campaign.zone))
    })
}

/// The tiers of a campaign.
#[utoipa::path(get, path = "/v1/promotions/{campaign}/tiers",
    responses((status = 200, body = List<TierView>)))]
async fn of_campaign(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let paging = asked.paging()?;
    let compiled = app.compiled(caller.project).await?;
    let campaign = campaigns::find(&app, (caller.project, &compiled), &name).await?;
    let tiers = offers_of(&compiled, campaign.thing.id).filter(|offer| offer.thing.is_tier);
    let tiers: Vec<_> = tiers.collect();
    let total = tiers.len() as u64;
    let shown = paging.cut(tiers).into_iter();
    let shown: Vec<Placed<'_>> = shown.map(|tier| (&campaign.thing, &**tier)).collect();
    let rows = views(&app, (caller.project, &compiled), &shown).await?;
    Answer::ok(&List::page("tiers", rows, total))
}

/// Add a tier to a campaign.
#[utoipa::path(post, path = "/v1/promotions/{campaign}/tiers", request_body = TierInput,
    responses((status = 200, body = TierView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/promotions/{name}/tiers");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let input: TierInput = parse(&body)?;
    retry(|| created(&app, &caller, (&name, once), &input)).await
}

async fn created(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (name, once): (&str, Option<once::Key>),
    input: &TierInput,
) -> Result<Option<Answer>, Refused> {
    let mut change = Change::begin(app, caller.project, caller.now).await?;
    let compiled = change.compiled().clone();
    let campaign = campaigns::find(app, (caller.project, &compiled), name).await?;
    if campaigns::kind_of(&campaign)? != CampaignType::Promotion {
        let details = format!("campaign {name} has codes, not tiers");
        return Err(refuse(Key::InvalidPayload, details));
    }
    let view = put(app, &mut change, (&campaign.thing, input)).await?;
    let answer = Answer::ok(&view)?;
    let outcome = change.submit(once.map(|key| key.once(&answer))).await?;
    done(answer, outcome)
}

fn done(answer: Answer, outcome: Outcome) -> Result<Option<Answer>, Refused> {
    match answer.after(outcome)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("a tier was not kept: {other:?}"))),
    }
}

/// One tier.
#[utoipa::path(get, path = "/v1/promotions/tiers/{id}",
    responses((status = 200, body = TierView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let compiled = app.compiled(caller.project).await?;
    let tier = find(&compiled, &name)?;
    Answer::ok(&view(&app, (caller.project, &compiled), placed(&compiled, &tier)?).await?)
}

/// Change a tier. What is absent stays.
#[utoipa::path(put, path = "/v1/promotions/tiers/{id}", request_body = TierUpdate,
    responses((status = 200, body = TierView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let sent: TierUpdate = parse(&body)?;
    retry(|| modified(&app, &caller, (&name, &sent))).await
}

/// Resume a tier.
#[utoipa::path(post, path = "/v1/promotions/tiers/{id}/enable",
    responses((status = 200, body = TierView)))]
async fn enable(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let sent = TierUpdate {
        active: Some(true),
        ..TierUpdate::default()
    };
    retry(|| modified(&app, &caller, (&name, &sent))).await
}

/// Pause a tier.
#[utoipa::path(post, path = "/v1/promotions/tiers/{id}/disable",
    responses((status = 200, body = TierView)))]
async fn disable(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let sent = TierUpdate {
        active: Some(false),
        ..TierUpdate::default()
    };
    retry(|| modified(&app, &caller, (&name, &sent))).await
}

async fn modified(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (name, sent): (&str, &TierUpdate),
) -> Result<Option<Answer>, Refused> {
    let project = caller.project;
    let mut change = Change::begin(app, project, caller.now).await?;
    let compiled = change.compiled().clone();
    let before = find(&compiled, name)?;
    let Some(campaign) = compiled.campaigns.get(&before.thing.campaign) else {
        return Err(not_found("promotion_tier", name));
    };
    let input = changed(input_of(&before)?, sent);
    if let Some(metadata) = input.metadata.as_ref().filter(|_| sent.metadata.is_some()) {
        compiled.schemas.check("promotion_tier", metadata)?;
    }
    let rules = validation_rules::rules_of(app, project, before.thing.id.0).await?;
    let beside = validation_rules::beside(&rules, (campaign.thing.currency, &campaign.thing.zone))?;
    let offer = compile(&campaign.thing, (before.thing.id, &input), &beside)?;
    let mut stored = stored(offer, &input, before.created_at)?;
    stored.updated_at = Some(caller.now);
    change.put_offer(&stored)?;
    let of = (project, &**change.compiled());
    let shown = view(app, of, (&campaign.thing, &stored)).await?;
    let events = [Event::TierEnabled, Event::TierDisabled, Event::TierUpdated];
    let is_active = (before.thing.active, stored.thing.active);
    change.tell(webhooks::switched(is_active, events), &shown)?;
    let answer = Answer::ok(&shown)?;
    done(answer, change.submit(None).await?)
}

fn changed(mut input: TierInput, sent: &TierUpdate) -> TierInput {
    let sent = sent.clone();
    input.name = sent.name.or(input.name);
    input.banner = sent.banner.unwrap_or(input.banner);
    input.action = sent.action.or(input.action);
    input.hierarchy = sent.hierarchy.or(input.hierarchy);
    input.active = sent.active.or(input.active);
    input.start_date = sent.start_date.unwrap_or(input.start_date);
    input.expiration_date = sent.expiration_date.unwrap_or(input.expiration_date);
    input.validity_timeframe = sent.validity_timeframe.unwrap_or(input.validity_timeframe);
    input.validity_day_of_week = sent
        .validity_day_of_week
        .unwrap_or(input.validity_day_of_week);
    input.validity_hours = sent.validity_hours.unwrap_or(input.validity_hours);
    (input.category, input.category_id) = regrouped(
        (input.category.take(), input.category_id.take()),
        (sent.category, sent.category_id),
    );
    if let Some(metadata) = sent.metadata {
        input.metadata.get_or_insert_default().extend(metadata);
    }
    input
}

/// Remove a tier that no promotion stack names; the books keep what it gave.
#[utoipa::path(delete, path = "/v1/promotions/tiers/{id}", responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    retry(|| removed(&app, &caller, &name)).await
}

async fn removed(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    name: &str,
) -> Result<Option<StatusCode>, Refused> {
    let mut change = Change::begin(app, caller.project, caller.now).await?;
    let tier = find(change.compiled(), name)?;
    let stacks = promotion_stacks::naming(At::of(app, caller), &tier.thing).await?;
    if !stacks.is_empty() {
        let details = format!("{name} is named by promotion stacks: change them first");
        return Err(in_use(details, ("promotion_stack", stacks)));
    }
    let removals = validation_rules::removals(app, caller.project, tier.thing.id.0);
    change.write(removals.await?);
    change.remove_offer(&tier.thing);
    let gone = serde_json::json!({
        "id": ids::format(Tag::Tier, tier.thing.id.0),
        "campaign_id": ids::format(Tag::Campaign, tier.thing.campaign.0),
        "object": "promotion_tier"
    });
    change.tell(Event::TierDeleted, &gone)?;
    match change.submit(None).await? {
        Outcome::Applied => Ok(Some(StatusCode::NO_CONTENT)),
        Outcome::Stale { .. } => Ok(None),
        other => Err(Refused::Fault(format!("a tier was not removed: {other:?}"))),
    }
}
