//! Which browsers may call, and how are they answered? Their keys are public by design, so a page
//! must be listed, and what a browser says of itself is no more than a claim.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use ledger::Timestamp;
use store::ProjectId;
use wire::voucherify::Key;

use crate::{
    api::{dialect::refuse, resources::At},
    app::App,
    auth::{self, ApiKey, Caller},
    configuration::Settings,
    guessing::{Attempt, Who},
    problem::Refused,
    setup::{LIVE, SANDBOX},
};

/// Seconds a browser may remember that it was let in.
const MAX_AGE: &str = "7200";

/// What a page may send, and read of an answer.
pub struct Allowed {
    pub methods: &'static str,
    pub headers: &'static str,
    /// Beside the few that a page may always read.
    pub exposed: Option<&'static str>,
}

/// Whether a text is an origin as browsers send it: `https://shop.example`, without a path, in
/// lower case, and none that stands for several.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let Some(host) = host else { return false };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let is_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    let is_bracketed = name.starts_with('[') && name.ends_with(']');
    let is_host = is_bracketed || name.bytes().all(is_name) && !name.ends_with('.');
    is_host && !name.is_empty() && port.is_none_or(is_port)
}

/// To the letter: nothing that merely looks like a listed page is one.
fn lists(settings: &Settings, origin: &HeaderValue) -> bool {
    let mut known = settings.origins.iter();
    known.any(|known| known.as_bytes() == origin.as_bytes())
}

/// A preflight carries no key, so every project's pages are let through here; whose page it is is
/// judged when the call comes.
pub async fn preflight(app: &App, headers: &HeaderMap, allowed: &Allowed) -> Response {
    let response = StatusCode::NO_CONTENT.into_response();
    with_cors(app, (headers, allowed), response).await
}

/// An answer that a listed page of any project may read.
pub async fn with_cors(
    app: &App,
    (headers, allowed): (&HeaderMap, &Allowed),
    response: Response,
) -> Response {
    let mut listed = None;
    if let Some(origin) = headers.get(header::ORIGIN) {
        for project in [LIVE, SANDBOX] {
            let compiled = app.compiled(project).await.ok();
            if compiled.is_some_and(|compiled| lists(&compiled.settings, origin)) {
                listed = Some(origin);
            }
        }
    }
    readable(response, listed, allowed)
}

fn readable(mut response: Response, origin: Option<&HeaderValue>, allowed: &Allowed) -> Response {
    let answer = response.headers_mut();
    answer.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else {
        return response;
    };
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    let told = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, Some(allowed.methods)),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, Some(allowed.headers)),
        (header::ACCESS_CONTROL_MAX_AGE, Some(MAX_AGE)),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, allowed.exposed),
    ];
    for (name, value) in told {
        if let Some(value) = value {
            answer.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// A browser on a listed page, with a public key of the page's project or a token for pages.
pub struct Browser {
    key: ApiKey,
    origin: HeaderValue,
    address: Option<IpAddr>,
    now: Timestamp,
    pub settings: Settings,
}

/// What a page of a shop may send and read.
pub const PAGES: Allowed = Allowed {
    methods: "GET, POST",
    headers: "authorization, x-client-application-id, x-client-token, content-type, \
              idempotency-key, proffer-now, x-voucherify-api-version, x-voucherify-channel",
    exposed: Some(
        "x-request-id, idempotency-replayed, retry-after, x-rate-limit-limit, \
         x-rate-limit-remaining, x-rate-limit-retry, x-rate-limit-type",
    ),
};

impl FromRequestParts<App> for Browser {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let key = match auth::bearer_token(&parts.headers) {
            Some(token) => auth::of_token(app, parts, &token).await?,
            None => auth::public_key(app, &parts.headers).await?,
        };
        let compiled = app.compiled(ProjectId(key.project)).await?;
        let origin = parts.headers.get(header::ORIGIN);
        let listed = origin.filter(|origin| lists(&compiled.settings, origin));
        let unlisted = "this page may not call: list its origin in the settings (origins)";
        let origin = listed.ok_or_else(|| refuse(Key::Forbidden, unlisted))?;
        Ok(Self {
            origin: origin.clone(),
            address: app.guessing().address(parts),
            now: auth::now(&parts.headers, &key)?,
            settings: compiled.settings.clone(),
            key,
        })
    }
}

impl Browser {
    #[must_use]
    pub fn project(&self) -> ProjectId {
        ProjectId(self.key.project)
    }

    /// Where and when it asks, of what is told without a limit.
    #[must_use]
    pub fn at<'a>(&self, app: &'a App) -> At<'a> {
        At {
            app,
            project: self.project(),
            now: self.now,
        }
    }

    /// Begins a call that tries so many codes for whom it names.
    #[must_use]
    pub fn tries(&self, app: &App, person: Option<&str>, codes: u32) -> Arc<Attempt> {
        let who = Who {
            project: self.project(),
            person,
            address: self.address,
        };
        app.guessing().begin(&who, codes, self.now)
    }

    /// The caller of what the call comes to. No scope: nothing beside is told.
    #[must_use]
    pub fn caller<S>(&self, attempt: Arc<Attempt>) -> Caller<S> {
        Caller::of_browser(&self.key, self.now, attempt)
    }

    /// An answer that the page may read.
    pub fn told(&self, answer: impl IntoResponse) -> Response {
        readable(answer.into_response(), Some(&self.origin), &PAGES)
    }

    /// Ends the call: an answer that says how long to wait, where that is why it was refused.
    pub fn ended(&self, app: &App, attempt: &Attempt, answer: impl IntoResponse) -> Response {
        app.guessing().end(attempt);
        let mut response = self.told(answer);
        if let Some(wait) = attempt.refused() {
            let seconds = |ms: i64| (ms.max(0) as u64).div_ceil(1_000);
            let headers = response.headers_mut();
            for (name, value) in [
                ("retry-after", seconds(wait.until.saturating_sub(self.now))),
                ("x-rate-limit-limit", wait.limit as u64),
                ("x-rate-limit-remaining", 0),
                ("x-rate-limit-retry", seconds(wait.until)),
            ] {
                headers.insert(HeaderName::from_static(name), value.into());
            }
            let kind = HeaderValue::from_static("api_calls");
            headers.insert("x-rate-limit-type", kind);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_browsers_send() {
        for right in [
            "https://shop.example",
            "http://localhost:3000",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://[::1]",
        ] {
            assert!(is_origin(right), "{right}");
        }
        for wrong in [
            "https://shop.example/",
            "https://shop.example.",
            "https://Shop.example",
            "https://shop.example:0",
            "https://shop.example:x",
            "https://*.shop.example",
            "https://",
            "shop.example",
            "null",
            "*",
            "",
        ] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }

    #[test]
    fn only_the_listed_page_itself_is_listed() {
        let settings = Settings {
            origins: vec!["https://shop.com".into()],
            ..Settings::default()
        };
        for (origin, expected) in [
            ("https://shop.com", true),
            ("https://evil-shop.com", false),
            ("https://shop.com.evil", false),
            ("https://shop.com.evil.example", false),
            ("null", false),
            ("https://SHOP.com", false),
            ("HTTPS://shop.com", false),
            ("https://shop.com:443", false),
            ("https://shop.com:8443", false),
            ("https://shop.com.", false),
            ("https://shop.com/", false),
            ("http://shop.com", false),
            ("https://a.shop.com", false),
            ("https://shop.co", false),
            ("", false),
        ] {
            let value = HeaderValue::from_static(origin);
            assert_eq!(lists(&settings, &value), expected, "{origin}");
        }
    }
}
