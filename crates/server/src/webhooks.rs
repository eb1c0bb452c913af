//! Who is told what happened? What happens writes, in the command that makes it happen, a delivery
//! for each webhook that asked for it: nothing is told that did not happen, and nothing that
//! happened is lost. Where no webhook asked, nothing is written, and nothing is worked out.
//!
//! To tell of one more thing: name it in [`wire::voucherify::Event`], and where the command is put
//! together, add what [`tell`] gives to its writes:
//!
//! ```text
//! command.writes.extend(webhooks::tell(at, Event::Published, &view).await?);
//! ```
//!
//! What is told is kept until it is delivered, so it names customers by their ids and says nothing
//! else of them.

pub mod cards;
pub mod delivering;
pub mod secret;

use std::collections::BTreeSet;

use ledger::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Expect, Index, Kind, Write};
use wire::{
    ids::{self, Tag},
    voucherify::{AttemptView, DeliveryStatus, DeliveryView, Event, Told, Webhook},
};

use crate::{
    api::resources::At,
    configuration::{self, Compiled, Stored},
    people::People,
    problem::Refused,
    vouchers::key,
};

/// Webhooks of a project.
pub const MOST: u64 = 20;

/// The webhooks of a project, as they are in force.
#[derive(Debug, Default)]
pub struct Webhooks {
    all: Vec<(u64, Webhook)>,
    heard: BTreeSet<Event>,
}

impl Webhooks {
    #[must_use]
    pub fn of(all: Vec<(u64, Stored<Webhook>)>) -> Self {
        let all: Vec<_> = all.into_iter().map(|(id, one)| (id, one.thing)).collect();
        let is_heard = |event: &Event| all.iter().any(|(_, one)| one.hears(*event));
        let heard = Event::ALL.iter().copied().filter(is_heard).collect();
        Self { all, heard }
    }

    /// Whether anybody wants to be told of this.
    #[must_use]
    pub fn hear(&self, event: Event) -> bool {
        self.heard.contains(&event)
    }

    fn hearers(&self, event: Event) -> impl Iterator<Item = u64> {
        let all = self.all.iter();
        let hearers = all.filter(move |(_, webhook)| webhook.hears(event));
        hearers.map(|(id, _)| *id)
    }
}

/// What tells of something that happens, to be written with it. Nothing where nobody asked.
///
/// # Errors
/// When the configuration cannot be read.
pub async fn tell<T: Serialize + Sync>(
    at: At<'_>,
    event: Event,
    shown: &T,
) -> Result<Vec<Write>, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    told(at, &compiled, (event, shown))
}

/// As [`tell`], where the configuration is at hand.
///
/// # Errors
/// When there is no number left for it.
pub fn told<T: Serialize>(
    at: At<'_>,
    compiled: &Compiled,
    (event, shown): (Event, &T),
) -> Result<Vec<Write>, Refused> {
    let data = || {
        let shown = serde_json::to_value(shown);
        let shown = shown.map_err(|error| Refused::Fault(error.to_string()))?;
        Ok(Map::from_iter([(event.object().to_owned(), shown)]))
    };
    told_all(at, compiled, (event, data))
}

/// As [`told`], of something that is about several things: all members of the data.
///
/// # Errors
/// As [`told`].
pub fn told_all(
    at: At<'_>,
    compiled: &Compiled,
    (event, data): (Event, impl FnOnce() -> Result<Map<String, Value>, Refused>),
) -> Result<Vec<Write>, Refused> {
    if !compiled.webhooks.hear(event) {
        return Ok(Vec::new());
    }
    let id = at.app.next_id()?;
    let told = Told::new(event, (at.project.0.into(), id, at.now), data()?);
    let body = serde_json::to_string(&told).map_err(|error| Refused::Fault(error.to_string()))?;
    let mut writes = Vec::new();
    for webhook in compiled.webhooks.hearers(event) {
        let delivery = Delivery {
            webhook,
            happened: id,
            event: event.name().into(),
            body: body.clone(),
            created_at: at.now,
            due: at.now,
            status: DeliveryStatus::Waiting,
            attempts: Vec::new(),
        };
        writes.extend(delivery.begin(at.app.next_id()?)?);
    }
    Ok(writes)
}

