//! Collections of products: a short list, or whatever a filter takes in.

use std::collections::HashSet;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use store::Kind;
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    Malformed,
    ids::{self, Tag},
    voucherify::{
        Collection, CollectionType, CollectionView, List, Member, MemberType, MemberView, Product,
        Sent, Sku,
    },
};

use super::{
    dialect::{Asked, DEFAULT_LIMIT, in_use, malformed, parse},
    resources::{self, Asking, At, Kept, Resource, load, scan, sent},
    validation_rules::naming,
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
        .routes(routes!(products))
}

impl Resource for Collection {
    type View = CollectionView;
    const KIND: Kind = Kind::ProductCollection;
    const TAG: Tag = Tag::ProductCollection;
    const NAME: &'static str = "products_collection";
    const MOST: u64 = 100;

    fn check(&self) -> Result<(), Malformed> {
        Collection::check(self)
    }

    fn bare(kept: &Kept<Self>) -> CollectionView {
        kept.thing().view(kept.id, kept.stored.created_at)
    }

    /// Without what was removed since it was put on the list.
    async fn shown(at: At<'_>, rows: &[Kept<Self>]) -> Result<Vec<CollectionView>, Refused> {
        let mut shown: Vec<CollectionView> = rows.iter().map(Self::bare).collect();
        let members = |view: &CollectionView| view.products.clone().unwrap_or_default();
        let all: Vec<Member> = shown.iter().flat_map(members).collect();
        let known: HashSet<String> = names_of(at, &all).await?;
        for members in shown.iter_mut().filter_map(|view| view.products.as_mut()) {
            members.retain(|member| known.contains(&member.id));
        }
        Ok(shown)
    }
}

/// Which of them there still are.
async fn names_of(at: At<'_>, members: &[Member]) -> Result<HashSet<String>, Refused> {
    let (products, skus) = goods_of(at, members).await?;
    let products = products.iter().map(|one| ids::format(Tag::Product, one.id));
    let skus = skus.iter().map(|one| ids::format(Tag::Sku, one.id));
    Ok(products.chain(skus).collect())
}

type Goods = (Vec<Kept<Product>>, Vec<Kept<Sku>>);

async fn goods_of(at: At<'_>, members: &[Member]) -> Result<Goods, Refused> {
    let of = |tag: Tag| -> Vec<u64> {
        let ids = members.iter().map(|member| ids::parse(tag, &member.id));
        ids.filter_map(Result::ok).collect()
    };
    goods(at, (&of(Tag::Product), &of(Tag::Sku))).await
}

async fn goods(at: At<'_>, (products, skus): (&[u64], &[u64])) -> Result<Goods, Refused> {
    let mut view = at.app.store().view(at.project)?;
    let products = view.get_many(Kind::Product, products).await?;
    let skus = view.get_many(Kind::Sku, skus).await?;
    let products = products.iter().flatten().map(Kept::of);
    let skus = skus.iter().flatten().map(Kept::of);
    Ok((
        products.collect::<Result<_, _>>()?,
        skus.collect::<Result<_, _>>()?,
    ))
}

/// What was sent, with each product and SKU on the list under our id.
async fn resolved(at: At<'_>, body: &[u8]) -> Result<(Collection, Sent), Refused> {
    let read: Collection = parse(body)?;
    let mut sent = sent(body)?;
    if let Some(members) = &read.products {
        Collection::check_list(members).map_err(|wrong| malformed(&wrong))?;
        let mut known = Vec::new();
        for member in members {
            known.push(resolve(at, member).await?);
        }
        let known = serde_json::to_value(known);
        let known = known.map_err(|error| Refused::Fault(error.to_string()))?;
        sent.insert("products".into(), known);
    }
    Ok((read, sent))
}

async fn resolve(at: At<'_>, member: &Member) -> Result<Member, Refused> {
    let (id, product) = match member.object {
        MemberType::Product => {
            let product: Kept<Product> = load(at, &member.id).await?;
            (ids::format(Tag::Product, product.id), product.id)
        }
        MemberType::Sku => {
            let sku: Kept<Sku> = load(at, &member.id).await?;
            (ids::format(Tag::Sku, sku.id), sku.thing().product)
        }
    };
    Ok(Member {
        id,
        product_id: Some(ids::format(Tag::Product, product)),
        object: member.object,
    })
}

