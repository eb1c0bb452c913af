//! What does the demo's marketer set up? Campaigns, guardrails and the policy, as the API takes
//! them.

use serde_json::{Value, json};
use simulation::{Cart, Shopper, Visit};
use wire::decimal;

/// The campaigns, weakest offer first.
pub fn campaigns() -> [Value; 4] {
    [
        voucher_campaign("Small thanks", 5.0, 1_500_000),
        voucher_campaign("Ten for you", 10.0, 2_000_000),
        voucher_campaign("Fifteen this week", 15.0, 400_000),
        json!({
            "name": "Free delivery from 50",
            "campaign_type": "PROMOTION",
            "promotion": {"tiers": [{
                "name": "Free delivery from 50",
                "banner": "We pay the delivery",
                "action": {"discount": {
                    "type": "UNIT", "unit_off": 1, "unit_type": "prod_5h1pp1ng",
                    "effect": "ADD_MISSING_ITEMS"
                }},
                "proffer": {"rule": "order.amount >= 5000"}
            }]},
            "proffer": {"currency": "EUR"}
        }),
    ]
}

fn voucher_campaign(name: &str, percent: f64, budget: u64) -> Value {
    json!({
        "name": name,
        "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {
            "type": "DISCOUNT_VOUCHER",
            "discount": {"type": "PERCENT", "percent_off": percent},
            "redemption": {"quantity": 1}
        },
        "proffer": {
            "rule": "order.amount >= 1000",
            "budget": budget,
            "grant_remainder": true,
            "grant_days": 4,
            "currency": "EUR",
            "caps": [{"reach": "customer", "period": "month", "unit": "touches", "limit": 3}]
        }
    })
}

/// A bandit over the campaigns' offers, and the guardrails.
pub fn policy(campaigns: &[String]) -> Value {
    json!({
        "policy": {"kind": "bandit", "campaigns": campaigns, "floor_ppm": 50_000},
        "guardrails": {
            "margin_at_least_ppm": 150_000,
            "depth_at_most_ppm": 200_000,
            "not_on_discounted": true,
            "quiet_days": 10
        },
        "holdout_ppm": 200_000
    })
}

pub fn source_id(shopper: u32) -> String {
    format!("shopper-{shopper}")
}

/// Segment's identify, with the consent the shopper gave.
pub fn identify(number: u32, shopper: &Shopper) -> Value {
    json!({
        "type": "identify",
        "messageId": format!("identify-{number}"),
        "userId": source_id(number),
        "context": consent(shopper),
        "traits": {"plan": "demo"}
    })
}

fn consent(shopper: &Shopper) -> Value {
    let given = shopper.consents;
    json!({"consent": {"categoryPreferences": {
        "personalise_offers": given, "measure": given
    }}})
}

/// What the shopper looked at before deciding.
pub fn viewed(visit: &Visit, shopper: &Shopper) -> Vec<Value> {
    let view = |(place, (product, _)): (usize, &(&'static simulation::Product, u32))| {
        json!({
            "type": "track",
            "event": "Product Viewed",
            "messageId": format!("view-{}-{}-{place}", visit.shopper, visit.day),
            "userId": source_id(visit.shopper),
            "timestamp": moment(visit.at - 60_000),
            "context": consent(shopper),
            "properties": {
                "sku": product.sku, "category": product.category, "brand": product.brand,
                "price": major(product.price)
            }
        })
    };
    visit.cart.lines.iter().enumerate().map(view).collect()
}

/// The order as Voucherify's clients send it.
pub fn order(visit: &Visit) -> Value {
    let goods = visit.cart.lines.iter().map(|(product, quantity)| {
        json!({
            "source_id": product.sku, "related_object": "product",
            "quantity": quantity, "price": product.price,
            "product": {"metadata": {
                "category": product.category, "brand": product.brand, "unit_cost": product.cost
            }}
        })
    });
    let delivery = json!({
        "product_id": "prod_5h1pp1ng", "quantity": 1, "price": visit.cart.delivery
    });
    let has_delivery = visit.cart.delivery > 0;
    let items: Vec<Value> = goods.chain(has_delivery.then_some(delivery)).collect();
    json!({"source_id": order_id(visit), "items": items, "currency": "EUR"})
}

fn order_id(visit: &Visit) -> String {
    format!("order-{}-{}", visit.shopper, visit.day)
}

/// Segment's order event: what was paid, and what it cost the shop.
pub fn completed(visit: &Visit, discount: u64, shopper: &Shopper) -> Value {
    let cart: &Cart = &visit.cart;
    let paid = (cart.goods() + cart.delivery).saturating_sub(discount);
    let products = cart.lines.iter().map(|(product, quantity)| {
        json!({
            "sku": product.sku, "category": product.category, "brand": product.brand,
            "price": major(product.price), "quantity": quantity, "cost": major(product.cost)
        })
    });
    json!({
        "type": "track",
        "event": "Order Completed",
        "messageId": format!("order-{}-{}", visit.shopper, visit.day),
        "userId": source_id(visit.shopper),
        "timestamp": moment(visit.at + 600_000),
        "context": consent(shopper),
        "properties": {
            "order_id": order_id(visit),
            "currency": "EUR",
            "total": major(paid),
            "discount": major(discount),
            "shipping_cost": major(cart.delivery_cost()),
            "fees": major(cart.fees(discount)),
            "products": products.collect::<Vec<Value>>()
        }
    })
}

fn moment(at: i64) -> String {
    wire::time::format(at).unwrap_or_default()
}

/// Money as Segment writes it: a number of major units.
fn major(minor: u64) -> Value {
    serde_json::from_str(&decimal::text(minor, 2)).unwrap_or(Value::Null)
}
