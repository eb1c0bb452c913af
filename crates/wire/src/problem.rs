//! How do we say no in our own words? RFC 9457 problem details.

use offers::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Malformed;

/// `application/problem+json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Problem {
    /// A URL that the server itself serves as a page.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// A sentence a person can act on; never personal data.
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Stable snake_case code.
    pub code: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Place>,
    pub request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// Minor units missing to the least order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<u64>,
}

/// One place in the request that does not fit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// JSON Pointer (RFC 6901).
    pub pointer: String,
    pub detail: String,
}

impl From<Malformed> for Place {
    fn from(Malformed { pointer, detail }: Malformed) -> Self {
        Self { pointer, detail }
    }
}

/// Every "no" to a call that is not an offer's refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    MalformedBody,
    Unauthorized,
    ScopeMissing,
    NotFound,
    AlreadyExists,
    Stale,
    KeyMissing,
    KeyReused,
    StillRunning,
    TooLarge,
    Busy,
    Internal,
}

impl Code {
    /// HTTP status, stable code and title.
    #[must_use]
    pub fn wire(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::MalformedBody => (400, "malformed_body", "The body cannot be read"),
            Self::Unauthorized => (401, "unauthorized", "No valid key"),
            Self::ScopeMissing => (403, "scope_missing", "The key may not do this"),
            Self::NotFound => (404, "not_found", "There is no such thing"),
            Self::AlreadyExists => (409, "already_exists", "It exists already"),
            Self::Stale => (409, "stale", "It has changed in the meantime"),
            Self::KeyMissing => (
                400,
                "idempotency_key_missing",
                "An idempotency key is needed",
            ),
            Self::KeyReused => (
                422,
                "idempotency_key_reused",
                "The key was used for another call",
            ),
            Self::StillRunning => (409, "still_running", "The first call is still running"),
            Self::TooLarge => (413, "too_large", "The body is too large"),
            Self::Busy => (429, "busy", "Too much at once"),
            Self::Internal => (500, "internal", "Something went wrong on our side"),
        }
    }
}

impl Problem {
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>, request_id: &str) -> Self {
        let (status, code, title) = code.wire();
        Self {
            kind: format!("/problems/{code}"),
            title: title.into(),
            status,
            detail: detail.into(),
            code: code.into(),
            request_id: request_id.into(),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn malformed(malformed: Malformed, request_id: &str) -> Self {
        let mut problem = Self::new(Code::MalformedBody, malformed.detail.clone(), request_id);
        problem.errors.push(malformed.into());
        problem
    }

    /// An offer's refusal, where a whole call fails by it.
    #[must_use]
    pub fn refusal(refusal: &Refusal, request_id: &str) -> Self {
        let status = if *refusal == Refusal::NotFound {
            404
        } else {
            409
        };
        let code = refusal.code();
        Self {
            kind: format!("/problems/{code}"),
            title: "The offer cannot be used".into(),
            status,
            detail: refusal.sentence(),
            code: code.into(),
            request_id: request_id.into(),
            gap: match refusal {
                Refusal::BelowMinimum { gap } => Some(*gap),
                _ => None,
            },
            ..Self::default()
        }
    }
}
