//! SKUs: the kinds in which a product is sold.

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
    voucherify::{List, Product, Sku, SkuOfProduct, SkuView},
};

use super::{
    dialect::{Asked, not_found, retry},
    resources::{self, Asking, At, Call, Kept, Resource, load, sent},
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    once::{self, Answer},
    problem::Refused,
    vouchers::key,
};

/// SKUs of all products of a project.
const MAX_ALL: u64 = 500_000;
/// How many of its SKUs stand beside a product.
const MAX_BESIDE: u32 = 100;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(create, list))
        .routes(routes!(update, delete))
}

impl Resource for Sku {
    type View = SkuView;
    const KIND: Kind = Kind::Sku;
    const TAG: Tag = Tag::Sku;
    const NAME: &'static str = "sku";
    /// Of one product.
    const MOST: u64 = 500;
    const ROWS: &'static str = "skus";
    const OURS: &'static [&'static str] = &["product"];
    const NATURAL: Option<Index> = Some(Index::SkuSource);
    const UPSERTS: bool = true;

    fn natural(&self) -> Option<&str> {
        self.source_id.as_deref()
    }

    fn is_beside(&self, other: &Self) -> bool {
        self.product == other.product
    }

    fn check(&self) -> Result<(), Malformed> {
        Sku::check(self)
    }

    async fn room(at: At<'_>, new: &Self) -> Result<(u64, u64), Refused> {
        let mut view = at.app.store().view(at.project)?;
        let all = view.count_records(Self::KIND).await?;
        if all >= MAX_ALL {
            return Ok((all, MAX_ALL));
        }
        let of_product = key(new.product);
        let count = view.count(Index::SkusOfProduct, &of_product).await?;
        Ok((count, Self::MOST))
    }

    fn belongs_to(&self) -> Vec<(Index, u64)> {
        vec![(Index::SkusOfProduct, self.product)]
    }

    fn bare(kept: &Kept<Self>) -> SkuView {
        kept.thing().view(kept.id, kept.times())
    }
}

/// The newest SKUs of a product, as they stand beside it, and how many there are in all.
///
/// # Errors
/// When the store cannot be read.
pub async fn beside(at: At<'_>, product: u64) -> Result<List<SkuView>, Refused> {
    let of_product = key(product);
    let under = (Index::SkusOfProduct, of_product.as_slice());
    let rows: Vec<Kept<Sku>> = resources::under(at, under, MAX_BESIDE).await?;
    let total = at.app.store().count(at.project, under.0, under.1).await?;
    let shown = rows.iter().map(Sku::bare).collect();
    Ok(List::page("data", shown, total))
}

/// All SKUs of a product.
///
/// # Errors
/// When the store cannot be read.
pub async fn all_of(at: At<'_>, product: u64) -> Result<Vec<Kept<Sku>>, Refused> {
    let of_product = key(product);
    resources::under(at, (Index::SkusOfProduct, &of_product), u32::MAX).await
}

/// A SKU of this product.
async fn of_product(at: At<'_>, (product, name): (&str, &str)) -> Result<Kept<Sku>, Refused> {
    let product: Kept<Product> = load(at, product).await?;
    let sku: Kept<Sku> = load(at, name).await?;
    if sku.thing().product != product.id {
        return Err(not_found(Sku::NAME, name));
    }
    Ok(sku)
}

/// One SKU with its product, by id or `source_id`.
#[utoipa::path(get, path = "/v1/skus/{id}", responses((status = 200, body = SkuOfProduct)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let sku: Kept<Sku> = load(at, &name).await?;
    let id = sku.thing().product;
    let product = app.store().get(caller.project, Kind::Product, id).await?;
    let product = product.ok_or_else(|| not_found(Sku::NAME, &name))?;
    Answer::ok(&SkuOfProduct {
        sku: Sku::bare(&sku),
        product: Product::bare(&Kept::of(&product)?),
    })
}

/// The SKUs of a product, newest first.
#[utoipa::path(get, path = "/v1/products/{id}/skus",
    responses((status = 200, body = List<SkuView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(product): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let asking = Asking::of(&asked, Sku::PAGE)?;
    let product: Kept<Product> = load(at, &product).await?;
    let (page, total) = asking.cut(all_of(at, product.id).await?);
    let rows = page.iter().map(Sku::bare).collect();
    Answer::ok(&List::page(Sku::ROWS, rows, total))
}

/// Make a SKU of a product, or change the one that has this `source_id`. At most 500 of one.
#[utoipa::path(post, path = "/v1/products/{id}/skus", request_body = Sku,
    responses((status = 200, body = SkuView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (Path(product), headers): (Path<String>, HeaderMap),
    body: Bytes,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let call = format!("POST /v1/products/{product}/skus");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let sent = sent(&body)?;
    let made = retry(async || created(at, &product, Call::new(&sent, once)).await).await;
    resources::told(at, once, made).await
}

/// One attempt to make a SKU of a product; `None` where somebody else was faster.
///
/// # Errors
/// When it cannot be kept so.
pub async fn created(
    at: At<'_>,
    product: &str,
    mut call: Call<'_>,
) -> Result<Option<Answer>, Refused> {
    let product: Kept<Product> = load(at, product).await?;
    // The product is written as it is: whoever removes it at this moment begins anew, and finds
    // the SKU.
    call.expects.push(product.expect());
    call.writes.push(product.put()?);
    let start = Sku {
        product: product.id,
        ..Sku::default()
    };
    resources::made(at, start, call).await
}

/// Change a SKU. What is absent stays, and `null` clears.
#[utoipa::path(put, path = "/v1/products/{id}/skus/{sku}", request_body = Sku,
    responses((status = 200, body = SkuView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((product, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let sent = sent(&body)?;
    retry(async || {
        let sku = of_product(at, (&product, &name)).await?;
        resources::changed(at, sku, Call::new(&sent, None)).await
    })
    .await
}

/// Remove a SKU.
#[utoipa::path(delete, path = "/v1/products/{id}/skus/{sku}", responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((product, name)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let at = At::of(&app, &caller);
    retry(async || {
        let sku = of_product(at, (&product, &name)).await?;
        resources::removed(at, &sku, Vec::new()).await
    })
    .await
}
