//! How is a thing kept that is one record and shown much as it was sent? All such things are made,
//! read, listed, changed and removed alike; what tells them apart is a [`Resource`] of a few lines.

mod laying;
mod listing;

use axum::http::StatusCode;
use ledger::Timestamp;
use offers::Booking;
use serde::{Serialize, de::DeserializeOwned};
use store::{Command, Expect, Index, Kind, Outcome, ProjectId, Record, Write};
use wire::{
    Malformed,
    ids::{self, Tag},
    voucherify::{Event, Key, Metadata, Sent, merge},
};

pub use self::laying::{Laid, altered, laid};
pub use self::listing::{Asking, By, Place, list, list_of, scan, scan_records, under};
use super::{
    dialect::{self, DEFAULT_LIMIT, duplicate, malformed, not_found, refuse, retry},
    validation_rules::{Object, ruled},
};
use crate::{
    app::App,
    auth::Caller,
    configuration::{Stored, read, write},
    once::{self, Answer},
    problem::Refused,
    vouchers::key,
    webhooks,
};

/// A kind of thing.
pub trait Resource: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    type View: Serialize + Send;
    const KIND: Kind;
    const TAG: Tag;
    /// As refusals name it.
    const NAME: &'static str;
    /// How many there may be. Calls at the same moment may pass it together: it bounds what they
    /// cost, and nothing relies on there being no more.
    const MOST: u64;
    /// Under which name a list shows its rows.
    const ROWS: &'static str = "data";
    /// What a list says they are called.
    const DATA_REF: &'static str = Self::ROWS;
    /// Rows of a page when a call does not say.
    const PAGE: u32 = DEFAULT_LIMIT;
    /// Members that no caller sets.
    const OURS: &'static [&'static str] = &[];
    /// The unique index by which it is found by its natural key.
    const NATURAL: Option<Index> = None;
    /// The index by which it is counted among those of what it belongs to, where [`Self::MOST`] is
    /// of one such.
    const WITHIN: Option<Index> = None;
    /// Whether making one under a natural key that is taken changes the one that has it.
    const UPSERTS: bool = false;

    fn natural(&self) -> Option<&str> {
        None
    }

    /// What it belongs to, each with the index by which it is found there.
    fn belongs_to(&self) -> Vec<(Index, u64)> {
        Vec::new()
    }

    /// How many there are where it is to be kept, and how many there may be.
    fn room(at: At<'_>, new: &Self) -> impl Future<Output = Result<(u64, u64), Refused>> + Send {
        let mut belongs = new.belongs_to().into_iter();
        let within = belongs.find(|(index, _)| Self::WITHIN == Some(*index));
        async move {
            let store = at.app.store();
            let count = match within {
                Some((index, of)) => store.count(at.project, index, &key(of)).await?,
                None => store.count_records(at.project, Self::KIND).await?,
            };
            Ok((count, Self::MOST))
        }
    }

    /// Whether it stands where the other does, as SKUs of one product do.
    fn is_beside(&self, _other: &Self) -> bool {
        true
    }

    /// # Errors
    /// Where it cannot be kept so.
    fn check(&self) -> Result<(), Malformed>;

    /// Its metadata, where things of this kind may have a schema of that name.
    fn metadata(&self) -> Option<(&'static str, &Metadata)> {
        None
    }

    /// What it is to the validation rule that it names, where things of this kind name one.
    const RULED: Option<fn(u64) -> Object> = None;

    /// The validation rule that it names.
    fn rule(&self) -> Option<u64> {
        None
    }

    /// What webhooks are told when it was so and is so now; without either it was made or removed.
    fn event(_before: Option<&Self>, _after: Option<&Self>) -> Option<Event> {
        None
    }

    /// Under which keys it is found.
    fn links(&self) -> Vec<(Index, Vec<u8>)> {
        let natural = Self::NATURAL.zip(self.natural());
        let natural = natural.map(|(index, key)| (index, key.as_bytes().to_vec()));
        let belongs = self.belongs_to().into_iter();
        let belongs = belongs.map(|(index, of)| (index, key(of)));
        natural.into_iter().chain(belongs).collect()
    }

    /// How it is shown, without what has to be read beside it.
    fn bare(kept: &Kept<Self>) -> Self::View;

    /// How these are shown, with what has to be read beside them.
    fn shown(
        _at: At<'_>,
        rows: &[Kept<Self>],
    ) -> impl Future<Output = Result<Vec<Self::View>, Refused>> + Send {
        async move { Ok(rows.iter().map(Self::bare).collect()) }
    }
}

/// Where and when a call does its work.
#[derive(Clone, Copy)]
pub struct At<'a> {
    pub app: &'a App,
    pub project: ProjectId,
    pub now: Timestamp,
}

