//! Which nodes are no conditions but limits that count? Each becomes a cap.

use offers::{Cap, CapUnit, Period, Reach};

use super::super::Node;
use crate::Malformed;

pub(super) fn is_budget(name: &str) -> bool {
    counted(name).is_some()
}

/// The cap that a node sets; `None` where it is a condition.
pub(super) fn cap(node: &Node) -> Result<Option<Cap>, Malformed> {
    let Some((reach, period, unit)) = counted(&node.name) else {
        return Ok(None);
    };
    let limit = limit(node).map_err(|wrong| wrong.under("conditions"))?;
    Ok(Some(Cap {
        reach,
        period,
        unit,
        limit,
        grant_remainder: false,
    }))
}

/// Whether a node is a limit, whatever it counts.
pub(super) fn checked(node: &Node) -> Result<(), Malformed> {
    let limit = limit(node).map_err(|wrong| wrong.under("conditions"));
    limit.map(|_| ())
}

fn counted(name: &str) -> Option<(Reach, Period, CapUnit)> {
    let of_campaign = match name {
        "campaign.orders.amount_discounted" => Some(CapUnit::Money),
        "campaign.orders.amount" => Some(CapUnit::Orders),
        "redemption.gift.amount" => Some(CapUnit::Credit),
        _ => None,
    };
    if let Some(unit) = of_campaign {
        return Some((Reach::Campaign, Period::Ever, unit));
    }
    let families = [
        ("campaign.redemptions.count", Reach::Campaign),
        ("campaign.redemptions.customers_count", Reach::Customer),
        ("redemption.count.per_customer", Reach::Customer),
        ("redemption.count.per_api_key", Reach::ApiKey),
        ("redemption.count", Reach::Code),
    ];
    families.iter().find_map(|(family, reach)| {
        let period = period(name.strip_prefix(family)?)?;
        Some((*reach, period, CapUnit::Uses))
    })
}

fn period(suffix: &str) -> Option<Period> {
    match suffix {
        "" => Some(Period::Ever),
        ".hourly" => Some(Period::Hour),
        ".daily" => Some(Period::Day),
        ".weekly" => Some(Period::Week),
        ".monthly" => Some(Period::Month),
        _ => None,
    }
}

/// `$less_than_or_equal: [n]` is a limit of n, `$less_than: [n]` of n - 1.
fn limit(node: &Node) -> Result<u64, Malformed> {
    let mut conditions = node.conditions.iter();
    let (Some((operator, values)), None) = (conditions.next(), conditions.next()) else {
        return Err(Malformed::at("", "needs one operator"));
    };
    let place = |detail: &str| Malformed::at(format!("/{operator}/0"), detail);
    let value = values.first().and_then(serde_json::Value::as_u64);
    let value = value.ok_or_else(|| place("must be a whole number, not negative"))?;
    match operator.as_str() {
        "$less_than_or_equal" => Ok(value),
        "$less_than" => value
            .checked_sub(1)
            .ok_or_else(|| place("nothing is less than 0")),
        _ => Err(Malformed::at(
            format!("/{operator}"),
            "a limit needs $less_than_or_equal",
        )),
    }
}
