//! What is sold? A product as the shop describes it.

use rules::{Facts, Reads, Telling, Value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{List, Metadata, SkuView, bounds, lenient, metadata_facts};
use crate::{
    Malformed,
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// Names of what tells the SKUs of one product apart.
const MAX_ATTRIBUTES: usize = 100;

/// A product as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Product {
    /// The shop's own id.
    #[serde(deserialize_with = "lenient::name")]
    pub source_id: Option<String>,
    pub name: Option<String>,
    /// Of one unit, in minor units.
    pub price: Option<u64>,
    /// What tells its SKUs apart: `color`, `size`.
    #[serde(deserialize_with = "lenient::or_default")]
    pub attributes: Vec<String>,
    pub image_url: Option<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    #[schema(value_type = Object)]
    pub metadata: Metadata,
}

/// A product in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProductView {
    pub id: String,
    pub source_id: Option<String>,
    pub name: Option<String>,
    pub price: Option<u64>,
    pub attributes: Vec<String>,
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
    /// Its newest; not where the product stands beside one of them or in a collection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skus: Option<List<SkuView>>,
}

impl Product {
    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        bounds::name(self.source_id.as_deref(), "/source_id")?;
        bounds::name(self.name.as_deref(), "/name")?;
        bounds::price(self.price, "/price")?;
        bounds::count(&self.attributes, ("/attributes", MAX_ATTRIBUTES))?;
        for (index, name) in self.attributes.iter().enumerate() {
            bounds::required(Some(name), &format!("/attributes/{index}"))?;
        }
        bounds::url(self.image_url.as_deref(), "/image_url")?;
        bounds::members(&self.metadata, "/metadata")
    }

    /// Without its SKUs. `times`: made and, where it was, changed.
    #[must_use]
    pub fn view(&self, id: u64, times: (Timestamp, Option<Timestamp>)) -> ProductView {
        ProductView {
            id: ids::format(Tag::Product, id),
            source_id: self.source_id.clone(),
            name: self.name.clone(),
            price: self.price,
            attributes: self.attributes.clone(),
            image_url: self.image_url.clone(),
            metadata: self.metadata.clone(),
            created_at: times.0,
            updated_at: times.1,
            object: "product",
            skus: None,
        }
    }

    /// What the filter of a collection can read of it.
    #[must_use]
    pub fn facts(&self, id: u64, times: (Timestamp, Option<Timestamp>)) -> Facts {
        let reads = Reads::everything();
        let mut telling = Telling::to(&reads);
        telling.tell("id", ids::format(Tag::Product, id));
        telling.find("name", || self.name.as_deref());
        let names = self.attributes.iter().map(String::as_str);
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

/// What a filter can read of a product and of a SKU alike.
pub(super) struct Shared<'a> {
    pub source_id: Option<&'a str>,
    pub price: Option<u64>,
    pub image_url: Option<&'a str>,
    pub metadata: &'a Metadata,
    pub attributes: Vec<&'a str>,
    pub times: (Timestamp, Option<Timestamp>),
}

impl Shared<'_> {
    pub(super) fn tell(self, telling: &mut Telling<'_>) {
        telling.find("source_id", || self.source_id);
        telling.find("price", || {
            self.price.and_then(|one| i64::try_from(one).ok())
        });
        telling.find("image_url", || self.image_url);
        if !self.attributes.is_empty() {
            telling.tell("attributes", self.attributes);
        }
        telling.tell("created_at", Value::Time(self.times.0));
        telling.find("updated_at", || self.times.1.map(Value::Time));
        metadata_facts("metadata.", self.metadata, telling);
    }
}
