//! Who is calling, for which project, and what may they do?
//!
//! A key belongs to one project (live or sandbox) and carries scopes; it is kept as a SHA-256 hash.
//! A handler names the scope it needs in its signature, as `Caller<Scope>`: a handler without one
//! knows no project and can read nothing.

use std::{collections::HashMap, marker::PhantomData, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use ledger::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use store::ProjectId;

use wire::voucherify::{Key, opens};

use crate::{
    api::dialect::refuse,
    app::App,
    clock,
    guessing::Attempt,
    problem::Refused,
    tokens::{self, is_token},
};

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
    /// Made for browsers, where anybody can read it. It has no scope, so that nobody who does not
    /// know of this takes it for more.
    #[serde(default)]
    pub is_public: bool,
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
    /// Of a browser: the codes of this call.
    attempt: Option<Arc<Attempt>>,
    scope: PhantomData<S>,
}

impl<S> Caller<S> {
    /// A browser that may call this, as anybody may.
    #[must_use]
    pub fn of_browser(key: &ApiKey, now: Timestamp, attempt: Arc<Attempt>) -> Self {
        Self {
            project: ProjectId(key.project),
            key: key.id,
            now,
            is_sandbox: key.sandbox,
            scopes: Vec::new(),
            attempt: Some(attempt),
            scope: PhantomData,
        }
    }

    /// What a browser tries; `None` where the shop itself calls.
    #[must_use]
    pub fn attempt(&self) -> Option<&Arc<Attempt>> {
        self.attempt.as_ref()
    }
}

impl<S: Needs> FromRequestParts<App> for Caller<S> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let secret = secret(&parts.headers).ok_or(Refused::Unauthorized)?;
        if is_token(&secret) {
            let key = of_token(app, parts, &secret).await?;
            return Self::of_key(&parts.headers, &key);
        }
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
        Self::of_key(headers, keys.get(&hash).ok_or(Refused::Unauthorized)?)
    }

    fn of_key(headers: &HeaderMap, key: &ApiKey) -> Result<Self, Refused> {
        if !key.scopes.contains(&S::SCOPE) {
            return Err(Refused::ScopeMissing(S::SCOPE));
        }
        Ok(Self {
            project: ProjectId(key.project),
            key: key.id,
            now: now(headers, key)?,
            is_sandbox: key.sandbox,
            scopes: key.scopes.clone(),
            attempt: None,
            scope: PhantomData,
        })
    }
}

/// The key of a token that opens this path.
///
/// # Errors
/// When the token is none, is over, or opens other paths.
pub async fn of_token(app: &App, parts: &Parts, secret: &str) -> Result<ApiKey, Refused> {
    let standing = tokens::standing(app, secret).await?;
    let (key, token) = standing.ok_or(Refused::Unauthorized)?;
    if token.is_over(now(&parts.headers, &key)?) {
        return Err(Refused::Unauthorized);
    }
    if !opens(&token.scopes, parts.uri.path()) {
        let details = "the scopes of this token do not open this path";
        return Err(refuse(Key::Forbidden, details));
    }
    Ok(key)
}

/// The token that came as `Authorization: Bearer`, if one did.
#[must_use]
pub fn bearer_token(headers: &HeaderMap) -> Option<String> {
    secret(headers).filter(|secret| is_token(secret))
}

/// A key of the shop's servers, whatever it may do.
///
/// # Errors
/// When there is none, or it is a public key or a token.
pub async fn secret_key(app: &App, headers: &HeaderMap) -> Result<ApiKey, Refused> {
    let secret = secret(headers).ok_or(Refused::Unauthorized)?;
    let hash = hash(&secret);
    let keys = app.keys_with(&hash).await?;
    let known = keys.get(&hash).cloned();
    let key = known.ok_or(Refused::Unauthorized)?;
    if key.is_public {
        return Err(refuse(Key::Forbidden, "a public key makes no tokens"));
    }
    Ok(key)
}

/// The public key that came with a request as `X-Client-Token`.
///
/// # Errors
/// When there is none, nobody knows it, or it is no public one: a secret does not belong into a
/// page.
pub async fn public_key(app: &App, headers: &HeaderMap) -> Result<ApiKey, Refused> {
    let token = headers.get(CLIENT_TOKEN);
    let token = token.and_then(|value| value.to_str().ok());
    let token = token.ok_or_else(|| refuse(Key::Unauthorized, "send a key as X-Client-Token"))?;
    let hash = hash(token);
    let keys = app.keys_with(&hash).await?;
    let unknown = || refuse(Key::Unauthorized, "nobody knows this X-Client-Token");
    let key = keys.get(&hash).ok_or_else(unknown)?;
    if !key.is_public {
        let details = "this key is a secret of the shop's servers: use a public one";
        return Err(refuse(Key::Forbidden, details));
    }
    Ok(key.clone())
}

const CLIENT_TOKEN: &str = "x-client-token";

/// `X-App-Token` or, for what manages a project, `X-Management-Token` (Voucherify),
/// `Authorization: Basic key:` (Segment) or `Bearer key`.
fn secret(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // A public key is known, and may do nothing where secret ones are asked for.
    let mut tokens = ["x-app-token", "x-management-token", CLIENT_TOKEN].into_iter();
    if let Some(token) = tokens.find_map(text) {
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
///
/// # Errors
/// When it is sent and is none of a sandbox.
pub fn now(headers: &HeaderMap, key: &ApiKey) -> Result<Timestamp, Refused> {
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
            is_public: false,
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
