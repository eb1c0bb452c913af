//! What does an order tell the catalogue? Of goods that say `override`, what it says is kept;
//! of all others it holds for the order alone.

use std::collections::BTreeMap;

use serde_json::Value;
use store::{Expect, Write};
use wire::voucherify::{
    Key, OrderInput, OrderItemInput, Product, ProductRef, Sent, Sku, SkuRef, Unread,
};

use super::{
    dialect::refuse,
    resources::{At, Kept, Laid, altered, laid, load},
};
use crate::problem::Refused;

/// What is to be written with the order, and what must still be so for it.
#[derive(Default)]
pub struct Shelved {
    pub expects: Vec<Expect>,
    pub writes: Vec<Write>,
}

/// What an order says of its goods for good.
///
/// # Errors
/// Where it does not fit, or a SKU's product is not known.
pub async fn shelved(at: At<'_>, order: &OrderInput) -> Result<Shelved, Refused> {
    let mut shelved = Shelved::default();
    // The last line that tells of a thing counts.
    let (mut products, mut skus) = (BTreeMap::new(), BTreeMap::new());
    for item in order.items.iter().flatten() {
        if let Some(product) = told(item.product.as_deref(), |one| one.is_override) {
            products.insert(product_name(item), product);
        }
        if let Some(sku) = told(item.sku.as_deref(), |one| one.is_override) {
            skus.insert(sku_name(item), (sku, product_name(item)));
        }
    }
    let mut made = BTreeMap::new();
    for (name, product) in products {
        let laid = product_laid(at, name, product).await?;
        shelved.take(&laid)?;
        made.insert(name, laid.after.id);
    }
    for (name, (sku, of)) in skus {
        let product = match (made.get(&of), of) {
            (Some(id), _) => *id,
            (None, Some(of)) => {
                let product: Kept<Product> = load(at, of).await?;
                shelved.expects.push(product.expect());
                product.id
            }
            (None, None) => {
                let details = "/order/items: a sku to be kept needs its product";
                return Err(refuse(Key::InvalidPayload, details));
            }
        };
        let laid = sku_laid(at, (name, product), sku).await?;
        shelved.take(&laid)?;
    }
    Ok(shelved)
}

impl Shelved {
    fn take<T: super::resources::Resource>(&mut self, laid: &Laid<T>) -> Result<(), Refused> {
        self.expects.push(laid.after.expect());
        self.writes.extend(laid.writes()?);
        Ok(())
    }
}

fn told<T>(one: Option<&T>, is_override: impl Fn(&T) -> Option<bool>) -> Option<&T> {
    one.filter(|one| is_override(one) == Some(true))
}

fn product_name(item: &OrderItemInput) -> Option<&str> {
    let product = item.product.as_deref();
    let of_product = item.related_object.as_deref() != Some("sku");
    item.product_id
        .as_deref()
        .or_else(|| product.and_then(|one| one.id.as_deref()))
        .or_else(|| product.and_then(|one| one.source_id.as_deref()))
        .or_else(|| item.source_id.as_deref().filter(|_| of_product))
}

fn sku_name(item: &OrderItemInput) -> Option<&str> {
    let sku = item.sku.as_deref();
    let of_sku = item.related_object.as_deref() == Some("sku");
    item.sku_id
        .as_deref()
        .or_else(|| sku.and_then(|one| one.id.as_deref()))
        .or_else(|| sku.and_then(|one| one.source_id.as_deref()))
        .or_else(|| item.source_id.as_deref().filter(|_| of_sku))
}

async fn product_laid(
    at: At<'_>,
    name: Option<&str>,
    said: &ProductRef,
) -> Result<Laid<Product>, Refused> {
    let name = name.unwrap_or_default();
    let label = said.name.as_deref();
    let mut sent = members(("name", label), said.price, said.metadata.as_ref())?;
    if wire::ids::parse(wire::ids::Tag::Product, name).is_ok() {
        return altered(at, load(at, name).await?, &sent);
    }
    sent.insert("source_id".into(), name.into());
    laid(at, Product::default(), (&sent, None)).await
}

async fn sku_laid(
    at: At<'_>,
    (name, product): (Option<&str>, u64),
    said: &SkuRef,
) -> Result<Laid<Sku>, Refused> {
    let name = name.unwrap_or_default();
    let label = said.sku.as_deref();
    let mut sent = members(("sku", label), said.price, said.metadata.as_ref())?;
    if wire::ids::parse(wire::ids::Tag::Sku, name).is_ok() {
        return altered(at, load(at, name).await?, &sent);
    }
    sent.insert("source_id".into(), name.into());
    let start = Sku {
        product,
        ..Sku::default()
    };
    laid(at, start, (&sent, None)).await
}

/// What is told, as the catalogue's own calls are sent it.
fn members(
    (label, name): (&str, Option<&str>),
    price: Option<u64>,
    metadata: Option<&Unread>,
) -> Result<Sent, Refused> {
    let mut sent = Sent::new();
    if let Some(name) = name {
        sent.insert(label.into(), name.into());
    }
    if let Some(price) = price {
        sent.insert("price".into(), price.into());
    }
    if let Some(metadata) = metadata {
        let told = serde_json::to_value(metadata);
        let told: Value = told.map_err(|error| Refused::Fault(error.to_string()))?;
        sent.insert("metadata".into(), told);
    }
    Ok(sent)
}
