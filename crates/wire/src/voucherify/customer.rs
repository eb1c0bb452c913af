//! Who is it for? A customer as the shop writes and reads them.

use std::collections::BTreeMap;

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
    /// What the shop sent, with the id and the instants we gave it; of somebody who came to nothing
    /// yet.
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

/// What a customer's uses of codes and their orders came to, under every id that they had.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CustomerSummary {
    pub redemptions: CustomerRedemptions,
    pub orders: CustomerOrders,
}

/// Each redeemable that was used counts, also of those that were used together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CustomerRedemptions {
    /// Those that succeeded and those that failed.
    pub total_redeemed: u64,
    /// Of somebody who was known before; what a browser asks for in vain does not count.
    pub total_failed: u64,
    /// Those that were rolled back later included.
    pub total_succeeded: u64,
    /// Of those, what was rolled back as a whole.
    pub total_rolled_back: u64,
    /// Always 0: a rollback that is refused is kept nowhere.
    pub total_rollback_failed: u64,
    /// Each in part counts as one.
    pub total_rollback_succeeded: u64,
    pub gift: GiftTotals,
    pub loyalty_card: PointTotals,
}

/// In minor units of the project's currency. Gift cards in another do not count: the two cannot be
/// added.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct GiftTotals {
    /// What the customer paid with gift cards, less what was given back.
    pub redeemed_amount: u64,
    /// What is left on the gift cards that they hold.
    pub amount_to_go: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct PointTotals {
    /// What the customer spent of points, less what was given back.
    pub redeemed_points: u64,
    /// What is left on the loyalty cards that they hold.
    pub points_to_go: u64,
}

/// Of orders that are paid or fulfilled, what they cost after discounts, in minor units of the
/// project's currency. Orders in another do not count: the two cannot be added.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CustomerOrders {
    pub total_amount: u64,
    pub total_count: u64,
    /// Down to the whole minor unit.
    pub average_amount: u64,
    /// Of the order that was made last.
    pub last_order_amount: u64,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub last_order_date: Option<Timestamp>,
}

impl CustomerOrders {
    /// Adds a paid order, made then. Of two of one moment, the one that is added later is the last.
    pub fn add(&mut self, amount: u64, made_at: Timestamp) {
        self.total_amount = self.total_amount.saturating_add(amount);
        self.total_count += 1;
        self.average_amount = self.total_amount / self.total_count;
        if self.last_order_date.is_none_or(|last| last <= made_at) {
            self.last_order_amount = amount;
            self.last_order_date = Some(made_at);
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CustomerLoyalty {
    /// What is left on all loyalty cards that the customer holds.
    pub points: u64,
    /// Whom the customer's codes referred, once it counts.
    pub referred_customers: u64,
    /// By the name of each campaign of which the customer holds a loyalty card or a code that
    /// refers.
    pub campaigns: BTreeMap<String, CampaignLoyalty>,
}

/// What a customer came to in one campaign.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CampaignLoyalty {
    pub points: u64,
    /// The name of the tier that the points lie in; of several cards, those on the fullest.
    pub loyalty_tier: Option<String>,
    pub referred_customers: u64,
}

/// By whom a customer was referred, once it counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CustomerReferrals {
    pub total: u64,
    /// Oldest first. One whose referrer was erased, or whose code was removed, counts and is told
    /// no more.
    pub campaigns: Vec<CustomerReferral>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CustomerReferral {
    pub campaign_id: String,
    pub referrer_id: String,
    /// The first redemption of the code by the customer; where there is none, the code.
    pub related_object_id: String,
    pub related_object_type: &'static str,
    /// When the referral became one that counts.
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub date: Timestamp,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_add_up_and_the_last_is_told() {
        let check = |orders: &[(u64, Timestamp)], expected: [u64; 4]| {
            let mut all = CustomerOrders::default();
            for (amount, made_at) in orders {
                all.add(*amount, *made_at);
            }
            let told = [all.total_amount, all.total_count, all.average_amount];
            assert_eq!(told, expected[..3], "{orders:?}");
            assert_eq!(all.last_order_amount, expected[3], "{orders:?}");
            let last = orders.iter().map(|(_, made_at)| *made_at).max();
            assert_eq!(all.last_order_date, last, "{orders:?}");
        };
        check(&[], [0, 0, 0, 0]);
        check(&[(100, 5)], [100, 1, 100, 100]);
        check(&[(100, 5), (101, 6)], [201, 2, 100, 101]);
        check(&[(100, 6), (101, 5), (1, 4)], [202, 3, 67, 100]);
        check(&[(100, 5), (7, 5)], [107, 2, 53, 7]);
        check(
            &[(u64::MAX, 1), (u64::MAX, 2)],
            [u64::MAX, 2, u64::MAX / 2, u64::MAX],
        );
    }
}
