//! What is being bought? The order as the shop sends it, and as every answer repeats it with what
//! each discount did.

mod domain;
mod goods;
mod view;

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CustomerInput, CustomerRef, Unread, lenient};
use crate::time::{self, Timestamp};

pub(crate) use domain::currency_of;
pub use domain::{MAX_ITEMS, MAX_MINOR, order_metadata_facts, order_to_domain};
pub use goods::{Known, Named};

/// A short text, which takes no place of its own: an order has many.
pub type Text = CompactString;

/// The reserved product of which a line is the shipping.
pub const SHIPPING_PRODUCT: &str = "prod_5h1pp1ng";
/// The same, by the shop's name for it.
pub const SHIPPING_SOURCE: &str = "5h1pp1ng";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum OrderStatus {
    Created,
    Paid,
    #[serde(alias = "CANCELLED")]
    Canceled,
    #[serde(alias = "PROCESSING")]
    Fulfilled,
}

impl OrderStatus {
    #[must_use]
    pub fn is_paid(self) -> bool {
        matches!(self, Self::Paid | Self::Fulfilled)
    }
}

/// An order in a request. Amounts in minor units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct OrderInput {
    #[serde(
        deserialize_with = "lenient::name",
        skip_serializing_if = "Option::is_none"
    )]
    pub id: Option<String>,
    #[serde(
        deserialize_with = "lenient::name",
        skip_serializing_if = "Option::is_none"
    )]
    pub source_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<OrderStatus>,
    /// Gross; where items carry amounts or prices, theirs count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_amount: Option<u64>,
    /// What the shop took off the whole order before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<OrderItemInput>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Unread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerInput>,
    #[serde(
        deserialize_with = "lenient::name",
        skip_serializing_if = "Option::is_none"
    )]
    pub customer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<CustomerInput>,
    #[serde(
        deserialize_with = "lenient::name",
        skip_serializing_if = "Option::is_none"
    )]
    pub referrer_id: Option<String>,
    /// Ours: ISO 4217; the project's where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl OrderInput {
    /// Whether other calls may be about the same order.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.id.is_some() || self.source_id.is_some()
    }

    /// Whose it is: by what it says of them, or by their id alone.
    #[must_use]
    pub fn buyer(&self) -> Option<CustomerInput> {
        let by_id = || self.customer_id.as_deref().map(CustomerInput::named);
        self.customer.clone().or_else(by_id)
    }

    /// Who sent the buyer: by what it says of them, or by their id alone.
    #[must_use]
    pub fn sender(&self) -> Option<CustomerInput> {
        let by_id = || self.referrer_id.as_deref().map(CustomerInput::named);
        self.referrer.clone().or_else(by_id)
    }

    /// Without what it says of people.
    #[must_use]
    pub fn unnamed(&self) -> Self {
        Self {
            customer: None,
            customer_id: None,
            referrer: None,
            referrer_id: None,
            ..self.clone()
        }
    }

    /// The same, sent by the customer of this id of ours.
    #[must_use]
    pub fn sent_by(self, referrer: Option<String>) -> Self {
        Self {
            referrer: None,
            referrer_id: referrer,
            ..self
        }
    }

    /// With what was sent laid over it: metadata member by member, all else as a whole.
    #[must_use]
    pub fn with(&self, sent: &Self) -> Self {
        let is_repriced = sent.items.is_some() || sent.amount.is_some();
        let over = |sent: Option<u64>, kept: Option<u64>| sent.or(kept.filter(|_| !is_repriced));
        let mut metadata = self.metadata.clone();
        if let Some(more) = &sent.metadata {
            metadata.get_or_insert_default().extend(more);
        }
        let items = self.items.clone().filter(|_| !is_repriced);
        Self {
            id: None,
            source_id: self.source_id.clone().or(sent.source_id.clone()),
            status: sent.status.or(self.status),
            amount: over(sent.amount, self.amount),
            initial_amount: over(sent.initial_amount, self.initial_amount),
            discount_amount: over(sent.discount_amount, self.discount_amount),
            items: sent.items.clone().or(items),
            metadata,
            referrer_id: self.referrer_id.clone(),
            currency: sent.currency.clone().or(self.currency.clone()),
            ..Self::default()
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct OrderItemInput {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub product_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub sku_id: Option<Text>,
    /// `product` or `sku`: what `source_id` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub related_object: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub source_id: Option<Text>,
    #[serde(
        deserialize_with = "lenient::count",
        skip_serializing_if = "Option::is_none"
    )]
    pub quantity: Option<u64>,
    /// Of one unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<u64>,
    /// Of the line, gross.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_quantity: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_quantity: Option<u64>,
    /// What the shop took off this line before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Box<ProductRef>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<Box<SkuRef>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Unread>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ProductRef {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub source_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Unread>,
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    pub is_override: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SkuRef {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub source_id: Option<Text>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub sku: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Unread>,
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    pub is_override: Option<bool>,
}

/// An order in an answer. What is zero or unset is left out, except `total_amount`, and the
/// customer and referrer, which are `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct OrderView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<OrderStatus>,
    #[serde(skip_serializing_if = "is_zero")]
    pub amount: u64,
    /// Gross before any benefit added units.
    #[serde(skip_serializing_if = "is_zero")]
    pub initial_amount: u64,
    /// Off the whole order, up to and including this redeemable.
    #[serde(skip_serializing_if = "is_zero")]
    pub discount_amount: u64,
    /// Off the lines, up to and including this redeemable.
    #[serde(skip_serializing_if = "is_zero")]
    pub items_discount_amount: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub total_discount_amount: u64,
    pub total_amount: u64,
    /// Off the whole order by this redeemable (at top level: by all of them).
    #[serde(skip_serializing_if = "is_zero")]
    pub applied_discount_amount: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub items_applied_discount_amount: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub total_applied_discount_amount: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<OrderItemView>,
    #[schema(value_type = Object)]
    pub metadata: Unread,
    pub customer_id: Option<String>,
    pub referrer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<CustomerRef>,
    /// Stored orders only: by redemption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redemptions: Option<BTreeMap<String, OrderRedemption>>,
    #[serde(with = "time::optional", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub created_at: Option<Timestamp>,
    #[serde(with = "time::optional", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: OrderObject,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct OrderItemView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub product_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub sku_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub related_object: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub source_id: Option<Text>,
    #[serde(skip_serializing_if = "is_zero")]
    pub quantity: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub initial_quantity: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub discount_quantity: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub price: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub amount: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub initial_amount: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub discount_amount: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub applied_discount_amount: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub applied_discount_quantity: u64,
    /// Units added; below zero those that gave way.
    #[serde(skip_serializing_if = "is_none")]
    pub applied_quantity: i64,
    #[serde(skip_serializing_if = "is_none")]
    pub applied_quantity_amount: i64,
    pub subtotal_amount: u64,
    /// Which units gave way to which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub application_details: Vec<ApplicationDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Box<ProductRef>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<Box<SkuRef>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Unread>,
    pub object: ItemObject,
}

/// Units of one line that gave way to units of another. Lines are counted from 0; those that join
/// go on counting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ApplicationDetails {
    pub source_index: u64,
    pub source_applied_quantity: i64,
    pub source_applied_quantity_amount: i64,
    pub target_index: u64,
    pub target_applied_quantity: i64,
    pub target_applied_quantity_amount: i64,
    pub target_applied_discount_amount: u64,
}

/// Always `order`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderObject {
    #[default]
    Order,
}

/// Always `order_item`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemObject {
    #[default]
    OrderItem,
}

/// One use of a stored order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderRedemption {
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_id: Option<String>,
    #[serde(
        default,
        with = "time::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub rollback_date: Option<Timestamp>,
    pub related_object_type: String,
    pub related_object_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related_object_parent_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stacked: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollback_stacked: Vec<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes members by reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes members by reference"
)]
fn is_none(number: &i64) -> bool {
    *number == 0
}
