//! What earns points? A rule of a programme, as it is sent and shown.

use offers::{
    CountedPoints, EarningRule as Domain, Earns, Lines, Measure, OfItems, TierMove, Trigger,
    Validity,
};
use rules::Condition;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    super::{
        Applicability, ApplicableTo, CalendarView, Metadata, NamedById, bounds, calendar::Said,
        discount::read_formula, goods_lines, lenient,
    },
    LapseRules, not_yet, says,
};
use crate::{
    Malformed,
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// An earning rule as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct EarningRule {
    /// The number of its campaign.
    #[schema(ignore)]
    pub campaign: u64,
    /// `order.paid`, `customer.segment.entered`, `customer.loyalty.tier.joined`, `.upgraded`,
    /// `.downgraded` or `.left`, or the name of an event of the shop's own.
    pub event: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub custom_event: Option<Value>,
    /// Which segment is entered: an `auto-update` one.
    #[schema(value_type = Option<NamedById>)]
    pub segment: Option<Value>,
    /// Which tier is joined, left, or come to from another.
    #[schema(value_type = Option<NamedById>)]
    pub loyalty_tier: Option<Value>,
    pub validation_rule_id: Option<String>,
    pub loyalty: Option<Earning>,
    pub source: Option<Banner>,
    pub active: Option<bool>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
    #[schema(value_type = Option<Object>)]
    pub validity_timeframe: Option<Value>,
    #[schema(value_type = Option<Object>)]
    pub validity_day_of_week: Option<Value>,
    #[schema(value_type = Option<Object>)]
    pub validity_hours: Option<Value>,
    #[schema(value_type = Option<Object>)]
    pub pending_points: Option<Value>,
    pub expiration_rules: Option<LapseRules>,
    #[serde(deserialize_with = "lenient::or_default")]
    #[schema(value_type = Object)]
    pub metadata: Metadata,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Banner {
    pub banner: Option<String>,
}

/// How many points: a number, or so many for every so much.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Earning {
    #[serde(rename = "type")]
    pub kind: Option<EarningType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points_formula: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calculation_type: Option<CalculationType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OfOrder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_items: Option<OfOrderItems>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<OfMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_event: Option<OfMetadata>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EarningType {
    Fixed,
    Proportional,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CalculationType {
    OrderAmount,
    OrderTotalAmount,
    OrderMetadata,
    OrderItemsQuantity,
    OrderItemsAmount,
    OrderItemsSubtotalAmount,
    CustomerMetadata,
    CustomEventMetadata,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct OfOrder {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_amount: Option<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Step>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct OfOrderItems {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtotal_amount: Option<Step>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct OfMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Step>,
}

/// So many points for every so much: money in minor units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Step {
    pub every: Option<u64>,
    pub points: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points_formula: Option<String>,
    /// Of metadata: which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// Of items: which, all where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applicable_to: Option<Applicability>,
}

/// An earning rule in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EarningRuleView {
    pub id: String,
    pub event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub custom_event: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<NamedById>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loyalty_tier: Option<NamedById>,
    pub validation_rule_id: Option<String>,
    pub loyalty: Earning,
    pub source: EarningSource,
    pub active: bool,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
    #[serde(flatten)]
    pub calendar: CalendarView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_rules: Option<LapseRules>,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    pub automation_id: String,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EarningSource {
    pub banner: Option<String>,
    pub object_id: String,
    pub object_type: &'static str,
}

/// The event of a paid order.
const ORDER_PAID: &str = "order.paid";
const SEGMENT_ENTERED: &str = "customer.segment.entered";
const TIER_PROLONGED: &str = "customer.loyalty.tier.prolonged";
const TIER_MOVES: [(&str, TierMove); 4] = [
    ("customer.loyalty.tier.joined", TierMove::Joined),
    ("customer.loyalty.tier.upgraded", TierMove::Upgraded),
    ("customer.loyalty.tier.downgraded", TierMove::Downgraded),
    ("customer.loyalty.tier.left", TierMove::Left),
];
/// Events that are ours to tell: no shop names its own so.
const OURS: [&str; 2] = ["customer.", "order."];
const MAX_EVENT_BYTES: usize = 300;

impl EarningRule {
    /// The number of the validation rule under which it is.
    #[must_use]
    pub fn rule(&self) -> Option<u64> {
        ids::parse(Tag::ValidationRule, self.validation_rule_id.as_deref()?).ok()
    }

    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active.unwrap_or(true)
    }

    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        self.to_domain(0, Condition::Always)?;
        bounds::members(&self.metadata, "/metadata")
    }

    /// The rule under its number, beside what its validation rule says.
    ///
    /// # Errors
    /// With a pointer within the body.
    pub fn to_domain(&self, id: u64, condition: Condition) -> Result<Domain, Malformed> {
        self.refuse_unsupported()?;
        let on = self.trigger()?;
        let validity = self.validity()?;
        let required = || Malformed::at("/loyalty", "is required");
        let earning = self.loyalty.as_ref().ok_or_else(required)?;
        let lapse = self.expiration_rules.as_ref().map(LapseRules::lapse);
        let lapse = lapse.transpose();
        Ok(Domain {
            id,
            on,
            earns: earning.earns().map_err(|wrong| wrong.under("loyalty"))?,
            condition,
            active: self.active.unwrap_or(true),
            validity,
            lapse: lapse.map_err(|wrong| wrong.under("expiration_rules"))?,
        })
    }

    /// When it gives points. Members that are empty say nothing.
    fn validity(&self) -> Result<Validity, Malformed> {
        let said = |value: &Option<Value>| value.clone().filter(|value| says(Some(value)));
        Said {
            from: self.start_date,
            until: self.expiration_date,
            timeframe: &said(&self.validity_timeframe),
            days: &said(&self.validity_day_of_week),
            hours: &said(&self.validity_hours),
        }
        .validity()
    }

    fn refuse_unsupported(&self) -> Result<(), Malformed> {
        match says(self.pending_points.as_ref()) {
            true => Err(not_yet("/pending_points")),
            false => Ok(()),
        }
    }

    fn trigger(&self) -> Result<Trigger, Malformed> {
        let name = self.event.as_deref().map(str::trim);
        let name = name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Malformed::at("/event", "is required"))?;
        let trigger = self.trigger_of(name)?;
        let is_of_segment = matches!(trigger, Trigger::SegmentEntered(_));
        if says(self.segment.as_ref()) && !is_of_segment {
            let detail = format!("is for {SEGMENT_ENTERED}");
            return Err(Malformed::at("/segment", detail));
        }
        let is_of_tier = matches!(trigger, Trigger::TierMoved(..));
        if says(self.loyalty_tier.as_ref()) && !is_of_tier {
            let detail = "is for events of customer.loyalty.tier";
            return Err(Malformed::at("/loyalty_tier", detail));
        }
        Ok(trigger)
    }

    fn trigger_of(&self, name: &str) -> Result<Trigger, Malformed> {
        if let Some(moved) = tier_move(name) {
            let tier = numbered(&self.loyalty_tier, ("/loyalty_tier", Tag::LoyaltyTier))?;
            return Ok(Trigger::TierMoved(moved, tier));
        }
        let wrong = |detail: String| Err(Malformed::at("/event", detail));
        match name {
            ORDER_PAID => Ok(Trigger::OrderPaid),
            SEGMENT_ENTERED => {
                let segment = numbered(&self.segment, ("/segment", Tag::Segment))?;
                Ok(Trigger::SegmentEntered(segment))
            }
            TIER_PROLONGED => wrong("tiers follow what is on a card, so none is prolonged".into()),
            _ if OURS.iter().any(|ours| name.starts_with(ours)) => {
                wrong(format!("{name} is not supported yet"))
            }
            _ if name.len() > MAX_EVENT_BYTES => {
                wrong(format!("longer than {MAX_EVENT_BYTES} bytes"))
            }
            _ => Ok(Trigger::Event(name.into())),
        }
    }

    /// `times`: made and, where it was, changed.
    #[must_use]
    pub fn view(&self, id: u64, times: (Timestamp, Option<Timestamp>)) -> EarningRuleView {
        let name = ids::format(Tag::EarningRule, id);
        let digits = name.strip_prefix(Tag::EarningRule.prefix());
        EarningRuleView {
            automation_id: format!("auto_{}", digits.unwrap_or_default()),
            id: name,
            event: self.event.clone().unwrap_or_default(),
            custom_event: self.custom_event.clone().filter(|one| !one.is_null()),
            segment: named(&self.segment),
            loyalty_tier: named(&self.loyalty_tier),
            validation_rule_id: self.validation_rule_id.clone(),
            loyalty: self.loyalty.clone().unwrap_or_default(),
            source: EarningSource {
                banner: self.source.as_ref().and_then(|one| one.banner.clone()),
                object_id: ids::format(Tag::Campaign, self.campaign),
                object_type: "campaign",
            },
            active: self.active.unwrap_or(true),
            start_date: self.start_date,
            expiration_date: self.expiration_date,
            // What is kept was checked.
            calendar: CalendarView::of(&self.validity().unwrap_or_default()),
            expiration_rules: self.expiration_rules,
            metadata: self.metadata.clone(),
            created_at: times.0,
            updated_at: times.1,
            object: "earning_rule",
        }
    }
}

