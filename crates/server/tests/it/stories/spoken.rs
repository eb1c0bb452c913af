//! How are the terms of a story said in the bodies of the API?

use serde_json::{Value, json};
use simulation::story::world::{
    Benefit, CampaignTerms, Cap, CapOf, Cataloguing, Commitment, Joining, Line, NeedsCode, Order,
    Referrals, Remainder, Spread, Stacking, Unit, UnitsFree,
};

const DAY: i64 = 86_400_000;
const SHIPPING: &str = "prod_5h1pp1ng";

pub fn campaign(terms: &CampaignTerms) -> Value {
    let discount = both(discount(terms), formula(terms));
    let of_offer = json!({
        "grant_days": terms.grant_ms / DAY,
        "lines": lines(terms.category.as_deref()),
        "points_back": points_back(terms),
    });
    let ours = settings(terms);
    match terms.needs_code {
        NeedsCode::Yes => json!({
            "name": terms.name,
            "campaign_type": "DISCOUNT_COUPONS",
            "voucher": {"type": "DISCOUNT_VOUCHER", "discount": discount},
            "proffer": both(ours, of_offer),
        }),
        NeedsCode::No => json!({
            "name": terms.name,
            "campaign_type": "PROMOTION",
            "promotion": {"tiers": [{
                "name": terms.name, "hierarchy": 0,
                "action": {"discount": discount}, "proffer": of_offer,
            }]},
            "proffer": ours,
        }),
    }
}

/// What gift cards belong to: they pay last, and beside everything.
pub fn gift_cards(name: &str, category: Option<&str>) -> Value {
    let effect = match category {
        Some(_) => "APPLY_TO_ITEMS",
        None => "APPLY_TO_ORDER",
    };
    json!({
        "name": name,
        "campaign_type": "GIFT_VOUCHERS",
        "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 0, "effect": effect}},
        "proffer": {"stacking": "always", "priority": u16::MAX, "lines": lines(category)},
    })
}

fn both(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

fn discount(terms: &CampaignTerms) -> Value {
    match &terms.benefit {
        Benefit::PercentOff(rate) => json!({
            "type": "PERCENT",
            "percent_off": f64::from(*rate) / 10_000.0,
            "effect": effect(terms),
            "aggregated_amount_limit": terms.ceiling,
        }),
        Benefit::AmountOff { amount, spread } => json!({
            "type": "AMOUNT", "amount_off": amount, "effect": amount_effect(terms, *spread),
        }),
        Benefit::FixedPrice(price) => json!({
            "type": "FIXED", "fixed_amount": price, "effect": effect(terms),
        }),
        Benefit::ShippingFree => json!({
            "type": "UNIT", "unit_type": SHIPPING, "unit_off": 1, "amount_limit": terms.ceiling,
        }),
        Benefit::UnitsFree(units) => units_free(units),
        Benefit::SameFree { quantity } => json!({
            "type": "UNIT", "unit_off": quantity, "effect": "ADD_SAME_ITEMS",
        }),
        Benefit::Exchange { sku, quantity } => json!({
            "type": "UNIT", "unit_type": sku, "unit_off": quantity, "effect": "REPLACE_ITEMS",
        }),
        Benefit::PointsBack { .. } => Value::Null,
    }
}

fn amount_effect(terms: &CampaignTerms, spread: Spread) -> &'static str {
    match (spread, &terms.category) {
        (Spread::Order, None) => "APPLY_TO_ORDER",
        (Spread::EachLine, _) => "APPLY_TO_ITEMS",
        (Spread::EachUnit, _) => "APPLY_TO_ITEMS_BY_QUANTITY",
        (Spread::Order, Some(_)) | (Spread::ByAmount, _) => "APPLY_TO_ITEMS_PROPORTIONALLY",
        (Spread::ByQuantity, _) => "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY",
    }
}

/// Of one product alone, or of several at once.
fn units_free(units: &[UnitsFree]) -> Value {
    let unit = |units: &UnitsFree| {
        let effect = match units.joining {
            Joining::Missing => "ADD_MISSING_ITEMS",
            Joining::Always => "ADD_NEW_ITEMS",
        };
        json!({"unit_type": units.sku, "unit_off": units.quantity, "effect": effect})
    };
    match units {
        [one] => both(json!({"type": "UNIT"}), unit(one)),
        several => json!({
            "type": "UNIT", "effect": "ADD_MANY_ITEMS",
            "units": several.iter().map(unit).collect::<Vec<_>>(),
        }),
    }
}

/// The member that holds the formula of a discount, where there is one.
fn formula(terms: &CampaignTerms) -> Value {
    let Some(formula) = &terms.formula else {
        return json!({});
    };
    let member = match &terms.benefit {
        Benefit::PercentOff(_) => "percent_off_formula",
        Benefit::FixedPrice(_) => "fixed_amount_formula",
        Benefit::AmountOff { .. } => "amount_off_formula",
        _ => "unit_off_formula",
    };
    json!({ member: formula })
}

fn effect(terms: &CampaignTerms) -> &'static str {
    match terms.category {
        Some(_) => "APPLY_TO_ITEMS",
        None => "APPLY_TO_ORDER",
    }
}

