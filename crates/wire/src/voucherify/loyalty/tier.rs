//! What is a loyalty tier? A range of points, with earnings of its own.

use std::collections::BTreeMap;

use offers::{LoyaltyTier as Domain, Mapping};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use utoipa::ToSchema;

use super::super::{Metadata, bounds, lenient};
use crate::{
    Malformed, decimal,
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// A tier as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct LoyaltyTier {
    /// The number of its campaign.
    #[schema(ignore)]
    pub campaign: u64,
    pub name: Option<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub points: TierPoints,
    /// By `ern_…`.
    #[serde(deserialize_with = "lenient::or_default")]
    pub earning_rules: BTreeMap<String, MappingInput>,
    /// By `rewa_…`.
    #[serde(deserialize_with = "lenient::or_default")]
    pub rewards: BTreeMap<String, MappingInput>,
    #[serde(deserialize_with = "lenient::or_default")]
    #[schema(value_type = Object)]
    pub metadata: Metadata,
}

/// Both ends belong to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TierPoints {
    pub from: Option<u64>,
    pub to: Option<u64>,
}

/// What a tier makes of an earning or a price.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct MappingInput {
    #[serde(rename = "type")]
    pub kind: Option<MappingType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub multiplier: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MappingType {
    Multiply,
    Custom,
}

/// A tier in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LoyaltyTierView {
    pub id: String,
    pub name: String,
    pub campaign_id: String,
    pub points: TierPoints,
    pub earning_rules: BTreeMap<String, MappingInput>,
    pub rewards: BTreeMap<String, MappingInput>,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    #[schema(value_type = Object)]
    pub config: Value,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

const MAX_MAPPINGS: usize = 100;
/// Of a multiplier: a thousandfold at most, to the millionth.
const PLACES: u8 = 6;
const MOST: u64 = 1_000_000_000;

impl LoyaltyTier {
    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        bounds::required(self.name.as_deref(), "/name")?;
        bounds::members(&self.metadata, "/metadata")?;
        if self.earning_rules.len().max(self.rewards.len()) > MAX_MAPPINGS {
            let detail = format!("more than {MAX_MAPPINGS} entries");
            return Err(Malformed::at("/earning_rules", detail));
        }
        self.to_domain(0).map(drop)
    }

    /// Whether some number of points lies in both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let ends = |tier: &Self| {
            let TierPoints { from, to } = tier.points;
            (from.unwrap_or(0), to.unwrap_or(u64::MAX))
        };
        let ((from, to), (other_from, other_to)) = (ends(self), ends(other));
        from <= other_to && other_from <= to
    }

    /// The tier under its number.
    ///
    /// # Errors
    /// With a pointer within the body.
    pub fn to_domain(&self, id: u64) -> Result<Domain, Malformed> {
        let from = self.points.from.unwrap_or(0);
        if self.points.to.is_some_and(|to| to < from) {
            return Err(Malformed::at("/points/to", "is below from"));
        }
        Ok(Domain {
            id,
            from,
            to: self.points.to,
            earnings: mappings(&self.earning_rules, ("earning_rules", Tag::EarningRule))?,
            prices: mappings(&self.rewards, ("rewards", Tag::RewardAssignment))?,
        })
    }

    /// `times`: made and, where it was, changed.
    #[must_use]
    pub fn view(&self, id: u64, times: (Timestamp, Option<Timestamp>)) -> LoyaltyTierView {
        LoyaltyTierView {
            id: ids::format(Tag::LoyaltyTier, id),
            name: self.name.clone().unwrap_or_default(),
            campaign_id: ids::format(Tag::Campaign, self.campaign),
            points: self.points,
            earning_rules: self.earning_rules.clone(),
            rewards: self.rewards.clone(),
            metadata: self.metadata.clone(),
            config: Value::Object(serde_json::Map::new()),
            created_at: times.0,
            updated_at: times.1,
            object: "loyalty_tier",
        }
    }
}

fn mappings(
    all: &BTreeMap<String, MappingInput>,
    (member, tag): (&str, Tag),
) -> Result<BTreeMap<u64, Mapping>, Malformed> {
    let read = |(name, input): (&String, &MappingInput)| {
        let within = |wrong: Malformed| wrong.under(name).under(member);
        let wrong = |_| within(Malformed::at("", format!("write {}…", tag.prefix())));
        let id = ids::parse(tag, name).map_err(wrong)?;
        Ok((id, input.mapping().map_err(within)?))
    };
    all.iter().map(read).collect()
}

impl MappingInput {
    /// # Errors
    /// With a pointer within it.
    pub fn mapping(&self) -> Result<Mapping, Malformed> {
        match self.kind {
            None => Err(Malformed::at("/type", "is required")),
            Some(MappingType::Custom) => {
                let points = self
                    .points
                    .ok_or_else(|| Malformed::at("/points", "is required"))?;
                super::points(points, "/points").map(Mapping::Instead)
            }
            Some(MappingType::Multiply) => {
                let required = || Malformed::at("/multiplier", "is required");
                let text = self.multiplier.as_ref().ok_or_else(required)?.to_string();
                let read = decimal::scaled(&text, PLACES);
                let wrong =
                    |wrong: decimal::NotDecimal| Malformed::at("/multiplier", wrong.sentence());
                let scaled = read.map_err(wrong)?;
                let scaled = u32::try_from(scaled.min(MOST + 1)).unwrap_or(u32::MAX);
                match u64::from(scaled) > MOST {
                    true => Err(Malformed::at("/multiplier", "too large")),
                    false => Ok(Mapping::Multiply(scaled)),
                }
            }
        }
    }
}