impl<'a> At<'a> {
    pub fn of<S>(app: &'a App, caller: &Caller<S>) -> Self {
        Self {
            app,
            project: caller.project,
            now: caller.now,
        }
    }
}

/// Has what is configured anew in force here. What is done is done: what cannot be read now is read
/// by the next look.
pub async fn take_effect(at: At<'_>) {
    if let Err(refused) = at.app.refresh(at.project).await {
        tracing::error!(?refused, "a change is not in force here yet");
    }
}

/// A thing as it was read.
#[derive(Clone)]
pub struct Kept<T> {
    pub id: u64,
    /// 0 before it is written.
    pub version: u64,
    pub stored: Stored<T>,
}

impl<T: Resource> Kept<T> {
    /// # Errors
    /// When something else wrote it: a fault.
    pub fn of(record: &Record) -> Result<Self, Refused> {
        Ok(Self {
            id: record.id,
            version: record.version,
            stored: read(&record.body)?,
        })
    }

    pub fn thing(&self) -> &T {
        &self.stored.thing
    }

    /// When it was made, and when it was last changed.
    pub fn times(&self) -> (Timestamp, Option<Timestamp>) {
        (self.stored.created_at, self.stored.updated_at)
    }

    /// What must still be so when it is changed.
    pub fn expect(&self) -> Expect {
        Expect {
            kind: T::KIND,
            id: self.id,
            version: self.version,
        }
    }

    /// # Errors
    /// Never for what is stored; a fault if it happens.
    pub fn put(&self) -> Result<Write, Refused> {
        Ok(Write::Put {
            kind: T::KIND,
            id: self.id,
            body: write(&self.stored)?,
        })
    }

    /// What removes it.
    pub fn removal(&self) -> impl Iterator<Item = Write> {
        let (kind, id) = (T::KIND, self.id);
        let links = self.thing().links().into_iter();
        let unlinks = links.map(move |(index, key)| Write::Unlink { index, key, id });
        let removal = std::iter::once(Write::Delete { kind, id }).chain(unlinks);
        removal.chain(ruled::removed(self))
    }
}

/// What a call sent to make or change a thing.
pub struct Call<'a> {
    pub sent: &'a Sent,
    pub once: Option<once::Key>,
    /// Of a new thing, where what is written with it says its number.
    pub id: Option<u64>,
    /// What must be so for it, and what is written with it.
    pub expects: Vec<Expect>,
    pub writes: Vec<Write>,
    /// What moves with it.
    pub booking: Booking,
}

impl<'a> Call<'a> {
    pub fn new(sent: &'a Sent, once: Option<once::Key>) -> Self {
        Self {
            sent,
            once,
            id: None,
            expects: Vec::new(),
            writes: Vec::new(),
            booking: Booking::default(),
        }
    }
}

/// A thing by its id or its natural key.
///
/// # Errors
/// When there is none.
pub async fn load<T: Resource>(at: At<'_>, name: &str) -> Result<Kept<T>, Refused> {
    let id = match ids::parse(T::TAG, name) {
        Ok(id) => Some(id),
        Err(_) => led::<T>(at, Some(name)).await?,
    };
    let record = match id {
        Some(id) => at.app.store().get(at.project, T::KIND, id).await?,
        None => None,
    };
    Kept::of(&record.ok_or_else(|| not_found(T::NAME, name))?)
}

/// Which thing has this natural key.
async fn led<T: Resource>(at: At<'_>, key: Option<&str>) -> Result<Option<u64>, Refused> {
    match T::NATURAL.zip(key) {
        Some((index, key)) => {
            let found = at.app.store().find_one(at.project, index, key.as_bytes());
            Ok(found.await?)
        }
        None => Ok(None),
    }
}

/// Makes a thing, or changes the one that has its natural key already.
///
/// # Errors
/// When it cannot be kept so; a retry with the same key hears the same.
pub async fn create<T: Resource>(
    at: At<'_>,
    (sent, once): (&Sent, Option<once::Key>),
) -> Result<Answer, Refused> {
    let made = retry(|| made(at, T::default(), Call::new(sent, once))).await;
    told(at, once, made).await
}

/// The answer of a call that made something, the same on every retry.
///
/// # Errors
/// As it was refused.
pub async fn told(
    at: At<'_>,
    once: Option<once::Key>,
    made: Result<Answer, Refused>,
) -> Result<Answer, Refused> {
    match made {
        Ok(answer) => Ok(answer),
        Err(refused) => once::refused(at, (once, refused)).await,
    }
}

