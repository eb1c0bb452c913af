//! Something happened outside a redemption: what does it earn, in a command of its own?

use ledger::{Minor, Timestamp};
use offers::{Priced, order_facts};
use profiles::{CustomerId, Purpose};
use rules::{Facts, Reads, Telling, Value};
use store::{Command, Outcome, ProjectId};
use wire::voucherify::{Metadata, metadata_facts};

use super::earning::{Happened, Paid, earn};
use crate::{
    api::dialect::retry, app::App, once, once::Answer, people::People, problem::Refused,
    setup::writes,
};

/// Under which what the shop tells of an event is read.
const OF_EVENT: &str = "event.metadata.";

/// An event of the shop's own.
pub struct Event<'a> {
    pub customer: CustomerId,
    pub name: &'a str,
    pub metadata: &'a Metadata,
    /// The code of the card that is to earn, where the shop says which.
    pub card: Option<&'a str>,
    /// Makes a retry harmless.
    pub source: Option<&'a str>,
}

/// An order that was not paid before and is.
pub struct PaidOrder<'a> {
    pub customer: CustomerId,
    pub number: u64,
    pub order: &'a offers::Order,
    pub priced: &'a Priced,
    /// What else may be read: `order.metadata.*`.
    pub facts: &'a Facts,
}

/// Where and when.
type Here<'a> = (&'a App, ProjectId, Timestamp);

/// How many points an event earns, once they are on the cards.
///
/// # Errors
/// When the store fails.
pub async fn event_happened(here: Here<'_>, event: &Event<'_>) -> Result<Minor, Refused> {
    let reads = Reads::everything();
    let mut telling = Telling::to(&reads);
    metadata_facts(OF_EVENT, event.metadata, &mut telling);
    let facts = telling.done();
    let what = Paid::Event(event.name);
    let whose = (event.customer, event.card);
    let source = event.source.map(|source| ("event", source));
    retry(|| attempt(here, (whose, what), (&facts, source))).await
}

/// How many points an order earns, once they are on the cards; none if it earned before.
///
/// # Errors
/// When the store fails.
pub async fn order_paid(here: Here<'_>, paid: &PaidOrder<'_>) -> Result<Minor, Refused> {
    let mut facts = paid.facts.clone();
    facts.extend(order_facts(paid.order, &Reads::everything()));
    let what = Paid::Order(paid.number, paid.priced);
    retry(|| attempt(here, ((paid.customer, None), what), (&facts, None))).await
}

async fn attempt(
    (app, project, now): Here<'_>,
    ((customer, card), what): ((CustomerId, Option<&str>), Paid<'_>),
    (told, source): (&Facts, Option<(&str, &str)>),
) -> Result<Option<Minor>, Refused> {
    let compiled = app.compiled(project).await?;
    let mut people = People::open(app, project)?;
    let customer = match people.load(customer).await {
        Ok(customer) => customer,
        // Who was erased earns nothing.
        Err(Refused::NotFound { .. }) => return Ok(Some(0)),
        Err(other) => return Err(other),
    };
    let (purpose, reads) = (Purpose::PersonaliseOffers, Reads::everything());
    let mut facts = profiles::facts(&people.profile(customer), purpose, now, &reads);
    facts.extend(told.clone());
    facts.set("now", Value::Time(now));
    let happened = Happened {
        project,
        now,
        customer,
        card,
        what,
        facts: &facts,
    };
    let changes = earn(app, (&mut people, &compiled), &happened).await?;
    if changes.points == 0 {
        return Ok(Some(0));
    }
    let once = source.map(|named| once::Key::of_source(project, named, b""));
    let answer = Answer::ok(&changes.points)?;
    let command = Command {
        now,
        once: once.map(|key| key.once(&answer)),
        expects: changes.expects,
        openings: changes.booking.openings,
        chain: changes.booking.chain,
        ..writes(project, changes.writes)
    };
    match answer.after(app.store().submit(command).await?)? {
        Ok(answer) => Ok(answer.view()?.as_u64()),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("points were not given: {other:?}"))),
    }
}
