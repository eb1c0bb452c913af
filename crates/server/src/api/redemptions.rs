//! Redemptions: redeemables are used on a paid order, all of them or none, in one command.

mod given_back;
mod listing;
mod shown;
mod using;
mod views;

use std::sync::atomic::{AtomicBool, Ordering};

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use decision::GrantState;
use offers::{Booking, Checkout, Discount, Gave, Happening, Redeemable, Share, book};
use store::{Command, Expect, Index, Kind, Page, ProjectId, Record, View, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        Channel, CustomerRef, ErrorBody, Event, GiftRedeemed, Inapplicable, Key, List, OrderInput,
        OrderRedemption, OrderStatus, OrderView, Plainly, RedemptionRequest, RedemptionResponse,
        RedemptionSession, RedemptionView, RowStatus, VoucherRedemptions,
    },
};

use super::{
    customers,
    dialect::{Asked, Paging, not_found, page_under, parse, refuse, retry, retry_in_turn},
    promotions,
    resources::At,
    told,
    validations::{forgotten, released, rows, session_key, used},
    vouchers,
};
use crate::{
    activity,
    app::App,
    auth::{Caller, Redeem},
    checkout::{
        Call, Fate, For, Found, Quote, Redemption, RedemptionState, StoredOrder, Till, Used, sweep,
    },
    compact::Compact,
    configuration::{read, write},
    loyalty,
    once::{self, Answer},
    problem::Refused,
    telemetry, versioned,
    vouchers::key,
    webhooks,
};

pub use shown::{Reader, tell};
use using::Using;
use views::json;
pub use views::{as_said, order_now, orders_now};

/// Earlier uses of a code without limit are counted so far in the answer to a redemption, so that
/// its cost does not grow with them.
const COUNTED_USES: u32 = 100;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(redeem, listing::list))
        .routes(routes!(get))
        .routes(routes!(of_voucher))
}

/// Use redeemables on a paid order.
#[utoipa::path(post, path = "/v1/redemptions", request_body = RedemptionRequest,
    responses((status = 200, body = RedemptionResponse)))]
async fn redeem(
    State(app): State<App>,
    caller: Caller<Redeem>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/redemptions", &body))?;
    answered(&app, &caller, (&parse(&body)?, once)).await
}

/// Uses redeemables, or tells what a retry was answered before.
///
/// # Errors
/// When the request does not fit.
pub async fn answered(
    app: &App,
    caller: &Caller<Redeem>,
    (request, once): (&RedemptionRequest, Option<once::Key>),
) -> Result<Answer, Refused> {
    session_key(request)?;
    let compiled = app.compiled(caller.project).await?;
    let schemas = &compiled.schemas;
    schemas.check_sale(request.metadata.as_ref(), request.order.as_ref())?;
    let status = request.order.as_ref().and_then(|order| order.status);
    if let Some(OrderStatus::Created | OrderStatus::Canceled) = status {
        let details = "a draft or cancelled order uses nothing: redeem when it is paid";
        let refusal = refuse(Key::InvalidOrder, details);
        return once::refused(At::of(app, caller), (once, refusal)).await;
    }
    use_all(app, caller, (request, once)).await
}

/// Uses what was put forward, all of it or none.
///
/// # Errors
/// When it cannot be used; a retry with the same key hears the same.
pub async fn use_all(
    app: &App,
    caller: &Caller<Redeem>,
    (request, once): (&RedemptionRequest, Option<once::Key>),
) -> Result<Answer, Refused> {
    let swept = AtomicBool::new(false);
    let attempt = || attempt(app, caller, (request, once), &swept);
    let answer = match request.order.as_ref().is_some_and(OrderInput::is_named) {
        true => retry_in_turn(attempt).await,
        false => retry(attempt).await,
    };
    let answer = match answer {
        // Who has to wait now may be heard later.
        Err(refusal @ Refused::Dialect(status, _)) if status != StatusCode::TOO_MANY_REQUESTS => {
            once::refused(At::of(app, caller), (once, refusal)).await
        }
        other => other,
    };
    let answer = answer?;
    let told = async {
        let answer = told(app, caller.project, answer).await?;
        Reader::of(app, caller).tell_answer(answer).await
    };
    told.await.map_err(Refused::after_all)
}

