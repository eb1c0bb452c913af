//! What does a customer hold, and what do we know of them? Wallets and profiles.

use std::collections::BTreeMap;

use decision::GrantState;
use profiles::{Choice, Consent};
use rules::{Facts, Value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{BenefitView, RedeemableRef};
use crate::time::{self, Timestamp};

/// A customer's grants and balances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WalletView {
    pub customer_id: String,
    pub grants: Vec<GrantView>,
    pub gift_cards: Vec<GiftCardView>,
    pub points: Vec<PointsView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GrantView {
    pub id: String,
    pub redeemable: RedeemableRef,
    pub campaign_id: String,
    pub name: String,
    pub code: Option<String>,
    pub benefit: BenefitView,
    pub state: GrantStateView,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub granted_at: Timestamp,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantStateView {
    Open,
    Redeemed,
    Lapsed,
}

impl From<GrantState> for GrantStateView {
    fn from(state: GrantState) -> Self {
        match state {
            GrantState::Open => Self::Open,
            GrantState::Redeemed => Self::Redeemed,
            GrantState::Lapsed => Self::Lapsed,
        }
    }
}

/// Minor units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GiftCardView {
    pub code: String,
    pub balance: u64,
    pub currency: String,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PointsView {
    pub programme: String,
    pub balance: u64,
}

/// What is known of a customer, as far as they allow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileView {
    pub customer_id: String,
    pub consent: ConsentView,
    /// By path; money in minor units, shares in ppm, instants as ISO 8601.
    #[schema(value_type = Object)]
    pub facts: BTreeMap<String, serde_json::Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConsentView {
    pub personalise_offers: ChoiceView,
    pub measure: ChoiceView,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChoiceView {
    /// `unasked`, `granted` or `denied`.
    pub choice: String,
    #[serde(
        default,
        with = "time::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub at: Option<Timestamp>,
}

impl ProfileView {
    #[must_use]
    pub fn of(customer_id: String, consent: Consent, facts: &Facts) -> Self {
        let facts = facts
            .iter()
            .map(|(path, value)| (path.as_str().to_owned(), json(value)))
            .collect();
        Self {
            customer_id,
            consent: consent.into(),
            facts,
        }
    }
}

impl From<Consent> for ConsentView {
    fn from(consent: Consent) -> Self {
        Self {
            personalise_offers: consent.personalise_offers.into(),
            measure: consent.measure.into(),
        }
    }
}

impl From<Choice> for ChoiceView {
    fn from(choice: Choice) -> Self {
        let (choice, at) = match choice {
            Choice::Unasked => ("unasked", None),
            Choice::Granted { at } => ("granted", Some(at)),
            Choice::Denied { at } => ("denied", Some(at)),
        };
        Self {
            choice: choice.into(),
            at,
        }
    }
}

/// A fact's value as JSON.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) | Value::Duration(number) => (*number).into(),
        Value::Fraction(number) => number
            .to_string()
            .parse()
            .map_or(serde_json::Value::Null, serde_json::Value::Number),
        Value::Text(text) => text.as_ref().into(),
        Value::Time(at) => time::format(*at).into(),
        Value::List(values) => values.iter().map(json).collect(),
    }
}
