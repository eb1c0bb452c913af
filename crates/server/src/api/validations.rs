//! Validations: do these redeemables apply to this order, and what do they take off? With a
//! session what is limited is held under its key, so that it is there when the order is paid.

pub mod telling;

use std::sync::atomic::{AtomicBool, Ordering};

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use ledger::{Minor, Timestamp, Transfer};
use offers::{Booking, CampaignId, Checkout, Happening, Redeemable, book};
use store::{Command, Expect, Index, Kind, Once, Outcome, ProjectId, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        ApplicableTo, ApplicationMode, BundleResult, CustomerRef, Discount, GiftResult,
        Inapplicable, Key, List, OrderStatus, OrderView, Plainly, PointsResult, RedeemableInput,
        RowResult, RowStatus, SessionInput, Skip, ValidationRequest, ValidationResponse,
        ValidationRow,
    },
};

use super::{
    dialect::{not_found, parse, refuse, retry},
    resources::At,
    told, vouchers,
};
use crate::{
    app::App,
    auth::{Caller, Redeem},
    checkout::{Call, Counting, Fate, For, Found, Offered, Quote, Reservation, Till, sweep},
    configuration::{read, write},
    lending,
    once::{self, Answer},
    problem::Refused,
    setup::random_text,
    tallies::Verdict,
    telemetry,
};

/// A reservation ends after so long at most: an abandoned order gives back.
const MAX_HOLD_MS: i64 = 30 * 86_400_000;
const MAX_SESSION_BYTES: usize = 200;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(validate))
        .routes(routes!(release))
}

/// Validate redeemables on an order; hold them where a session asks for it.
#[utoipa::path(post, path = "/v1/validations", request_body = ValidationRequest,
    responses((status = 200, body = ValidationResponse)))]
async fn validate(
    State(app): State<App>,
    caller: Caller<Redeem>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/validations", &body))?;
    let request: ValidationRequest = parse(&body)?;
    match once {
        Some(key) => answered_once(&app, &caller, (&request, key, &|made| Answer::ok(made))).await,
        None => Answer::ok(&answered(&app, &caller, &request).await?),
    }
}

/// How an answer is shown.
type Show<'a> = &'a (dyn Fn(&ValidationResponse) -> Result<Answer, Refused> + Sync);

/// As [`answered`]; what a session holds is held once, and answered alike on every retry.
///
/// # Errors
/// As [`answered`].
pub async fn answered_once(
    app: &App,
    caller: &Caller<Redeem>,
    (request, key, show): (&ValidationRequest, once::Key, Show<'_>),
) -> Result<Answer, Refused> {
    if request.session.is_none() {
        return show(&answered(app, caller, request).await?);
    }
    match settled(app, caller, (request, Some((key, show)))).await {
        Ok((_, Some(answer))) => Ok(answer),
        Ok((response, None)) => show(&response),
        Err(refused) => once::refused(At::of(app, caller), (Some(key), refused)).await,
    }
}

/// What becomes of each redeemable, held where a session asks for it.
///
/// # Errors
/// When the request does not fit.
pub async fn answered(
    app: &App,
    caller: &Caller<Redeem>,
    request: &ValidationRequest,
) -> Result<ValidationResponse, Refused> {
    let (response, _) = settled(app, caller, (request, None)).await?;
    Ok(response)
}

/// With what an answer is kept, and how it is shown then.
type Keep<'a> = Option<(once::Key, Show<'a>)>;

async fn settled(
    app: &App,
    caller: &Caller<Redeem>,
    (request, keep): (&ValidationRequest, Keep<'_>),
) -> Result<(ValidationResponse, Option<Answer>), Refused> {
    let drawn = match caller.attempt() {
        None => ids::format(Tag::Session, app.next_id()?),
        // Whoever could count to another's session could let go of what it holds.
        Some(_) => format!("{}{}", Tag::Session.prefix(), random_text()?),
    };
    let key = session_key(request)?.unwrap_or(&drawn);
    let to_hold = request.session.as_ref().map(|session| Hold {
        session,
        key,
        until: caller.now.saturating_add(session.ttl_ms().min(MAX_HOLD_MS)),
    });
    let status = request.order.as_ref().and_then(|order| order.status);
    if to_hold.is_some() && status == Some(OrderStatus::Canceled) {
        let details = "a cancelled order holds nothing";
        return Err(refuse(Key::InvalidOrder, details));
    }
    let swept = AtomicBool::new(false);
    let asked = (request, to_hold.as_ref(), keep);
    retry(|| validated(app, caller, asked, &swept)).await
}

/// What is to be held, for whom and until when.
struct Hold<'a> {
    session: &'a SessionInput,
    key: &'a str,
    until: Timestamp,
}