fn points_back(terms: &CampaignTerms) -> Value {
    match terms.benefit {
        Benefit::PointsBack { per, points } => json!({"per": per, "points": points}),
        _ => Value::Null,
    }
}

fn lines(category: Option<&str>) -> Option<String> {
    category.map(|category| format!("line.category == \"{category}\""))
}

fn settings(terms: &CampaignTerms) -> Value {
    json!({
        "currency": "EUR",
        "rule": terms.condition,
        "priority": terms.priority,
        "budget": terms.budget,
        "grant_remainder": terms.remainder == Remainder::Granted,
        "caps": terms.caps.iter().map(cap).collect::<Vec<_>>(),
        "stacking": match terms.stacking {
            Stacking::Alone => "alone",
            Stacking::Together => "together",
            Stacking::Always => "always",
        },
        "commitment": match terms.commitment {
            Commitment::Guaranteed => "guaranteed",
            Commitment::WhileBudgetLasts => "while_budget_lasts",
        },
    })
}

fn cap(cap: &Cap) -> Value {
    let (reach, period) = match cap.of {
        CapOf::Customer => ("customer", "ever"),
        CapOf::CustomerWeek => ("customer", "week"),
        CapOf::Everybody => ("campaign", "ever"),
    };
    let unit = match cap.unit {
        Unit::Uses => "uses",
        Unit::Touches => "touches",
    };
    json!({"reach": reach, "period": period, "unit": unit, "limit": cap.limit})
}

/// What a paid order earns: so many points for every such amount of its goods.
pub fn earning(points: u64, per: u64) -> Value {
    json!([{"event": "order.paid", "loyalty": {
        "type": "PROPORTIONAL", "calculation_type": "ORDER_AMOUNT",
        "order": {"amount": {"every": per, "points": points}},
    }}])
}

/// A point pays so much.
pub fn coin(worth: u64) -> Value {
    let coin = json!({"exchange_ratio": worth, "points_ratio": 1});
    json!({"name": "money off", "type": "COIN", "parameters": {"coin": coin}})
}

/// A unit of a product.
pub fn material(sku: &str) -> Value {
    json!({"name": sku, "type": "MATERIAL", "parameters": {"product": {"id": sku}}})
}

pub fn referrals(terms: &Referrals, cards: &Value) -> Value {
    let discount = json!({"type": "PERCENT", "percent_off": f64::from(terms.rate) / 10_000.0});
    json!({
        "name": terms.name,
        "campaign_type": "REFERRAL_PROGRAM",
        "referral_program": {"conversion_event_type": "redemption", "referee_reward": {
            "type": "GIFT_VOUCHER", "amount": terms.reward,
            "related_object_parent": {"id": cards, "object": "CAMPAIGN"},
        }},
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": discount},
    })
}

/// An order of the shop's number, or a cart.
pub fn order(order: &Order) -> Value {
    let mut items: Vec<Value> = order.lines.iter().map(item).collect();
    if order.cataloguing == Cataloguing::On {
        for (item, line) in items.iter_mut().zip(&order.lines) {
            item["product"] = json!({
                "source_id": line.sku, "name": line.sku, "price": line.price, "override": true,
            });
        }
    }
    if order.shipping > 0 {
        items.push(json!({"product_id": SHIPPING, "quantity": 1, "price": order.shipping}));
    }
    let number = (order.number > 0).then(|| name(order.number));
    json!({"source_id": number, "items": items})
}

/// The shop's name for an order.
pub fn name(number: u64) -> String {
    format!("order-{number}")
}

fn item(line: &Line) -> Value {
    let mut metadata = json!({});
    if let Some(category) = &line.category {
        metadata["category"] = json!(category);
    }
    if let Some(cost) = line.cost {
        metadata["unit_cost"] = json!(cost);
    }
    json!({
        "source_id": line.sku,
        "quantity": line.quantity,
        "price": line.price,
        "discount_amount": line.reduced,
        "metadata": metadata,
    })
}

/// What the goods cost before any offer, and after what the shop itself took off.
pub fn amounts(order: &Order) -> (u64, u64) {
    let gross = |line: &Line| line.price * u64::from(line.quantity);
    let list = order.lines.iter().map(gross).sum();
    let reduced: u64 = order.lines.iter().map(|line| line.reduced).sum();
    (list, list - reduced)
}

/// Money as Segment's events tell it.
pub fn major(minor: u64) -> Value {
    json!(format!("{}.{:02}", minor / 100, minor % 100))
}

/// What an event tells of the goods.
pub fn products(order: &Order) -> Value {
    order.lines.iter().map(product).collect()
}

pub fn product(line: &Line) -> Value {
    let each = u64::from(line.quantity.max(1));
    let mut told = json!({
        "sku": line.sku,
        "quantity": line.quantity,
        "price": major(line.price - line.reduced / each),
    });
    if let Some(category) = &line.category {
        told["category"] = json!(category);
    }
    if let Some(cost) = line.cost {
        told["cost"] = major(cost);
    }
    told
}
