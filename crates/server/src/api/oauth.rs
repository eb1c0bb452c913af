//! Tokens: a server with a key gets one that lives for a quarter of an hour, to be handed on.

use axum::{
    body::Bytes,
    extract::{FromRequestParts, Query, State},
    http::{Uri, request::Parts},
};
use ledger::Timestamp;
use serde::de::DeserializeOwned;
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::voucherify::{Key, TokenNamed, TokenRequest, TokenState, TokenView};

use super::dialect::{parse, refuse};
use crate::{
    app::App,
    auth::{self, ApiKey},
    once::Answer,
    problem::Refused,
    tokens,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(issue))
        .routes(routes!(introspect))
        .routes(routes!(revoke))
}

/// Any secret key, whatever it may do. Tokens make no tokens.
struct Holder {
    key: ApiKey,
    now: Timestamp,
}

impl FromRequestParts<App> for Holder {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let key = auth::secret_key(app, &parts.headers).await?;
        let now = auth::now(&parts.headers, &key)?;
        Ok(Self { key, now })
    }
}

/// Get a token. It may do what the key may, within its scopes, for 900 seconds; a key has at most
/// 1,000 that live.
#[utoipa::path(post, path = "/v1/oauth/token",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenView)))]
async fn issue(State(app): State<App>, holder: Holder, body: Bytes) -> Result<Answer, Refused> {
    let asked: TokenRequest = form(&body)?;
    let scopes = asked.scopes();
    let scopes = scopes.map_err(|(key, details)| refuse(key, details))?;
    Answer::ok(&tokens::issue(&app, (&holder.key, holder.now), scopes).await?)
}

/// What a token of the project is.
#[utoipa::path(post, path = "/v1/oauth/introspect",
    request_body(content = TokenNamed, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenState)))]
async fn introspect(
    State(app): State<App>,
    holder: Holder,
    body: Bytes,
) -> Result<Answer, Refused> {
    let token = named(&body)?;
    Answer::ok(&tokens::state(&app, (&holder.key, holder.now), &token).await?)
}

/// End a token of the project. One that is unknown is ended already.
#[utoipa::path(post, path = "/v1/oauth/token/revoke",
    request_body(content = TokenNamed, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "It is no more.")))]
async fn revoke(State(app): State<App>, holder: Holder, body: Bytes) -> Result<Answer, Refused> {
    tokens::revoke(&app, &holder.key, &named(&body)?).await?;
    Answer::ok(&serde_json::json!({}))
}

fn named(body: &[u8]) -> Result<String, Refused> {
    let named: TokenNamed = form(body)?;
    let missing = || refuse(Key::MissingParameters, "token is required");
    named
        .token
        .filter(|token| !token.is_empty())
        .ok_or_else(missing)
}

/// A form, or the same as JSON.
fn form<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    if body.trim_ascii_start().starts_with(b"{") {
        return parse(body);
    }
    let wrong = || refuse(Key::InvalidPayload, "the form cannot be read");
    let text = std::str::from_utf8(body).map_err(|_| wrong())?;
    let uri: Uri = format!("/?{}", text.trim()).parse().map_err(|_| wrong())?;
    let Query(form) = Query::try_from_uri(&uri).map_err(|_| wrong())?;
    Ok(form)
}
