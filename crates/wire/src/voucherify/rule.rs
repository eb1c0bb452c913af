//! How is a validation rule written? Numbered nodes, a `logic` over them, and what the discount
//! applies to.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
use utoipa::ToSchema;

use crate::time::{self, Timestamp};

/// A rule to be made or changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RuleInput {
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Nodes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle_rules: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RuleError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applicable_to: Option<Applicability>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_type: Option<String>,
    /// Ours: the condition as CEL, beside the nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// `{"1": node, "2": node, "logic": "1 and 2"}`.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct Nodes {
    /// By number.
    #[schema(value_type = Object)]
    pub nodes: BTreeMap<String, Node>,
    pub logic: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Node {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// By operator: `$is`, `$in`, …; every value is a list.
    pub conditions: BTreeMap<String, Vec<serde_json::Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Nodes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RuleError>,
}

/// What the customer is told when the rule does not hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RuleError {
    pub message: Option<String>,
}

impl<'de> Deserialize<'de> for Nodes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(NodesVisitor)
    }
}

struct NodesVisitor;

impl<'de> Visitor<'de> for NodesVisitor {
    type Value = Nodes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbered nodes and their logic")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Nodes, A::Error> {
        let mut found = Nodes::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "logic" {
                found.logic = map.next_value()?;
            } else {
                let node = map.next_value()?;
                if found.nodes.insert(key, node).is_some() {
                    return Err(serde::de::Error::custom("two nodes have the same number"));
                }
            }
        }
        Ok(found)
    }
}

impl Serialize for Nodes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (number, node) in &self.nodes {
            map.serialize_entry(number, node)?;
        }
        if let Some(logic) = &self.logic {
            map.serialize_entry("logic", logic)?;
        }
        map.end()
    }
}

/// Which goods the discount touches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Applicability {
    pub included: Vec<ApplicableTo>,
    pub excluded: Vec<ApplicableTo>,
    pub included_all: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ApplicableTo {
    /// `product`, `sku` or `products_collection`.
    pub object: Option<String>,
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_source_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_formula: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<ApplicabilityEffect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregated_quantity_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregated_amount_limit: Option<u64>,
    /// Units of the product that the campaign discounts, over all orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_campaign_quantity_limit: Option<u64>,
    /// The same, for each customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_customer_campaign_quantity_limit: Option<u64>,
    /// Units of each product of the collection by itself that the campaign discounts, over all
    /// orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_in_collection_campaign_quantity_limit: Option<u64>,
    /// The same, for each customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_in_collection_customer_campaign_quantity_limit: Option<u64>,
    /// Units of the product that the promotion tier discounts, over all orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_promotion_tier_quantity_limit: Option<u64>,
    /// The same, for each customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_customer_promotion_tier_quantity_limit: Option<u64>,
    /// Units of each product of the collection by itself that the promotion tier discounts, over
    /// all orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_in_collection_promotion_tier_quantity_limit: Option<u64>,
    /// The same, for each customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_in_collection_customer_promotion_tier_quantity_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_initially: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Answers only: the lines hit, from 0, in order of application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_item_indices: Option<Vec<u64>>,
    /// Answers only: the units hit, where single units are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_item_units: Option<Vec<ItemUnits>>,
    /// What else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    pub more: BTreeMap<String, serde_json::Value>,
}

/// Units of one line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ItemUnits {
    /// Of the line, from 0.
    pub index: u64,
    /// From 1.
    pub units: Vec<u64>,
    /// There are more of them than are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units_limit_exceeded: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApplicabilityEffect {
    ApplyToEvery,
    ApplyToCheapest,
    ApplyFromCheapest,
    ApplyToMostExpensive,
    ApplyFromMostExpensive,
}

/// A rule in an answer. Its goods stand in plain lists, as they were sent; only what a validation
/// found of them is wrapped.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RuleView {
    pub id: String,
    pub name: Option<String>,
    pub rules: Nodes,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub bundle_rules: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RuleError>,
    pub applicable_to: ApplicabilityView,
    #[serde(rename = "type")]
    pub kind: String,
    pub context_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    pub assignments_count: u64,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ApplicabilityView {
    pub included: Vec<ApplicableTo>,
    pub excluded: Vec<ApplicableTo>,
    pub included_all: bool,
}

impl RuleView {
    #[must_use]
    pub fn of(id: String, input: RuleInput, created_at: Timestamp) -> Self {
        let goods = input.applicable_to.unwrap_or_default();
        Self {
            id,
            name: input.name,
            rules: input.rules.unwrap_or_default(),
            bundle_rules: input.bundle_rules,
            error: input.error,
            applicable_to: ApplicabilityView {
                included: goods.included,
                excluded: goods.excluded,
                included_all: goods.included_all.unwrap_or(false),
            },
            kind: input.kind.unwrap_or_else(|| "expression".into()),
            context_type: input.context_type.unwrap_or_else(|| "global".into()),
            expression: input.expression,
            assignments_count: 0,
            created_at,
            updated_at: None,
            object: "validation_rules",
        }
    }
}

/// Attaches a rule to a thing; also accepted as `voucher`, `campaign` or `promotion_tier`: id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct AssignmentCreate {
    pub related_object_id: Option<String>,
    /// `voucher`, `promotion_tier` or `campaign`.
    pub related_object_type: Option<String>,
    pub voucher: Option<String>,
    pub campaign: Option<String>,
    pub promotion_tier: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AssignmentView {
    pub id: String,
    pub rule_id: String,
    pub related_object_id: String,
    pub related_object_type: &'static str,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub validation_status: &'static str,
    pub validation_omitted_rules: Vec<String>,
    pub object: &'static str,
}