/// The key of the request's session, where it has one.
///
/// # Errors
/// When it is empty or too long.
pub fn session_key(request: &ValidationRequest) -> Result<Option<&str>, Refused> {
    let key = request.session.as_ref();
    let key = key.and_then(|session| session.key.as_deref());
    if key.is_some_and(|key| key.is_empty() || key.len() > MAX_SESSION_BYTES) {
        let details = format!("/session/key: from 1 to {MAX_SESSION_BYTES} bytes");
        return Err(refuse(Key::InvalidPayload, details));
    }
    Ok(key)
}

async fn validated(
    app: &App,
    caller: &Caller<Redeem>,
    (request, to_hold, keep): (&ValidationRequest, Option<&Hold<'_>>, Keep<'_>),
    swept: &AtomicBool,
) -> Result<Option<(ValidationResponse, Option<Answer>)>, Refused> {
    let call = Call {
        project: caller.project,
        key: caller.key,
        now: caller.now,
        customer: request.customer.as_ref(),
        order: request.order.as_ref(),
        metadata: request.metadata.as_ref(),
        session: to_hold.map(|hold| hold.key),
        purpose: if to_hold.is_some() {
            For::Holding
        } else {
            For::Looking
        },
    };
    let mut till = Till::open(app, &call).await?.asked_by(caller.attempt());
    till.offer(&request.redeemables).await?;
    let quote = till.quote();
    if quote.is_short && !swept.swap(true, Ordering::Relaxed) {
        sweep(app, caller.project, caller.now).await?;
        return Ok(None);
    }
    let mut rows = rows(&till, &quote);
    expand(&mut rows, (&till, request));
    for (at, row) in rows.iter_mut().enumerate() {
        if let Some(error) = &mut row.result.error {
            told::tell(&mut till, (at, error)).await?;
        }
    }
    let is_valid = quote.failure().is_none() && !quote.applied().is_empty();
    let of = |status: RowStatus| {
        let rows = rows.iter().filter(|row| row.status == status);
        rows.cloned().collect::<Vec<_>>()
    };
    let id = ids::format(Tag::Validation, app.next_id()?);
    let mut response = ValidationResponse {
        id: is_valid.then_some(id),
        valid: is_valid,
        inapplicable_redeemables: of(RowStatus::Inapplicable),
        skipped_redeemables: of(RowStatus::Skipped),
        redeemables: shown_rows(rows, &till),
        order: is_valid.then(|| order_view(&till, &quote)),
        tracking_id: request.tracking_id.clone(),
        session: None,
        stacking_rules: till.compiled.stacking.said.clone(),
    };
    let to_hold = to_hold.filter(|_| is_valid);
    response.session = to_hold.map(|hold| hold.session.view(hold.key.to_owned()));
    concluded(till, &quote, (response, to_hold, keep)).await
}

