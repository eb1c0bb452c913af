//! What came in one call? A batch or a single event, each item read or refused by itself.

use std::borrow::Cow;

use profiles::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    consent::{ConsentSaid, Context},
    event::{Envelope, Event, Kind, Moment, read},
    read::{Text, borrowed, part},
};
use crate::{Malformed, time};

/// Bytes of one event.
pub const MAX_EVENT_BYTES: usize = 32 * 1024;
/// Bytes of one batch.
pub const MAX_BATCH_BYTES: usize = 500 * 1024;
/// Events in one batch.
pub const MAX_BATCH_EVENTS: usize = 2_500;

/// What came in one call.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Where the source names its key in the body.
    pub write_key: Option<Cow<'a, str>>,
    /// In the order sent.
    pub items: Vec<Item<'a>>,
}

pub type Item<'a> = Result<Event<'a>, Refused>;

/// Why one event of a call is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the batch.
    pub index: usize,
    /// Stable snake_case code: `too_large`, `malformed`, `in_the_future`.
    pub code: &'static str,
    /// Within the event.
    pub pointer: String,
    pub detail: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    batch: Vec<&'a RawValue>,
    #[serde(borrow)]
    write_key: Option<Text<'a>>,
    #[serde(borrow)]
    sent_at: Option<Text<'a>>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key<'a> {
    #[serde(borrow)]
    write_key: Option<Text<'a>>,
}

/// Reads a batch. An event that does not fit is refused by itself.
///
/// # Errors
/// When the envelope does not fit: then nothing is taken.
pub fn batch<'a>(body: &'a [u8], moment: &Moment) -> Result<Batch<'a>, Malformed> {
    let text = text_of(body, MAX_BATCH_BYTES)?;
    let body: Body<'a> = borrowed(text)?;
    if body.batch.len() > MAX_BATCH_EVENTS {
        return Err(Malformed::at(
            "/batch",
            format!("more than {MAX_BATCH_EVENTS} events"),
        ));
    }
    let envelope = Envelope {
        kind: None,
        sent_at: instant(body.sent_at.as_ref())?,
        consent: said(body.context)?,
    };
    let item = |(index, raw): (usize, &&'a RawValue)| {
        within_limit(raw.get(), index)?;
        read(raw.get(), &envelope, moment).map_err(|why| why.at(index))
    };
    let items = body.batch.iter().enumerate().map(item).collect();
    Ok(Batch {
        write_key: body.write_key.map(|key| key.0),
        items,
    })
}

/// Reads the body of `/v1/track` and its kin, whose route says what it is.
///
/// # Errors
/// When it is not JSON or too large.
pub fn single<'a>(body: &'a [u8], kind: Kind, moment: &Moment) -> Result<Batch<'a>, Malformed> {
    let text = text_of(body, MAX_EVENT_BYTES)?;
    let key: Key<'a> = borrowed(text)?;
    let envelope = Envelope {
        kind: Some(kind),
        sent_at: None,
        consent: None,
    };
    let item = read(text, &envelope, moment).map_err(|why| why.at(0));
    Ok(Batch {
        write_key: key.write_key.map(|key| key.0),
        items: vec![item],
    })
}

fn text_of(body: &[u8], limit: usize) -> Result<&str, Malformed> {
    if body.len() > limit {
        return Err(Malformed::at("", format!("more than {limit} bytes")));
    }
    str::from_utf8(body).map_err(|_| Malformed::at("", "not UTF-8"))
}

fn within_limit(text: &str, index: usize) -> Result<(), Refused> {
    if text.len() <= MAX_EVENT_BYTES {
        return Ok(());
    }
    let detail = format!("more than {MAX_EVENT_BYTES} bytes");
    Err(Refused {
        index,
        code: "too_large",
        pointer: String::new(),
        detail,
    })
}

fn instant(text: Option<&Text<'_>>) -> Result<Option<Timestamp>, Malformed> {
    let Some(Text(text)) = text else {
        return Ok(None);
    };
    let wrong = || Malformed::at("/sentAt", "not an instant: write 2026-11-21T09:25:49.617Z");
    time::parse(text).map(Some).ok_or_else(wrong)
}

fn said(context: Option<&RawValue>) -> Result<Option<ConsentSaid>, Malformed> {
    let context: Context<'_> = part(context).map_err(|wrong| wrong.under("context"))?;
    Ok(context.said())
}
