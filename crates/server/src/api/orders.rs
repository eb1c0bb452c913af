//! Orders: as the shop tells of them, and as redeemables were used on them.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
};
use offers::{Stack, Trigger, order_facts, price};
use profiles::{CustomerId, Purpose};
use rules::Reads;
use store::{Command, Expect, Index, Kind, Outcome, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{List, OrderInput, OrderStatus, OrderView, order_metadata_facts, order_to_domain},
};

use super::{
    customers,
    dialect::{Asked, impossible, not_found, page_of, parse, retry, retry_in_turn},
    redemptions::{as_said, order_now},
    resources::{At, By, Place, scan_records},
    shelving::shelved,
};
use crate::{
    activity::{Entry, OrderTurn, What},
    app::App,
    auth::{Caller, Redeem},
    checkout::{StoredOrder, sent_last, stored_order},
    compact::Compact,
    configuration::Compiled,
    loyalty::{self, Happened, Paid},
    once::{self, Answer},
    people::People,
    problem::Refused,
    versioned, webhooks,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update))
}

/// Which orders a call is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// The one it names, or a new one.
    Any,
    /// The same, of the past: what was bought then earns nothing now.
    Past,
    /// One that there is.
    Known,
}

/// Make an order, or change the one that has this `source_id`. Its customer is made or changed by
/// what it says of them; products and SKUs only where they say `override`.
#[utoipa::path(post, path = "/v1/orders", request_body = OrderInput,
    responses((status = 200, body = OrderView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<Redeem>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/orders", &body))?;
    let sent: OrderInput = parse(&body)?;
    let at = At::of(&app, &caller);
    told(at, once, (About::Any, &sent)).await
}

/// Change an order: what is absent stays, items are replaced as a whole.
#[utoipa::path(put, path = "/v1/orders/{id}", request_body = OrderInput,
    responses((status = 200, body = OrderView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(name): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("PUT /v1/orders/{name}");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let mut sent: OrderInput = parse(&body)?;
    let is_ours = ids::parse(Tag::Order, &name).is_ok();
    (sent.id, sent.source_id) = match is_ours {
        true => (Some(name), None),
        false => (None, Some(name)),
    };
    told(At::of(&app, &caller), once, (About::Known, &sent)).await
}

/// Takes down an order of the past. Under the same key it makes none twice.
///
/// # Errors
/// As the call for one order does.
pub(super) async fn imported(
    at: At<'_>,
    (sent, once): (&OrderInput, once::Key),
) -> Result<(), Refused> {
    let attempt = || attempt(at, Some(once), (About::Past, sent));
    retry(attempt).await.map(drop)
}

async fn told(
    at: At<'_>,
    once: Option<once::Key>,
    (about, sent): (About, &OrderInput),
) -> Result<Answer, Refused> {
    let attempt = || attempt(at, once, (about, sent));
    let answer = match sent.is_named() {
        true => retry_in_turn(attempt).await,
        false => retry(attempt).await,
    };
    match answer {
        Err(refusal @ Refused::Dialect(..)) => once::refused(at, (once, refusal)).await,
        other => other,
    }
}

/// Takes down what the shop tells of an order; `None` where somebody else was faster.
async fn attempt(
    at: At<'_>,
    once: Option<once::Key>,
    (about, sent): (About, &OrderInput),
) -> Result<Option<Answer>, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let mut people = People::open(at.app, at.project)?;
    let stored = stored_order(&mut people, Some(sent)).await?;
    if let (None, About::Known) = (&stored, about) {
        let name = sent.id.as_deref().or(sent.source_id.as_deref());
        return Err(not_found("order", name.unwrap_or_default()));
    }
    let [buyer, sender] = named(at, (&mut people, compiled.as_ref()), sent).await?;
    let version = stored.as_ref().map_or(0, |(_, version)| *version);
    let (order, input, turn) =
        laid_over(at, (&mut people, compiled.as_ref()), (stored, sent)).await?;
    let sender = sender.map(|id| ids::format(Tag::Customer, id));
    let input = input
        .unnamed()
        .sent_by(sender.or(input.referrer_id.clone()));
    let order = StoredOrder {
        customer: buyer.or(order.customer),
        said: Some(Compact::of(&input)?),
        updated_at: (version > 0).then_some(at.now),
        ..order
    };
    let mut view = as_said(&order, &input)?;
    view.created_at = Some(order.created_at);
    view.updated_at = order.updated_at;
    let answer = Answer::ok(&view)?;
    let goods = shelved(at, sent).await?;
    let with = (&mut people, compiled.as_ref());
    let earned = match (about, turn) {
        (About::Past, Turn::Paid) => loyalty::Changes::default(),
        _ => of_turn(at, with, (&order, &input, turn)).await?,
    };
    let known = people.unless_erased(order.customer).await?;
    let (mut expects, mut writes) = webhooks::finished(people, (at, compiled.as_ref()))?;
    expects.extend(goods.expects);
    writes.extend(goods.writes);
    expects.extend(earned.expects);
    writes.extend(earned.writes);
    expects.push(Expect {
        kind: Kind::Order,
        id: order.id,
        version,
    });
    writes.extend(turned(at, (&order, version, known), turn)?);
    let source = input.source_id.as_deref();
    writes.extend(order.writes(source.filter(|_| version == 0))?);
    let outcome = at.app.submit(Command {
        now: at.now,
        once: once.map(|key| key.once(&answer)),
        expects,
        openings: earned.booking.openings,
        chain: earned.booking.chain,
        ..crate::setup::writes(at.project, writes)
    });
    match answer.after(outcome.await?)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("an order was not kept: {other:?}"))),
    }
}

