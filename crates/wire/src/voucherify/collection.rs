//! Which products belong together? Those on a list, or whatever a filter takes in.

use rules::Condition;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Filter, ProductView, SkuView, bounds};
use crate::{
    Malformed,
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// Products and SKUs on one list.
const MAX_MEMBERS: usize = 20;

/// A collection as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Collection {
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<CollectionType>,
    /// Of a `STATIC` one.
    pub products: Option<Vec<Member>>,
    /// Of an `AUTO_UPDATE` one:
    /// `{"junction": "and", "price": {"conditions": {"$more_than": [1000]}}}`.
    #[schema(value_type = Option<Object>)]
    pub filter: Option<Filter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CollectionType {
    Static,
    AutoUpdate,
}

/// A product or SKU on a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Member {
    /// In a request the shop's own id will do.
    pub id: String,
    /// The product that it is, or of which it is a SKU.
    pub product_id: Option<String>,
    /// `product` where it is missing.
    pub object: MemberType,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberType {
    #[default]
    Product,
    Sku,
}

/// A collection in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CollectionView {
    pub id: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: CollectionType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub products: Option<Vec<Member>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub filter: Option<Filter>,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    pub object: &'static str,
}

/// What is in a collection.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MemberView {
    Product(ProductView),
    Sku(SkuView),
}

impl Collection {
    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        bounds::required(self.name.as_deref(), "/name")?;
        match (self.kind, &self.products, &self.filter) {
            (None, ..) => Err(Malformed::at("/type", "is required")),
            (Some(CollectionType::Static), None, _) => Err(Malformed::at(
                "/products",
                "is required of a STATIC collection",
            )),
            (Some(CollectionType::AutoUpdate), _, None) => Err(Malformed::at(
                "/filter",
                "is required of an AUTO_UPDATE collection",
            )),
            (Some(CollectionType::Static), _, Some(_)) => {
                Err(Malformed::at("/filter", "is for AUTO_UPDATE collections"))
            }
            (Some(CollectionType::AutoUpdate), Some(_), _) => {
                Err(Malformed::at("/products", "is for STATIC collections"))
            }
            (Some(CollectionType::Static), Some(members), None) => Self::check_list(members),
            (Some(CollectionType::AutoUpdate), None, Some(_)) => self.condition().map(|_| ()),
        }
    }

    /// # Errors
    /// Where a list is too long.
    pub fn check_list(members: &[Member]) -> Result<(), Malformed> {
        bounds::count(members, ("/products", MAX_MEMBERS))
    }

    /// What its filter says, or that each of its list is taken in.
    ///
    /// # Errors
    /// As [`Filter::condition`].
    pub fn condition(&self) -> Result<Condition, Malformed> {
        match (&self.filter, &self.products) {
            (Some(filter), _) => filter.condition().map_err(|wrong| wrong.under("filter")),
            (None, members) => {
                Ok(Condition::any(members.iter().flatten().map(|member| {
                    Condition::test("id", rules::Op::Equal, member.id.as_str())
                })))
            }
        }
    }

    #[must_use]
    pub fn view(&self, id: u64, created_at: Timestamp) -> CollectionView {
        CollectionView {
            id: ids::format(Tag::ProductCollection, id),
            name: self.name.clone().unwrap_or_default(),
            kind: self.kind.unwrap_or(CollectionType::Static),
            products: self.products.clone(),
            filter: self.filter.clone(),
            created_at,
            object: "products_collection",
        }
    }
}