/// Holds what is to be held, and keeps what is answered where it is to be kept; `None` where
/// somebody else was faster.
async fn concluded(
    till: Till<'_>,
    quote: &Quote,
    (response, to_hold, keep): (ValidationResponse, Option<&Hold<'_>>, Keep<'_>),
) -> Result<Option<(ValidationResponse, Option<Answer>)>, Refused> {
    let answer = keep.map(|(_, show)| show(&response)).transpose()?;
    let (app, project, counted) = (till.app, till.project, counted(&till, quote));
    let kept = keep.zip(answer.as_ref());
    let kept = kept.map(|((key, _), answer)| key.once(answer));
    let outcome = match to_hold {
        Some(hold) => held(till, quote, (hold, kept)).await?,
        None if kept.is_none() => Outcome::Applied,
        None => {
            let mut command = crate::setup::writes(till.project, Vec::new());
            command.now = till.now;
            command.once = kept;
            till.app.submit(command).await?
        }
    };
    if outcome == Outcome::Applied {
        app.tallies().count(project, counted);
    }
    match answer {
        None => Ok((outcome == Outcome::Applied).then_some((response, None))),
        Some(answer) => {
            let answer = answer.after(outcome)?.ok();
            Ok(answer.map(|answer| (response, Some(answer))))
        }
    }
}