/// The event that an earning rule names where this happens.
#[must_use]
pub fn trigger_name(trigger: &Trigger) -> &str {
    match trigger {
        Trigger::OrderPaid => ORDER_PAID,
        Trigger::Event(name) => name,
        Trigger::SegmentEntered(_) => SEGMENT_ENTERED,
        Trigger::TierMoved(moved, _) => {
            let mut moves = TIER_MOVES.iter();
            let found = moves.find(|(_, one)| one == moved);
            found.map_or("", |(name, _)| name)
        }
    }
}

fn tier_move(name: &str) -> Option<TierMove> {
    let mut moves = TIER_MOVES.iter();
    moves.find(|(one, _)| *one == name).map(|(_, moved)| *moved)
}

/// What `{"id": …}` names.
fn named(said: &Option<Value>) -> Option<NamedById> {
    let id = said.as_ref()?.get("id")?.as_str()?.to_owned();
    Some(NamedById { id })
}

fn numbered(said: &Option<Value>, (place, tag): (&str, Tag)) -> Result<u64, Malformed> {
    let place = || format!("{place}/id");
    let Some(named) = named(said) else {
        return Err(Malformed::at(place(), "is required with this event"));
    };
    let unread = |_| Malformed::at(place(), format!("write an id, as {}…", tag.prefix()));
    ids::parse(tag, &named.id).map_err(unread)
}

