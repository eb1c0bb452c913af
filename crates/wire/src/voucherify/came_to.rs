//! What may a filter ask of what a customer came to? Sums of what they used, of their points and of
//! their referrals, by the names under which they are shown.

use rules::{Facts, Reads, Telling};
use serde_json::{Value, json};

use super::{CustomerLoyalty, CustomerReferrals, CustomerSummary};

/// Under which it is told.
pub const CAME_TO: &str = "came_to.";

/// Whole numbers.
const NUMBERS: [&str; 14] = [
    "summary.redemptions.total_redeemed",
    "summary.redemptions.total_failed",
    "summary.redemptions.total_succeeded",
    "summary.redemptions.total_rolled_back",
    "summary.redemptions.total_rollback_failed",
    "summary.redemptions.total_rollback_succeeded",
    "summary.redemptions.gift.redeemed_amount",
    "summary.redemptions.gift.amount_to_go",
    "summary.redemptions.loyalty_card.redeemed_points",
    "summary.redemptions.loyalty_card.points_to_go",
    "summary.orders.last_order_amount",
    "loyalty.points",
    "loyalty.referred_customers",
    "referrals.total",
];
/// Before the name of a campaign, and behind it.
const CAMPAIGNS: &str = "loyalty.campaigns.";
const OF_CAMPAIGN: [&str; 2] = [".points", ".referred_customers"];
const TIER: &str = ".loyalty_tier";

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Number,
    Text,
}

/// `None` where nothing of it is so called.
pub(super) fn field(name: &str) -> Option<Field> {
    let ends = |end: &str| {
        let campaign = name.strip_prefix(CAMPAIGNS);
        let campaign = campaign.and_then(|rest| rest.strip_suffix(end));
        campaign.is_some_and(|campaign| !campaign.is_empty())
    };
    if NUMBERS.contains(&name) || OF_CAMPAIGN.iter().any(|end| ends(end)) {
        return Some(Field::Number);
    }
    ends(TIER).then_some(Field::Text)
}

/// What is read of it. Where a customer came to nothing in a campaign, nothing is known.
#[must_use]
pub fn came_to_facts(
    (summary, loyalty, referrals): (&CustomerSummary, &CustomerLoyalty, &CustomerReferrals),
    reads: &Reads,
) -> Facts {
    let mut telling = Telling::to(reads);
    let all = json!({"summary": summary, "loyalty": loyalty, "referrals": referrals});
    tell(&mut telling, CAME_TO.trim_end_matches('.'), &all);
    telling.done()
}

fn tell(telling: &mut Telling<'_>, path: &str, told: &Value) {
    match told {
        Value::Object(members) => {
            for (name, member) in members {
                tell(telling, &format!("{path}.{name}"), member);
            }
        }
        Value::Number(number) => {
            telling.find(path, || number.as_i64());
        }
        Value::String(text) => {
            telling.find(path, || Some(text.as_str()));
        }
        Value::Null | Value::Bool(_) | Value::Array(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use rules::Value as Fact;

    use super::*;

    #[test]
    fn each_field_is_told_under_its_name() {
        let mut loyalty = CustomerLoyalty {
            points: 7,
            ..CustomerLoyalty::default()
        };
        let club = loyalty.campaigns.entry("The 2.0 club".into()).or_default();
        (club.points, club.loyalty_tier) = (5, Some("Gold".into()));
        let none = (CustomerSummary::default(), CustomerReferrals::default());
        let of = (&none.0, &loyalty, &none.1);
        let facts = came_to_facts(of, &Reads::everything());
        let told = |name: &str| facts.get(&[CAME_TO, name].concat());
        for name in NUMBERS {
            let expected = if name == "loyalty.points" { 7 } else { 0 };
            assert_eq!(told(name), Some(&Fact::Int(expected)), "{name}");
        }
        let points = "loyalty.campaigns.The 2.0 club.points";
        let tier = "loyalty.campaigns.The 2.0 club.loyalty_tier";
        assert_eq!(told(points), Some(&Fact::Int(5)));
        assert_eq!(told(tier), Some(&"Gold".into()));
        assert_eq!(
            [points, tier, "loyalty.campaigns..points", "loyalty.level"].map(field),
            [Some(Field::Number), Some(Field::Text), None, None]
        );
    }
}