/// What [`People::finish`] gives, with what is told of whoever is new by it.
///
/// # Errors
/// As [`People::finish`], and when there is no number left for what is told.
pub fn finished(
    people: People<'_>,
    (at, compiled): (At<'_>, &Compiled),
) -> Result<(Vec<Expect>, Vec<Write>), Refused> {
    let newcomers = people.newcomers();
    let (expects, mut writes) = people.finish()?;
    for new in newcomers {
        let shown = customer(new.0);
        writes.extend(told(at, compiled, (Event::CustomerCreated, &shown))?);
    }
    Ok((expects, writes))
}

/// All that is told of a customer.
#[must_use]
pub fn customer(id: u64) -> Value {
    json!({"id": ids::format(Tag::Customer, id), "object": "customer"})
}

/// What a change comes to that may have resumed or paused a thing.
#[must_use]
pub fn switched((before, after): (bool, bool), [enabled, disabled, updated]: [Event; 3]) -> Event {
    match (before, after) {
        (false, true) => enabled,
        (true, false) => disabled,
        _ => updated,
    }
}

/// What one webhook is to be told, and how that went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    pub webhook: u64,
    /// The number of what happened, the same for all webhooks.
    pub happened: u64,
    pub event: String,
    /// As it is sent; empty when it need not be sent any more.
    pub body: String,
    pub created_at: Timestamp,
    /// When something is to be done with it: it is sent, or, once it is over, forgotten.
    pub due: Timestamp,
    pub status: DeliveryStatus,
    pub attempts: Vec<AttemptView>,
}

impl Delivery {
    fn begin(&self, id: u64) -> Result<[Write; 3], Refused> {
        let of_webhook = Write::Link {
            index: Index::DeliveriesOfWebhook,
            key: key(self.webhook),
            id,
        };
        let [put, link] = self.put(id)?;
        Ok([put, link, of_webhook])
    }

    /// The record, and where it is found.
    pub fn put(&self, id: u64) -> Result<[Write; 2], Refused> {
        let put = Write::Put {
            kind: Kind::Delivery,
            id,
            body: configuration::write(self)?,
        };
        let link = Write::Link {
            index: Index::DueDeliveries,
            key: self.place(id),
            id,
        };
        Ok([put, link])
    }

    /// What takes it from where it is found.
    #[must_use]
    pub fn unlink(&self, id: u64) -> Write {
        Write::Unlink {
            index: Index::DueDeliveries,
            key: self.place(id),
            id,
        }
    }

    /// What forgets it.
    #[must_use]
    pub fn removal(&self, id: u64) -> [Write; 3] {
        let delete = Write::Delete {
            kind: Kind::Delivery,
            id,
        };
        let of_webhook = Write::Unlink {
            index: Index::DeliveriesOfWebhook,
            key: key(self.webhook),
            id,
        };
        [delete, self.unlink(id), of_webhook]
    }

    /// Each webhook's in a queue of its own, so that none waits for another.
    fn place(&self, id: u64) -> Vec<u8> {
        let due = u64::try_from(self.due).unwrap_or(0);
        [self.webhook, due, id].map(u64::to_be_bytes).concat()
    }

    #[must_use]
    pub fn view(&self) -> DeliveryView {
        let is_waiting = self.status == DeliveryStatus::Waiting;
        DeliveryView {
            id: ids::format(Tag::Event, self.happened),
            event_type: self.event.clone(),
            status: self.status,
            created_at: self.created_at,
            next_attempt_at: is_waiting.then_some(self.due),
            attempts: self.attempts.clone(),
            object: "webhook_delivery",
        }
    }
}
