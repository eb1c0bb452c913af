//! How does the server say no? Every refusal is a value with a stable code and a sentence; a fault
//! is logged once with its request id and told to nobody.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use store::Fault;

use crate::{auth::Scope, telemetry};

/// What a handler answers when it does not answer what was asked.
#[derive(Debug)]
pub enum Refused {
    Unauthorized,
    ScopeMissing(Scope),
    ClockIsLive,
    BadHeader(&'static str),
    /// The body cannot be read: where, and why.
    Malformed {
        pointer: String,
        detail: String,
    },
    /// Several places of the body cannot be read.
    Items(Vec<wire::problem::Place>),
    /// A value that can be read but not accepted: a stable code, where, and why.
    Invalid {
        code: &'static str,
        pointer: String,
        detail: String,
    },
    NotFound {
        what: &'static str,
        id: String,
    },
    Conflict {
        code: &'static str,
        detail: String,
    },
    /// The idempotency key was used for something else.
    KeyReused,
    /// Too much at once: try again.
    Busy,
    TooLarge {
        limit: usize,
    },
    /// A body of another protocol, with its status.
    Dialect(StatusCode, serde_json::Value),
    /// Not the caller's mistake.
    Fault(String),
}

impl From<wire::Malformed> for Refused {
    fn from(wire::Malformed { pointer, detail }: wire::Malformed) -> Self {
        Self::Malformed { pointer, detail }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy => Self::Busy,
            Fault::Disk(_) | Fault::Closed => Self::Fault(fault.to_string()),
        }
    }
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::ScopeMissing(_) => StatusCode::FORBIDDEN,
            Self::ClockIsLive | Self::BadHeader(_) | Self::Malformed { .. } | Self::Items(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Invalid { .. } | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Dialect(status, _) => *status,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::ScopeMissing(_) => "scope_missing",
            Self::ClockIsLive => "clock_is_live",
            Self::BadHeader(_) => "bad_header",
            Self::Malformed { .. } | Self::Items(_) => "malformed_body",
            Self::Invalid { code, .. } | Self::Conflict { code, .. } => code,
            Self::NotFound { .. } => "not_found",
            Self::KeyReused => "idempotency_key_reused",
            Self::Busy => "busy",
            Self::TooLarge { .. } => "too_large",
            Self::Dialect(..) => "dialect",
            Self::Fault(_) => "internal",
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Unauthorized => "Send a valid key: X-App-Token, Basic or Bearer.".into(),
            Self::ScopeMissing(scope) => {
                format!(
                    "This key lacks the scope {}; use one that has it.",
                    scope.name()
                )
            }
            Self::ClockIsLive => "Proffer-Now is for sandbox keys; leave it out.".into(),
            Self::BadHeader(name) => format!("The header {name} cannot be read."),
            Self::Malformed { detail, .. }
            | Self::Invalid { detail, .. }
            | Self::Conflict { detail, .. } => detail.clone(),
            Self::Items(places) => format!("{} items cannot be taken.", places.len()),
            Self::NotFound { what, id } => format!("There is no {what} {id}."),
            Self::KeyReused => {
                "This idempotency key was used for another request; use a new one.".into()
            }
            Self::Busy => "Too many writes are waiting; try again in a second.".into(),
            Self::TooLarge { limit } => format!("The body is larger than {limit} bytes."),
            Self::Dialect(..) => String::new(),
            Self::Fault(_) => {
                "Something went wrong on our side; the request id names it in the log.".into()
            }
        }
    }

    fn places(&self) -> Vec<wire::problem::Place> {
        match self {
            Self::Malformed { pointer, detail }
            | Self::Invalid {
                pointer, detail, ..
            } => vec![wire::problem::Place {
                pointer: pointer.clone(),
                detail: detail.clone(),
            }],
            Self::Items(places) => places.clone(),
            _ => Vec::new(),
        }
    }

    /// RFC 9457 problem details; `code` is stable, `errors[]` names the place.
    fn body(&self, request_id: &str) -> serde_json::Value {
        let status = self.status();
        serde_json::json!({
            "type": format!("/problems/{}", self.code()),
            "title": status.canonical_reason().unwrap_or("Refused"),
            "status": status.as_u16(),
            "detail": self.detail(),
            "code": self.code(),
            "errors": self.places(),
            "request_id": request_id,
        })
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let request_id = telemetry::request_id();
        if let Self::Fault(fault) = &self {
            tracing::error!(request_id, fault, "fault");
        }
        let (body, kind) = match &self {
            Self::Dialect(_, body) => (body.clone(), "application/json"),
            _ => (self.body(&request_id), "application/problem+json"),
        };
        let mut response = (self.status(), body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if matches!(self, Self::Busy) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
