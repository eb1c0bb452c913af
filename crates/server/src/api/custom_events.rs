//! Custom events: what a shop's server says that happened to a customer.

use axum::{body::Bytes, extract::State, http::HeaderMap};
use offers::{Refusal, Trigger};
use profiles::{CustomerId, Purpose};
use rules::{Reads, Telling};
use serde_json::json;
use store::{Command, Index, Outcome, Page};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    segment::{self, Moment},
    voucherify::{
        CustomEventInput, CustomEventView, CustomerRef, EventReferral, HolderRole, Key, Metadata,
        metadata_facts,
    },
};

use super::{
    customers,
    dialect::{malformed, parse, refuse, retry},
    resources::At,
    vouchers,
};
use crate::{
    app::App,
    auth::{Caller, EventsWrite},
    compact::Compact,
    configuration::{Compiled, Stored},
    holding::{Holder, numbers, under},
    ingest::{self, Mode},
    loyalty::{self, Happened, Paid},
    once::{self, Answer},
    people::People,
    problem::Refused,
    referring::{By, Referred, Sign, of_customer, refer},
    vouchers::Issued,
    webhooks,
};

/// Codes of one customer that are looked through for those that referred them.
const MOST: Page = Page {
    after: 0,
    limit: 200,
    newest_first: false,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(happened))
}

/// Say that something happened to a customer, who is made or changed by what is said of them. It
/// is counted as an event of the same name that Segment sends, where the customer allows it.
#[utoipa::path(post, path = "/v1/events", request_body = CustomEventInput,
    responses((status = 200, body = CustomEventView)))]
async fn happened(
    State(app): State<App>,
    caller: Caller<EventsWrite>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/events", &body))?;
    let sent: CustomEventInput = parse(&body)?;
    told(
        At::of(&app, &caller),
        (&sent, Teller::Shop),
        (&headers, once),
    )
    .await
}

/// Who says that it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Teller {
    Shop,
    /// Anybody can say anything there: it is counted, but earns nothing and refers nobody.
    Page,
}

/// Takes down what happened, and counts it.
///
/// # Errors
/// When it cannot be read, or names a card or a code that is not there.
pub(super) async fn told(
    at: At<'_>,
    of: (&CustomEventInput, Teller),
    (headers, once): (&HeaderMap, Option<once::Key>),
) -> Result<Answer, Refused> {
    let (sent, _) = of;
    let (name, _) = sent.checked().map_err(|wrong| malformed(&wrong))?;
    let (answer, customer) = retry(|| attempt(at, of, once)).await?;
    let message = headers.get("idempotency-key");
    let message = message.and_then(|key| key.to_str().ok());
    observed(at, (name, customer), (sent, message)).await?;
    Ok(answer)
}

/// Codes by which a customer was or is referred, each with as whom they joined.
type Referring = Vec<(Stored<Issued>, Option<(Holder, u64)>)>;

/// Takes down who it was, and what it makes of a referral.
async fn attempt(
    at: At<'_>,
    (sent, teller): (&CustomEventInput, Teller),
    once: Option<once::Key>,
) -> Result<Option<(Answer, CustomerId)>, Refused> {
    let (name, customer) = sent.checked().map_err(|wrong| malformed(&wrong))?;
    let mut people = People::open(at.app, at.project)?;
    let compiled = at.app.compiled(at.project).await?;
    let who = (customer, at.now);
    let customer = customers::taken_down(&mut people, who, &compiled.schemas).await?;
    let (mut all, referral) = match teller {
        Teller::Shop => {
            let of = (customer, name, sent);
            makes(at, (&mut people, &compiled), of).await?
        }
        Teller::Page => Default::default(),
    };
    let answer = Answer::ok(&CustomEventView {
        object: "event",
        kind: name.to_owned(),
        customer: CustomerRef::new(ids::format(Tag::Customer, customer.0)),
        referral,
        loyalty: sent.loyalty.clone(),
    })?;
    let (of_people, changed) = webhooks::finished(people, (at, &compiled))?;
    all.expects.extend(of_people);
    all.writes.extend(changed);
    let outcome = at.app.submit(Command {
        now: at.now,
        once: once.map(|key| key.once(&answer)),
        expects: all.expects,
        openings: all.booking.openings,
        chain: all.booking.chain,
        ..crate::setup::writes(at.project, all.writes)
    });
    match answer.after(outcome.await?)? {
        Ok(answer) => Ok(Some((answer, customer))),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("an event was not kept: {other:?}"))),
    }
}