/// Adds what a redeemable is where the request asks for it.
fn expand(rows: &mut [ValidationRow], (till, request): (&Till<'_>, &ValidationRequest)) {
    let options = request.options.as_ref();
    if options.is_some_and(|options| options.expand.iter().any(|what| what == "redeemable")) {
        let shown = rows.iter_mut().zip(&till.offered);
        shown.for_each(|(row, offered)| telling::expand(row, (till, offered)));
    }
}

/// What became of everything of a campaign, to be counted for it. What was passed over is not.
fn counted(till: &Till<'_>, quote: &Quote) -> Vec<((CampaignId, u32), Verdict)> {
    let today = till.compiled.day(till.now);
    let mut counted = Vec::new();
    for (offered, fate) in till.offered.iter().zip(&quote.fates) {
        let verdict = match (fate, fate.fails()) {
            (Fate::Applied { .. }, _) => Verdict::Applied,
            (_, Some(_)) => Verdict::Refused,
            (_, None) => continue,
        };
        let campaign = offered.found.as_ref().map(|found| found.campaign.id);
        let campaign = campaign.filter(|id| till.compiled.campaigns.contains_key(id));
        counted.extend(campaign.map(|id| ((id, today), verdict)));
    }
    counted
}

/// Where what does not apply is let be, only what applies is told in the first place.
fn shown_rows(rows: Vec<ValidationRow>, till: &Till<'_>) -> Vec<ValidationRow> {
    match till.compiled.stacking.said.redeemables_application_mode {
        ApplicationMode::All => rows,
        ApplicationMode::Partial => {
            let applies = |row: &ValidationRow| row.status == RowStatus::Applicable;
            rows.into_iter().filter(applies).collect()
        }
    }
}

/// Holds what is limited, and keeps what is answered to it.
async fn held(
    till: Till<'_>,
    quote: &Quote,
    (hold, once): (&Hold<'_>, Option<Once>),
) -> Result<Outcome, Refused> {
    let app = till.app;
    let before = till.session_holds.iter().flat_map(|(_, holds)| holds);
    let before: Vec<Transfer> = before.copied().collect();
    let mut booking = released(app, (&before, till.now))?;
    let mut chains: Vec<(Redeemable, u64)> = Vec::new();
    let mut counting = Counting::of(&till);
    for (found, discount) in used(&till, quote) {
        let counted = counting.by((found, discount));
        let given = found.given((discount, counted.order()));
        let checkout = Checkout {
            given: std::slice::from_ref(&given),
            occasion: &till.occasion,
            held: &counted.held,
        };
        let chain = app.next_id()?;
        let happening = Happening::Validated {
            checkout: &checkout,
            expires_at: hold.until,
        };
        booking = booking.then(book(&happening, chain));
        chains.push((found.redeemable, chain));
    }
    let reservation = Reservation {
        key: hold.key.to_owned(),
        chains,
        until: hold.until,
    };
    let known = till.reservation.as_ref().map(|(id, ..)| *id);
    let id = known.map_or_else(|| app.next_id(), Ok)?;
    let mut writes = kept(id, &reservation)?.to_vec();
    let mut expects = till.expects();
    let lent = till.lent();
    let (project, now) = (till.project, till.now);
    // A look tells nobody: of somebody new only the number is kept that the hold counts by.
    let (of_people, changed) = till.people.finish()?;
    expects.extend(of_people);
    writes.extend(changed);
    let command = Command {
        project,
        now,
        once,
        expects,
        openings: booking.openings,
        chain: booking.chain,
        writes,
    };
    lending::submit(app, command, &lent).await
}

/// What keeps a reservation, and makes it found by its session.
fn kept(id: u64, reservation: &Reservation) -> Result<[Write; 2], Refused> {
    let put = Write::Put {
        kind: Kind::Reservation,
        id,
        body: write(reservation)?,
    };
    let link = Write::Link {
        index: Index::ReservationKey,
        key: reservation.key.as_bytes().to_vec(),
        id,
    };
    Ok([put, link])
}

/// What lets go of the holds of a session.
///
/// # Errors
/// When there is no id for it.
pub fn released(app: &App, (held, now): (&[Transfer], Timestamp)) -> Result<Booking, Refused> {
    let happening = Happening::Released { held, now };
    Ok(book(&happening, app.next_id()?))
}

/// Those that apply, in the order of the stack, each with what it gives.
pub fn used<'a>(
    till: &'a Till<'_>,
    quote: &'a Quote,
) -> impl Iterator<Item = (&'a Found, &'a offers::Discount)> {
    quote.applied().into_iter().filter_map(|(index, at)| {
        let found = till.offered.get(index)?.found.as_ref()?;
        Some((found, quote.priced.discounts.get(at)?))
    })
}

/// The order after all that applies.
#[must_use]
pub fn order_view(till: &Till<'_>, quote: &Quote) -> OrderView {
    with_customer(OrderView::priced(&till.input, &quote.priced), till)
}

/// Tells whose order it is.
#[must_use]
pub fn with_customer(mut view: OrderView, till: &Till<'_>) -> OrderView {
    let customer = till.customer.map(|id| ids::format(Tag::Customer, id.0));
    view.customer = customer.clone().map(CustomerRef::new);
    view.customer_id = customer;
    view
}

/// What became of each redeemable, in the order they were put forward.
#[must_use]
pub fn rows(till: &Till<'_>, quote: &Quote) -> Vec<ValidationRow> {
    rows_of(till, (&till.offered.iter().collect::<Vec<_>>(), quote))
}

/// The same of those that a quote is of.
#[must_use]
pub fn rows_of(till: &Till<'_>, (offered, quote): (&[&Offered], &Quote)) -> Vec<ValidationRow> {
    let failure = quote.failure();
    let all = offered.iter().zip(&quote.fates).enumerate();
    let bare = |(index, (offered, fate)): (usize, (&&Offered, &Fate))| {
        let input = &offered.input;
        if let Some((failed, refusal)) = failure {
            return if failed == index {
                refused_row(refusal, input)
            } else {
                ValidationRow::skipped(input, Skip::PrecedingValidationFailed)
            };
        }
        match fate {
            Fate::Applied { at } => {
                let view = OrderView::after(&till.input, &quote.priced, *at);
                let result = result_of(offered.found.as_ref(), (quote, *at));
                let mut row = ValidationRow::applicable(input, with_customer(view, till), result);
                row.applicable_to = Some(goods_of(till, (quote, *at)));
                row
            }
            Fate::Refused(refusal) => refused_row(refusal, input),
        }
    };
    let mut rows: Vec<ValidationRow> = all.map(bare).collect();
    for (row, offered) in rows.iter_mut().zip(offered) {
        row.categories = telling::categories(offered.found.as_ref());
    }
    rows
}

/// The goods that a discount on lines took something of; none where it was on the order.
#[must_use]
pub fn goods_of(till: &Till<'_>, (quote, at): (&Quote, usize)) -> List<ApplicableTo> {
    let discount = quote.priced.discounts.get(at);
    let on_lines = discount.filter(|discount| discount.on_order == 0);
    on_lines.map_or_else(List::default, |discount| {
        till.input.goods_of(discount, &till.called)
    })
}

/// A row that says why a redeemable does not apply.
#[must_use]
pub fn refused_row(refusal: &offers::Refusal, input: &RedeemableInput) -> ValidationRow {
    let mut row = match Inapplicable::of(refusal, input, &telemetry::request_id()) {
        Inapplicable::Error(body) => ValidationRow::inapplicable(input, *body),
        Inapplicable::Skipped(skip) => ValidationRow::skipped(input, skip),
    };
    row.result.bundle = BundleResult::lacking(refusal);
    row.result.proffer = Some(Plainly::of(refusal));
    row
}

fn shown(offer: &offers::Offer) -> Option<Discount> {
    Discount::of(&offer.benefit, offer.formula.as_ref(), &offer.scope)
}

/// What a redeemable gives, as the dialect tells it.
#[must_use]
pub fn result_of(found: Option<&Found>, (quote, at): (&Quote, usize)) -> RowResult {
    let Some(found) = found else {
        return RowResult::default();
    };
    let given = quote.priced.discounts.get(at);
    let amount: Minor = given.map_or(0, |one| one.amount);
    let points = given.map_or(0, |one| one.points);
    let card = found.card.as_ref();
    let is_gift = found.offer.benefit == offers::Benefit::Credit && card.is_none();
    let spent = card.and_then(|card| card.spent(amount));
    let sets = given.and_then(|one| one.sets.as_ref());
    let bundle = found.offer.bundle.as_ref().zip(sets);
    RowResult {
        bundle: bundle.map(|(bundle, sets)| BundleResult::of(bundle, sets)),
        discount: shown(&found.offer),
        gift: is_gift.then_some(GiftResult {
            credits: amount,
            balance: found.balance,
        }),
        loyalty_card: spent.map(|spent| PointsResult {
            points: spent.points,
        }),
        points: (points > 0).then_some(points),
        ..RowResult::default()
    }
}

/// Let go of what a session holds of a voucher.
#[utoipa::path(delete, path = "/v1/vouchers/{code}/sessions/{key}",
    responses((status = 204)))]
