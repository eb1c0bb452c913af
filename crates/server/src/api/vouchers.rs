//! Codes: vouchers and gift cards, made, read, changed, paused, loaded and removed.

mod listing;
mod loading;
mod making;
mod shown;
mod standing;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use offers::{
    Booking, Campaign, CampaignId, Happening, Offer, OfferId, Timestamp, Voucher, VoucherId,
    VoucherKind, book, chart,
};
use store::{Command, Expect, Index, Kind, Outcome, ProjectId, Record, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        ActionType, BalanceChange, BalanceView, Beside, CampaignCreate, CampaignVouchersCreate,
        CodeConfig, Discount, Event, Key, List, Metadata, PublishSummary, RedemptionSummary,
        RuleInput, VoucherConfig, VoucherCreate, VoucherType, VoucherUpdate, VoucherView,
        regrouped,
    },
};

use super::{
    campaigns,
    dialect::{Asked, Paging, duplicate, impossible, malformed, not_found, parse, refuse, retry},
    loyalties,
    resources::At,
    validation_rules::{self, Object, named},
};
use crate::{
    actions::{self, Action, STRETCH, Work},
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    catalogue::Change,
    configuration::{Compiled, Stored},
    loyalty,
    once::{self, Answer},
    problem::Refused,
    vouchers::{self, Issued, OF_CAMPAIGN, Removed, issue, key, read, removal, under_both, write},
    webhooks,
};

pub use making::{Alike, Made, New, check_room, config_of, drawn, is_fixed, of_campaign, space_of};
use making::{card, make};
pub use shown::{
    as_used, counts, gift_counts, new_view, used_card_view, used_so_far, used_view, view,
};
use shown::{brief, loaded_card};
pub use standing::standing;
use standing::{asks_of, value_of};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, listing::list))
        .routes(routes!(get, create_with_code, update, delete))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(loading::balance))
}

/// A voucher by its code, as typed, or by its id; with the version of its record.
///
/// # Errors
/// When there is none.
pub async fn find(
    app: &App,
    project: ProjectId,
    name: &str,
) -> Result<(Stored<Issued>, u64), Refused> {
    let id = match ids::parse(Tag::Voucher, name) {
        Ok(id) => Some(id),
        Err(_) => {
            let code = offers::codes::normalise(name);
            let index = Index::VoucherCode;
            app.store()
                .find_one(project, index, code.as_bytes())
                .await?
        }
    };
    let record = match id {
        Some(id) => app.store().get(project, Kind::Voucher, id).await?,
        None => None,
    };
    let record = record.ok_or_else(|| not_found("voucher", name))?;
    Ok((read(&record.body)?, record.version))
}

fn input_of(issued: &Stored<Issued>) -> Result<VoucherCreate, Refused> {
    if issued.extra.is_null() {
        return Ok(VoucherCreate::default());
    }
    serde_json::from_value(issued.extra.clone()).map_err(|e| Refused::Fault(e.to_string()))
}

/// What the shop keeps with a voucher.
///
/// # Errors
/// Never for what is stored; a fault if it happens.
pub fn metadata(issued: &Stored<Issued>) -> Result<Metadata, Refused> {
    Ok(input_of(issued)?.metadata.unwrap_or_default())
}

/// What removes the codes of a campaign: those that go at once, and the action that takes away the
/// others.
///
/// # Errors
/// When the store cannot be read.
pub async fn removals(at: At<'_>, campaign: CampaignId) -> Result<(Action, Vec<Write>), Refused> {
    let mut view = at.app.store().view(at.project)?;
    let total = vouchers::count(&mut view, campaign).await?;
    drop(view);
    let work = Work::Remove {
        campaign: campaign.0,
    };
    let kind = ActionType::CampaignVouchersDelete;
    let action = Action::new(kind, (work, total), at.now);
    if total > u64::from(STRETCH) {
        return Ok((action, Vec::new()));
    }
    let first = actions::removing::stretch(at, campaign.0).await?;
    Ok((action.at_once(), first.command.writes))
}

/// Make a voucher that stands alone, or one of a campaign.
#[utoipa::path(post, path = "/v1/vouchers", request_body = VoucherCreate,
    responses((status = 200, body = VoucherView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/vouchers", &body))?;
    let input: VoucherCreate = parse(&body)?;
    retry(|| created(At::of(&app, &caller), (&input, once))).await
}

/// Make a voucher under this code.
#[utoipa::path(post, path = "/v1/vouchers/{code}", request_body = VoucherCreate,
    responses((status = 200, body = VoucherView)))]
async fn create_with_code(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/vouchers/{code}");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let mut input: VoucherCreate = parse(&body)?;
    input.code = Some(code);
    retry(|| created(At::of(&app, &caller), (&input, once))).await
}