/// A redemption that stands alone, as it is answered.
///
/// # Errors
/// When what is kept cannot be read.
pub fn shown_alone(redemption: &Redemption) -> Result<serde_json::Value, Refused> {
    views::alone(redemption)
}

/// An answer that was given before, from what is kept.
async fn told(app: &App, project: ProjectId, answer: Answer) -> Result<Answer, Refused> {
    let Some(id) = answer.record() else {
        return Ok(answer);
    };
    let before = load(app, project, (Kind::Redemption, id)).await?;
    let (top, _) = before.ok_or_else(|| Refused::Fault("what was answered is lost".into()))?;
    let mut view = app.store().view(project)?;
    answer.showing(&views::answered(&mut view, &top).await?)
}

async fn attempt(
    app: &App,
    caller: &Caller<Redeem>,
    (request, once): (&RedemptionRequest, Option<once::Key>),
    swept: &AtomicBool,
) -> Result<Option<Answer>, Refused> {
    let call = Call {
        project: caller.project,
        key: caller.key,
        now: caller.now,
        customer: request.customer.as_ref(),
        order: request.order.as_ref(),
        metadata: request.metadata.as_ref(),
        session: session_key(request)?,
        purpose: For::Using,
    };
    let mut till = Till::open(app, &call).await?.asked_by(caller.attempt());
    till.offer(&request.redeemables).await?;
    if let Some(before) = repeated(&till)
        && let Some((redemption, _)) = load(app, caller.project, (Kind::Redemption, before)).await?
    {
        return answer_again(&mut till, &redemption).await.map(Some);
    }
    if till.is_open_to_all() && till.stored.is_some() {
        let details = "an order that is known already is changed by the shop's server alone";
        return Err(refuse(Key::InvalidOrder, details));
    }
    let quote = till.quote();
    if quote.is_short && !swept.swap(true, Ordering::Relaxed) {
        sweep(app, caller.project, caller.now).await?;
        return Ok(None);
    }
    if quote.failure().is_some() || quote.applied().is_empty() {
        let (command, answer) = failed(&mut till, &quote, (request, once)).await?;
        drop(till);
        return match answer.after(app.submit(command).await?)? {
            Ok(answer) => Ok(Some(answer)),
            Err(other) => Err(Refused::Fault(format!("a failure was not kept: {other:?}"))),
        };
    }
    let using = Using {
        app,
        request,
        quote: &quote,
        top: app.next_id()?,
        order: match (&request.order, &till.stored) {
            (None, _) => None,
            (Some(_), Some((known, _))) => Some(known.id),
            (Some(_), None) => Some(app.next_id()?),
        },
    };
    using.commit(till, once).await
}

/// The earlier answer, unless somebody else asks: it tells of the customer it was given to.
async fn answer_again(till: &mut Till<'_>, before: &Redemption) -> Result<Answer, Refused> {
    let asking = till.customer.and_then(|id| till.people.person(id));
    if let (Some(asking), Some(holder)) = (asking, before.customer)
        && !asking.answers_to(holder)
    {
        let details = "these redeemables were used on the order by another customer";
        return Err(refuse(Key::InvalidOrder, details));
    }
    Answer::ok(&views::answered(till.people.view(), before).await?)
}

/// The redemption that used the same redeemables on the same order before, and stands.
fn repeated(till: &Till<'_>) -> Option<u64> {
    let (stored, _) = till.stored.as_ref()?;
    let asked = asked(till);
    if asked.len() != till.offered.len() {
        return None;
    }
    let mut standing = stored.standing();
    let before = standing.find(|one| one.asked == asked);
    before.map(|one| one.earlier.redemption)
}

fn asked(till: &Till<'_>) -> Vec<Redeemable> {
    let found = till.offered.iter().filter_map(|one| one.found.as_ref());
    let mut asked: Vec<Redeemable> = found.map(|found| found.redeemable).collect();
    asked.sort();
    asked
}

