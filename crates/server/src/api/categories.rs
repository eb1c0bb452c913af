//! Categories: how campaigns are grouped and ranked.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use store::{Index, Kind};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    Malformed,
    ids::Tag,
    voucherify::{Category, CategoryView, List, Sent},
};

use super::{
    dialect::{Asked, MAX_LIMIT, retry},
    resources::{self, At, Call, Kept, Resource, load, sent, take_effect},
};
use crate::{
    app::{App, renumbered},
    auth::{Caller, CampaignsRead, CampaignsWrite},
    once::{self, Answer},
    problem::Refused,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
}

impl Resource for Category {
    type View = CategoryView;
    const KIND: Kind = Kind::Category;
    const TAG: Tag = Tag::Category;
    const NAME: &'static str = "category";
    const MOST: u64 = MAX_LIMIT as u64;
    /// All of them.
    const PAGE: u32 = MAX_LIMIT;
    const NATURAL: Option<Index> = Some(Index::CategoryName);

    fn natural(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> Result<(), Malformed> {
        Category::check(self)
    }

    fn bare(kept: &Kept<Self>) -> CategoryView {
        kept.thing().view(kept.id, kept.times())
    }
}

/// Make a category. At most 100.
#[utoipa::path(post, path = "/v1/categories", request_body = Category,
    responses((status = 200, body = CategoryView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/categories", &body))?;
    let (at, sent) = (At::of(&app, &caller), sent(&body)?);
    let made = retry(|| resources::made(at, Category::default(), seen(&sent, once))).await;
    let answer = resources::told(at, once, made).await?;
    take_effect(at).await;
    Ok(answer)
}

/// What is sent, with what has every process look at the categories again.
fn seen(sent: &Sent, once: Option<once::Key>) -> Call<'_> {
    let mut call = Call::new(sent, once);
    call.writes.push(renumbered());
    call
}

/// All categories, newest first.
#[utoipa::path(get, path = "/v1/categories",
    responses((status = 200, body = List<CategoryView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    resources::list::<Category>(At::of(&app, &caller), &asked).await
}

/// One category, by id or name.
#[utoipa::path(get, path = "/v1/categories/{id}", responses((status = 200, body = CategoryView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    resources::get::<Category>(At::of(&app, &caller), &name).await
}

/// Change a category. What is absent stays.
#[utoipa::path(put, path = "/v1/categories/{id}", request_body = Category,
    responses((status = 200, body = CategoryView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let (at, sent) = (At::of(&app, &caller), sent(&body)?);
    let attempt = async || {
        let known: Kept<Category> = load(at, &name).await?;
        resources::changed(at, known, seen(&sent, None)).await
    };
    let answer = retry(attempt).await?;
    take_effect(at).await;
    Ok(answer)
}

/// Remove a category.
#[utoipa::path(delete, path = "/v1/categories/{id}", responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    let at = At::of(&app, &caller);
    let attempt = async || {
        let known: Kept<Category> = load(at, &name).await?;
        resources::removed(at, &known, vec![renumbered()]).await
    };
    let removed = retry(attempt).await?;
    take_effect(at).await;
    Ok(removed)
}
