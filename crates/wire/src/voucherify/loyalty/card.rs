//! What is a loyalty card? Points that are put on it, lapse, and are spent.

use offers::{Lapse, Rounding, Zone, day_of};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{BalanceOf, CustomerInput, Metadata, OrderInput, lenient};
use crate::{Malformed, time};

/// What every card of a programme begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct LoyaltyCard {
    /// Points first put on it.
    #[serde(deserialize_with = "lenient::or_default")]
    pub points: u64,
    /// How long points are good; for ever where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_rules: Option<LapseRules>,
}

impl LoyaltyCard {
    /// # Errors
    /// Where it cannot be kept so.
    pub fn lapse(&self) -> Result<Option<Lapse>, Malformed> {
        super::points(self.points, "/points")?;
        let lapse = self.expiration_rules.as_ref().map(LapseRules::lapse);
        lapse
            .transpose()
            .map_err(|wrong| wrong.under("expiration_rules"))
    }
}

/// When points lapse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct LapseRules {
    pub period_type: Option<PeriodType>,
    /// Months.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_value: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding_type: Option<RoundingType>,
    /// The month, of `PARTICULAR_MONTH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding_value: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_month: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_day: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PeriodType {
    Month,
    FixedDayOfYear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RoundingType {
    EndOfMonth,
    EndOfQuarter,
    EndOfHalfYear,
    EndOfYear,
    ParticularMonth,
}

/// A century.
const MAX_MONTHS: u32 = 1_200;

impl LapseRules {
    /// # Errors
    /// With a pointer within the rules.
    pub fn lapse(&self) -> Result<Lapse, Malformed> {
        let required = |pointer: &str| Malformed::at(pointer, "is required");
        let month = |month: Option<u8>, pointer: &str| match month {
            Some(month @ 1..=12) => Ok(month),
            Some(_) => Err(Malformed::at(pointer, "is from 1 to 12")),
            None => Err(required(pointer)),
        };
        match self.period_type {
            None => Err(required("/period_type")),
            Some(PeriodType::FixedDayOfYear) => {
                let day = self.fixed_day.ok_or_else(|| required("/fixed_day"))?;
                if !(1..=31).contains(&day) {
                    return Err(Malformed::at("/fixed_day", "is from 1 to 31"));
                }
                let month = month(self.fixed_month, "/fixed_month")?;
                Ok(Lapse::OnDay { month, day })
            }
            Some(PeriodType::Month) => {
                let months = self.period_value.ok_or_else(|| required("/period_value"))?;
                if !(1..=MAX_MONTHS).contains(&months) {
                    let detail = format!("is from 1 to {MAX_MONTHS}");
                    return Err(Malformed::at("/period_value", detail));
                }
                let to = match self.rounding_type {
                    None => Rounding::Day,
                    Some(RoundingType::EndOfMonth) => Rounding::Month,
                    Some(RoundingType::EndOfQuarter) => Rounding::Quarter,
                    Some(RoundingType::EndOfHalfYear) => Rounding::HalfYear,
                    Some(RoundingType::EndOfYear) => Rounding::Year,
                    Some(RoundingType::ParticularMonth) => {
                        Rounding::ThisMonth(month(self.rounding_value, "/rounding_value")?)
                    }
                };
                Ok(Lapse::AfterMonths { months, to })
            }
        }
    }
}

/// A card as its voucher shows it: what was put on it, and what became of that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LoyaltyCardView {
    pub points: u64,
    pub balance: u64,
    /// `2026-12-31`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_expiration_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_expiration_points: Option<u64>,
    pub pending_points: u64,
    pub expired_points: u64,
    pub subtracted_points: u64,
}

/// Gives a customer a card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CardMember {
    /// The code of a card that nobody has; a new one is made where it is missing.
    pub voucher: Option<String>,
    pub customer: Option<CustomerInput>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
}

/// Puts points on a card, or takes some off where `points` is negative.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PointsChange {
    pub points: i64,
    #[serde(default)]
    pub expiration_type: Option<ExpirationType>,
    /// Of `CUSTOM_DATE`: the last day they are good, or an instant on it.
    #[serde(default)]
    pub expiration_date: Option<String>,
    /// Makes a retry harmless.
    #[serde(default)]
    pub source_id: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
}

impl PointsChange {
    /// The day that is named: as it is called, or the one that an instant lies in by this clock.
    #[must_use]
    pub fn day(&self, zone: &Zone) -> Option<u32> {
        let text = self.expiration_date.as_deref()?;
        let at = time::parse(text)?;
        let is_day = text.len() <= "2026-11-21".len();
        let utc = Zone::UTC;
        Some(day_of(at, if is_day { &utc } else { zone }))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExpirationType {
    ProgramRules,
    NonExpiring,
    CustomDate,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PointsBalanceView {
    pub points: i64,
    /// All that was ever put on it.
    pub total: u64,
    pub balance: u64,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub operation_type: &'static str,
    pub object: &'static str,
    pub related_object: BalanceOf,
}

impl PointsBalanceView {
    #[must_use]
    pub fn new(voucher: String, points: i64, (total, balance): (u64, u64)) -> Self {
        Self {
            points,
            total,
            balance,
            kind: "loyalty_card",
            operation_type: "MANUAL",
            object: "balance",
            related_object: BalanceOf {
                kind: "voucher",
                id: voucher,
            },
        }
    }
}

/// What points of a card are spent on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RewardUse {
    /// `rew_…`, or the `rewa_…` by which the programme offers it.
    pub id: Option<String>,
    /// How many, of a coin; what the order costs at most where it is missing.
    #[serde(deserialize_with = "lenient::count")]
    pub points: Option<u64>,
}

/// Spends points of a card on a reward.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RewardRedemption {
    pub reward: Option<RewardUse>,
    /// What a coin takes money off.
    pub order: Option<OrderInput>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
}

/// Points used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PointsResult {
    pub points: u64,
}