/// A redemption, or one that failed, and the version of its record.
///
/// # Errors
/// When the store cannot be read.
pub async fn load(
    app: &App,
    project: ProjectId,
    (kind, id): (Kind, u64),
) -> Result<Option<(Redemption, u64)>, Refused> {
    let record = app.store().get(project, kind, id).await?;
    record
        .map(|record| Ok((versioned::read(&record.body)?, record.version)))
        .transpose()
}

/// What keeps a failure, and what answers it.
async fn failed(
    till: &mut Till<'_>,
    quote: &Quote,
    (request, once): (&RedemptionRequest, Option<once::Key>),
) -> Result<(Command, Answer), Refused> {
    let (index, mut body) = failure(till, quote);
    told::tell(till, (index, &mut body)).await?;
    let id = till.app.next_id()?;
    let name = ids::format(Tag::FailedRedemption, id);
    let mut view = RedemptionView::failed(name, till.now, &body);
    view.tracking_id.clone_from(&request.tracking_id);
    view.metadata.clone_from(&request.metadata);
    if let Some(input) = till.offered.get(index).map(|offered| &offered.input) {
        view.related_object_type = input.object.name();
        view.related_object_id.clone_from(&input.id);
    }
    let found = till.offered.get(index).and_then(|one| one.found.as_ref());
    let redemption = Redemption {
        id,
        parent: None,
        children: Vec::new(),
        order: None,
        customer: till.customer.map(|customer| customer.0),
        redeemable: None,
        decision: None,
        gave: Gave::default(),
        state: RedemptionState::Failed,
        rollbacks: Vec::new(),
        used: Used::Nothing {
            shown: Compact::of(&view)?,
            campaign: found.map(|found| found.campaign.id),
        },
        sale: None,
    };
    let status = StatusCode::from_u16(body.code).unwrap_or(StatusCode::BAD_REQUEST);
    let answer = Answer::new(status, &body)?;
    let mut command = crate::setup::writes(till.project, redemption.writes(None)?);
    command.writes.extend(found.map(|found| Write::Link {
        index: Index::FailuresOfCampaign,
        key: key(found.campaign.id.0),
        id,
    }));
    // Whom nobody knows yet is not made by a failure, and a page could have anybody fail.
    let known = till.customer.and_then(|id| till.people.unchanged(id));
    let known = known.filter(|known| known.version > 0);
    let known = known.map(|known| known.id);
    command.writes.extend(match till.is_open_to_all() {
        false => activity::of(known, id),
        true => activity::claimed(known, id),
    });
    command.now = till.now;
    command.once = once.map(|key| key.once(&answer));
    let at = At {
        app: till.app,
        project: till.project,
        now: till.now,
    };
    let told = webhooks::told(at, &till.compiled, (Event::RedemptionFailed, &view))?;
    command.writes.extend(told);
    Ok((command, answer))
}

/// Which redeemable fails the call, and how that is said.
fn failure(till: &Till<'_>, quote: &Quote) -> (usize, ErrorBody) {
    let request_id = telemetry::request_id();
    let fates = quote.fates.iter().enumerate();
    let mut passed_over = fates.filter_map(|(index, fate)| match fate {
        Fate::Refused(refusal) => Some((index, refusal)),
        _ => None,
    });
    let first = quote.failure().or_else(|| passed_over.next());
    // Where the rest may apply without it, none fails the whole: nothing was left.
    let is_partial = quote.failure().is_none() && quote.is_partial();
    let Some((index, refusal)) = first.filter(|_| !is_partial) else {
        let mut body = ErrorBody::new(Key::NoApplicableRedeemables, None, &request_id);
        body.proffer = first.map(|(_, refusal)| Plainly::of(refusal));
        return (0, body);
    };
    let input = till.offered.get(index).map(|offered| &offered.input);
    match input.map(|input| Inapplicable::of(refusal, input, &request_id)) {
        Some(Inapplicable::Error(body)) => (index, *body),
        _ => {
            let details = Some(refusal.sentence());
            let mut body = ErrorBody::new(Key::NoApplicableRedeemables, details, &request_id);
            body.proffer = Some(Plainly::of(refusal));
            (index, body)
        }
    }
}

