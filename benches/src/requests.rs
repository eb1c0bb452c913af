//! What is asked of the shop's server over HTTP, byte by byte?

use serde_json::{Value, json};
use simulation::Chance;

use crate::{market, shop};

/// Lines of the order that a decision is asked for.
pub const LINES: u64 = 20;

/// A whole request as it goes over the line.
#[must_use]
pub fn post(path: &str, key: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The body of a decision for a customer who looks at their so-manieth page.
#[must_use]
pub fn decision((customer, page): (u64, u64)) -> Vec<u8> {
    let line = |number: u64| {
        json!({
            "source_id": format!("sku-{}", 10_000 + customer % 977 + page + number),
            "related_object": "sku",
            "quantity": 1 + number % 3,
            "price": 1_990 + number,
            "product": { "name": format!("Article {number}"), "metadata": { "category": "shoes" } },
            "metadata": { "colour": "green", "size": 38 + number },
        })
    };
    let lines: Vec<_> = (0..LINES).map(line).collect();
    let body = json!({
        "customer": { "source_id": shop::source_id(customer) },
        "placement": "cart",
        "session": format!("session-{customer}"),
        "context": { "channel": "web", "device": "phone" },
        "order": { "source_id": format!("cart-{customer}"), "items": lines },
    });
    body.to_string().into_bytes()
}

/// The body of a qualification of the cart of [`market`].
#[must_use]
pub fn qualification() -> Vec<u8> {
    let customer = json!({ "source_id": "somebody", "metadata": { "group": "g7" } });
    let body = json!({ "customer": customer, "order": market::sent() });
    body.to_string().into_bytes()
}

/// The body of a validation of these tiers on an order of many lines.
#[must_use]
pub fn validation(tiers: &[String]) -> Vec<u8> {
    let line = |number: u64| {
        json!({
            "source_id": format!("sku-{number}"), "related_object": "sku",
            "quantity": 1 + number % 3, "price": 1_990 + number,
            "product": { "metadata": { "category": format!("c{}", 7 + 100 * (number % 2)) } },
            "metadata": { "colour": "green", "size": 38 + number },
        })
    };
    let lines: Vec<_> = (0..LINES).map(line).collect();
    let tier = |id: &String| json!({ "object": "promotion_tier", "id": id });
    let body = json!({
        "customer": { "source_id": "somebody", "metadata": { "group": "g7" } },
        "redeemables": tiers.iter().map(tier).collect::<Vec<_>>(),
        "order": { "items": lines },
    });
    body.to_string().into_bytes()
}

/// The body of a call with these events, in the order of time.
#[must_use]
pub fn batch(events: &[Value]) -> Vec<u8> {
    json!({ "batch": events }).to_string().into_bytes()
}

/// One event of one of so many customers, at the moment when it is sent: six of ten are looks,
/// three are pages, one is an order.
#[must_use]
pub fn event(number: u64, customers: u64) -> Value {
    let chance = Chance::new(4);
    let pick = |bound: u64, question: u32| chance.below(bound, (number as u32, 0, question));
    let product = |question: u32| {
        json!({
            "product_id": format!("p-{}", pick(500, question)),
            "sku": format!("sku-{}", pick(500, question)),
            "category": format!("Category {}", pick(12, question + 1)),
            "brand": format!("Brand {}", pick(20, question + 2)),
            "name": "Shoe with laces", "price": 49.95, "quantity": 1, "currency": "EUR",
        })
    };
    let (kind, name, properties) = match pick(10, 1) {
        0 => {
            let products = [product(10), product(20)];
            let order = json!({
                "order_id": format!("order-{number}"), "total": 99.90, "discount": 5,
                "currency": "EUR", "products": products,
            });
            ("track", "Order Completed", order)
        }
        1..4 => (
            "page",
            "Home",
            json!({ "url": "https://shop.example/", "title": "Shop" }),
        ),
        _ => ("track", "Product Viewed", product(10)),
    };
    let mut event = json!({
        "type": kind,
        "messageId": format!("ajs-next-{number:032x}"),
        "userId": shop::source_id(pick(customers, 2)),
        "properties": properties,
        "context": {
            "library": { "name": "analytics.js", "version": "next-1.70.0" },
            "page": { "path": "/", "url": "https://shop.example/" },
            "locale": "nl-NL",
        },
    });
    if let Some(event) = event.as_object_mut() {
        let place = if kind == "page" { "name" } else { "event" };
        event.insert(place.into(), name.into());
    }
    event
}