/// One attempt to make a voucher; `None` where somebody else was faster.
///
/// # Errors
/// When it cannot be made so.
pub async fn created(
    At { app, project, now }: At<'_>,
    (input, once): (&VoucherCreate, Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    let compiled = app.compiled(project).await?;
    compiled
        .schemas
        .check_new("voucher", input.metadata.as_ref())?;
    let id = VoucherId(app.next_id()?);
    let names = input.validation_rules.as_deref();
    let (rules, assignments) = named(app, (project, now), names, Object::Voucher(id.0)).await?;
    let at = At { app, project, now };
    let made = first(at, &compiled, (input, id), &rules).await?;
    let (campaign, offer) = standing(&compiled, &made.stored)?;
    let mut view = new_view(&made.stored, (&campaign, &offer));
    view.categories = compiled.categories.listed(&made.stored.extra);
    let told = webhooks::tell(at, Event::VoucherCreated, &view).await?;
    let answer = Answer::ok(&view)?;
    let command = Command {
        now,
        once: once.map(|key| key.once(&answer)),
        openings: made.booking.openings,
        chain: made.booking.chain,
        ..crate::setup::writes(project, [made.writes, assignments, told].concat())
    };
    let is_fixed = input.code.is_some() || is_fixed(input.code_config.as_ref());
    match answer.after(app.submit(command).await?)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) if is_fixed => {
            let code = &made.stored.thing.voucher.code;
            Err(duplicate("voucher", &format!("code {code}")))
        }
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("a voucher was not kept: {other:?}"))),
    }
}

/// A voucher as it begins: of the campaign that is named, or with one of its own.
async fn first(
    At { app, project, now }: At<'_>,
    compiled: &Compiled,
    (input, id): (&VoucherCreate, VoucherId),
    rules: &[RuleInput],
) -> Result<Made, Refused> {
    let of = input.campaign_id.as_deref().or(input.campaign.as_deref());
    match of {
        Some(name) => {
            let campaign = campaigns::find(app, (project, compiled), name).await?;
            let offer = crate::catalogue::offers_of(compiled, campaign.thing.id).next();
            let offer = offer.filter(|offer| !offer.thing.is_tier);
            let offer = offer.ok_or_else(|| refuse(Key::InvalidVoucher, "it has no codes"))?;
            let new = New {
                campaign: &campaign.thing,
                offer: offer.thing.id,
                now,
                refers: campaigns::input_of(&campaign)?.refers(),
            };
            let standards = (campaign.thing.currency, &campaign.thing.zone);
            let asks = asks_of(validation_rules::beside(rules, standards)?)?;
            make(app, &new, (input, id), None)?.asking(asks)
        }
        None => {
            let ids = (CampaignId(app.next_id()?), OfferId(app.next_id()?));
            let own = own(
                input,
                ids,
                &validation_rules::beside(rules, compiled.settings.standards())?,
            )?;
            let new = New {
                campaign: &own.0.clone(),
                offer: own.1.id,
                now,
                refers: false,
            };
            make(app, &new, (input, id), Some(own))
        }
    }
}

/// The campaign and offer of a voucher that belongs to none.
fn own(
    input: &VoucherCreate,
    (campaign, offer): (CampaignId, OfferId),
    beside: &Beside,
) -> Result<Box<(Campaign, Offer)>, Refused> {
    if input.kind == Some(VoucherType::LoyaltyCard) {
        let details = "a loyalty card belongs to a campaign: name it";
        return Err(refuse(Key::InvalidVoucher, details));
    }
    let gift = input.gift.is_some() || input.kind == Some(VoucherType::GiftVoucher);
    let alone = CampaignCreate {
        name: Some("Standalone".into()),
        voucher: Some(VoucherConfig {
            kind: Some(input.kind.unwrap_or(if gift {
                VoucherType::GiftVoucher
            } else {
                VoucherType::DiscountVoucher
            })),
            discount: input.discount.clone(),
            gift: input.gift,
            ..VoucherConfig::default()
        }),
        ..CampaignCreate::default()
    };
    let wrong = |wrong| impossible(&wrong);
    alone.inferred_type().map_err(wrong)?;
    let campaign = alone.to_campaign(campaign, beside).map_err(wrong)?;
    let offer = alone.to_code_offer(&campaign, offer, beside);
    let offer = offer.map_err(|mut wrong| {
        let place = wrong.pointer.strip_prefix("/voucher").map(str::to_owned);
        wrong.pointer = place.unwrap_or(wrong.pointer);
        impossible(&wrong)
    })?;
    Ok(Box::new((campaign, offer)))
}

