//! Who is it for? A customer as the shop writes and reads them.

use rules::{Facts, Reads, Telling};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Metadata, metadata_facts};
use crate::{
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// A customer in a request. When both `id` and `source_id` are sent, `source_id` is ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CustomerInput {
    /// `cust_…`
    #[serde(
        deserialize_with = "super::lenient::name",
        skip_serializing_if = "Option::is_none"
    )]
    pub id: Option<String>,
    /// The shop's own id.
    #[serde(
        deserialize_with = "super::lenient::name",
        skip_serializing_if = "Option::is_none"
    )]
    pub source_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// `YYYY-MM-DD`
    #[serde(
        deserialize_with = "super::lenient::day",
        skip_serializing_if = "Option::is_none"
    )]
    pub birthdate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Address {
    pub city: Option<String>,
    pub state: Option<String>,
    pub line_1: Option<String>,
    pub line_2: Option<String>,
    pub country: Option<String>,
    pub postal_code: Option<String>,
}

impl CustomerInput {
    /// Only a name: `cust_…`, or the shop's own.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let is_ours = ids::parse(Tag::Customer, name).is_ok();
        let name = Some(name.to_owned());
        let (id, source_id) = if is_ours { (name, None) } else { (None, name) };
        Self {
            id,
            source_id,
            ..Self::default()
        }
    }

    /// How the shop names this customer: `id` before `source_id`.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.id.as_deref().or(self.source_id.as_deref())
    }

    /// `customer.id` and `customer.metadata.*`.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let reads = Reads::everything();
        let mut telling = Telling::to(&reads);
        telling.find("customer.id", || {
            self.source_id.as_deref().or(self.id.as_deref())
        });
        if let Some(metadata) = &self.metadata {
            metadata_facts("customer.metadata.", metadata, &mut telling);
        }
        telling.done()
    }
}

/// A customer in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CustomerView {
    pub id: String,
    pub source_id: Option<String>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub birthdate: Option<String>,
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    #[schema(value_type = Object)]
    pub system_metadata: Metadata,
    pub summary: CustomerSummary,
    pub loyalty: CustomerLoyalty,
    pub referrals: CustomerReferrals,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

impl CustomerView {
    /// What the shop sent, with the id and the instants we gave it.
    #[must_use]
    pub fn of(id: String, input: &CustomerInput, created_at: Timestamp) -> Self {
        Self {
            id,
            source_id: input.source_id.clone(),
            name: input.name.clone(),
            description: input.description.clone(),
            email: input.email.clone(),
            phone: input.phone.clone(),
            birthdate: input.birthdate.clone(),
            address: input.address.clone(),
            metadata: input.metadata.clone(),
            system_metadata: Metadata::new(),
            summary: CustomerSummary::default(),
            loyalty: CustomerLoyalty::default(),
            referrals: CustomerReferrals::default(),
            created_at,
            updated_at: None,
            object: "customer",
        }
    }
}

/// The proof that a customer was erased.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DeletionView {
    pub id: String,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    pub related_object_id: String,
    pub related_object: &'static str,
    pub status: &'static str,
    /// What is kept of the erasure: no word of the customer.
    #[schema(value_type = Object)]
    pub data_json: Metadata,
    pub object: &'static str,
}

impl DeletionView {
    #[must_use]
    pub fn new(id: String, customer: String, created_at: Timestamp) -> Self {
        Self {
            id,
            created_at,
            related_object_id: customer,
            related_object: "customer",
            status: "DONE",
            data_json: Metadata::new(),
            // As the protocol spells it.
            object: "pernament_deletion",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CustomerSummary {
    pub redemptions: CustomerRedemptions,
    pub orders: CustomerOrders,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CustomerRedemptions {
    pub total_redeemed: u64,
    pub total_failed: u64,
    pub total_succeeded: u64,
    pub total_rolled_back: u64,
    pub total_rollback_failed: u64,
    pub total_rollback_succeeded: u64,
    pub gift: GiftTotals,
    pub loyalty_card: PointTotals,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct GiftTotals {
    pub redeemed_amount: u64,
    pub amount_to_go: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct PointTotals {
    pub redeemed_points: u64,
    pub points_to_go: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CustomerOrders {
    pub total_amount: u64,
    pub total_count: u64,
    pub average_amount: u64,
    pub last_order_amount: u64,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub last_order_date: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CustomerLoyalty {
    pub points: u64,
    pub referred_customers: u64,
    #[schema(value_type = Object)]
    pub campaigns: Metadata,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CustomerReferrals {
    pub total: u64,
    pub campaigns: Vec<serde_json::Value>,
}

/// A customer inside a redemption.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SimpleCustomer {
    pub id: String,
    pub name: Option<String>,
    pub email: Option<String>,
    pub source_id: Option<String>,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    pub object: &'static str,
}

/// A customer inside an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CustomerRef {
    pub id: String,
    #[serde(default)]
    pub object: CustomerObject,
}

/// Always `customer`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CustomerObject {
    #[default]
    Customer,
}

impl CustomerRef {
    #[must_use]
    pub fn new(id: String) -> Self {
        Self {
            id,
            object: CustomerObject::Customer,
        }
    }
}
