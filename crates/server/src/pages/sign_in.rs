//! How does somebody get in, and out? With a key that may read reports, or a link good once.

use askama::Template;
use axum::{
    Router,
    body::Bytes,
    extract::{FromRequestParts, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use ledger::Timestamp;
use serde::Deserialize;
use store::ProjectId;

use super::{Session, Shell, guard::is_secure, show};
use crate::{
    app::App,
    auth::{Scope, hash},
    clock,
    problem::Refused,
    setup::SANDBOX,
};

const COOKIE: &str = "proffer_session";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/sign-in", get(form).post(sign_in))
        .route("/sign-out", post(sign_out))
}

/// A path that signs in to the sandbox once; the bare form where none can be made.
pub async fn sign_in_link(app: &App) -> String {
    match app.visits().link(SANDBOX, clock::wall()).await {
        Ok(token) => format!("/sign-in?token={token}"),
        Err(_) => "/sign-in".into(),
    }
}

/// Somebody who is signed in and may read reports; everybody else is sent to the form.
pub struct Visitor {
    pub project: ProjectId,
    pub now: Timestamp,
    /// Whether personal facts may be shown.
    pub sees_customers: bool,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let found = visitor(app, &parts.headers).await;
        let found = found.map_err(IntoResponse::into_response)?;
        found.ok_or_else(|| Redirect::to("/sign-in").into_response())
    }
}

async fn visitor(app: &App, headers: &HeaderMap) -> Result<Option<Visitor>, Refused> {
    let now = clock::wall();
    let Some(secret) = cookie(headers) else {
        return Ok(None);
    };
    let Some(session) = app.visits().find(secret, now).await? else {
        return Ok(None);
    };
    // It may have begun elsewhere, with a key that was made just now.
    let keys = match session.key {
        Some(key) => app.keys_with(&key).await?,
        None => app.keys(),
    };
    let may = |scope| session.may(scope, &keys);
    Ok(may(Scope::ReportsRead).then(|| Visitor {
        project: session.project,
        now,
        sees_customers: may(Scope::CustomersRead),
    }))
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Form {
    shell: Shell,
    trouble: Option<&'static str>,
}

#[derive(Deserialize)]
struct Followed {
    token: Option<String>,
}

#[derive(Deserialize)]
struct Entered {
    key: String,
}

/// The form; or, with the token of a link, straight in. The token is used up by that.
async fn form(
    State(app): State<App>,
    headers: HeaderMap,
    Query(followed): Query<Followed>,
) -> Result<Response, Refused> {
    let Some(token) = followed.token else {
        return Ok(asked(None)?.into_response());
    };
    if let Some(secret) = app.visits().follow(&token, clock::wall()).await? {
        return Ok(welcome(&headers, &secret));
    }
    let page = asked(Some("This link was used already, or is too old."))?;
    Ok((StatusCode::UNAUTHORIZED, page).into_response())
}

async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    if !is_ours(&headers) {
        return Ok(foreign());
    }
    let entered = entered(&body).unwrap_or_default();
    let key = hash(entered.trim());
    let keys = app.keys_with(&key).await?;
    let trouble = match keys.get(&key) {
        None => "We do not know this key.",
        Some(known) if !known.scopes.contains(&Scope::ReportsRead) => {
            "This key may not read reports: use one with the scope reports-read."
        }
        Some(known) => {
            let session = Session::of_key(ProjectId(known.project), key, clock::wall());
            let secret = app.visits().begin(session).await?;
            return Ok(welcome(&headers, &secret));
        }
    };
    Ok((StatusCode::UNAUTHORIZED, asked(Some(trouble))?).into_response())
}

async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refused> {
    if !is_ours(&headers) {
        return Ok(foreign());
    }
    if let Some(secret) = cookie(&headers) {
        app.visits().end(secret).await?;
    }
    let gone = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    let answer = with_cookie(Redirect::to("/sign-in").into_response(), &gone);
    Ok(answer)
}

fn asked(trouble: Option<&'static str>) -> Result<Html<String>, Refused> {
    show(&Form {
        shell: Shell::outside(),
        trouble,
    })
}

/// A form's body is written as a query is.
fn entered(body: &[u8]) -> Option<String> {
    let uri = format!("/?{}", std::str::from_utf8(body).ok()?);
    let read = Query::<Entered>::try_from_uri(&uri.parse().ok()?);
    read.ok().map(|Query(entered)| entered.key)
}

fn welcome(headers: &HeaderMap, secret: &str) -> Response {
    let secure = if is_secure(headers) { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}");
    with_cookie(Redirect::to("/").into_response(), &cookie)
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, secret)| secret)
}

/// Whether a form came from our own pages. Every browser says so in one of two headers; who says
/// nothing is not a browser, and has the API.
fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = text("origin").and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, host)| Some(host) == text("host"))
}

fn foreign() -> Response {
    Refused::OtherSite.into_response()
}