/// The customers an order names, who are made or changed by what it says of them: whose it is, and
/// who sent them.
async fn named(
    at: At<'_>,
    (people, compiled): (&mut People<'_>, &Compiled),
    sent: &OrderInput,
) -> Result<[Option<u64>; 2], Refused> {
    let mut numbers = [None; 2];
    for (said, number) in [sent.buyer(), sent.sender()].iter().zip(&mut numbers) {
        if let Some(said) = said {
            let said = (said, at.now);
            let customer = customers::taken_down(people, said, &compiled.schemas).await?;
            *number = Some(customer.0);
        }
    }
    Ok(numbers)
}

/// The points that an order earns, or takes back, because it is paid or canceled now.
async fn of_turn(
    at: At<'_>,
    (people, compiled): (&mut People<'_>, &Compiled),
    (order, input, turn): (&StoredOrder, &OrderInput, Turn),
) -> Result<loyalty::Changes, Refused> {
    match turn {
        Turn::Paid => earning(at, (people, compiled), (order, input)).await,
        Turn::Canceled => {
            let of = (at.project, order.id, compiled.day(at.now));
            loyalty::unearn(at.app, people.view(), of).await
        }
        Turn::None => Ok(loyalty::Changes::default()),
    }
}

/// What tells of that to whoever asks what the customer did; `before` is the version of the order
/// that was there.
fn turned(
    at: At<'_>,
    (order, before, customer): (&StoredOrder, u64, Option<u64>),
    turn: Turn,
) -> Result<Vec<Write>, Refused> {
    let first = (before == 0).then_some(OrderTurn::Created);
    let then = match turn {
        Turn::Paid => Some(OrderTurn::Paid),
        Turn::Canceled => Some(OrderTurn::Canceled),
        Turn::None => (before > 0).then_some(OrderTurn::Updated),
    };
    let mut writes = Vec::new();
    for turn in first.into_iter().chain(then) {
        let order = order.id;
        let entry = Entry {
            what: What::Order { order, turn },
            at: at.now,
        };
        writes.extend(entry.writes(at, customer)?);
    }
    Ok(writes)
}

/// What becomes of an order.
#[derive(Clone, Copy)]
enum Turn {
    None,
    Paid,
    Canceled,
}

impl Turn {
    fn of(before: &OrderInput, after: &OrderInput) -> Self {
        let is_paid = |order: &OrderInput| order.status.is_some_and(OrderStatus::is_paid);
        match (is_paid(before), is_paid(after)) {
            (false, true) => Self::Paid,
            (true, false) if after.status == Some(OrderStatus::Canceled) => Self::Canceled,
            _ => Self::None,
        }
    }
}

/// What a paid order earns its customer.
async fn earning(
    at: At<'_>,
    (people, compiled): (&mut People<'_>, &Compiled),
    (order, input): (&StoredOrder, &OrderInput),
) -> Result<loyalty::Changes, Refused> {
    let is_earned = compiled.loyalty.is_earned_by(&Trigger::OrderPaid);
    let Some(customer) = order.customer.filter(|_| is_earned) else {
        return Ok(loyalty::Changes::default());
    };
    let customer = people.load(CustomerId(customer)).await?;
    let reads = Reads::everything();
    let bought = order_to_domain(input, compiled.settings.currency, &reads);
    let bought = bought.map_err(|wrong| impossible(&wrong))?;
    let purpose = Purpose::PersonaliseOffers;
    let mut facts = profiles::facts(&people.profile(customer), purpose, at.now, &reads);
    facts.extend(order_metadata_facts(input, &reads));
    facts.extend(order_facts(&bought, &reads));
    let happened = Happened {
        project: at.project,
        now: at.now,
        customer,
        card: None,
        what: Paid::Order(order.id, &price(&bought, &facts, &Stack::default())),
        facts: &facts,
    };
    loyalty::earn(at.app, (people, compiled), &happened).await
}

/// The order as it was, or a new one; what was sent laid over what is kept of it; and what becomes
/// of it.
async fn laid_over(
    at: At<'_>,
    (people, compiled): (&mut People<'_>, &Compiled),
    (stored, sent): (Option<(StoredOrder, u64)>, &OrderInput),
) -> Result<(StoredOrder, OrderInput, Turn), Refused> {
    compiled.schemas.check_order(sent)?;
    let currency = compiled.settings.currency;
    let (order, before) = match stored {
        Some((order, _)) => {
            let kept = sent_last(people.view(), &order).await?;
            let status = order_now(people.view(), &order).await?.status;
            (order, OrderInput { status, ..kept })
        }
        None => (new_order(at)?, OrderInput::default()),
    };
    let mut input = before.with(sent);
    input.status = input.status.or(Some(OrderStatus::Created));
    let letters = String::from_utf8_lossy(&currency.0).into_owned();
    input.currency = input.currency.or(Some(letters));
    let turn = Turn::of(&before, &input);
    Ok((order, input, turn))
}

fn new_order(at: At<'_>) -> Result<StoredOrder, Refused> {
    Ok(StoredOrder {
        id: at.app.next_id()?,
        customer: None,
        uses: Vec::new(),
        said: None,
        created_at: at.now,
        updated_at: None,
    })
}

/// All orders, newest first unless `order` says otherwise.
#[utoipa::path(get, path = "/v1/orders", responses((status = 200, body = List<OrderView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Redeem>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let paging = asked.paging()?;
    let (by, is_falling) = By::asked(&asked)?;
    let paging = if is_falling {
        paging
    } else {
        paging.oldest_first()
    };
    let at = At::of(&app, &caller);
    let (records, total) = match by {
        By::Created => page_of(&app, caller.project, (Kind::Order, paging)).await?,
        By::Updated => {
            let places = scan_records(at, Kind::Order, |record| {
                let order: StoredOrder = versioned::read(&record.body)?;
                let place: Place = (order.updated_at.unwrap_or(order.created_at), record.id);
                Ok(Some(place))
            });
            let mut places = places.await?;
            let total = places.len() as u64;
            places.sort_unstable();
            if is_falling {
                places.reverse();
            }
            let page = paging.cut(places.into_iter().map(|(_, id)| id).collect());
            let found = app.store().get_many(caller.project, Kind::Order, &page);
            (found.await?.into_iter().flatten().collect(), total)
        }
    };
    let mut view = app.store().view(caller.project)?;
    let mut rows = Vec::new();
    for record in records {
        rows.push(order_now(&mut view, &versioned::read(&record.body)?).await?);
    }
    Answer::ok(&List::page("orders", rows, total))
}

/// One order, by its id or the shop's.
#[utoipa::path(get, path = "/v1/orders/{id}", responses((status = 200, body = OrderView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let id = match ids::parse(Tag::Order, &name) {
        Ok(id) => Some(id),
        Err(_) => {
            let index = Index::OrderSource;
            app.store()
                .find_one(caller.project, index, name.as_bytes())
                .await?
        }
    };
    let record = match id {
        Some(id) => app.store().get(caller.project, Kind::Order, id).await?,
        None => None,
    };
    let record = record.ok_or_else(|| not_found("order", &name))?;
    let mut view = app.store().view(caller.project)?;
    Answer::ok(&order_now(&mut view, &versioned::read(&record.body)?).await?)
}