/// Works a voucher out anew, under other rules: one that stands alone as a whole, one of a campaign
/// in what is asked of it beside.
///
/// # Errors
/// When the rules do not fit.
pub async fn again(
    app: &App,
    change: &mut Change<'_>,
    (id, beside): (u64, &Beside),
) -> Result<(), Refused> {
    let project = change.project();
    let Some(record) = app.store().get(project, Kind::Voucher, id).await? else {
        return Ok(());
    };
    let mut issued = read(&record.body)?;
    match issued.thing.own.take() {
        None => issued.thing.asks = asks_of(beside.clone())?,
        Some(before) => {
            let ids = (before.0.id, before.1.id);
            let after = own(&input_of(&issued)?, ids, beside)?;
            crate::funding::fund(app, change, (&before.0, &after.0)).await?;
            let offers = (Some(&before.1), &after.1);
            change.book(crate::funding::fund_units(app, project, &[offers]).await?);
            issued.thing.own = Some(after);
        }
    }
    // Somebody may give or change it meanwhile.
    change.expect(expect(id, record.version));
    issued.updated_at = Some(change.now());
    change.write([Write::Put {
        kind: Kind::Voucher,
        id,
        body: write(&issued)?,
    }]);
    Ok(())
}

/// One page of the codes of a campaign, and how many it has.
///
/// # Errors
/// When the store cannot be read.
pub async fn page_of_campaign(
    app: &App,
    project: ProjectId,
    (campaign, paging): (CampaignId, Paging),
) -> Result<(Vec<Record>, u64), Refused> {
    let mut view = app.store().view(project)?;
    let found = under_both(&mut view, OF_CAMPAIGN, (campaign.0, paging.upto())).await?;
    let records = view.get_many(Kind::Voucher, &paging.cut(found)).await?;
    let total = vouchers::count(&mut view, campaign).await?;
    Ok((records.into_iter().flatten().collect(), total))
}

/// One voucher, by code or id.
#[utoipa::path(get, path = "/v1/vouchers/{code}",
    responses((status = 200, body = VoucherView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(code): Path<String>,
) -> Result<Answer, Refused> {
    let compiled = app.compiled(caller.project).await?;
    let (issued, _) = find(&app, caller.project, &code).await?;
    Answer::ok(&view(&app, (caller.project, &compiled), (&issued, caller.now)).await?)
}

/// Change a voucher. What is absent stays; the type of its discount cannot be changed.
#[utoipa::path(put, path = "/v1/vouchers/{code}", request_body = VoucherUpdate,
    responses((status = 200, body = VoucherView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let sent: VoucherUpdate = parse(&body)?;
    retry(|| modified(At::of(&app, &caller), (&code, &sent))).await
}

/// Resume a voucher.
#[utoipa::path(post, path = "/v1/vouchers/{code}/enable",
    responses((status = 200, body = VoucherView)))]
async fn enable(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
) -> Result<Answer, Refused> {
    let sent = VoucherUpdate {
        active: Some(true),
        ..VoucherUpdate::default()
    };
    retry(|| modified(At::of(&app, &caller), (&code, &sent))).await
}

/// Pause a voucher.
#[utoipa::path(post, path = "/v1/vouchers/{code}/disable",
    responses((status = 200, body = VoucherView)))]
async fn disable(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
) -> Result<Answer, Refused> {
    let sent = VoucherUpdate {
        active: Some(false),
        ..VoucherUpdate::default()
    };
    retry(|| modified(At::of(&app, &caller), (&code, &sent))).await
}

/// One attempt to change a voucher; `None` where somebody else was faster.
///
/// # Errors
/// When there is none, or it cannot be so.
pub async fn modified(
    At { app, project, now }: At<'_>,
    (code, sent): (&str, &VoucherUpdate),
) -> Result<Option<Answer>, Refused> {
    let compiled = app.compiled(project).await?;
    let (mut issued, version) = find(app, project, code).await?;
    let mut input = input_of(&issued)?;
    changed(&mut input, sent);
    if let Some(metadata) = input.metadata.as_ref().filter(|_| sent.metadata.is_some()) {
        compiled.schemas.check("voucher", metadata)?;
    }
    let voucher = &issued.thing.voucher;
    let was_active = voucher.active;
    let mut again = input.clone();
    // What a decision promised is not in the input.
    again.start_date = sent.start_date.unwrap_or(voucher.validity.from);
    again.expiration_date = sent.expiration_date.unwrap_or(voucher.validity.until);
    let checked = again.to_voucher(voucher.id, voucher.offer, &voucher.code);
    let checked = checked.map_err(|wrong| malformed(&wrong))?;
    issued.thing.voucher.validity = checked.validity;
    issued.thing.voucher.active = sent.active.unwrap_or(issued.thing.voucher.active);
    if let Some(discount) = &sent.discount {
        let value = value_of(&compiled, &issued, discount)?;
        match issued.thing.own.take() {
            None => issued.thing.value = Some(Box::new(value)),
            Some(before) => {
                let id = issued.thing.voucher.id.0;
                let rules = validation_rules::rules_of(app, project, id).await?;
                let standards = (before.0.currency, &compiled.settings.zone);
                let beside = validation_rules::beside(&rules, standards)?;
                issued.thing.own = Some(own(&input, (before.0.id, before.1.id), &beside)?);
            }
        }
    }
    issued.extra = serde_json::to_value(&input).map_err(|e| Refused::Fault(e.to_string()))?;
    issued.updated_at = Some(now);
    let id = issued.thing.voucher.id.0;
    let shown = view(app, (project, &compiled), (&issued, now)).await?;
    let events = [
        Event::VoucherEnabled,
        Event::VoucherDisabled,
        Event::VoucherUpdated,
    ];
    let event = webhooks::switched((was_active, issued.thing.voucher.active), events);
    let told = webhooks::tell(At { app, project, now }, event, &shown).await?;
    let answer = Answer::ok(&shown)?;
    let put = Write::Put {
        kind: Kind::Voucher,
        id,
        body: write(&issued)?,
    };
    let mut command = crate::setup::writes(project, vec![put]);
    command.writes.extend(told);
    command.expects.push(expect(id, version));
    settled(answer, app.submit(command).await?)
}