async fn release(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path((code, session)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let (issued, _) = vouchers::find(&app, caller.project, &code).await?;
    let voucher = Redeemable::Voucher(issued.thing.voucher.id);
    retry(|| let_go(&app, (caller.project, caller.now), (&session, voucher))).await
}

async fn let_go(
    app: &App,
    (project, now): (ProjectId, Timestamp),
    (session, voucher): (&str, Redeemable),
) -> Result<Option<StatusCode>, Refused> {
    let missing = || not_found("session", session);
    let index = Index::ReservationKey;
    let id = app.store().find_one(project, index, session.as_bytes());
    let id = id.await?.ok_or_else(missing)?;
    let record = app.store().get(project, Kind::Reservation, id).await?;
    let record = record.ok_or_else(missing)?;
    let mut reservation: Reservation = read(&record.body)?;
    let (gone, kept) = reservation
        .chains
        .into_iter()
        .partition::<Vec<_>, _>(|(whose, _)| *whose == voucher);
    if gone.is_empty() {
        return Err(missing());
    }
    let mut holds = Vec::new();
    let mut people = crate::people::People::open(app, project)?;
    for (_, chain) in gone {
        holds.extend(crate::checkout::open_holds(&mut people, (chain, now)).await?);
    }
    let booking = released(app, (&holds, now))?;
    let writes = if kept.is_empty() {
        forgotten(id, session)
    } else {
        reservation.chains = kept;
        vec![Write::Put {
            kind: Kind::Reservation,
            id,
            body: write(&reservation)?,
        }]
    };
    let command = Command {
        project,
        now,
        once: None,
        expects: vec![Expect {
            kind: Kind::Reservation,
            id,
            version: record.version,
        }],
        openings: booking.openings,
        chain: booking.chain,
        writes,
    };
    let is_done = app.store().submit(command).await? == Outcome::Applied;
    Ok(is_done.then_some(StatusCode::NO_CONTENT))
}

/// What removes a reservation.
#[must_use]
pub fn forgotten(id: u64, session: &str) -> Vec<Write> {
    let key = session.as_bytes().to_vec();
    vec![
        Write::Delete {
            kind: Kind::Reservation,
            id,
        },
        Write::Unlink {
            index: Index::ReservationKey,
            key,
            id,
        },
    ]
}