/// Make a collection. At most 100, and at most 20 products and SKUs on the list of one.
#[utoipa::path(post, path = "/v1/product-collections", request_body = Collection,
    responses((status = 200, body = CollectionView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let call = ("POST /v1/product-collections", &*body);
    let once = once::Key::of(&headers, caller.project, call)?;
    let at = At::of(&app, &caller);
    let (_, sent) = resolved(at, &body).await?;
    resources::create::<Collection>(at, (&sent, once)).await
}

/// All collections, newest first.
#[utoipa::path(get, path = "/v1/product-collections",
    responses((status = 200, body = List<CollectionView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    resources::list::<Collection>(At::of(&app, &caller), &asked).await
}

/// One collection.
#[utoipa::path(get, path = "/v1/product-collections/{id}",
    responses((status = 200, body = CollectionView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    resources::get::<Collection>(At::of(&app, &caller), &name).await
}

/// Change a collection. What is absent stays; its type stays always.
#[utoipa::path(put, path = "/v1/product-collections/{id}", request_body = Collection,
    responses((status = 200, body = CollectionView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let known: Kept<Collection> = load(at, &name).await?;
    let (read, sent) = resolved(at, &body).await?;
    if read.kind.is_some() && read.kind != known.thing().kind {
        return Err(malformed(&Malformed::at("/type", "cannot be changed")));
    }
    resources::update::<Collection>(at, &name, &sent).await
}

/// Remove a collection that no rule names.
#[utoipa::path(delete, path = "/v1/product-collections/{id}", responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    let at = At::of(&app, &caller);
    let known: Kept<Collection> = load(at, &name).await?;
    let rules = naming(at, &ids::format(Tag::ProductCollection, known.id)).await?;
    if !rules.is_empty() {
        let details = format!("{name} is named by validation rules: change them first");
        return Err(in_use(details, ("validation_rules", rules)));
    }
    resources::delete::<Collection>(at, &name).await
}

/// The products and SKUs in a collection, newest first.
#[utoipa::path(get, path = "/v1/product-collections/{id}/products",
    responses((status = 200, body = List<MemberView>)))]
async fn products(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let asking = Asking::of(&asked, DEFAULT_LIMIT)?;
    let known: Kept<Collection> = load(at, &name).await?;
    let places = match known.thing().kind {
        Some(CollectionType::AutoUpdate) => taken_in(at, known.thing(), &asking).await?,
        _ => {
            let members = known.thing().products.as_deref().unwrap_or_default();
            let (products, skus) = goods_of(at, members).await?;
            let products = products.iter().filter_map(|one| asking.place(one));
            let skus = skus.iter().filter_map(|one| asking.place(one));
            products.chain(skus).collect()
        }
    };
    let (page, total) = asking.page(places);
    Answer::ok(&List::page("data", rows(at, &page).await?, total))
}

/// Where the goods stand that a filter takes in.
async fn taken_in(
    at: At<'_>,
    collection: &Collection,
    asking: &Asking,
) -> Result<Vec<resources::Place>, Refused> {
    let condition = collection.condition();
    let condition = condition.map_err(|wrong| Refused::Fault(wrong.to_string()))?;
    let products = scan::<Product, _>(at, |one| {
        let facts = one.thing().facts(one.id, one.times());
        let is_in = condition.evaluate(&facts).is_met();
        is_in.then(|| asking.place(one)).flatten()
    });
    let mut places = products.await?;
    let skus = scan::<Sku, _>(at, |one| {
        let facts = one.thing().facts(one.id, one.times());
        let is_in = condition.evaluate(&facts).is_met();
        is_in.then(|| asking.place(one)).flatten()
    });
    places.extend(skus.await?);
    Ok(places)
}

/// No product has the number of a SKU, so that a number alone says which it is.
async fn rows(at: At<'_>, ids: &[u64]) -> Result<Vec<MemberView>, Refused> {
    let (products, skus) = goods(at, (ids, ids)).await?;
    let products = products
        .iter()
        .map(|one| (one.id, MemberView::Product(Product::bare(one))));
    let skus = skus
        .iter()
        .map(|one| (one.id, MemberView::Sku(Sku::bare(one))));
    let mut rows: Vec<(u64, MemberView)> = products.chain(skus).collect();
    let place = |id: &u64| ids.iter().position(|one| one == id);
    rows.sort_by_key(|(id, _)| place(id));
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}