impl Earning {
    fn earns(&self) -> Result<Earns, Malformed> {
        match self.kind {
            None => Err(Malformed::at("/type", "is required")),
            Some(EarningType::Fixed) => {
                points_of(self.points, self.points_formula.as_deref()).map(Earns::Fixed)
            }
            Some(EarningType::Proportional) => self.proportional(),
        }
    }

    fn proportional(&self) -> Result<Earns, Malformed> {
        use CalculationType as C;
        let Some(of) = self.calculation_type else {
            return Err(Malformed::at("/calculation_type", "is required"));
        };
        let order = self.order.as_ref();
        let items = self.order_items.as_ref();
        let (holder, member, step) = match of {
            C::OrderAmount => ("order", "amount", order.and_then(|one| one.amount.as_ref())),
            C::OrderTotalAmount => {
                let step = order.and_then(|one| one.total_amount.as_ref());
                ("order", "total_amount", step)
            }
            C::OrderMetadata => {
                let step = order.and_then(|one| one.metadata.as_ref());
                ("order", "metadata", step)
            }
            C::OrderItemsQuantity => {
                let step = items.and_then(|one| one.quantity.as_ref());
                ("order_items", "quantity", step)
            }
            C::OrderItemsAmount => {
                let step = items.and_then(|one| one.amount.as_ref());
                ("order_items", "amount", step)
            }
            C::OrderItemsSubtotalAmount => {
                let step = items.and_then(|one| one.subtotal_amount.as_ref());
                ("order_items", "subtotal_amount", step)
            }
            C::CustomerMetadata => {
                let step = self.customer.as_ref().and_then(|one| one.metadata.as_ref());
                ("customer", "metadata", step)
            }
            C::CustomEventMetadata => {
                let of = self.custom_event.as_ref();
                let step = of.and_then(|one| one.metadata.as_ref());
                ("custom_event", "metadata", step)
            }
        };
        let within = |wrong: Malformed| wrong.under(member).under(holder);
        let step = step.ok_or_else(|| within(Malformed::at("", "is required")))?;
        step.earns(of).map_err(within)
    }
}

fn above_zero(number: Option<u64>, pointer: &str) -> Result<u64, Malformed> {
    let number = number.filter(|number| *number > 0);
    number.ok_or_else(|| Malformed::at(pointer, "must be above zero"))
}

/// The number of points, which stands where the formula has no value.
fn points_of(points: Option<u64>, formula: Option<&str>) -> Result<CountedPoints, Malformed> {
    let plain = super::points(above_zero(points, "/points")?, "/points")?;
    let formula = read_formula(formula, "/points_formula")?;
    Ok(CountedPoints { plain, formula })
}

impl Step {
    fn earns(&self, of: CalculationType) -> Result<Earns, Malformed> {
        Ok(Earns::Per {
            of: self.measure(of)?,
            every: above_zero(self.every, "/every")?,
            points: points_of(self.points, self.points_formula.as_deref())?,
        })
    }

