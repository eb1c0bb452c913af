//! Who is calling, for which project, and what may they do?
//!
//! A key belongs to one project (live or sandbox) and carries scopes; it is kept as a SHA-256 hash.
//! A handler names the scope it needs in its signature, as `Caller<Scope>`: a handler without one
//! knows no project and can read nothing.

use std::{collections::HashMap, marker::PhantomData};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use ledger::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use store::ProjectId;

use crate::{app::App, clock, problem::Refused};

/// What a key may do. One per group of routes; nothing is allowed that is not named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    EventsWrite,
    Decide,
    Redeem,
    CampaignsRead,
    CampaignsWrite,
    CustomersRead,
    CustomersWrite,
    ReportsRead,
}

impl Scope {
    pub const ALL: [Self; 8] = [
        Self::EventsWrite,
        Self::Decide,
        Self::Redeem,
        Self::CampaignsRead,
        Self::CampaignsWrite,
        Self::CustomersRead,
        Self::CustomersWrite,
        Self::ReportsRead,
    ];

    /// The name of the scope as it is given on the command line and in refusals.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EventsWrite => "events-write",
            Self::Decide => "decide",
            Self::Redeem => "redeem",
            Self::CampaignsRead => "campaigns-read",
            Self::CampaignsWrite => "campaigns-write",
            Self::CustomersRead => "customers-read",
            Self::CustomersWrite => "customers-write",
            Self::ReportsRead => "reports-read",
        }
    }
}

/// A scope as a type, so that a handler's signature says what it needs.
pub trait Needs: Send + Sync + 'static {
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($name:ident),*) => {$(
        #[doc = concat!("Needs the scope of this name.")]
        pub struct $name;
        impl Needs for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )*};
}

needs!(
    EventsWrite,
    Decide,
    Redeem,
    CampaignsRead,
    CampaignsWrite,
    CustomersRead,
    CustomersWrite,
    ReportsRead
);

/// A key as it is kept: never the key itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiKey {
    pub id: u64,
    pub project: u32,
    pub sandbox: bool,
    pub name: String,
    pub hash: [u8; 32],
    #[serde(deserialize_with = "known")]
    pub scopes: Vec<Scope>,
    pub created_at: Timestamp,
}

/// The scopes that this version knows: a newer one may have given the key others beside them.
fn known<'de, D: Deserializer<'de>>(scopes: D) -> Result<Vec<Scope>, D::Error> {
    let names = Vec::<String>::deserialize(scopes)?;
    let scope = |name: &String| Scope::ALL.into_iter().find(|scope| scope.name() == name);
    Ok(names.iter().filter_map(scope).collect())
}

/// All keys, by the hash of their secret.
pub type Keys = HashMap<[u8; 32], ApiKey>;

#[must_use]
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// An authenticated caller with the scope `S`.
pub struct Caller<S> {
    pub project: ProjectId,
    pub key: u64,
    /// The moment of the call: the machine's clock, or what a sandbox key says it is.
    pub now: Timestamp,
    pub is_sandbox: bool,
    scopes: Vec<Scope>,
    scope: PhantomData<S>,
}

impl<S: Needs> FromRequestParts<App> for Caller<S> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let secret = secret(&parts.headers).ok_or(Refused::Unauthorized)?;
        Self::with(app, &parts.headers, &secret).await
    }
}

impl<S: Needs> Caller<S> {
    /// Whether the key may do this beside what the handler needs.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// The caller whose key came in the headers or, as Segment's browsers send it, in the body.
    ///
    /// # Errors
    /// `Unauthorized` where both came and differ, too.
    pub async fn of_either(
        app: &App,
        headers: &HeaderMap,
        body: Option<&str>,
    ) -> Result<Self, Refused> {
        let secret = match (secret(headers), body) {
            (Some(header), Some(body)) if header != body => return Err(Refused::Unauthorized),
            (Some(secret), _) => secret,
            (None, Some(body)) => body.to_owned(),
            (None, None) => return Err(Refused::Unauthorized),
        };
        Self::with(app, headers, &secret).await
    }

    async fn with(app: &App, headers: &HeaderMap, secret: &str) -> Result<Self, Refused> {
        let hash = hash(secret);
        let keys = app.keys_with(&hash).await?;
        let key = keys.get(&hash).ok_or(Refused::Unauthorized)?;
        if !key.scopes.contains(&S::SCOPE) {
            return Err(Refused::ScopeMissing(S::SCOPE));
        }
        Ok(Self {
            project: ProjectId(key.project),
            key: key.id,
            now: now(headers, key)?,
            is_sandbox: key.sandbox,
            scopes: key.scopes.clone(),
            scope: PhantomData,
        })
    }
}

/// `X-App-Token` or, to manage a project, `X-Management-Token` (Voucherify),
/// `Authorization: Basic key:` (Segment) or `Bearer key`.
fn secret(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(token) = text("x-app-token").or_else(|| text("x-management-token")) {
        return Some(token.to_owned());
    }
    let (scheme, value) = text(header::AUTHORIZATION.as_str())?.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(value.trim().to_owned()),
        "basic" => basic(value.trim()),
        _ => None,
    }
}

/// The user name of basic authentication; the colon may be missing.
fn basic(value: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(value)
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let name = text.split_once(':').map_or(text.as_str(), |(name, _)| name);
    Some(name.to_owned())
}

/// The year 2000: no shop's history that is played again is older.
const EARLIEST: Timestamp = 946_684_800_000;
/// Ten years. What is issued or decided further ahead would outlive every limit of ours.
const FURTHEST_AHEAD_MS: i64 = 10 * 366 * 24 * 3_600_000;

/// `Proffer-Now: <RFC 3339>` moves the clock of a sandbox call, so that ninety days can be played
/// in a minute; a live key is refused it, and a moment before 2000 or ten years ahead is no clock.
fn now(headers: &HeaderMap, key: &ApiKey) -> Result<Timestamp, Refused> {
    let wall = clock::wall();
    let Some(value) = headers.get("proffer-now") else {
        return Ok(wall);
    };
    if !key.sandbox {
        return Err(Refused::ClockIsLive);
    }
    let parsed = value
        .to_str()
        .ok()
        .and_then(|text| text.parse::<jiff::Timestamp>().ok());
    parsed
        .map(jiff::Timestamp::as_millisecond)
        .filter(|now| (EARLIEST..=wall.saturating_add(FURTHEST_AHEAD_MS)).contains(now))
        .ok_or(Refused::BadHeader("Proffer-Now"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_a_scope_of_a_newer_version_keeps_the_others() {
        let key = ApiKey {
            id: 7,
            project: 1,
            sandbox: false,
            name: "till".into(),
            hash: [7; 32],
            scopes: Scope::ALL.to_vec(),
            created_at: EARLIEST,
        };
        let text = serde_json::to_string(&key).unwrap();
        let read: ApiKey = serde_json::from_str(&text).unwrap();
        assert_eq!(read.scopes, Scope::ALL);
        let newer = text
            .replace("\"redeem\"", "\"redeem-abroad\"")
            .replace("\"id\":", "\"expires_at\":9,\"id\":");
        let read: ApiKey = serde_json::from_str(&newer).unwrap();
        assert_eq!(read.scopes.len(), Scope::ALL.len() - 1);
        assert!(!read.scopes.contains(&Scope::Redeem));
    }
}
