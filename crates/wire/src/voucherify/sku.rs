//! Which of a product's kinds is it? A SKU as the shop describes it.

use rules::{Facts, Reads, Telling};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Metadata, ProductView, bounds, lenient, product::Shared};
use crate::{
    Malformed,
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// A SKU as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Sku {
    /// The number of its product, which the path of a call names.
    #[schema(ignore)]
    pub product: u64,
    /// The shop's own id.
    #[serde(deserialize_with = "lenient::name")]
    pub source_id: Option<String>,
    /// Its name.
    pub sku: Option<String>,
    /// Of one unit, in minor units.
    pub price: Option<u64>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// `{"color": "red"}`
    #[serde(deserialize_with = "lenient::or_default")]
    #[schema(value_type = Object)]
    pub attributes: Metadata,
    pub image_url: Option<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    #[schema(value_type = Object)]
    pub metadata: Metadata,
}

/// A SKU in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SkuView {
    pub id: String,
    pub source_id: Option<String>,
    pub product_id: String,
    pub sku: Option<String>,
    pub price: Option<u64>,
    pub currency: Option<String>,
    #[schema(value_type = Object)]
    pub attributes: Metadata,
    pub image_url: Option<String>,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

/// A SKU with its product.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SkuOfProduct {
    #[serde(flatten)]
    pub sku: SkuView,
    pub product: ProductView,
}

impl Sku {
    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        bounds::name(self.source_id.as_deref(), "/source_id")?;
        bounds::name(self.sku.as_deref(), "/sku")?;
        bounds::price(self.price, "/price")?;
        bounds::currency(self.currency.as_deref(), "/currency")?;
        bounds::members(&self.attributes, "/attributes")?;
        bounds::url(self.image_url.as_deref(), "/image_url")?;
        bounds::members(&self.metadata, "/metadata")
    }

    /// `times`: made and, where it was, changed.
    #[must_use]
    pub fn view(&self, id: u64, times: (Timestamp, Option<Timestamp>)) -> SkuView {
        SkuView {
            id: ids::format(Tag::Sku, id),
            source_id: self.source_id.clone(),
            product_id: ids::format(Tag::Product, self.product),
            sku: self.sku.clone(),
            price: self.price,
            currency: self.currency.clone(),
            attributes: self.attributes.clone(),
            image_url: self.image_url.clone(),
            metadata: self.metadata.clone(),
            created_at: times.0,
            updated_at: times.1,
            object: "sku",
        }
    }

    /// What the filter of a collection can read of it.
    #[must_use]
    pub fn facts(&self, id: u64, times: (Timestamp, Option<Timestamp>)) -> Facts {
        let reads = Reads::everything();
        let mut telling = Telling::to(&reads);
        telling.tell("id", ids::format(Tag::Sku, id));
        telling.tell("product_id", ids::format(Tag::Product, self.product));
        let names = [self.source_id.as_deref(), self.sku.as_deref()];
        let names = names.into_iter().flatten().map(str::to_owned);
        let names: Vec<String> = names.chain([ids::format(Tag::Sku, id)]).collect();
        telling.tell("skus", names);
        telling.find("sku", || self.sku.as_deref());
        telling.find("currency", || self.currency.as_deref());
        let names = self.attributes.keys().map(String::as_str);
        Shared {
            source_id: self.source_id.as_deref(),
            price: self.price,
            image_url: self.image_url.as_deref(),
            metadata: &self.metadata,
            attributes: names.collect(),
            times,
        }
        .tell(&mut telling);
        telling.done()
    }
}