    fn measure(&self, of: CalculationType) -> Result<Measure, Malformed> {
        use CalculationType as C;
        let fact = |prefix: &str| {
            let property = self.property.as_deref().filter(|name| !name.is_empty());
            let property = property.ok_or_else(|| Malformed::at("/property", "is required"))?;
            Ok(Measure::Fact(
                format!("{prefix}.metadata.{property}").into(),
            ))
        };
        let items = |of: OfItems| {
            let which = self.which()?;
            Ok(Measure::Items { of, which })
        };
        match of {
            C::OrderAmount => Ok(Measure::OrderAmount),
            C::OrderTotalAmount => Ok(Measure::OrderTotal),
            C::OrderMetadata => fact("order"),
            C::CustomerMetadata => fact("customer"),
            C::CustomEventMetadata => fact("event"),
            C::OrderItemsQuantity => items(OfItems::Quantity),
            C::OrderItemsAmount => items(OfItems::Amount),
            C::OrderItemsSubtotalAmount => items(OfItems::Subtotal),
        }
    }

    /// Which items, as a condition over what is told of a line.
    fn which(&self) -> Result<Condition, Malformed> {
        let named = self.id.as_ref().map(|id| ApplicableTo {
            object: self.object.clone(),
            id: Some(id.clone()),
            ..ApplicableTo::default()
        });
        let goods = match (named, &self.applicable_to) {
            (Some(one), _) => Applicability {
                included: vec![one],
                ..Applicability::default()
            },
            (None, Some(goods)) => goods.clone(),
            (None, None) => return Ok(Condition::Always),
        };
        let lines = goods_lines(&goods).map_err(|wrong| wrong.under("applicable_to"))?;
        if lines.as_ref().is_some_and(Lines::is_capped) {
            let detail = "limits on units of a product count discounts, and no points";
            return Err(Malformed::at("/applicable_to", detail));
        }
        Ok(lines.map_or(Condition::Always, |lines| lines.of))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The members of a rule beside what it gives, and when it is open or what is refused.
    #[track_caller]
    fn check(mut body: Value, expected: &str) {
        body["event"] = json!("visited");
        body["loyalty"] = json!({"type": "FIXED", "points": 5});
        let rule: EarningRule = serde_json::from_value(body).unwrap();
        let read = match rule.to_domain(1, Condition::Always) {
            Err(wrong) => wrong.to_string(),
            Ok(_) => serde_json::to_string(&rule.view(1, (0, None)).calendar).unwrap(),
        };
        assert!(read.starts_with(expected), "{read}");
    }

    #[test]
    fn a_rule_has_a_calendar() {
        let always = concat!(
            r#"{"validity_timeframe":null,"validity_day_of_week":null,"#,
            r#""validity_hours":null}"#
        );
        check(json!({}), always);
        check(
            json!({"validity_timeframe": {}, "validity_day_of_week": [], "validity_hours": null}),
            always,
        );
        check(
            json!({"validity_timeframe": {"interval": "P2D", "duration": "PT1H"},
                "validity_day_of_week": [6, 0], "start_date": "2026-11-21T00:00:00Z"}),
            concat!(
                r#"{"validity_timeframe":{"interval":"P2D","duration":"PT1H"},"#,
                r#""validity_day_of_week":[0,6],"validity_hours":null}"#
            ),
        );
        check(
            json!({"validity_hours": {"daily": [{"start_time": "09:00", "days_of_week": [1]}]}}),
            concat!(
                r#"{"validity_timeframe":null,"validity_day_of_week":null,"validity_hours":"#,
                r#"{"daily":[{"start_time":"09:00","expiration_time":"24:00","#,
                r#""days_of_week":[1]}]}}"#
            ),
        );
        check(
            json!({"validity_timeframe": {"interval": "P2D", "duration": "PT1H"}}),
            "/validity_timeframe: needs a start_date",
        );
        check(
            json!({"validity_day_of_week": [7]}),
            "/validity_day_of_week/0: is a day",
        );
        check(
            json!({"start_date": "2026-11-21T00:00:00Z",
                "expiration_date": "2026-11-20T00:00:00Z"}),
            "/expiration_date: is before start_date",
        );
        check(
            json!({"segment": {"id": "seg_1"}}),
            "/segment: is for customer.segment.entered",
        );
        check(
            json!({"pending_points": {"period_type": "DAY"}}),
            "/pending_points: not supported",
        );
    }
}
