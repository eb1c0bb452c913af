//! Was this asked before? `Idempotency-Key` makes a retry harmless: the second time, what was
//! answered the first time is answered again.

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use store::{Once, Outcome, ProjectId, Write};
use wire::voucherify::Key as VoucherifyKey;

use crate::{api::resources::At, problem::Refused};

const HEADER: &str = "idempotency-key";
const REPLAYED: &str = "idempotency-replayed";
const MAX_KEY_BYTES: usize = 255;
/// Stands for the status where a record tells the answer.
const OF_RECORD: u16 = 0;

/// A key that came with a request, and what it came with.
#[derive(Clone, Copy)]
pub struct Key {
    key: [u8; 16],
    fingerprint: [u8; 16],
}

impl Key {
    /// The key of a request, written bare or quoted; `None` where there is none. `call` is the
    /// method and path.
    ///
    /// # Errors
    /// When the header cannot be read, is empty or too long.
    pub fn of(
        headers: &HeaderMap,
        project: ProjectId,
        (call, body): (&str, &[u8]),
    ) -> Result<Option<Self>, Refused> {
        let Some(value) = headers.get(HEADER) else {
            return Ok(None);
        };
        let bad = || Refused::BadHeader("Idempotency-Key");
        let text = value.to_str().map_err(|_| bad())?.trim();
        let quoted = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let text = quoted.unwrap_or(text);
        if text.is_empty() || text.len() > MAX_KEY_BYTES {
            return Err(bad());
        }
        Ok(Some(Self {
            key: short(&[&project.0.to_be_bytes(), text.as_bytes()]),
            fingerprint: short(&[call.as_bytes(), b"\n", body]),
        }))
    }

    /// The key of a change to one thing that the shop names itself, whatever characters the name
    /// has. `of` is what is done to which thing; no header ever makes the same key.
    #[must_use]
    pub fn of_source(project: ProjectId, (of, source): (&str, &str), body: &[u8]) -> Self {
        let project = project.0.to_be_bytes();
        Self {
            key: short(&[&project, b"\0", of.as_bytes(), b"\0", source.as_bytes()]),
            fingerprint: short(&[of.as_bytes(), b"\n", body]),
        }
    }

    /// What the store keeps with the change: the status, then the body.
    #[must_use]
    pub fn once(&self, answer: &Answer) -> Once {
        let mut kept = answer.status.as_u16().to_be_bytes().to_vec();
        kept.extend_from_slice(&answer.body);
        Once {
            key: self.key,
            fingerprint: self.fingerprint,
            answer: kept,
        }
    }

    /// The same for an answer that is told from a record again, by the record's number: it is not
    /// kept twice.
    #[must_use]
    pub fn once_of(&self, record: u64) -> Once {
        let mut kept = OF_RECORD.to_be_bytes().to_vec();
        kept.extend_from_slice(&record.to_be_bytes());
        Once {
            key: self.key,
            fingerprint: self.fingerprint,
            answer: kept,
        }
    }
}

/// A refusal that a retry with the same key hears again, unless the key was answered before, or it
/// is of this moment alone.
///
/// # Errors
/// The refusal itself where there is no key, or where the store fails.
pub async fn refused(at: At<'_>, refused: (Option<Key>, Refused)) -> Result<Answer, Refused> {
    refused_telling(at, refused, Vec::new()).await
}

/// The same of a refusal that others are told of by these writes.
///
/// # Errors
/// As [`refused`].
pub async fn refused_telling(
    at: At<'_>,
    (key, refused): (Option<Key>, Refused),
    tell: Vec<Write>,
) -> Result<Answer, Refused> {
    let Refused::Dialect(status, body) = &refused else {
        return Err(refused);
    };
    if key.is_none() && tell.is_empty() {
        return Err(refused);
    }
    if body["key"] == VoucherifyKey::MultipleRequests.wire().1 {
        return Err(refused);
    }
    let answer = Answer::new(*status, body)?;
    let mut command = crate::setup::writes(at.project, tell);
    command.now = at.now;
    command.once = key.map(|key| key.once(&answer));
    let outcome = at.app.store().submit(command).await?;
    match (key, answer.after(outcome)?) {
        (Some(_), Ok(answer)) => Ok(answer),
        _ => Err(refused),
    }
}

/// A name of 16 bytes for parts that name something together: the start of their SHA-256.
pub(crate) fn short(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let full: [u8; 32] = hash.finalize().into();
    full.first_chunk().copied().unwrap_or_default()
}

/// A JSON answer, new or given before.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    body: Bytes,
    is_replayed: bool,
    /// The record that tells it, where it is not told yet.
    record: Option<u64>,
}

impl Answer {
    /// # Errors
    /// Never for our views; a fault if it happens.
    pub fn new<T: serde::Serialize>(status: StatusCode, view: &T) -> Result<Self, Refused> {
        Ok(Self {
            status,
            body: crate::configuration::write(view)?.into(),
            is_replayed: false,
            record: None,
        })
    }

    /// # Errors
    /// As [`Answer::new`].
    pub fn ok<T: serde::Serialize>(view: &T) -> Result<Self, Refused> {
        Self::new(StatusCode::OK, view)
    }

    /// The record that tells the answer, where only its number was kept ([`Key::once_of`]).
    #[must_use]
    pub fn record(&self) -> Option<u64> {
        self.record
    }

    /// The body.
    ///
    /// # Errors
    /// Never for our views; a fault if it happens.
    pub fn view(&self) -> Result<serde_json::Value, Refused> {
        crate::configuration::read(&self.body)
    }

    /// The same answer, showing this.
    ///
    /// # Errors
    /// As [`Answer::new`].
    pub fn showing<T: serde::Serialize>(self, view: &T) -> Result<Self, Refused> {
        let body = crate::configuration::write(view)?.into();
        let record = None;
        Ok(Self {
            body,
            record,
            ..self
        })
    }

    /// What to answer where a command with [`Key::once`] was applied, now or before; any other
    /// outcome is given back.
    ///
    /// # Errors
    /// When the key was used for something else.
    pub fn after(self, outcome: Outcome) -> Result<Result<Self, Outcome>, Refused> {
        match outcome {
            Outcome::Applied => Ok(Ok(self)),
            Outcome::Repeated { answer } => Ok(Ok(Self::kept(&answer))),
            Outcome::Mismatched => Err(Refused::KeyReused),
            other => Ok(Err(other)),
        }
    }

    fn kept(answer: &[u8]) -> Self {
        let (status, body) = answer.split_first_chunk::<2>().unwrap_or((&[0, 200], &[]));
        let status = u16::from_be_bytes(*status);
        let record = (status == OF_RECORD).then(|| body.first_chunk().copied());
        Self {
            status: StatusCode::from_u16(status).unwrap_or_default(),
            body: Bytes::copy_from_slice(body),
            is_replayed: true,
            record: record.flatten().map(u64::from_be_bytes),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if self.is_replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