/// One attempt to make a thing out of `start` and what was sent; `None` where somebody else was
/// faster.
///
/// # Errors
/// When it cannot be kept so.
pub async fn made<T: Resource>(
    at: At<'_>,
    start: T,
    call: Call<'_>,
) -> Result<Option<Answer>, Refused> {
    let laid = laid(at, start, (call.sent, call.id)).await?;
    save(at, &laid, call).await
}

/// Several things out of `start` and what was sent for each.
///
/// # Errors
/// The first that cannot be kept so, by its place.
pub fn all_of<T: Resource + Clone>(start: &T, sent: &[Sent]) -> Result<Vec<T>, Refused> {
    let read = |(place, sent): (usize, &Sent)| {
        let within = |wrong: Malformed| malformed(&wrong.under(&place.to_string()));
        let thing = merge(start, &ours_left(sent, T::OURS)).map_err(within)?;
        thing.check().map_err(within)?;
        Ok(thing)
    };
    sent.iter().enumerate().map(read).collect()
}

/// One attempt to make several things, all of them or none; `None` where somebody was faster.
///
/// # Errors
/// When they cannot be kept so.
pub async fn all_made<T: Resource>(
    at: At<'_>,
    things: Vec<T>,
    mut call: Call<'_>,
) -> Result<Option<Answer>, Refused> {
    let mut all: Vec<Laid<T>> = Vec::new();
    let asked = things.len() as u64;
    for thing in things {
        follows_schema(at, &thing).await?;
        if all.is_empty() {
            let (count, most) = T::room(at, &thing).await?;
            if count.saturating_add(asked.saturating_sub(1)) >= most {
                return Err(full::<T>(most));
            }
        }
        all.push(Laid::new(at, (thing, None))?);
    }
    let kept: Vec<Kept<T>> = all.iter().map(|one| one.after.clone()).collect();
    let rows = T::shown(at, &kept).await?;
    let compiled = at.app.compiled(at.project).await?;
    let answer = Answer::ok(&rows)?;
    for (laid, shown) in all.iter().zip(&rows) {
        call.writes.extend(laid.writes()?);
        call.writes.extend(laid.told(at, (&compiled, shown))?);
        call.expects.push(laid.after.expect());
    }
    let outcome = at.app.store().submit(Command {
        once: call.once.map(|key| key.once(&answer)),
        expects: call.expects,
        now: at.now,
        ..crate::setup::writes(at.project, call.writes)
    });
    match answer.after(outcome.await?)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(unexpected::<T>(&other)),
    }
}

/// One more than there may be.
fn full<T: Resource>(most: u64) -> Refused {
    let details = format!(
        "there are {most} of {} already, and no more may be",
        T::NAME
    );
    refuse(Key::InvalidPayload, details)
}

/// Changes a thing. What is absent stays.
///
/// # Errors
/// When there is none, or it cannot be kept so.
pub async fn update<T: Resource>(at: At<'_>, name: &str, sent: &Sent) -> Result<Answer, Refused> {
    let attempt = async || changed(at, load::<T>(at, name).await?, Call::new(sent, None)).await;
    retry(attempt).await
}

/// One attempt to change a thing; `None` where somebody else was faster.
///
/// # Errors
/// When it cannot be kept so.
pub async fn changed<T: Resource>(
    at: At<'_>,
    before: Kept<T>,
    call: Call<'_>,
) -> Result<Option<Answer>, Refused> {
    let laid = altered(at, before, call.sent)?;
    if call.sent.contains_key("metadata") {
        follows_schema(at, laid.after.thing()).await?;
    }
    save(at, &laid, call).await
}

/// Its metadata is as the schema of its kind says.
async fn follows_schema<T: Resource>(at: At<'_>, thing: &T) -> Result<(), Refused> {
    let Some((of, metadata)) = thing.metadata() else {
        return Ok(());
    };
    let compiled = at.app.compiled(at.project).await?;
    compiled.schemas.check(of, metadata)
}

/// A thing after a change.
///
/// # Errors
/// Where it cannot be kept so.
pub fn merged<T: Resource>(before: &T, sent: &Sent) -> Result<T, Refused> {
    let thing = merge(before, &ours_left(sent, T::OURS)).map_err(|wrong| malformed(&wrong))?;
    thing.check().map_err(|wrong| malformed(&wrong))?;
    Ok(thing)
}

/// What was sent, without what no caller sets.
fn ours_left(sent: &Sent, ours: &[&str]) -> Sent {
    let mut sent = sent.clone();
    sent.retain(|name, _| !ours.contains(&name.as_str()));
    sent
}