fn expect(id: u64, version: u64) -> Expect {
    Expect {
        kind: Kind::Voucher,
        id,
        version,
    }
}

fn changed(input: &mut VoucherCreate, sent: &VoucherUpdate) {
    let sent = sent.clone();
    input.start_date = sent.start_date.unwrap_or(input.start_date);
    input.expiration_date = sent.expiration_date.unwrap_or(input.expiration_date);
    input.validity_timeframe = sent
        .validity_timeframe
        .unwrap_or(input.validity_timeframe.take());
    input.validity_day_of_week = sent
        .validity_day_of_week
        .unwrap_or(input.validity_day_of_week.take());
    input.validity_hours = sent.validity_hours.unwrap_or(input.validity_hours.take());
    input.active = sent.active.or(input.active);
    input.additional_info = sent.additional_info.unwrap_or(input.additional_info.take());
    input.discount = sent.discount.or(input.discount.take());
    (input.category, input.category_id) = regrouped(
        (input.category.take(), input.category_id.take()),
        (sent.category, sent.category_id),
    );
    if let Some(metadata) = sent.metadata {
        input.metadata.get_or_insert_default().extend(metadata);
    }
}

fn settled(answer: Answer, outcome: Outcome) -> Result<Option<Answer>, Refused> {
    match answer.after(outcome)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("a voucher was not kept: {other:?}"))),
    }
}

/// Remove a voucher; the books keep what it gave.
#[utoipa::path(delete, path = "/v1/vouchers/{code}", responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
) -> Result<StatusCode, Refused> {
    retry(|| removed(&app, &caller, &code)).await
}

/// What is told of a code of a campaign once it is gone.
async fn remembered(at: At<'_>, issued: &Stored<Issued>) -> Result<[Write; 2], Refused> {
    let id = issued.thing.voucher.id;
    let mut view = at.app.store().view(at.project)?;
    let left = match (issued.thing.voucher.kind, issued.thing.card()) {
        (VoucherKind::GiftCard { .. }, _) => {
            let account = view.account(chart::gift_balance(id)).await?;
            account.and_then(|one| one.available()).unwrap_or(0)
        }
        (_, Some(card)) => {
            let today = at.app.compiled(at.project).await?.day(at.now);
            loyalty::left_on(&mut view, (at.project, card.card, today)).await?
        }
        (VoucherKind::Discount | VoucherKind::LoyaltyCard { .. }, None) => 0,
    };
    let removed = Removed {
        kind: issued.thing.voucher.kind,
        created_at: issued.created_at,
        at: at.now,
        left,
    };
    vouchers::remembered(&issued.thing, &removed)
}

async fn removed(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    code: &str,
) -> Result<Option<StatusCode>, Refused> {
    let (issued, version) = find(app, caller.project, code).await?;
    let id = issued.thing.voucher.id.0;
    let mut writes = removal(&issued.thing);
    if issued.thing.own.is_none() {
        writes.extend(remembered(At::of(app, caller), &issued).await?);
    }
    writes.extend(validation_rules::removals(app, caller.project, id).await?);
    let gone = brief(&issued.thing.voucher);
    writes.extend(webhooks::tell(At::of(app, caller), Event::VoucherDeleted, &gone).await?);
    let mut command = crate::setup::writes(caller.project, writes);
    command.expects.push(expect(id, version));
    match app.submit(command).await? {
        Outcome::Applied => Ok(Some(StatusCode::NO_CONTENT)),
        Outcome::Stale { .. } => Ok(None),
        other => Err(Refused::Fault(format!("a voucher stayed: {other:?}"))),
    }
}
