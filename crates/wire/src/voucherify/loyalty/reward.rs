//! What do points buy? A reward, and where it is offered at which price.

use offers::Rate;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};
use utoipa::ToSchema;

use super::super::{AssignmentView, List, Metadata, bounds, lenient};
use crate::{
    Malformed, decimal,
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// A reward as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Reward {
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<RewardType>,
    /// How many there are in all; as many as are asked for where it is missing.
    #[serde(deserialize_with = "lenient::count")]
    pub stock: Option<u64>,
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<Metadata>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub parameters: RewardParameters,
    #[serde(deserialize_with = "lenient::or_default")]
    #[schema(value_type = Object)]
    pub metadata: Metadata,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RewardType {
    /// A code of another campaign.
    Campaign,
    /// Money off an order.
    Coin,
    /// A product.
    Material,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RewardParameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<RewardCampaign>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coin: Option<Coin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<RewardProduct>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RewardCampaign {
    pub id: Option<String>,
    /// What a gift card of it holds, in minor units; as its campaign says where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<u64>,
    /// The type of the campaign.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// `points_ratio` points take `exchange_ratio` minor units off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Coin {
    #[serde(deserialize_with = "number")]
    #[schema(value_type = f64)]
    pub exchange_ratio: Number,
    #[serde(deserialize_with = "number")]
    #[schema(value_type = f64)]
    pub points_ratio: Number,
}

/// A number, or a text of one.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Number, D::Error> {
    use serde::de::Error;
    match Value::deserialize(from)? {
        Value::Number(number) => Ok(number),
        Value::String(text) => {
            let wrong = |_| D::Error::custom("must be a number");
            text.trim().parse().map_err(wrong)
        }
        _ => Err(D::Error::custom("must be a number")),
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RewardProduct {
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku_id: Option<String>,
}

/// A reward in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RewardView {
    pub id: String,
    pub name: String,
    pub stock: Option<u64>,
    pub redeemed: u64,
    #[schema(value_type = Object)]
    pub attributes: Metadata,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    #[serde(rename = "type")]
    pub kind: RewardType,
    pub parameters: RewardParameters,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

/// A reward as a redemption tells of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RewardedView {
    pub id: String,
    pub assignment_id: Option<String>,
    pub name: String,
    pub object: String,
    #[serde(rename = "type")]
    pub kind: RewardType,
    pub parameters: RewardParameters,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    /// The code that it gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub voucher: Option<Value>,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
}

/// Digits behind the point of a ratio.
const PLACES: u8 = 6;
const MAX_STOCK: u64 = 1_000_000_000;

impl Reward {
    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        bounds::required(self.name.as_deref(), "/name")?;
        bounds::members(&self.metadata, "/metadata")?;
        if let Some(attributes) = &self.attributes {
            bounds::members(attributes, "/attributes")?;
        }
        if self.stock.is_some_and(|stock| stock > MAX_STOCK) {
            return Err(Malformed::at("/stock", format!("more than {MAX_STOCK}")));
        }
        let within = |wrong: Malformed| wrong.under("parameters");
        let required = |pointer: &str| within(Malformed::at(pointer, "is required"));
        let parameters = &self.parameters;
        match self.meant() {
            None => Err(Malformed::at("/type", "is required")),
            Some(RewardType::Campaign) => {
                let campaign = parameters.campaign.as_ref();
                let campaign = campaign.ok_or_else(|| required("/campaign"))?;
                bounds::price(campaign.balance, "/parameters/campaign/balance")?;
                let id = campaign.id.as_ref().map(|_| ());
                id.ok_or_else(|| required("/campaign/id"))
            }
            Some(RewardType::Coin) => {
                let coin = parameters.coin.as_ref().ok_or_else(|| required("/coin"))?;
                let rate = coin.rate().map_err(|wrong| within(wrong.under("coin")));
                rate.map(drop)
            }
            Some(RewardType::Material) => {
                let product = parameters.product.as_ref();
                let id = product.and_then(|product| product.id.as_ref()).map(|_| ());
                id.ok_or_else(|| required("/product/id"))
            }
        }
    }

    #[must_use]
    pub fn kind(&self) -> RewardType {
        self.meant().unwrap_or(RewardType::Material)
    }

    /// As it says or, because not every client can say it, as its only parameters tell.
    fn meant(&self) -> Option<RewardType> {
        let RewardParameters {
            campaign,
            coin,
            product,
        } = &self.parameters;
        let told = match (campaign, coin, product) {
            (Some(_), None, None) => Some(RewardType::Campaign),
            (None, Some(_), None) => Some(RewardType::Coin),
            (None, None, Some(_)) => Some(RewardType::Material),
            _ => None,
        };
        self.kind.or(told)
    }

    /// `times`: made and, where it was, changed; `redeemed`: how many were bought and kept.
    #[must_use]
    pub fn view(
        &self,
        id: u64,
        times: (Timestamp, Option<Timestamp>),
        redeemed: u64,
    ) -> RewardView {
        RewardView {
            id: ids::format(Tag::Reward, id),
            name: self.name.clone().unwrap_or_default(),
            stock: self.stock,
            redeemed,
            attributes: self.attributes.clone().unwrap_or_default(),
            metadata: self.metadata.clone(),
            kind: self.kind(),
            parameters: self.parameters.clone(),
            created_at: times.0,
            updated_at: times.1,
            object: "reward",
        }
    }

    /// As a redemption tells of it.
    #[must_use]
    pub fn rewarded(&self, id: u64, assignment: Option<u64>, at: Timestamp) -> RewardedView {
        RewardedView {
            id: ids::format(Tag::Reward, id),
            assignment_id: assignment.map(|id| ids::format(Tag::RewardAssignment, id)),
            name: self.name.clone().unwrap_or_default(),
            object: "reward".into(),
            kind: self.kind(),
            parameters: self.parameters.clone(),
            metadata: self.metadata.clone(),
            voucher: None,
            created_at: at,
        }
    }
}

impl Coin {
    /// # Errors
    /// Where there is none.
    pub fn rate(&self) -> Result<Rate, Malformed> {
        let read = |number: &Number, pointer: &str| {
            let scaled = decimal::scaled(&number.to_string(), PLACES);
            let scaled = scaled.map_err(|wrong| Malformed::at(pointer, wrong.sentence()))?;
            match scaled {
                0 => Err(Malformed::at(pointer, "must be above zero")),
                scaled => Ok(scaled),
            }
        };
        Ok(Rate {
            points: read(&self.points_ratio, "/points_ratio")?,
            money: read(&self.exchange_ratio, "/exchange_ratio")?,
        })
    }
}

/// Where a reward is offered, as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RewardAssignment {
    /// The number of the reward.
    #[schema(ignore)]
    pub rewarding: u64,
    /// The number of the campaign.
    #[schema(ignore)]
    pub programme: u64,
    /// The reward, where a programme offers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward: Option<String>,
    /// The programme, by id or name, where a reward is offered in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    pub parameters: Option<AssignmentParameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_rules: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct AssignmentParameters {
    pub loyalty: Option<AssignmentPrice>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct AssignmentPrice {
    /// What it costs.
    #[serde(deserialize_with = "lenient::count")]
    pub points: Option<u64>,
}

/// An assignment in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RewardAssignmentView {
    pub id: String,
    pub reward_id: String,
    pub related_object_id: String,
    pub related_object_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<AssignmentParameters>,
    pub validation_rules_assignments: List<AssignmentView>,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

impl RewardAssignment {
    /// The validation rule under which it is, as it was named.
    #[must_use]
    pub fn names_rule(&self) -> Option<&str> {
        self.validation_rules.as_ref()?.first().map(String::as_str)
    }

    /// The number of that rule.
    #[must_use]
    pub fn rule(&self) -> Option<u64> {
        ids::parse(Tag::ValidationRule, self.names_rule()?).ok()
    }

    /// What it costs, where it has a price of its own.
    #[must_use]
    pub fn price(&self) -> Option<u64> {
        self.parameters?.loyalty?.points
    }

    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        let rules = self.validation_rules.as_deref().unwrap_or_default();
        if rules.len() > 1 {
            return Err(Malformed::at("/validation_rules", "name one rule at most"));
        }
        let price = self.price().unwrap_or(0);
        super::points(price, "/parameters/loyalty/points").map(drop)
    }

    /// Whether it fits the reward.
    ///
    /// # Errors
    /// Where a coin has a price, or another reward has none.
    pub fn fits(&self, kind: RewardType) -> Result<(), Malformed> {
        let wrong = |pointer: &str, detail: &str| Err(Malformed::at(pointer, detail));
        match (kind, self.parameters.and_then(|one| one.loyalty)) {
            (RewardType::Coin, Some(_)) => {
                wrong("/parameters/loyalty", "a coin says itself what it costs")
            }
            (RewardType::Campaign | RewardType::Material, _) if self.price().is_none() => {
                wrong("/parameters/loyalty/points", "is required")
            }
            _ => Ok(()),
        }
    }

    /// `times`: made and, where it was, changed; `under`: its rule.
    #[must_use]
    pub fn view(
        &self,
        id: u64,
        times: (Timestamp, Option<Timestamp>),
        under: List<AssignmentView>,
    ) -> RewardAssignmentView {
        RewardAssignmentView {
            id: ids::format(Tag::RewardAssignment, id),
            reward_id: ids::format(Tag::Reward, self.rewarding),
            related_object_id: ids::format(Tag::Campaign, self.programme),
            related_object_type: "campaign",
            parameters: self.parameters,
            validation_rules_assignments: under,
            created_at: times.0,
            updated_at: times.1,
            object: "reward_assignment",
        }
    }
}
