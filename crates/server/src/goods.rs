//! What is known of the goods that an order names? A few reads for all of them together.

use std::collections::HashMap;

use ledger::Currency;
use store::{Index, Kind, Page, Record, View};
use wire::{
    ids::{self, Tag},
    voucherify::{Collection, Known, Metadata, Named, Product, Sku},
};

use crate::{
    configuration::{Stored, read},
    problem::Refused,
};

/// More collections than a project has.
const ALL: Page = Page {
    after: 0,
    limit: 1_000,
    newest_first: false,
};

/// A product or a SKU.
#[derive(Clone, Debug, PartialEq)]
pub struct Good {
    /// `prod_…` or `sku_…`
    pub id: String,
    pub source_id: Option<String>,
    pub name: Option<String>,
    /// Of one unit, in minor units.
    pub price: Option<u64>,
    /// What the price is in, where it says so.
    pub currency: Option<String>,
    pub metadata: Metadata,
    /// The product of a SKU.
    pub product: Option<Box<Good>>,
    /// `pc_…`, oldest first: the collections it is in, and those its product is in.
    pub collections: Vec<String>,
}

impl Good {
    /// Everything that it, or its product, is called.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let own = [Some(self.id.as_str()), self.source_id.as_deref()];
        let of_product = self.product.iter().flat_map(|product| product.names());
        own.into_iter().flatten().chain(of_product).collect()
    }

    /// How it is called in an answer.
    #[must_use]
    pub fn called(&self) -> Known {
        Known {
            id: self.id.clone(),
            source_id: self.source_id.clone(),
            product: self.product.as_ref().map(|one| Box::new(one.called())),
        }
    }

    /// Of one unit, in an order of this currency; a SKU without a price costs what its product
    /// does.
    #[must_use]
    pub fn unit_price(&self, currency: Currency) -> Option<u64> {
        let letters = self.currency.as_deref().map(str::as_bytes);
        let is_other = letters.is_some_and(|letters| letters != currency.0);
        let of_product = || self.product.as_ref().and_then(|product| product.price);
        self.price.filter(|_| !is_other).or_else(of_product)
    }
}

/// Whether anything is known of any goods.
///
/// # Errors
/// When the store cannot be read.
pub async fn are_known(view: &mut View) -> Result<bool, Refused> {
    Ok(view.count_records(Kind::Product).await? > 0)
}

/// What is known of each, in the order of the names. Five reads, however many they are.
///
/// # Errors
/// When the store cannot be read.
pub async fn known(view: &mut View, names: &[Named<'_>]) -> Result<Vec<Option<Good>>, Refused> {
    let product_names: Vec<&str> = names.iter().filter_map(Named::product).collect();
    let sku_names: Vec<&str> = names.iter().filter_map(Named::sku).collect();
    let by_source = (Index::ProductSource, Tag::Product);
    let products = numbers(view, by_source, &product_names).await?;
    let skus = numbers(view, (Index::SkuSource, Tag::Sku), &sku_names).await?;
    let kept_skus: HashMap<u64, Stored<Sku>> = kept(view, Kind::Sku, skus.values()).await?;
    let parents = kept_skus.values().map(|sku| &sku.thing.product);
    let wanted = products.values().chain(parents);
    let kept_products = kept(view, Kind::Product, wanted).await?;
    let shelf = Shelf {
        products: kept_products,
        skus: kept_skus,
        collections: collections(view).await?,
    };
    Ok(names
        .iter()
        .map(|name| match name {
            Named::Product(name) => shelf.product(*products.get(*name)?),
            Named::Sku(name) => shelf.sku(*skus.get(*name)?),
        })
        .collect())
}

/// The number of each name that is known.
async fn numbers<'a>(
    view: &mut View,
    (index, tag): (Index, Tag),
    names: &[&'a str],
) -> Result<HashMap<&'a str, u64>, Refused> {
    let sources: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    let found = view.find_each(index, &sources).await?;
    let number = |(name, found): (&&'a str, Option<u64>)| {
        let id = ids::parse(tag, name).ok().or(found)?;
        Some((*name, id))
    };
    Ok(names.iter().zip(found).filter_map(number).collect())
}

async fn kept<T: serde::de::DeserializeOwned>(
    view: &mut View,
    kind: Kind,
    numbers: impl Iterator<Item = &u64>,
) -> Result<HashMap<u64, Stored<T>>, Refused> {
    let mut wanted: Vec<u64> = numbers.copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let found = view.get_many(kind, &wanted).await?;
    let read = |record: &Record| Ok((record.id, read(&record.body)?));
    found.iter().flatten().map(read).collect()
}

/// Every collection, with what it takes in.
async fn collections(view: &mut View) -> Result<Vec<(String, rules::Condition)>, Refused> {
    let records = view.list(Kind::ProductCollection, ALL).await?;
    let read = |record: &Record| {
        let collection: Stored<Collection> = read(&record.body)?;
        let condition = collection.thing.condition();
        let condition = condition.map_err(|wrong| Refused::Fault(wrong.to_string()))?;
        Ok((ids::format(Tag::ProductCollection, record.id), condition))
    };
    records.iter().map(read).collect()
}

/// What was read.
struct Shelf {
    products: HashMap<u64, Stored<Product>>,
    skus: HashMap<u64, Stored<Sku>>,
    collections: Vec<(String, rules::Condition)>,
}

impl Shelf {
    fn product(&self, id: u64) -> Option<Good> {
        let stored = self.products.get(&id)?;
        let product = &stored.thing;
        let facts = product.facts(id, (stored.created_at, stored.updated_at));
        Some(Good {
            id: ids::format(Tag::Product, id),
            source_id: product.source_id.clone(),
            name: product.name.clone(),
            price: product.price,
            currency: None,
            metadata: product.metadata.clone(),
            product: None,
            collections: self.taking(|condition| condition.evaluate(&facts).is_met()),
        })
    }

    fn sku(&self, id: u64) -> Option<Good> {
        let stored = self.skus.get(&id)?;
        let sku = &stored.thing;
        let product = self.product(sku.product)?;
        let facts = sku.facts(id, (stored.created_at, stored.updated_at));
        let mut collections = self.taking(|condition| condition.evaluate(&facts).is_met());
        collections.extend(product.collections.iter().cloned());
        // Ids sort as they were made.
        collections.sort_unstable();
        collections.dedup();
        Some(Good {
            id: ids::format(Tag::Sku, id),
            source_id: sku.source_id.clone(),
            name: sku.sku.clone(),
            price: sku.price,
            currency: sku.currency.clone(),
            metadata: sku.metadata.clone(),
            product: Some(Box::new(product)),
            collections,
        })
    }

    fn taking(&self, is_in: impl Fn(&rules::Condition) -> bool) -> Vec<String> {
        let taking = self
            .collections
            .iter()
            .filter(|(_, condition)| is_in(condition));
        taking.map(|(id, _)| id.clone()).collect()
    }
}