/// What an event makes of referrals and of points.
async fn makes(
    at: At<'_>,
    (people, compiled): (&mut People<'_>, &Compiled),
    (customer, name, sent): (CustomerId, &str, &CustomEventInput),
) -> Result<(Referred, Option<EventReferral>), Refused> {
    let card = sent.loyalty.as_ref().and_then(|card| card.code.as_deref());
    if let Some(code) = card {
        vouchers::find(at.app, at.project, code).await?;
    }
    let code = sent.referral.as_ref().and_then(|told| told.code.as_deref());
    let (told, by) = match code {
        Some(code) => {
            let (told, by) = referred(at, people, (customer, code)).await?;
            (Some(told), by)
        }
        None => (None, waiting(at, people, customer).await?),
    };
    let mut all = converted(at, people, (customer, name), by).await?;
    let earned = earning(at, (people, compiled), (customer, name, sent)).await?;
    all.expects.extend(earned.expects);
    all.writes.extend(earned.writes);
    all.booking = all.booking.then(earned.booking);
    Ok((all, told))
}

/// What an event earns its customer.
async fn earning(
    at: At<'_>,
    (people, compiled): (&mut People<'_>, &Compiled),
    (customer, name, sent): (CustomerId, &str, &CustomEventInput),
) -> Result<loyalty::Changes, Refused> {
    if !compiled.loyalty.is_earned_by(&Trigger::Event(name.into())) {
        return Ok(loyalty::Changes::default());
    }
    let reads = Reads::everything();
    let purpose = Purpose::PersonaliseOffers;
    let mut facts = profiles::facts(&people.profile(customer), purpose, at.now, &reads);
    if let Some(metadata) = &sent.metadata {
        let mut telling = Telling::to(&reads);
        metadata_facts("event.metadata.", metadata, &mut telling);
        facts.extend(telling.done());
    }
    let happened = Happened {
        project: at.project,
        now: at.now,
        customer,
        card: sent.loyalty.as_ref().and_then(|card| card.code.as_deref()),
        what: Paid::Event(name),
        facts: &facts,
    };
    loyalty::earn(at.app, (people, compiled), &happened).await
}

/// The code that the event names as the one that referred its customer.
async fn referred(
    at: At<'_>,
    people: &mut People<'_>,
    (customer, code): (CustomerId, &str),
) -> Result<(EventReferral, Referring), Refused> {
    let (issued, _) = vouchers::find(at.app, at.project, code).await?;
    if !issued.thing.refers {
        return Err(refuse(Key::InvalidVoucher, "it does not refer anybody"));
    }
    let Some(referrer) = issued.thing.holder() else {
        return Err(refuse(Key::NotPublished, code));
    };
    let found = of_customer(people, (Some(customer), &issued.thing)).await?;
    match found.barred {
        Some(Refusal::OwnReferral) => return Err(refuse(Key::ReferrerNotPermitted, code)),
        Some(_) => return Err(refuse(Key::HolderDuplication, code)),
        None => {}
    }
    let told = EventReferral {
        code: Some(issued.thing.voucher.code.to_string()),
        referrer_id: Some(ids::format(Tag::Customer, referrer)),
    };
    Ok((told, vec![(issued, found.joined)]))
}

/// What the event makes of each referral.
async fn converted(
    at: At<'_>,
    people: &mut People<'_>,
    (customer, name): (CustomerId, &str),
    by: Referring,
) -> Result<Referred, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let mut all = Referred::default();
    for (issued, joined) in by {
        let Some(campaign) = compiled.campaigns.get(&issued.thing.campaign) else {
            continue;
        };
        let by = By {
            customer: customer.0,
            issued: &issued.thing,
            campaign,
            joined,
            metadata: Compact::default(),
        };
        all.take(refer(at, people, (by, Sign::Event(name))).await?);
    }
    Ok(all)
}

/// The codes a customer was referred by, of which it does not count yet.
async fn waiting(
    at: At<'_>,
    people: &mut People<'_>,
    customer: CustomerId,
) -> Result<Referring, Refused> {
    let person = people.person(customer).cloned().unwrap_or_default();
    let mut waiting = Vec::new();
    for number in numbers(&person) {
        let of = (Index::HoldersOfCustomer, number.0);
        for holder in under(people.view(), of, MOST).await? {
            if holder.role != HolderRole::Referee || holder.converted_at.is_some() {
                continue;
            }
            let name = ids::format(Tag::Voucher, holder.voucher.0);
            let Ok((issued, _)) = vouchers::find(at.app, at.project, &name).await else {
                continue;
            };
            let found = of_customer(people, (Some(customer), &issued.thing)).await?;
            if found.joined.is_some() {
                waiting.push((issued, found.joined));
            }
        }
    }
    Ok(waiting)
}

/// Has the event counted as Segment's would be: under the shop's own name of the customer, by what
/// they allow, and once for one `Idempotency-Key`.
async fn observed(
    at: At<'_>,
    (name, customer): (&str, CustomerId),
    (sent, message): (&CustomEventInput, Option<&str>),
) -> Result<(), Refused> {
    let mut people = People::open(at.app, at.project)?;
    people.load(customer).await?;
    let source = people
        .person(customer)
        .and_then(|one| one.source_id.clone());
    drop(people);
    let Some(source) = source else {
        return Ok(());
    };
    let settings = &at.app.compiled(at.project).await?.settings;
    let moment = Moment {
        received_at: at.now,
        currency: settings.currency,
        places: settings.places,
    };
    let empty = Metadata::new();
    let mut event = json!({
        "userId": source,
        "event": name,
        "properties": sent.metadata.as_ref().unwrap_or(&empty),
        "timestamp": wire::time::format(at.now),
    });
    if let (Some(message), Some(members)) = (message, event.as_object_mut()) {
        members.insert("messageId".into(), format!("event:{message}").into());
    }
    let body = event.to_string();
    // What Segment's words do not fit is no event of theirs, and counts for nothing.
    if let Ok(batch) = segment::single(body.as_bytes(), segment::Kind::Track, &moment) {
        let all = (&batch, Mode::Lenient);
        ingest::take(at.app, (at.project, at.now), all).await?;
    }
    Ok(())
}