/// Redemptions as they are shown.
///
/// # Errors
/// When what is kept cannot be read.
pub async fn rows_of(
    app: &App,
    project: ProjectId,
    records: &[Record],
) -> Result<Vec<serde_json::Value>, Refused> {
    let mut view = app.store().view(project)?;
    rows_in(&mut view, records).await
}

/// As [`rows_of`], where a view is at hand.
///
/// # Errors
/// When what is kept cannot be read.
pub async fn rows_in(
    view: &mut View,
    records: &[Record],
) -> Result<Vec<serde_json::Value>, Refused> {
    let read = records.iter().map(|record| versioned::read(&record.body));
    let redemptions: Vec<Redemption> = read.collect::<Result<_, _>>()?;
    views::known(view, &redemptions).await
}

/// One redemption or rollback.
#[utoipa::path(get, path = "/v1/redemptions/{id}",
    responses((status = 200, body = RedemptionView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    if let Ok(id) = ids::parse(Tag::Rollback, &name) {
        let record = app.store().get(caller.project, Kind::Rollback, id).await?;
        let record = record.ok_or_else(|| not_found("redemption", &name))?;
        let mut rollback: serde_json::Value = read(&record.body)?;
        Reader::of(&app, &caller).tell([&mut rollback]).await?;
        return Answer::ok(&rollback);
    }
    let (redemption, _) = find(&app, caller.project, &name).await?;
    let mut view = app.store().view(caller.project)?;
    let mut shown = views::known(&mut view, std::slice::from_ref(&redemption)).await?;
    drop(view);
    Reader::of(&app, &caller).tell(&mut shown).await?;
    let shown = shown.pop();
    Answer::ok(&shown.ok_or_else(|| not_found("redemption", &name))?)
}

/// A redemption by its id.
///
/// # Errors
/// When there is none.
pub async fn find(app: &App, project: ProjectId, name: &str) -> Result<(Redemption, u64), Refused> {
    let missing = || not_found("redemption", name);
    let (kind, id) = match ids::parse(Tag::Redemption, name) {
        Ok(id) => (Kind::Redemption, id),
        Err(_) => {
            let failed = ids::parse(Tag::FailedRedemption, name);
            (Kind::Failure, failed.map_err(|_| missing())?)
        }
    };
    load(app, project, (kind, id)).await?.ok_or_else(missing)
}

/// The redemptions of a voucher, newest first.
#[utoipa::path(get, path = "/v1/vouchers/{code}/redemption",
    responses((status = 200, body = VoucherRedemptions)))]
async fn of_voucher(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(code): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let project = caller.project;
    let paging = asked.paging()?;
    let compiled = app.compiled(project).await?;
    let (issued, _) = vouchers::find(&app, project, &code).await?;
    let (campaign, _) = vouchers::standing(&compiled, &issued)?;
    let counts = vouchers::counts(&app, project, (&issued, &campaign)).await?;
    let voucher = &issued.thing.voucher;
    let of = key(voucher.id.0);
    let index = (Index::RedemptionsOfVoucher, of.as_slice());
    let page = (index, Kind::Redemption, paging);
    let (records, total) = page_under(&app, project, page).await?;
    let mut entries = rows_of(&app, project, &records).await?;
    Reader::of(&app, &caller).tell(&mut entries).await?;
    let redeemed_points = match issued.thing.card() {
        Some(card) => {
            let mut view = app.store().view(project)?;
            let counts =
                loyalty::counts(&mut view, (project, card, compiled.day(caller.now))).await?;
            Some(counts.spent)
        }
        None => None,
    };
    let mut view = json(&VoucherRedemptions {
        quantity: voucher.quantity,
        redeemed_quantity: counts.used,
        redeemed_amount: voucher.is_gift_card().then_some(counts.gift.spent),
        redeemed_points,
        object: "list",
        url: format!("/v1/vouchers/{}/redemption", voucher.code),
        data_ref: "redemption_entries",
        total,
        redemption_entries: Vec::new(),
    })?;
    if let Some(view) = view.as_object_mut() {
        view.insert("redemption_entries".into(), entries.into());
    }
    Answer::ok(&view)
}
