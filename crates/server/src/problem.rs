//! How does the server say no? Every refusal is a value with a stable code and a sentence; a fault
//! is logged once with its request id and told to nobody.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use store::Fault;
use wire::{
    problem::{Place, Problem},
    voucherify::{ErrorBody, Plainly},
};

use crate::{auth::Scope, description::is_voucherifys, telemetry};

/// What a handler answers when it does not answer what was asked.
#[derive(Debug)]
pub enum Refused {
    Unauthorized,
    ScopeMissing(Scope),
    ClockIsLive,
    /// A form that did not come from our own pages.
    OtherSite,
    BadHeader(&'static str),
    /// The body cannot be read: where, and why.
    Malformed {
        pointer: String,
        detail: String,
    },
    /// Several places of the body cannot be read.
    Items(Vec<Place>),
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
    /// A call of Voucherify's protocol that is not served.
    NotOffered {
        method: &'static str,
        path: &'static str,
    },
    Conflict {
        code: &'static str,
        detail: String,
    },
    /// The idempotency key was used for something else.
    KeyReused,
    /// Too much at once: try again.
    Busy,
    /// This process cannot do it now, and another one can, or this one later: a stable code and
    /// why.
    Unavailable {
        code: &'static str,
        detail: String,
    },
    TooLarge {
        limit: usize,
    },
    /// Refused before any call was reached: method, size, time, encoding.
    Transport(StatusCode),
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
    /// What came in the way of telling what was done: `busy` says that nothing was.
    #[must_use]
    pub fn after_all(self) -> Self {
        match self {
            Self::Busy => Self::Fault("what was done could not be told: too much at once".into()),
            other => other,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::ScopeMissing(_) | Self::OtherSite => StatusCode::FORBIDDEN,
            Self::ClockIsLive | Self::BadHeader(_) | Self::Malformed { .. } | Self::Items(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Invalid { .. } | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound { .. } | Self::NotOffered { .. } => StatusCode::NOT_FOUND,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Transport(status) | Self::Dialect(status, _) => *status,
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
            Self::OtherSite => "other_site",
            Self::BadHeader(_) => "bad_header",
            Self::Malformed { .. } | Self::Items(_) => "malformed_body",
            Self::Invalid { code, .. }
            | Self::Conflict { code, .. }
            | Self::Unavailable { code, .. } => code,
            Self::NotFound { .. } => "not_found",
            Self::NotOffered { .. } => "not_offered",
            Self::KeyReused => "idempotency_key_reused",
            Self::Busy => "busy",
            Self::TooLarge { .. } => "too_large",
            Self::Transport(status) => transport(*status).0,
            Self::Dialect(..) => "dialect",
            Self::Fault(_) => "internal",
        }
    }

    /// The code, or what Voucherify's clients know it by.
    fn key(&self) -> &'static str {
        match self {
            Self::ScopeMissing(_) => "missing_required_permission",
            Self::Malformed { .. } | Self::Items(_) => "invalid_payload",
            other => other.code(),
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
            Self::OtherSite => "This form was sent from another site, so nothing was done.".into(),
            Self::BadHeader(name) => format!("The header {name} cannot be read."),
            Self::Malformed { detail, .. } => format!("The body cannot be read: {detail}."),
            Self::Invalid { detail, .. }
            | Self::Conflict { detail, .. }
            | Self::Unavailable { detail, .. } => detail.clone(),
            Self::Items(places) => format!("{} items cannot be taken.", places.len()),
            Self::NotFound { what, id } => format!("There is no {what} {id}."),
            Self::NotOffered { method, path } => format!(
                "{method} {path} is a call of Voucherify's protocol that this server does not \
                 offer."
            ),
            Self::KeyReused => {
                "This idempotency key was used for another request; use a new one.".into()
            }
            Self::Busy => "Too many writes are waiting; try again in a second.".into(),
            Self::TooLarge { limit } => format!("The body is larger than {limit} bytes."),
            Self::Transport(status) => transport(*status).1.into(),
            Self::Dialect(..) => String::new(),
            Self::Fault(_) => {
                "Something went wrong on our side; the request id names it in the log.".into()
            }
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Malformed { pointer, detail }
            | Self::Invalid {
                pointer, detail, ..
            } => vec![Place {
                pointer: pointer.clone(),
                detail: detail.clone(),
            }],
            Self::Items(places) => places.clone(),
            _ => Vec::new(),
        }
    }

    fn problem(&self, request_id: &str) -> Problem {
        let status = self.status();
        Problem {
            kind: format!("/problems/{}", self.code()),
            title: status.canonical_reason().unwrap_or("Refused").into(),
            status: status.as_u16(),
            detail: self.detail(),
            code: self.code().into(),
            errors: self.places(),
            request_id: request_id.into(),
        }
    }

    fn error_body(&self, request_id: &str) -> ErrorBody {
        let status = self.status();
        ErrorBody {
            code: status.as_u16(),
            key: self.key().into(),
            message: status.canonical_reason().unwrap_or("Refused").into(),
            details: Some(self.detail()),
            request_id: request_id.into(),
            proffer: Some(Plainly {
                code: self.code().into(),
                sentence: self.detail(),
                gap: None,
            }),
            ..ErrorBody::default()
        }
    }
}

/// Code and sentence of what is refused before any call was reached.
fn transport(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => (
            "method_not_allowed",
            "This path does not take this method; see /openapi.json.",
        ),
        StatusCode::REQUEST_TIMEOUT => ("too_slow", "The request took too long; send it again."),
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "The body is too large; send less."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "unsupported_encoding",
            "The body is in an encoding we do not read; send plain JSON.",
        ),
        _ => (
            "bad_request",
            "The request cannot be read; check its path, query and headers.",
        ),
    }
}

/// The same refusal for a client of Voucherify's, kept beside our answer until it is known who
/// asked.
#[derive(Clone)]
struct Theirs(String);

/// Whatever was refused without a body of ours gets one, and who asked in Voucherify's protocol is
/// refused in it.
pub async fn always_a_body(request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() && !is_ours(&response) {
        response = Refused::Transport(status).into_response();
    }
    match response.extensions_mut().remove::<Theirs>() {
        Some(theirs) if is_voucherifys(method.as_str(), uri.path()) => translated(response, theirs),
        _ => response,
    }
}

fn is_ours(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| {
        let kind = kind.as_bytes();
        kind.starts_with(b"application/") || kind.starts_with(b"text/html")
    })
}

fn translated(mut response: Response, Theirs(body): Theirs) -> Response {
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    *response.body_mut() = Body::from(body);
    response
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let request_id = telemetry::request_id();
        match &self {
            Self::Fault(fault) => tracing::error!(request_id, fault, "fault"),
            Self::Unavailable { code, detail } => tracing::warn!(request_id, code, detail),
            _ => {}
        }
        let (body, kind) = match &self {
            Self::Dialect(_, body) => (body.to_string(), "application/json"),
            _ => (
                self.problem(&request_id).to_json(),
                "application/problem+json",
            ),
        };
        let mut response = (self.status(), body).into_response();
        if !matches!(self, Self::Dialect(..)) {
            let theirs = serde_json::to_string(&self.error_body(&request_id));
            response
                .extensions_mut()
                .insert(Theirs(theirs.unwrap_or_default()));
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if matches!(self, Self::Busy | Self::Unavailable { .. }) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_done_is_never_said_of_what_was_done() {
        assert_eq!(Refused::Busy.after_all().code(), "internal");
        assert_eq!(
            Refused::KeyReused.after_all().code(),
            Refused::KeyReused.code()
        );
    }
}
