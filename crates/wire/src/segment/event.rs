//! What does one event say: who, when, under which consent, and what happened?

use std::borrow::Cow;

use offers::Currency;
use profiles::{Activity, Timestamp};
use rules::{Facts, Value};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    consent::{CONSENT_UPDATED, ConsentSaid, Context},
    ecommerce::{self, Track},
    envelope::Refused,
    read::{Text, borrowed, part},
};
use crate::{Malformed, time};

/// A message id is shorter than this.
pub const MAX_MESSAGE_ID_BYTES: usize = 100;
/// A user id or anonymous id is at most this long.
const MAX_ID_BYTES: usize = 255;
/// An event told to happen later than this after we receive it is refused.
const MAX_FUTURE_MS: i64 = 24 * 3_600_000;
/// Traits kept of one event.
const MAX_TRAITS: usize = 32;
/// A longer trait is not kept.
const MAX_TRAIT_BYTES: usize = 128;

/// When it was received, and how the project counts money.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub received_at: Timestamp,
    pub currency: Currency,
    /// Decimal places of its minor unit: 2 for EUR.
    pub places: u8,
}

/// The call an event came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Identify,
    Track,
    Page,
    Screen,
    Group,
    Alias,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// Missing where the source gave none: then it cannot be told from a repetition.
    pub message_id: Option<Cow<'a, str>>,
    /// When it happened by our clock, never after it was received.
    pub at: Timestamp,
    /// When it happened by the source's clock.
    pub told_at: Option<Timestamp>,
    pub user_id: Option<Cow<'a, str>>,
    pub anonymous_id: Option<Cow<'a, str>>,
    /// `None`: it says nothing of consent, which allows no purpose.
    pub consent: Option<ConsentSaid>,
    pub call: Call<'a>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Call<'a> {
    Identify(Traits<'a>),
    /// Something happened.
    Track(Box<Track<'a>>),
    /// What is stored of the customer's consent changes to what the event says.
    ConsentUpdated,
    /// The user was known under this id before.
    Alias {
        previous_id: Cow<'a, str>,
    },
    /// Known, and nothing of it is used.
    Unused,
}

/// What an `identify` says of a person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traits<'a> {
    /// Only to be turned into a pseudonym.
    pub email: Option<Cow<'a, str>>,
    /// `customer.trait.*`: flags, whole numbers and short texts that name nobody.
    pub facts: Facts,
}

/// What the envelope says for every event in it.
pub(super) struct Envelope {
    /// What the route says; the item's own `type` in a batch.
    pub(super) kind: Option<Kind>,
    pub(super) sent_at: Option<Timestamp>,
    pub(super) consent: Option<ConsentSaid>,
}

/// Why an event is not taken; its place in the batch is the caller's to add.
pub(super) struct Why {
    code: &'static str,
    wrong: Malformed,
}

impl Why {
    pub(super) fn at(self, index: usize) -> Refused {
        let Malformed { pointer, detail } = self.wrong;
        Refused {
            index,
            code: self.code,
            pointer,
            detail,
        }
    }
}

impl From<Malformed> for Why {
    fn from(wrong: Malformed) -> Self {
        Self {
            code: "malformed",
            wrong,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent<'a> {
    #[serde(rename = "type")]
    kind: Option<Kind>,
    #[serde(borrow)]
    message_id: Option<Text<'a>>,
    #[serde(borrow)]
    timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    original_timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    sent_at: Option<Text<'a>>,
    #[serde(borrow)]
    user_id: Option<Text<'a>>,
    #[serde(borrow)]
    anonymous_id: Option<Text<'a>>,
    #[serde(borrow)]
    previous_id: Option<Text<'a>>,
    #[serde(borrow)]
    event: Option<Text<'a>>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
    #[serde(borrow)]
    traits: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
}

/// Reads one event in place.
pub(super) fn read<'a>(
    text: &'a str,
    envelope: &Envelope,
    moment: &Moment,
) -> Result<Event<'a>, Why> {
    let sent: Sent<'a> = borrowed(text)?;
    let (at, told_at) = sent.when(envelope, moment)?;
    let context: Context<'_> = part(sent.context).map_err(|wrong| wrong.under("context"))?;
    let kind = envelope.kind.or(sent.kind);
    let kind = kind.ok_or_else(|| Malformed::at("/type", "is required"))?;
    let user_id = id(sent.user_id, "/userId")?;
    let anonymous_id = id(sent.anonymous_id, "/anonymousId")?;
    if user_id.is_none() && anonymous_id.is_none() {
        return Err(Malformed::at("/userId", "needs a userId or an anonymousId").into());
    }
    let call = match kind {
        Kind::Identify => {
            Call::Identify(traits(sent.traits).map_err(|wrong| wrong.under("traits"))?)
        }
        Kind::Track => track(sent.event, sent.properties, at, moment)?,
        Kind::Page | Kind::Screen => Call::Track(Box::new(Track::plain(Activity {
            at,
            kind: profiles::Kind::Page,
        }))),
        Kind::Group => Call::Unused,
        Kind::Alias => {
            let previous = id(sent.previous_id, "/previousId")?;
            let missing = || Malformed::at("/previousId", "is required");
            Call::Alias {
                previous_id: previous.ok_or_else(missing)?,
            }
        }
    };
    Ok(Event {
        message_id: message_id(sent.message_id)?,
        at,
        told_at,
        user_id,
        anonymous_id,
        consent: context.said().or(envelope.consent),
        call,
    })
}

impl Sent<'_> {
    /// `receivedAt - (sentAt - originalTimestamp)`, clamped to the past; and what the source said.
    fn when(
        &self,
        envelope: &Envelope,
        moment: &Moment,
    ) -> Result<(Timestamp, Option<Timestamp>), Why> {
        let (original, pointer) = match &self.original_timestamp {
            Some(_) => (self.original_timestamp.as_ref(), "/originalTimestamp"),
            None => (self.timestamp.as_ref(), "/timestamp"),
        };
        let told_at = instant(original, pointer)?;
        let sent_at = instant(self.sent_at.as_ref(), "/sentAt")?.or(envelope.sent_at);
        let received_at = moment.received_at;
        let at = match (told_at, sent_at) {
            (None, _) => received_at,
            (Some(told_at), None) => told_at,
            (Some(told_at), Some(sent_at)) => {
                received_at.saturating_sub(sent_at.saturating_sub(told_at))
            }
        };
        if at > received_at.saturating_add(MAX_FUTURE_MS) {
            let wrong = Malformed::at(pointer, "more than 24 hours in the future");
            return Err(Why {
                code: "in_the_future",
                wrong,
            });
        }
        Ok((at.min(received_at), told_at))
    }
}