/// Keeps a thing that was found under these links before.
async fn save<T: Resource>(
    at: At<'_>,
    laid: &Laid<T>,
    mut call: Call<'_>,
) -> Result<Option<Answer>, Refused> {
    let thing = &laid.after;
    let rows = T::shown(at, std::slice::from_ref(thing)).await?;
    let compiled = at.app.compiled(at.project).await?;
    let answer = Answer::ok(&rows.first())?;
    call.writes.extend(laid.writes()?);
    for shown in &rows {
        call.writes.extend(laid.told(at, (&compiled, shown))?);
    }
    call.expects.push(thing.expect());
    let outcome = at.app.store().submit(Command {
        once: call.once.map(|key| key.once(&answer)),
        expects: call.expects,
        openings: call.booking.openings,
        chain: call.booking.chain,
        now: at.now,
        ..crate::setup::writes(at.project, call.writes)
    });
    match answer.after(outcome.await?)? {
        Ok(answer) => Ok(Some(answer)),
        // What was to move was spent meanwhile: the next attempt finds it so.
        Err(Outcome::Stale { kind: Some(_), .. } | Outcome::Rejected { .. }) => Ok(None),
        // The next attempt finds who has it.
        Err(Outcome::Stale { kind: None, .. }) if T::UPSERTS && thing.version == 0 => Ok(None),
        Err(Outcome::Stale { kind: None, .. }) => Err(taken(thing.thing())),
        Err(other) => Err(unexpected::<T>(&other)),
    }
}

fn taken<T: Resource>(thing: &T) -> Refused {
    duplicate(T::NAME, thing.natural().unwrap_or_default())
}

fn unexpected<T: Resource>(outcome: &Outcome) -> Refused {
    Refused::Fault(format!("a {} could not be kept: {outcome:?}", T::NAME))
}

/// Removes a thing by its name.
///
/// # Errors
/// When there is none.
pub async fn delete<T: Resource>(at: At<'_>, name: &str) -> Result<StatusCode, Refused> {
    let attempt = async || removed(at, &load::<T>(at, name).await?, Vec::new()).await;
    retry(attempt).await
}

/// What removes a thing, and tells those who asked of it.
///
/// # Errors
/// When the configuration cannot be read.
pub async fn removal<T: Resource>(at: At<'_>, thing: &Kept<T>) -> Result<Vec<Write>, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let mut writes: Vec<Write> = thing.removal().collect();
    if let Some(event) = T::event(Some(thing.thing()), None) {
        let told = webhooks::told(at, &compiled, (event, &T::bare(thing)));
        writes.extend(told?);
    }
    writes.extend(ruled::told(at, &compiled, (Some(thing), None))?);
    Ok(writes)
}

/// What removes several things, and tells those who asked of each.
///
/// # Errors
/// When the configuration cannot be read.
pub async fn removals<T: Resource>(at: At<'_>, all: &[Kept<T>]) -> Result<Vec<Write>, Refused> {
    let mut writes = Vec::new();
    for one in all {
        writes.extend(removal(at, one).await?);
    }
    Ok(writes)
}

/// One attempt to remove a thing, with what goes with it; `None` where somebody else was faster.
///
/// # Errors
/// When the store fails.
pub async fn removed<T: Resource>(
    at: At<'_>,
    thing: &Kept<T>,
    with: Vec<Write>,
) -> Result<Option<StatusCode>, Refused> {
    let mut command = crate::setup::writes(at.project, with);
    command.now = at.now;
    command.writes.extend(removal(at, thing).await?);
    command.expects.push(thing.expect());
    match at.app.store().submit(command).await? {
        Outcome::Applied => Ok(Some(StatusCode::NO_CONTENT)),
        Outcome::Stale { .. } => Ok(None),
        other => Err(unexpected::<T>(&other)),
    }
}

/// The members of a body, not read yet.
///
/// # Errors
/// When it is no JSON object.
pub fn sent(body: &[u8]) -> Result<Sent, Refused> {
    dialect::parse(body)
}

/// The members of each body of a list, not read yet.
///
/// # Errors
/// When it is no JSON array of objects, is empty, or has too many.
pub fn all_sent(body: &[u8], most: usize) -> Result<Vec<Sent>, Refused> {
    let wrong = |_| malformed(&Malformed::at("", "must be a JSON array of objects"));
    let all: Vec<Sent> = serde_json::from_slice(body).map_err(wrong)?;
    match (1..=most).contains(&all.len()) {
        true => Ok(all),
        false => Err(malformed(&Malformed::at(
            "",
            format!("from 1 to {most} entries"),
        ))),
    }
}

/// One thing, as it is shown.
///
/// # Errors
/// When there is none.
pub async fn get<T: Resource>(at: At<'_>, name: &str) -> Result<Answer, Refused> {
    let kept = load::<T>(at, name).await?;
    let rows = T::shown(at, std::slice::from_ref(&kept)).await?;
    Answer::ok(&rows.first())
}
