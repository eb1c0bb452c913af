//! Products: what the shop sells, as it describes it.

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
    voucherify::{List, Metadata, Product, ProductView},
};

use super::{
    dialect::{Asked, retry},
    resources::{self, At, Kept, Resource, sent},
    skus,
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    once::{self, Answer},
    problem::Refused,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
}

impl Resource for Product {
    type View = ProductView;
    const KIND: Kind = Kind::Product;
    const TAG: Tag = Tag::Product;
    const NAME: &'static str = "product";
    const MOST: u64 = 100_000;
    const ROWS: &'static str = "products";
    const NATURAL: Option<Index> = Some(Index::ProductSource);
    const UPSERTS: bool = true;

    fn natural(&self) -> Option<&str> {
        self.source_id.as_deref()
    }

    fn metadata(&self) -> Option<(&'static str, &Metadata)> {
        Some(("product", &self.metadata))
    }

    fn check(&self) -> Result<(), Malformed> {
        Product::check(self)
    }

    fn bare(kept: &Kept<Self>) -> ProductView {
        kept.thing().view(kept.id, kept.times())
    }

    async fn shown(at: At<'_>, rows: &[Kept<Self>]) -> Result<Vec<ProductView>, Refused> {
        let mut shown = Vec::new();
        for kept in rows {
            let mut view = Self::bare(kept);
            view.skus = Some(skus::beside(at, kept.id).await?);
            shown.push(view);
        }
        Ok(shown)
    }
}

/// Make a product, or change the one that has this `source_id`.
#[utoipa::path(post, path = "/v1/products", request_body = Product,
    responses((status = 200, body = ProductView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/products", &body))?;
    resources::create::<Product>(At::of(&app, &caller), (&sent(&body)?, once)).await
}

/// Products, newest first.
#[utoipa::path(get, path = "/v1/products", responses((status = 200, body = List<ProductView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    resources::list::<Product>(At::of(&app, &caller), &asked).await
}

/// One product, by id or `source_id`.
#[utoipa::path(get, path = "/v1/products/{id}", responses((status = 200, body = ProductView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    resources::get::<Product>(At::of(&app, &caller), &name).await
}

/// Change a product. What is absent stays, and `null` clears.
#[utoipa::path(put, path = "/v1/products/{id}", request_body = Product,
    responses((status = 200, body = ProductView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    resources::update::<Product>(At::of(&app, &caller), &name, &sent(&body)?).await
}

/// Remove a product with its SKUs.
#[utoipa::path(delete, path = "/v1/products/{id}", responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    let at = At::of(&app, &caller);
    retry(async || {
        let product: Kept<Product> = resources::load(at, &name).await?;
        let skus = skus::all_of(at, product.id).await?;
        let removals = skus.iter().flat_map(Kept::removal).collect();
        resources::removed(at, &product, removals).await
    })
    .await
}