fn instant(text: Option<&Text<'_>>, pointer: &str) -> Result<Option<Timestamp>, Malformed> {
    let Some(Text(text)) = text else {
        return Ok(None);
    };
    let wrong = || Malformed::at(pointer, "not an instant: write 2026-11-21T09:25:49.617Z");
    time::parse(text).map(Some).ok_or_else(wrong)
}

/// An id that names somebody; an empty one names nobody.
fn id<'a>(text: Option<Text<'a>>, pointer: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
    match text {
        Some(Text(text)) if text.len() > MAX_ID_BYTES => Err(Malformed::at(
            pointer,
            format!("longer than {MAX_ID_BYTES} bytes"),
        )),
        Some(Text(text)) if !text.trim().is_empty() => Ok(Some(text)),
        _ => Ok(None),
    }
}

fn message_id(text: Option<Text<'_>>) -> Result<Option<Cow<'_, str>>, Malformed> {
    match text {
        Some(Text(text)) if text.len() >= MAX_MESSAGE_ID_BYTES => Err(Malformed::at(
            "/messageId",
            "must be shorter than 100 bytes",
        )),
        Some(Text(text)) if !text.is_empty() => Ok(Some(text)),
        _ => Ok(None),
    }
}

fn track<'a>(
    name: Option<Text<'a>>,
    properties: Option<&'a RawValue>,
    at: Timestamp,
    moment: &Moment,
) -> Result<Call<'a>, Malformed> {
    let name = name.filter(|Text(name)| !name.trim().is_empty());
    let Some(Text(name)) = name else {
        return Err(Malformed::at("/event", "is required"));
    };
    if name == CONSENT_UPDATED {
        return Ok(Call::ConsentUpdated);
    }
    let track = ecommerce::track(&name, properties, at, moment);
    let track = track.map_err(|wrong| wrong.under("properties"))?;
    Ok(track.map_or(Call::Unused, |track| Call::Track(Box::new(track))))
}

/// Traits that name a person or say where they are: never kept as they are.
const PERSONAL: [&str; 24] = [
    "address",
    "avatar",
    "birthday",
    "birthdate",
    "company",
    "description",
    "dob",
    "email",
    "first_name",
    "firstName",
    "id",
    "ip",
    "last_name",
    "lastName",
    "lat",
    "latitude",
    "lon",
    "longitude",
    "mobile",
    "name",
    "phone",
    "ssn",
    "username",
    "website",
];

fn traits(raw: Option<&RawValue>) -> Result<Traits<'_>, Malformed> {
    #[derive(Default, Deserialize)]
    struct Known<'a> {
        #[serde(borrow)]
        email: Option<Text<'a>>,
    }
    let known: Known<'_> = part(raw)?;
    let all: serde_json::Map<String, serde_json::Value> = part(raw)?;
    let mut facts = Facts::default();
    let kept = all
        .iter()
        .filter(|(name, _)| !PERSONAL.contains(&name.as_str()));
    for (name, value) in kept.take(MAX_TRAITS) {
        if let Some(value) = trait_value(value) {
            facts.set(format!("customer.trait.{name}").as_str(), value);
        }
    }
    Ok(Traits {
        email: id(known.email, "/email")?,
        facts,
    })
}

/// A text with an `@` in it may be an address, whatever it is called.
fn trait_value(value: &serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Bool(flag) => Some((*flag).into()),
        serde_json::Value::Number(number) => Value::number(&number.to_string()),
        serde_json::Value::String(text) if text.len() <= MAX_TRAIT_BYTES && !text.contains('@') => {
            Some(text.as_str().into())
        }
        _ => None,
    }
}
